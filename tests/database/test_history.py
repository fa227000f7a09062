"""The history of events: what changed, why, and what became of those that are none any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from database import queries
from database.records import REVISION_REASONS, EventDetail, EventStatus
from database.store import Store
from database.unit import UnitOfWork
from houfeng.times import NS_PER_S
from houfeng.types import Event
from tests.database.conftest import MAGNITUDES, Dump, located, make_event, make_pick, make_run, sized

FOUR = make_event(stations=("UH1", "UH2", "UH3", "UH4"))


def commit(store: Store, events: Sequence[Event] = (), withdrawn: Sequence[str] = (), at_s: float = 0.0) -> None:
    """Events as the pipeline of a live run saves them."""

    def save(unit: UnitOfWork) -> None:
        unit.save_picks("live", [pick for event in events for pick in event.picks])
        unit.note_revisions("live", events, withdrawn, round(at_s * NS_PER_S))
        unit.withdraw_events("live", withdrawn)
        unit.save_events("live", events)

    store.run(save)


def detail(store: Store, event: Event) -> EventDetail:
    with store.read() as snapshot:
        found = queries.event(snapshot, event.public_id)
    assert found is not None
    return found


def history(store: Store, event: Event) -> list[tuple[str, tuple[str, ...], list[str], list[str]]]:
    """Reason, other events, stations that came and stations that went, of each revision."""
    return [
        (each.reason, each.others, [p.station_id[3:] for p in each.added], [p.station_id[3:] for p in each.taken])
        for each in detail(store, event).revisions
    ]


def listed(store: Store, status: EventStatus, min_magnitude: float | None = None) -> list[str]:
    with store.read() as snapshot:
        return [row.public_id for row in queries.events(snapshot, status=status, min_magnitude=min_magnitude)]


def test_a_late_pick_and_waveforms_revise_an_event(store: Store) -> None:
    three, four = Event(FOUR.picks[:3]), located(FOUR)
    assert four.origin is not None
    moved = replace(four.origin, latitude_deg=four.origin.latitude_deg + 0.1, time_ns=four.origin.time_ns + NS_PER_S)
    looked_at = replace(four, origin=moved, magnitudes=MAGNITUDES)
    for at_s, event in enumerate((three, four, four, looked_at, looked_at)):
        commit(store, [event], at_s=at_s)
    assert history(store, FOUR) == [
        ("first", (), ["UH1", "UH2", "UH3"], []),
        ("late pick", (), ["UH4"], []),
        ("waveforms", (), [], []),
    ]
    first, late, last = detail(store, FOUR).revisions
    assert [each.created_ns for each in (first, late, last)] == [0, NS_PER_S, 3 * NS_PER_S]
    assert [each.number for each in (first, late, last)] == [1, 2, 3]
    assert (late.moved_km, late.moved_s) == (None, None)  # it had no origin before
    assert last.moved_km == pytest.approx(11.12, abs=0.01)  # a tenth of a degree of 111.2 km
    assert last.moved_s == 1.0
    assert (late.event.magnitude, last.event.magnitude) == (None, MAGNITUDES[0])
    assert last.event == detail(store, FOUR).event


def test_an_event_whose_evidence_fell_is_told_and_not_listed(store: Store) -> None:
    event = sized(located(FOUR))
    commit(store, [event])
    commit(store, withdrawn=[event.public_id])
    found = detail(store, FOUR)
    assert (found.event.status, found.event.successor, found.arrivals) == ("withdrawn", None, ())
    assert (found.event.origin, found.event.magnitude) == (event.origin, MAGNITUDES[0])
    assert history(store, FOUR)[-1] == ("withdrawn", (), [], ["UH1", "UH2", "UH3", "UH4"])
    assert [listed(store, status) for status in ("current", "gone", "all")] == [[], [FOUR.public_id], [FOUR.public_id]]
    assert listed(store, "all", 2.1) == [FOUR.public_id]
    assert listed(store, "all", 2.2) == []
    commit(store, [event])
    assert [reason for reason, *_ in history(store, FOUR)] == ["first", "withdrawn", "restored"]
    assert [listed(store, status) for status in ("current", "gone", "all")] == [[FOUR.public_id], [], [FOUR.public_id]]


def test_an_earlier_pick_has_the_event_go_on_under_another_id(store: Store) -> None:
    earlier = Event((make_pick("UH0", -1), *FOUR.picks))
    commit(store, [FOUR])
    commit(store, [earlier], [FOUR.public_id])
    assert history(store, FOUR)[-1][:2] == ("continued", (earlier.public_id,))
    assert history(store, earlier) == [("continues", (FOUR.public_id,), ["UH0", "UH1", "UH2", "UH3", "UH4"], [])]
    assert detail(store, FOUR).event.successor == earlier.public_id


def test_a_split_and_a_merger_name_the_other_event(store: Store) -> None:
    second = make_event(2, ("UH5", "UH6"))
    together = Event((*FOUR.picks, *second.picks))
    commit(store, [together])
    commit(store, [FOUR, second])
    assert history(store, second) == [("split", (FOUR.public_id,), ["UH5", "UH6"], [])]
    assert history(store, FOUR)[-1] == ("pick moved", (second.public_id,), [], ["UH5", "UH6"])
    commit(store, [together], [second.public_id])
    assert history(store, second)[-1][:2] == ("merged", (FOUR.public_id,))
    assert history(store, FOUR)[-1] == ("absorbed", (second.public_id,), ["UH5", "UH6"], [])
    commit(store, [Event(together.picks[:-1])])
    assert history(store, FOUR)[-1] == ("pick left out", (), [], ["UH6"])
    reasons = {reason for event in (FOUR, second) for reason, *_ in history(store, event)}
    assert reasons <= set(REVISION_REASONS)


def test_a_repeated_commit_adds_nothing(store: Store, dump: Callable[[Store], Dump]) -> None:
    earlier = Event((make_pick("UH0", -1), *FOUR.picks))
    commit(store, [FOUR])
    for _ in range(2):
        commit(store, [earlier], [FOUR.public_id])
        rows = dump(store)["revision"]
        assert len(rows) == 3


def test_a_replay_without_history_tells_of_no_event_that_it_did_not_find(store: Store) -> None:
    with store.begin() as unit:
        unit.save_run(make_run("replay", "replay", is_synthetic=True))
        unit.save_picks("replay", FOUR.picks)
        unit.save_events("replay", [FOUR])
    with store.read() as snapshot:
        found = queries.event(snapshot, FOUR.public_id, run_id="replay")
        assert found is not None
        assert (found.revisions, found.event.is_synthetic) == ((), True)
        assert queries.event(snapshot, FOUR.public_id) is None
    with store.begin() as unit:
        unit.withdraw_events("replay", [FOUR.public_id])
    with store.read() as snapshot:
        assert queries.event(snapshot, FOUR.public_id, run_id="replay") is None
        assert queries.events(snapshot, run_id="replay", status="all") == []
