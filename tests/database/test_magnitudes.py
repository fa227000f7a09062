"""An event keeps the magnitudes of its newest revision alone; lists have the preferred one."""

from __future__ import annotations

from dataclasses import replace

from database import queries
from database.store import Store
from houfeng.types import Magnitude
from tests.database.conftest import MAGNITUDES, STATION_MAGNITUDES, make_event, make_run, sized


def test_a_revision_replaces_magnitudes(store: Store) -> None:
    event = make_event()
    revised = replace(sized(event), magnitudes=MAGNITUDES[1:], station_magnitudes=STATION_MAGNITUDES[3:])
    for version in (sized(event), revised, event):
        with store.begin() as unit:
            unit.save_picks("live", event.picks)
            unit.save_events("live", [version])
        with store.read() as snapshot:
            detail = queries.event(snapshot, event.public_id)
            (listed,) = queries.events(snapshot)
        assert detail is not None
        assert detail.magnitudes == version.magnitudes
        assert detail.station_magnitudes == version.station_magnitudes
        assert detail.event == listed
        assert listed.magnitude == (version.magnitudes[0] if version.magnitudes else None)


def test_a_withdrawn_event_takes_its_magnitudes_along_and_another_run_keeps_its_own(store: Store) -> None:
    event = sized(make_event())
    with store.begin() as unit:
        unit.save_run(make_run("replay", "replay"))
        for run_id in ("live", "replay"):
            unit.save_picks(run_id, event.picks)
            unit.save_events(run_id, [event])
        unit.withdraw_events("live", [event.public_id])
    with store.read() as snapshot:
        assert queries.event(snapshot, event.public_id) is None
        kept = queries.event(snapshot, event.public_id, run_id="replay")
    assert kept is not None
    assert kept.magnitudes == MAGNITUDES


def test_stations_stand_in_the_order_of_the_networks_kinds_then_of_distance(store: Store) -> None:
    event = make_event()
    shuffled = STATION_MAGNITUDES[::-1]
    for preferred in (MAGNITUDES, MAGNITUDES[::-1]):
        with store.begin() as unit:
            unit.save_picks("live", event.picks)
            unit.save_events("live", [replace(event, magnitudes=preferred, station_magnitudes=shuffled)])
        with store.read() as snapshot:
            detail = queries.event(snapshot, event.public_id)
        assert detail is not None
        said = [(each.kind, each.station_id) for each in detail.station_magnitudes]
        local = [("ML", "BW.UH1"), ("ML", "BW.UH2"), ("ML", "BW.UH3")]
        duration = [("Md", "BW.UH1")]
        assert said == (local + duration if preferred[0].kind == "ML" else duration + local)


def test_a_kind_without_a_network_value_is_shown_with_its_reasons(store: Store) -> None:
    event = replace(make_event(), station_magnitudes=STATION_MAGNITUDES[2:3])
    with store.begin() as unit:
        unit.save_picks("live", event.picks)
        unit.save_events("live", [event])
    with store.read() as snapshot:
        detail = queries.event(snapshot, event.public_id)
    assert detail is not None
    assert (detail.magnitudes, detail.station_magnitudes) == ((), STATION_MAGNITUDES[2:3])


def test_numbers_come_back_to_the_last_bit(store: Store) -> None:
    exact = Magnitude("ML", 1 / 3, 0.1 + 0.2, 7, "mean", "", "")
    event = replace(make_event(), magnitudes=(exact,))
    with store.begin() as unit:
        unit.save_picks("live", event.picks)
        unit.save_events("live", [event])
    with store.read() as snapshot:
        (listed,) = queries.events(snapshot)
    assert listed.magnitude == exact
