"""Waveforms as SVG paths: each column from its least to its greatest sample, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.bandpass import Passband
from houfeng.envelopes import Envelope, envelope
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, format_ns
from houfeng.traces import Traces
from houfeng.types import SourceId
from webui import zones

# Columns and lines of a picture, which is stretched to its place.
N_COLUMNS, HEIGHT = 1200, 400
# Of times up to this long the samples themselves are looked at, so that few of them can be joined by a line.
_SHORT_NS = 600 * NS_PER_S
_STEPS_NS = [
    round(seconds * NS_PER_S)
    for seconds in (
        *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
        *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800),
    )
]
_MAX_TICKS = 8


@dataclass(frozen=True, slots=True)
class Trace:
    """A channel between two times.

    Parameters
    ----------
    start_ns, end_ns : of the picture, ns UTC
    path : `d` of an SVG path in a box of N_COLUMNS times HEIGHT
    low, high : of the axis; None where there is no sample
    last_ns : about when the last sample was; None where there is none
    n_samples : that are in the picture
    """

    start_ns: int
    end_ns: int
    path: str
    low: float | None
    high: float | None
    last_ns: int | None
    n_samples: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A round time: where, percent of the width, and what to write there."""

    percent: float
    label: str


def trace(traces: Traces, source_id: SourceId, start_ns: int, end_ns: int, band: Passband | None = None) -> Trace:
    """Draw a channel.

    Raises
    ------
    ArchiveError : if a file is there and cannot be read
    """
    if end_ns - start_ns > _SHORT_NS:
        return from_envelope(traces.envelope(source_id, start_ns, end_ns, N_COLUMNS, band), start_ns, end_ns)
    return from_stretches(traces.stretches(source_id, start_ns, end_ns, band), start_ns, end_ns)


def from_stretches(stretches: Sequence[Stretch], start_ns: int, end_ns: int) -> Trace:
    """Draw samples: as a line through each, or, where there are many, as columns."""
    n = sum(len(each.samples) for each in stretches)
    if not n or n > 2 * N_COLUMNS:
        step_ns = -(-(end_ns - start_ns) // N_COLUMNS)
        return from_envelope(envelope(stretches, start_ns, step_ns, N_COLUMNS), start_ns, end_ns)
    low, high = (float(end([end(each.samples) for each in stretches])) for end in (np.min, np.max))
    low, high = _axis(low, high)
    path = []
    for each in stretches:
        t_ns = np.arange(len(each.samples)) * (NS_PER_S / each.rate_hz) + (each.start_ns - start_ns)
        x = np.round(t_ns * (N_COLUMNS / (end_ns - start_ns)), 1).tolist()
        y = np.round((high - each.samples) * (HEIGHT / (high - low)), 1).tolist()
        path.append("M" + "L".join(f"{a:g} {b:g}" for a, b in zip(x, y, strict=True)) + ("h0" if len(x) == 1 else ""))
    last_ns = max(each.end_ns for each in stretches)
    return Trace(start_ns, end_ns, "".join(path), low, high, min(last_ns, end_ns), n)


def from_envelope(found: Envelope, start_ns: int, end_ns: int) -> Trace:
    """Draw columns, wherever they begin and end."""
    filled = np.flatnonzero(found.n_samples)
    if not filled.size:
        return Trace(start_ns, end_ns, "", None, None, None, 0)
    low, high = _axis(float(np.min(found.low[filled])), float(np.max(found.high[filled])))
    left = (found.start_ns - start_ns) * N_COLUMNS / (end_ns - start_ns)
    width = found.step_ns * N_COLUMNS / (end_ns - start_ns)
    path = columns(found, left + width / 2, width, high, HEIGHT / (high - low))
    last_ns = found.start_ns + (int(filled[-1]) + 1) * found.step_ns
    return Trace(start_ns, end_ns, path, low, high, min(last_ns, end_ns), int(found.n_samples.sum()))


def columns(found: Envelope, left: float, width: float, high: float, scale: float) -> str:
    """A stroke for each column, as long as to touch that before it: a steep rise is one line.

    Parameters
    ----------
    left, width : of the first column's middle, and from one to the next
    high, scale : the value at the top, and lines for each unit below it
    """
    top, bottom = (high - found.high) * scale, (high - found.low) * scale
    before_top, before_bottom = np.r_[np.nan, top[:-1]], np.r_[np.nan, bottom[:-1]]
    top, bottom = np.fmin(top, before_bottom), np.fmax(bottom, before_top)
    has = np.flatnonzero(found.n_samples)
    strokes = np.stack([np.round(left + has * width, 1), np.rint(top[has]), np.rint(bottom[has])], axis=1)
    # in one go: a drum has 21,600
    return "M%g %dV%d" * len(has) % tuple(strokes.ravel().tolist())


def ticks(start_ns: int, end_ns: int, most: int = _MAX_TICKS) -> list[Tick]:
    """Round times between two, at most so many."""
    length_ns = end_ns - start_ns
    step_ns = next((each for each in _STEPS_NS if length_ns / each <= most), _STEPS_NS[-1])
    # round by the clocks of the page's zone
    ahead_ns = zones.chosen().offset_ns(start_ns)
    first_ns = -(-(start_ns + ahead_ns) // step_ns) * step_ns - ahead_ns
    return [
        Tick(round(100 * (t_ns - start_ns) / length_ns, 3), _label(t_ns, step_ns))
        for t_ns in range(first_ns, end_ns, step_ns)
    ]


def seconds(zero_ns: int, start_ns: int, end_ns: int) -> list[Tick]:
    """Round numbers of seconds before and after a time."""
    step_ns = next((each for each in _STEPS_NS if (end_ns - start_ns) / each <= _MAX_TICKS), _STEPS_NS[-1])
    first, last = -(-(start_ns - zero_ns) // step_ns), -(-(end_ns - zero_ns) // step_ns)
    return [
        Tick(
            percent(zero_ns + n * step_ns, start_ns, end_ns),
            f"{n * step_ns / NS_PER_S:g}".replace("-", "\N{MINUS SIGN}"),
        )
        for n in range(first, last)
    ]


def percent(t_ns: int, start_ns: int, end_ns: int) -> float:
    """Where a time lies, percent of the width."""
    return round(100 * (t_ns - start_ns) / (end_ns - start_ns), 3)


def _label(t_ns: int, step_ns: int) -> str:
    day, _, clock = format_ns(zones.shifted(t_ns), digits=3).rstrip("Z").partition("T")
    if step_ns >= 86_400 * NS_PER_S or clock == "00:00:00.000":
        return day
    if step_ns < NS_PER_S:
        return clock
    return clock[:5] if step_ns >= 60 * NS_PER_S else clock[:8]


def _axis(low: float, high: float) -> tuple[float, float]:
    room = (high - low) / 20 or abs(high) / 20 or 1.0
    return low - room, high + room
