"""Where a replay took its stations to stand, apart from the live network's stations."""

from __future__ import annotations

from dataclasses import replace

from database import queries
from database.store import Store
from stations.inventory import Inventory, Site
from tests.database.conftest import make_event, make_run


def test_a_replay_has_its_own_places_and_the_station_table_does_not(store: Store) -> None:
    event = make_event(stations=("UH1", "UH2", "UH3"))
    own = [Site("BW.UH1", 48.5, 11.5, 400.0, "Before the move"), Site("BW.UH3", 48.6, 11.6, 410.0, "Elsewhere")]
    live = Site("BW.UH1", 48.1, 11.1, 500.0, "Today")
    with store.begin() as unit:
        unit.save_inventory(Inventory({live.station_id: live, "BW.UH2": replace(live, station_id="BW.UH2")}))
        unit.save_run(make_run("replay", "replay"))
        for run_id in ("live", "replay"):
            unit.save_picks(run_id, event.picks)
            unit.save_events(run_id, [event])
        unit.save_run_sites("replay", own)
    with store.read() as snapshot:
        shown = {
            run_id: [(row.station_name, row.latitude_deg, row.is_listed) for row in detail.arrivals]
            for run_id in ("live", "replay")
            if (detail := queries.event(snapshot, event.public_id, run_id=run_id))
        }
        assert queries.station_ids(snapshot) == ["BW.UH1", "BW.UH2"]
    assert shown["live"] == [("Today", 48.1, True), ("Today", 48.1, True), (None, None, False)]
    assert shown["replay"] == [("Before the move", 48.5, True), ("Today", 48.1, True), ("Elsewhere", 48.6, False)]
