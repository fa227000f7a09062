"""How events came to be what they are: what each transaction changes of them, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from database import rows, tables
from database.records import RevisedPick
from database.upsert import insert_new
from houfeng.codes import SYNTHETIC_NETWORK
from houfeng.times import NS_PER_S
from houfeng.types import Event, Pick
from stations.distance import great_circle_km

Picks = Mapping[str, RevisedPick]


@dataclass(frozen=True, slots=True)
class _Saved:
    """An event before a transaction.

    Parameters
    ----------
    picks : by public id; None where there is no such event
    last : its last revision; None without one
    """

    picks: Picks | None
    last: rows.Found | None

    @property
    def is_closed(self) -> bool:
        return self.picks is None


def record(
    connection: Connection, run_id: str, events: Collection[Event], withdrawn: Collection[str], at_ns: int
) -> None:
    """Add a revision to each of these events that is another now than it was saved; before they are saved.

    Doing it again after they were saved adds nothing.

    Parameters
    ----------
    events : as they will be saved
    withdrawn : public ids of events that will be removed
    at_ns : wall clock, ns UTC
    """
    told = sorted({event.public_id for event in events} | set(withdrawn))
    saved = {event_id: _saved(connection, run_id, event_id) for event_id in told}
    moves = _Moves(saved, events)
    found = [_revised(run_id, event, saved[event.public_id], moves) for event in events]
    found += [_closed(event_id, saved[event_id], moves) for event_id in sorted(set(withdrawn))]
    insert_new(
        connection, tables.revision, [{"run_id": run_id, "created_ns": at_ns} | row for row in found if row is not None]
    )


class _Moves:
    """Which events P picks go from and to.

    S picks have no part in it: they are read for the event that has P.
    """

    def __init__(self, saved: Mapping[str, _Saved], events: Iterable[Event]) -> None:
        self._before = {
            pick.pick_id: event_id
            for event_id, before in saved.items()
            for pick in (before.picks or {}).values()
            if pick.phase == "P"
        }
        self._after = {pick.public_id: event.public_id for event in events for pick in event.picks if pick.phase == "P"}
        self._gone = {event_id for event_id, before in saved.items() if before.picks} - set(self._after.values())
        self._new = {event_id for event_id in self._after.values() if saved[event_id].is_closed}

    def to_another(self, picks: Iterable[RevisedPick]) -> list[str]:
        """Events that have picks now, the one with most of them first."""
        return _by_number(self._after[pick.pick_id] for pick in picks if pick.pick_id in self._after)

    def from_another(self, picks: Iterable[RevisedPick]) -> list[str]:
        """Events that had picks before, the one with most of them first."""
        return _by_number(self._before[pick.pick_id] for pick in picks if pick.pick_id in self._before)

    def gone(self, event_ids: Iterable[str]) -> list[str]:
        """Those that were saved and are none any more."""
        return [event_id for event_id in event_ids if event_id in self._gone]

    def is_new(self, event_id: str) -> bool:
        return event_id in self._new


def _by_number(event_ids: Iterable[str]) -> list[str]:
    counts = Counter(event_ids)
    return sorted(counts, key=lambda event_id: (-counts[event_id], event_id))


def _revised(run_id: str, event: Event, before: _Saved, moves: _Moves) -> dict[str, Any] | None:
    """The row of an event that goes on; None where it is what it was."""
    now = {pick.public_id: _named(pick) for pick in event.picks}
    was = before.picks or {}
    added = sorted((now[each] for each in now.keys() - was.keys()), key=_in_time)
    taken = sorted((was[each] for each in was.keys() - now.keys()), key=_in_time)
    state = _state(run_id, event)
    if before.last is not None and not before.is_closed and not added and not taken and before.last.state == state:
        return None
    reason, others = _why(before, added, taken, moves)
    moved_km, moved_s = _moved(before, state)
    return {
        "event_id": event.public_id,
        "number": _next_number(before),
        "first_onset_ns": event.first_onset_ns,
        "reason": reason,
        "others": json.dumps(others),
        "added": json.dumps(added),
        "taken": json.dumps(taken),
        "state": state,
        "moved_km": moved_km,
        "moved_s": moved_s,
    }


def _closed(event_id: str, before: _Saved, moves: _Moves) -> dict[str, Any] | None:
    """The row of an event that is none any more; None where it was none before."""
    if before.picks is None or before.last is None:
        return None
    heirs = moves.to_another(before.picks.values())
    reason = "withdrawn" if not heirs else "continued" if moves.is_new(heirs[0]) else "merged"
    return {
        "event_id": event_id,
        "number": _next_number(before),
        "first_onset_ns": before.last.first_onset_ns,
        "reason": reason,
        "others": json.dumps(heirs),
        "added": "[]",
        "taken": json.dumps(sorted(before.picks.values(), key=_in_time)),
        "state": before.last.state,
        "moved_km": None,
        "moved_s": None,
    }


def _why(before: _Saved, added: list[RevisedPick], taken: list[RevisedPick], moves: _Moves) -> tuple[str, list[str]]:
    """Reason of a revision, and the events that had a part in it."""
    added, taken = ([pick for pick in picks if pick.phase == "P"] for picks in (added, taken))
    givers, takers = moves.from_another(added), moves.to_another(taken)
    gone = moves.gone(givers)
    if before.is_closed:
        if gone:
            return "continues", gone
        return ("split", givers) if givers else ("first" if before.last is None else "restored", [])
    if gone:
        return "absorbed", gone
    if givers or takers:
        return "pick moved", [*givers, *(each for each in takers if each not in givers)]
    if added:
        return "late pick", []
    return ("pick left out" if taken else "waveforms"), []


def _moved(before: _Saved, state: str) -> tuple[float | None, float | None]:
    """How far the origin is from the saved one, km, and how much later it is, s."""
    now = json.loads(state)["origin"]
    was = None if before.last is None or before.is_closed else json.loads(before.last.state)["origin"]
    if now is None or was is None:
        return None, None
    one, other = ((origin["latitude_deg"], origin["longitude_deg"]) for origin in (was, now))
    return great_circle_km(one, other), (now["time_ns"] - was["time_ns"]) / NS_PER_S


def _state(run_id: str, event: Event) -> str:
    values = rows.event_values(run_id, event)
    values["is_synthetic"] = any(pick.source_id.network == SYNTHETIC_NETWORK for pick in event.picks)
    values["origin"] = None if event.origin is None else asdict(event.origin)
    values["magnitude"] = asdict(event.magnitudes[0]) if event.magnitudes else None
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=np.generic.item)


def _saved(connection: Connection, run_id: str, event_id: str) -> _Saved:
    event, revision, arrival, pick = (table.c for table in _TABLES)
    is_there = select(event.public_id).where(event.run_id == run_id, event.public_id == event_id)
    latest = select(tables.revision).where(revision.run_id == run_id, revision.event_id == event_id)
    last = connection.execute(latest.order_by(revision.number.desc()).limit(1)).first()
    if connection.execute(is_there).first() is None:
        return _Saved(None, last)
    its = select(pick.public_id, pick.station_id, pick.phase, pick.onset_ns).join_from(
        tables.arrival, tables.pick, (arrival.run_id == pick.run_id) & (arrival.pick_id == pick.public_id)
    )
    found = connection.execute(its.where(arrival.run_id == run_id, arrival.event_id == event_id))
    return _Saved({row.public_id: RevisedPick(*row) for row in found}, last)


_TABLES = (tables.event, tables.revision, tables.arrival, tables.pick)


def _named(pick: Pick) -> RevisedPick:
    return RevisedPick(pick.public_id, pick.source_id.station_id, pick.phase, int(pick.onset_ns))


def _in_time(pick: RevisedPick) -> tuple[int, str]:
    return pick.onset_ns, pick.pick_id


def _next_number(before: _Saved) -> int:
    return 1 if before.last is None else before.last.number + 1
