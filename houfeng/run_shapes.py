"""One shape of runs in detail, and of two runs side by side, for everybody outside. Plain values only."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from database.records import EventRow, Run
from database.run_records import RunChannel, RunInput
from houfeng import event_lines, shapes
from houfeng.replays.differing import Change, Difference
from houfeng.replays.matching import EventPair, PickPair
from houfeng.shape_types import Event, Time
from houfeng.shape_types import Run as RunShape
from houfeng.shapes import time
from houfeng.times import NS_PER_S, format_ns


class Input(TypedDict):
    """A file or a document that a replay has read."""

    name: str
    kind: str
    channel: str
    sha256: str
    n_bytes: int


class ReplayedChannel(TypedDict):
    """What a replay was given of a channel, and found."""

    channel: str
    data_start: Time
    data_end: Time
    n_records: int
    n_samples: int
    n_gaps: int
    gap_s: float
    n_picks: int
    n_vetoed: int
    vetoed: dict[str, int]


class RunDetail(RunShape):
    """A run with what it was made from, and what it was given of each channel."""

    configuration: dict[str, Any]
    inputs: list[Input]
    channels: list[ReplayedChannel]


class Changed(TypedDict):
    """What two runs have differently."""

    name: str
    a: Any
    b: Any


class Causes(TypedDict):
    """What of their making differs."""

    configuration: list[Changed]
    inputs: list[Changed]
    code: list[Changed]


class PickDifference(TypedDict):
    """A pick that moved, or that one run alone has."""

    difference: str
    station: str
    channel: str
    phase: str
    onset_a: Time | None
    onset_b: Time | None
    shift_s: float | None
    snr: float
    why: str


class EventDifference(TypedDict):
    """An event that changed, or that one run alone has."""

    difference: str
    a: Event | None
    b: Event | None
    moved_s: float | None
    moved_km: float | None
    why: str


class Compared(TypedDict):
    """Two runs side by side."""

    same: bool
    a: RunShape
    b: RunShape
    counts: dict[str, dict[str, int]]
    median_shift_s: float | None
    why: Causes
    measures: list[Changed]
    picks: list[PickDifference]
    events: list[EventDifference]


class DifferenceRow(TypedDict):
    """Anything that differs, for tables."""

    difference: str
    name: str
    a: str | None
    b: str | None
    shift_s: float | None
    moved_km: float | None
    why: str


def run_detail(run: Run, inputs: list[RunInput], channels: list[RunChannel], n_picks: dict[str, int]) -> RunDetail:
    """A run with what it was made from, and what it was given of each channel."""
    return {
        **shapes.run(run),
        "configuration": json.loads(run.config),
        "inputs": [
            {
                "name": each.name,
                "kind": each.kind,
                "channel": each.source_id,
                "sha256": each.sha256,
                "n_bytes": each.n_bytes,
            }
            for each in inputs
        ],
        "channels": [channel(each, n_picks.get(each.source_id, 0)) for each in channels],
    }


def channel(value: RunChannel, n_picks: int) -> ReplayedChannel:
    """What a replay was given of a channel, and found."""
    return {
        "channel": value.source_id,
        "data_start": format_ns(value.start_ns),
        "data_end": format_ns(value.end_ns),
        "n_records": value.n_records,
        "n_samples": value.n_samples,
        "n_gaps": value.n_gaps,
        "gap_s": value.gap_ns / NS_PER_S,
        "n_picks": n_picks,
        "n_vetoed": sum(value.vetoed.values()),
        "vetoed": dict(value.vetoed),
    }


def difference(value: Difference) -> Compared:
    """Two runs side by side: how many, what differs, and why."""
    return {
        "same": value.is_same,
        "a": shapes.run(value.a),
        "b": shapes.run(value.b),
        "counts": {name: dict(counts) for name, counts in value.counts.items()},
        "median_shift_s": value.median_shift_s,
        "why": {
            "configuration": [change(each) for each in value.configuration],
            "inputs": [change(each) for each in value.inputs],
            "code": [change(each) for each in value.code],
        },
        "measures": [change(each) for each in value.measures],
        "picks": [pick_pair(pair, why) for pair, why in value.picks],
        "events": [event_pair(pair, why) for pair, why in value.events],
    }


def rows(value: Difference) -> list[DifferenceRow]:
    """Everything that differs, a row each, of one shape: for tables and CSV."""
    found = [
        _row(name, each.name, _written(each.a), _written(each.b))
        for name, changes in (
            ("configuration", value.configuration),
            ("input", value.inputs),
            ("code", value.code),
            ("measure", value.measures),
        )
        for each in changes
    ]
    for event, why in value.events:
        a, b = (None if row is None else _summary(row) for row in (event.a, event.b))
        found.append(_row(f"event {event.kind}", event.either.public_id, a, b, event.moved_s, event.moved_km, why))
    for pick, why in value.picks:
        a, b = (None if each is None else time(each.onset_ns) for each in (pick.a, pick.b))
        name = f"{pick.either.source_id} {pick.either.phase}"
        found.append(_row(f"pick {pick.kind}", name, a, b, pick.shift_s, None, why))
    return found


def change(value: Change) -> Changed:
    """What two runs have differently; a key of the configuration, an input or a measure."""
    return {"name": value.name, "a": value.a, "b": value.b}


def pick_pair(pair: PickPair, why: str) -> PickDifference:
    """A pick that moved, or that one run alone has."""
    one = pair.either
    return {
        "difference": pair.kind,
        "station": one.source_id.station_id,
        "channel": str(one.source_id),
        "phase": one.phase,
        "onset_a": None if pair.a is None else time(pair.a.onset_ns),
        "onset_b": None if pair.b is None else time(pair.b.onset_ns),
        "shift_s": pair.shift_s,
        "snr": one.snr,
        "why": why,
    }


def event_pair(pair: EventPair, why: str) -> EventDifference:
    """An event that changed, or that one run alone has."""
    return {
        "difference": pair.kind,
        "a": None if pair.a is None else shapes.event(pair.a),
        "b": None if pair.b is None else shapes.event(pair.b),
        "moved_s": pair.moved_s,
        "moved_km": pair.moved_km,
        "why": why,
    }


def _row(
    what: str, name: str, a: Any, b: Any, shift_s: float | None = None, moved_km: float | None = None, why: str = ""
) -> DifferenceRow:
    return {"difference": what, "name": name, "a": a, "b": b, "shift_s": shift_s, "moved_km": moved_km, "why": why}


def _written(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _summary(row: EventRow) -> str:
    return f"{time(row.first_onset_ns)}, {event_lines.summary(row)}"
