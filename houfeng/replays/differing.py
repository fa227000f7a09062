"""What one run found and another did not, and why: two runs of one database, side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Connection

from database import queries, run_results
from database.records import Run
from database.run_records import RunChannel, RunInput
from houfeng.errors import StoreError
from houfeng.replays.matching import EventPair, PickPair, pair_events, pair_picks
from houfeng.types import Pick, SourceId

PICK_TOLERANCE_S = 0.5
EVENT_TOLERANCE_S = 10.0
EVENT_TOLERANCE_KM = 100.0


class Change(NamedTuple):
    """What two runs have differently: a key of the configuration, an input, a measure; None where one lacks it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Side:
    """What is kept of one of the runs, beside picks and events."""

    run: Run
    inputs: tuple[RunInput, ...]
    channels: Mapping[str, RunChannel]
    n_picks: Mapping[str, int]

    def shas(self, source_id: str) -> set[str]:
        """Of the content of a channel's files."""
        return {each.sha256 for each in self.inputs if each.kind == "records" and each.source_id == source_id}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs side by side.

    Parameters
    ----------
    a, b : the runs
    configuration : keys that decide, and have other values; a time in `replay` is one of the window that was asked for
    inputs : by content: names of files and documents that only one run has read
    code : version and engine, where they differ
    measures : of runs and channels, where they differ
    picks, events : pairs that are not the same, each with why
    counts : how many picks, and events, are same, moved or changed, only A, only B
    median_shift_s : of the picks that moved; None without one
    pick_tolerance_s : onsets further apart are two
    """

    a: Run
    b: Run
    configuration: tuple[Change, ...]
    inputs: tuple[Change, ...]
    code: tuple[Change, ...]
    measures: tuple[Change, ...]
    picks: tuple[tuple[PickPair, str], ...]
    events: tuple[tuple[EventPair, str], ...]
    counts: Mapping[str, Mapping[str, int]]
    median_shift_s: float | None
    pick_tolerance_s: float
    same: tuple[Pick, ...] = field(default=(), repr=False)

    @property
    def is_same(self) -> bool:
        """Whether they found the same: to the last bit of every figure, where both are replays that were finished."""
        if self.a.result_hash and self.b.result_hash:
            return self.a.result_hash == self.b.result_hash
        return not (self.picks or self.events or self.measures)


def compare(
    snapshot: Connection,
    id_a: str,
    id_b: str,
    *,
    pick_tolerance_s: float = PICK_TOLERANCE_S,
    event_tolerance_s: float = EVENT_TOLERANCE_S,
    event_tolerance_km: float = EVENT_TOLERANCE_KM,
    n_same: int = 0,
) -> Difference:
    """Compare two runs; of picks only those that differ are held in memory.

    Parameters
    ----------
    pick_tolerance_s : onsets of a station and phase that are further apart are two
    event_tolerance_s, event_tolerance_km : origins further apart are two
    n_same : so many of the picks that are the same are kept as well

    Raises
    ------
    StoreError : if there is no run of one of the ids
    """
    a, b = _side(snapshot, id_a), _side(snapshot, id_b)
    configuration = tuple(_changes(_flat(json.loads(a.run.config)), _flat(json.loads(b.run.config))))
    why = _Why(a, b, configuration)
    n_picks: Counter[str] = Counter()
    picks: list[tuple[PickPair, str]] = []
    same: list[Pick] = []
    for pair in _pick_pairs(snapshot, a, b, pick_tolerance_s):
        n_picks[pair.kind] += 1
        if pair.kind != "same":
            picks.append((pair, why.of_pick(pair)))
        elif len(same) < n_same:
            same.append(pair.either)
    shifts = [pair.shift_s for pair, _ in picks if pair.shift_s is not None]
    events_a, events_b = (queries.events(snapshot, run_id=side.run.run_id) for side in (a, b))
    pairs = pair_events(events_a, events_b, tolerance_s=event_tolerance_s, tolerance_km=event_tolerance_km)
    return Difference(
        a=a.run,
        b=b.run,
        configuration=configuration,
        inputs=tuple(_input_changes(a, b)),
        code=tuple(_code_changes(a.run, b.run)),
        measures=tuple(_changes(_measures(a, b), _measures(b, a))),
        picks=tuple(picks),
        events=tuple((pair, why.of_event(pair)) for pair in pairs if pair.kind != "same"),
        counts={"picks": dict(n_picks), "events": dict(Counter(pair.kind for pair in pairs))},
        median_shift_s=median(shifts) if shifts else None,
        pick_tolerance_s=pick_tolerance_s,
        same=tuple(same),
    )


def _pick_pairs(snapshot: Connection, a: Side, b: Side, tolerance_s: float) -> Iterator[PickPair]:
    """Station by station: the picks of a year need not fit into memory."""
    for station_id in sorted({SourceId.parse(name).station_id for name in (*a.n_picks, *b.n_picks)}):
        of_a, of_b = (run_results.picks_by_station(snapshot, side.run.run_id, station_id) for side in (a, b))
        yield from pair_picks(of_a, of_b, tolerance_s)


class _Why:
    """What may have made a difference: the nearest cause that the runs tell of themselves."""

    def __init__(self, a: Side, b: Side, configuration: tuple[Change, ...]) -> None:
        self._sides = {"only B": a, "only A": b}
        self._both_known = bool(a.channels and b.channels)
        self._other_records = {
            name for name in {*a.channels, *b.channels} if self._both_known and a.shas(name) != b.shas(name)
        }
        keys = [change.name for change in configuration if not change.name.startswith("replay.")]
        documents = {each.sha256 for each in a.inputs if each.kind == "metadata"}
        others = {each.sha256 for each in b.inputs if each.kind == "metadata"}
        causes = [
            ("configuration", bool(keys)),
            ("metadata", self._both_known and documents != others),
            ("code", (a.run.code_version, a.run.engine) != (b.run.code_version, b.run.engine)),
        ]
        self._general = ", ".join(name for name, is_one in causes if is_one) or "unknown"

    def of_pick(self, pair: PickPair) -> str:
        """Why a pick is another one, or none."""
        name, lacking = str(pair.either.source_id), self._sides.get(pair.kind)
        if lacking is not None and self._both_known:
            channel = lacking.channels.get(name)
            if channel is None:
                return "no records of the channel"
            if not channel.start_ns <= pair.either.onset_ns < channel.end_ns:
                return "outside of the records"
        return "other records" if name in self._other_records else self._general

    def of_event(self, pair: EventPair) -> str:
        """Why an event is another one, or none."""
        if pair.a is None or pair.b is None:
            return "picks" if self._general == "unknown" or self._other_records else self._general
        if pair.a.n_picks != pair.b.n_picks or pair.a.public_id != pair.b.public_id:
            return "picks"
        return self._general


def _side(snapshot: Connection, run_id: str) -> Side:
    run = queries.run(snapshot, run_id)
    if run is None:
        raise StoreError(f"{run_id}: there is no run of this id; `houfeng runs list` names them")
    channels = {each.source_id: each for each in run_results.channels(snapshot, run_id)}
    return Side(run, tuple(run_results.inputs(snapshot, run_id)), channels, run_results.n_picks(snapshot, run_id))


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Settings by dotted keys; stations by their codes."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, inner in value.items():
            found |= _flat(inner, f"{key}.{name}" if key else name)
        return found
    if key == "station":
        return {f"station[{code}]": place for code, *place in value}
    return {key: value}


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*a, *b}):
        if a.get(name) != b.get(name):
            yield Change(name, a.get(name), b.get(name))


def _input_changes(a: Side, b: Side) -> Iterator[Change]:
    if not (a.inputs and b.inputs):  # a live run keeps no list of them
        return
    in_a, in_b = ({(each.kind, each.sha256): each for each in side.inputs} for side in (a, b))
    names_a = {in_a[key].name: key[1] for key in in_a if key not in in_b}
    names_b = {in_b[key].name: key[1] for key in in_b if key not in in_a}
    yield from _changes(names_a, names_b)


def _code_changes(a: Run, b: Run) -> Iterator[Change]:
    yield from _changes(*({"code_version": run.code_version, "engine": run.engine} for run in (a, b)))


def _measures(side: Side, other: Side) -> dict[str, Any]:
    """Counts of a run and of its channels; of what the other run, a live one, does not count there are none."""
    found: dict[str, Any] = {f"{name} picks": n for name, n in side.n_picks.items()}
    found |= {f"{name} picks": 0 for name in other.n_picks if name not in side.n_picks}
    if side.channels and other.channels:
        found |= {"records": side.run.n_records, "samples": side.run.n_samples}
        for name, channel in side.channels.items():
            found |= {f"{name} {key}": getattr(channel, key) for key in ("n_records", "n_samples", "n_gaps")}
            found[f"{name} gap_s"] = channel.gap_ns / 1e9
            found |= {f"{name} vetoed {reason}": n for reason, n in channel.vetoed.items()}
    return found
