"""One suite that both back-ends pass: what a store keeps, and how it keeps runs apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from database import queries, tables
from database.records import ArrivalRow, EventRow
from database.store import Store
from database.unit import UnitOfWork
from houfeng.errors import StoreError
from houfeng.types import Cursor, Event, SourceId
from tests.database.conftest import (
    BW,
    MAGNITUDES,
    STATION_MAGNITUDES,
    T0_NS,
    Dump,
    located,
    make_event,
    make_pick,
    make_run,
    make_status,
    save_everything,
)


def test_a_unit_that_fails_leaves_nothing(store: Store, dump: Callable[[Store], Dump]) -> None:
    before = dump(store)
    with pytest.raises(ZeroDivisionError), store.begin() as unit:
        save_everything(unit)
        _ = 1 / 0
    assert dump(store) == before


def test_a_replay_touches_no_row_of_the_live_run(store: Store, dump: Callable[[Store], Dump]) -> None:
    store.run(save_everything)
    live = dump(store)
    event = Event((make_pick("UH1", snr=99.0), make_pick("UH4", 0.5)))
    with store.begin() as unit:
        unit.save_run(make_run("replay", "replay"))
        unit.save_picks("replay", event.picks)
        unit.save_events("replay", [event])
        unit.save_detector_states("replay", {SourceId.parse("BW.UH1..EHZ"): b"other"})
        unit.withdraw_events("replay", [make_event(100).public_id])
    now = dump(store)
    for table in ("pick", "event", "arrival", "detector_state"):
        assert [row for row in now[table] if row[0] == "live"] == live[table]
    with store.read() as snapshot:
        assert len(queries.events(snapshot)) == 2
        assert [row.n_stations for row in queries.events(snapshot, run_id="replay")] == [2]
        assert len(queries.picks(snapshot)) == 6
        assert {row.pick for row in queries.picks(snapshot, run_id="replay")} == set(event.picks)
        detail = queries.event(snapshot, event.public_id, run_id="replay")
        assert detail is not None
        assert detail.arrivals[0].pick.snr == 99.0


def test_picks_come_back_as_they_were(store: Store) -> None:
    picks = [make_pick("UH1"), make_pick("UH1", 1e-9, snr=math.inf), make_pick("UH2", 5), make_pick("UH3", -5)]
    with store.begin() as unit:
        unit.save_picks("live", picks)
    with store.read() as snapshot:
        assert [row.pick for row in queries.picks(snapshot)] == sorted(picks, reverse=True)
        assert [row.event_id for row in queries.picks(snapshot)] == [None] * 4
        assert [row.pick for row in queries.picks(snapshot, station_id="BW.UH2")] == [picks[2]]
        assert [row.pick for row in queries.picks(snapshot, limit=1)] == [picks[2]]
        assert queries.recent_picks(snapshot, "live", T0_NS + 1) == [picks[1], picks[2]]
        between = queries.picks(snapshot, since_ns=T0_NS, until_ns=T0_NS + 1)
        assert [row.pick for row in between] == [picks[0]]


def test_numpy_numbers_are_kept_as_numbers(store: Store) -> None:
    exact = make_pick()
    pick = replace(exact, onset_ns=np.int64(T0_NS), snr=np.float32(12.5), uncertainty_s=np.float64(0.05))
    status = make_status(total_latency_s=np.float32(1.5), num_gaps=np.int64(3), flat=np.bool_(True))
    with store.begin() as unit:
        unit.save_picks("live", [pick])
        unit.save_statuses([status])
    with store.read() as snapshot:
        assert queries.recent_picks(snapshot, "live", T0_NS) == [exact]
        detail = queries.station(snapshot, "BW.UH1")
    assert detail is not None
    assert detail.channels == make_status(num_gaps=3, flat=True).channels


def test_what_the_onset_looked_like_is_kept(store: Store) -> None:
    looks = {"polarity": "down", "spread_s": 0.02, "is_clipped": True, "is_near_gap": True, "trigger_rate_h": 12.0}
    picks = [make_pick("UH1", **looks), make_pick("UH2", 1.0, polarity="up")]
    store.run(lambda unit: unit.save_picks("live", picks))
    with store.read() as snapshot:
        assert queries.recent_picks(snapshot, "live", T0_NS) == picks


def test_two_events_each_keep_their_s_of_one_time(store: Store) -> None:
    """It was read behind another P: whichever is saved last must not speak for both. A P is one whoever has it."""
    both = [
        replace(make_pick("UH1", 9.0, trigger_ns=T0_NS + number, snr=3.0 + number), phase="S") for number in range(2)
    ]
    p_picks = [make_pick("UH1", trigger_ns=T0_NS + number) for number in range(2)]
    for picks in (both, both[::-1]):
        store.run(lambda unit, picks=picks: unit.save_picks("live", picks))  # type: ignore[misc]
    with store.read() as snapshot:
        assert sorted(queries.recent_picks(snapshot, "live", T0_NS), key=lambda pick: pick.snr) == both
    assert p_picks[0].public_id == p_picks[1].public_id


def test_event_with_its_arrivals(store: Store) -> None:
    event = located(make_event())
    store.run(save_everything)
    with store.read() as snapshot:
        detail = queries.event(snapshot, event.public_id)
        picked = queries.picks(snapshot, until_ns=T0_NS + 1)
        assert queries.event(snapshot, "event/none") is None
        assert queries.event(snapshot, event.public_id, run_id="none") is None
    assert detail is not None
    assert detail.event == EventRow(
        *("live", event.public_id, T0_NS, T0_NS + 10**9),
        n_picks=3,
        n_stations=3,
        origin=event.origin,
        magnitude=MAGNITUDES[0],
        quality="D",
        quality_reasons=("3 stations", "gap 117° > 90°"),
        type_hint="possible blast",
        type_reasons=('area "Süd"',),
    )
    assert detail.magnitudes == MAGNITUDES
    assert detail.station_magnitudes == STATION_MAGNITUDES
    known, *unknown = detail.arrivals
    assert known == ArrivalRow(event.picks[0], "Unterhaching", 48.0811, 11.6363, 500.0, True, 2.5, 81.0, -0.02, 1.0)
    # of BW.UH2 there is a status, of BW.UH3 nothing
    assert unknown == [
        ArrivalRow(pick, None, None, None, None, is_listed, *[None] * 4)
        for pick, is_listed in zip(event.picks[1:], (True, False), strict=True)
    ]
    assert [row.event_id for row in picked] == [event.public_id]


def test_an_event_keeps_its_newest_origin(store: Store) -> None:
    event = make_event()
    for revised in (located(event), located(event, 3.6)):
        with store.begin() as unit:
            unit.save_picks("live", event.picks)
            unit.save_events("live", [revised])
        with store.read() as snapshot:
            detail = queries.event(snapshot, event.public_id)
            (listed,) = queries.events(snapshot)
        assert detail is not None
        assert detail.event == listed
        assert listed.origin == revised.origin
        fits = [(row.distance_km, row.azimuth_deg, row.residual_s, row.weight) for row in detail.arrivals]
        assert fits == [(2.5, 81.0, -0.02, 1.0), (None,) * 4, (None,) * 4]


def test_an_origin_goes_when_the_picks_no_longer_tell_it_or_the_event_is_none(store: Store) -> None:
    event = make_event()
    with store.begin() as unit:
        unit.save_picks("live", event.picks)
        unit.save_events("live", [located(event)])
    with store.begin() as unit:
        unit.save_events("live", [event])
    with store.read() as snapshot:
        assert queries.events(snapshot)[0].origin is None
    with store.begin() as unit:
        unit.save_events("live", [located(event)])
        unit.withdraw_events("live", [event.public_id])
    with store.read() as snapshot:
        assert queries.events(snapshot) == []
        assert snapshot.execute(select(tables.origin)).all() == []


def test_a_revised_event_loses_the_arrivals_it_no_longer_has(store: Store) -> None:
    event = make_event(stations=("UH1", "UH2", "UH3", "UH4"))
    revised = Event(event.picks[:2])
    assert revised.public_id == event.public_id
    with store.begin() as unit:
        unit.save_picks("live", event.picks)
        unit.save_events("live", [event])
    with store.begin() as unit:
        unit.save_events("live", [revised])
    with store.read() as snapshot:
        detail = queries.event(snapshot, event.public_id)
    assert detail is not None
    assert [arrival.pick for arrival in detail.arrivals] == list(revised.picks)
    assert (detail.event.n_picks, detail.event.n_stations) == (2, 2)


def test_a_withdrawn_event_goes_and_its_picks_stay(store: Store) -> None:
    store.run(save_everything)
    with store.begin() as unit:
        unit.withdraw_events("live", [make_event().public_id, "event/never-was"])
        unit.withdraw_events("live", [])
    with store.read() as snapshot:
        assert [row.public_id for row in queries.events(snapshot)] == [make_event(100).public_id]
        assert len(queries.picks(snapshot)) == 6


def test_events_newest_first_within_a_time(store: Store) -> None:
    events = [make_event(offset_s) for offset_s in (0, 300, 100, 200)]
    with store.begin() as unit:
        unit.save_picks("live", [pick for event in events for pick in event.picks])
        unit.save_events("live", events)

    def offsets(**choice: int) -> list[float]:
        with store.read() as snapshot:
            return [(row.first_onset_ns - T0_NS) / 1e9 for row in queries.events(snapshot, **choice)]

    assert offsets() == [300, 200, 100, 0]
    assert offsets(limit=2) == [300, 200]
    assert offsets(since_ns=T0_NS + 100 * 10**9) == [300, 200, 100]
    assert offsets(since_ns=T0_NS + 1, until_ns=T0_NS + 300 * 10**9) == [200, 100]


def test_an_event_needs_its_picks_and_a_pick_its_run(store: Store) -> None:
    with pytest.raises(StoreError, match=r"(?i)foreign key") as refusal, store.begin() as unit:
        unit.save_events("live", [make_event()])
    assert isinstance(refusal.value.__cause__, IntegrityError)
    with pytest.raises(StoreError, match=r"(?i)foreign key"), store.begin() as unit:
        unit.save_picks("nobody", [make_pick()])


def test_runs(store: Store) -> None:
    replay = make_run("replay", "replay", started_ns=T0_NS + 1, start_ns=-5, end_ns=5, n_samples=2**40)
    with store.begin() as unit:
        unit.save_run(replay)
    with store.begin() as unit:
        unit.finish_run("replay", T0_NS + 9)
    finished = replace(replay, finished_ns=T0_NS + 9)
    with store.read() as snapshot:
        assert queries.runs(snapshot) == [finished, make_run("live")]
        assert queries.runs(snapshot, limit=1) == queries.runs(snapshot, kind="replay") == [finished]
        assert queries.run(snapshot, "replay") == finished
        assert queries.run(snapshot, "none") is None
    with pytest.raises(StoreError, match="run none: it must be saved before"), store.begin() as unit:
        unit.finish_run("none", 1)


def test_cursors_and_detector_states(store: Store) -> None:
    # SeedLink 4 numbers reach 2^64 - 1, one bit more than a signed column.
    first = {"BW.UH1": Cursor(2**64 - 1, T0_NS, T0_NS - 7, "2026-01-31T12:00:00Z"), "BW.UH2": Cursor(5, T0_NS)}
    ehz, ehn = SourceId.parse("BW.UH1..EHZ"), SourceId.parse("BW.UH1..EHN")
    with store.begin() as unit:
        unit.save_cursors("a", first)
        unit.save_cursors("b", {"BW.UH1": Cursor(3, 4)})
        unit.save_detector_states("live", {ehz: b"1", ehn: b"2"})
    with store.begin() as unit:
        unit.save_cursors("a", {"BW.UH2": Cursor(2**63, T0_NS + 1)})
        unit.save_detector_states("live", {ehz: b"\x003"})
    with store.read() as snapshot:
        assert queries.cursors(snapshot, "a") == first | {"BW.UH2": Cursor(2**63, T0_NS + 1)}
        assert queries.cursors(snapshot, "c") == {}
        assert queries.detector_states(snapshot, "live") == {ehz: b"\x003", ehn: b"2"}
        assert queries.detector_states(snapshot, "none") == {}


def test_state_version_grows_with_what_a_page_shows(store: Store, url: str) -> None:
    other = Store.open(url)

    def version() -> int:
        with other.read() as snapshot:
            return queries.state_version(snapshot)

    seen = [version()]
    with store.begin() as unit:
        unit.save_cursors("a", {"BW.UH1": Cursor(1, 2)})
        unit.save_detector_states("live", {SourceId.parse("BW.UH1..EHZ"): b"1"})
        unit.save_statuses([])
    assert version() == seen[0]
    writes: list[Callable[[UnitOfWork], None]] = [
        lambda unit: unit.save_run(make_run("other")),
        lambda unit: unit.finish_run("other", 5),
        lambda unit: unit.save_inventory(BW),
        lambda unit: unit.keep_stations([]),
        lambda unit: unit.save_picks("live", make_event().picks),
        lambda unit: unit.save_events("live", [make_event()]),
        lambda unit: unit.withdraw_events("live", [make_event().public_id]),
        lambda unit: unit.save_statuses([make_status()]),
    ]
    for write in writes:
        store.run(write)
        seen.append(version())
    other.close()
    assert seen == sorted(set(seen))
