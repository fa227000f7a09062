"""Record sections: traces of an event's stations by distance, with the onsets that were picked."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from database.records import ArrivalRow, EventDetail, Run
from houfeng.bandpass import Passband
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.traces import Traces
from houfeng.types import SourceId
from webui import allowed, drawing

_log = logging.getLogger(__name__)

# Before the origin, or the first onset; and behind the last onset, at least.
_BEFORE_NS, _BEHIND_NS = 5 * NS_PER_S, 10 * NS_PER_S
_MAX_NS = 1800 * NS_PER_S
MAX_ROWS = 30
# Archives of replays whose indexes are kept.
_N_ARCHIVES = 8


@dataclass(frozen=True, slots=True)
class Onset:
    """A pick: percent of the width, phase, and seconds after what the origin expects, None where it does not.

    `expected` is where the origin expects it, percent of the width; None where it does not.
    """

    percent: float
    expected: float | None
    phase: str
    residual_s: float | None
    weight: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A station of the section."""

    source_id: SourceId
    distance_km: float | None
    drawn: drawing.Trace
    onsets: tuple[Onset, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The stations with picks, nearest first.

    Parameters
    ----------
    zero : percent of the width where time 0 lies: the origin, or the first onset
    is_origin : which of them
    ticks : seconds after it
    n_left_out : stations beyond those that are shown
    """

    rows: tuple[Row, ...]
    zero: float
    is_origin: bool
    ticks: tuple[drawing.Tick, ...]
    n_left_out: int


def traces_of(run: Run | None) -> Traces | None:
    """The archive that a run's records are looked for in: the daemon's, or the folder that a replay read.

    Only a folder laid out as an SDS archive has any; a part of the daemon's archive is looked for in the whole of it.
    None where these pages may not look: a row of the database shall not lead them just anywhere.
    """
    own: Traces = current_app.extensions["traces"]
    if run is None or run.kind == "live" or Path(run.source).resolve().is_relative_to(own.root.resolve()):
        return own
    if not allowed.holds(Path(run.source)):
        return None
    return _archive(Path(run.source), Path(current_app.config["SETTINGS"].cache_path))


@functools.lru_cache(_N_ARCHIVES)
def _archive(root: Path, cache: Path) -> Traces:
    # days of two archives have the same names: what is made of them must not meet
    return Traces(root, cache / "replays" / hashlib.sha256(str(root).encode()).hexdigest()[:20])


def section_or_none(traces: Traces | None, detail: EventDetail) -> Section | None:
    """As `section`; None also where the archive cannot be read, for the event is to be seen all the same."""
    try:
        return None if traces is None else section(traces, detail)
    except ArchiveError as error:
        _log.warning("%s: no record section: %s", detail.event.public_id, error)
        return None


def section(traces: Traces, detail: EventDetail, band: Passband | None = None) -> Section | None:
    """The record section of an event; None where the archive has no waveform of it.

    Raises
    ------
    ArchiveError : if a file is there and cannot be read
    """
    event, origin = detail.event, detail.event.origin
    zero_ns = origin.time_ns if origin else event.first_onset_ns
    start_ns = min(zero_ns, event.first_onset_ns) - _BEFORE_NS
    last_ns = max((arrival.pick.onset_ns for arrival in detail.arrivals), default=event.last_onset_ns)
    # what follows the last onset is half as long as what lies before it
    end_ns = min(last_ns + max(_BEHIND_NS, (last_ns - zero_ns) // 2), start_ns + _MAX_NS)
    stations: dict[str, list[ArrivalRow]] = {}
    for arrival in detail.arrivals:
        stations.setdefault(arrival.pick.source_id.station_id, []).append(arrival)
    ordered = sorted(stations.values(), key=_place)
    rows = [_row(traces, arrivals, start_ns, end_ns, band) for arrivals in ordered[:MAX_ROWS]]
    if not any(row.drawn.path for row in rows):
        return None
    return Section(
        tuple(rows),
        drawing.percent(zero_ns, start_ns, end_ns),
        origin is not None,
        tuple(drawing.seconds(zero_ns, start_ns, end_ns)),
        max(0, len(ordered) - MAX_ROWS),
    )


def _place(arrivals: Sequence[ArrivalRow]) -> tuple[float, int]:
    """By distance; stations without one behind, by their first onset."""
    distances = [each.distance_km for each in arrivals if each.distance_km is not None]
    return min(distances, default=float("inf")), arrivals[0].pick.onset_ns


def _row(traces: Traces, arrivals: Sequence[ArrivalRow], start_ns: int, end_ns: int, band: Passband | None) -> Row:
    first = next((each for each in arrivals if each.pick.phase == "P"), arrivals[0])
    source_id = first.pick.source_id
    onsets = (_onset(each, start_ns, end_ns) for each in arrivals)
    drawn = drawing.trace(traces, source_id, start_ns, end_ns, band)
    return Row(source_id, _place(arrivals)[0] if first.distance_km is not None else None, drawn, tuple(onsets))


def _onset(arrival: ArrivalRow, start_ns: int, end_ns: int) -> Onset:
    pick, residual_s = arrival.pick, arrival.residual_s
    expected = None
    if residual_s is not None:
        expected = drawing.percent(pick.onset_ns - seconds_ns(residual_s), start_ns, end_ns)
    at = drawing.percent(pick.onset_ns, start_ns, end_ns)
    return Onset(at, expected, pick.phase, residual_s, arrival.weight)
