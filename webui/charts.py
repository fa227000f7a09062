"""Series as SVG paths: every extreme is drawn, and where nothing was measured nothing is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from houfeng.times import NS_PER_S
from webui import zones

# A picture is drawn in a box of so many columns and lines, and stretched to its place.
WIDTH, HEIGHT = 600, 100
_HOUR_NS = 3600 * NS_PER_S
_TICKS_NS = [n * _HOUR_NS for n in (1 / 6, 1, 2, 4, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 4380, 8760)]
_MAX_TICKS = 8

Point = tuple[int, float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """One series.

    Parameters
    ----------
    path : of its values, `d` of an SVG path
    known : of the base line, where there is a row
    low, high : of the axis; None where the series has no value
    limit_y : where the limit lies, lines from the top; None where it is not in the picture
    """

    path: str
    known: str
    low: float | None
    high: float | None
    limit_y: float | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A time of the axis: where, percent of the width, and when, ns UTC."""

    percent: float
    t_ns: int


def chart(
    points: Sequence[Point],
    step_ns: int,
    since_ns: int,
    until_ns: int,
    *,
    counted: bool = False,
    log: bool = False,
    limit: float | None = None,
    most: float | None = None,
) -> Chart:
    """Draw a series.

    Parameters
    ----------
    points : when each row begins, ns UTC, rising, and its value
    step_ns : how long a row is
    since_ns, until_ns : of the picture
    counted : numbers of things, drawn as stems from zero; otherwise a line
    log : logarithmic axis, where all values are positive
    limit : is in the picture, too
    most : no value can be above; none is below zero then
    """
    runs = [list(run) for run in _runs(points, step_ns)]
    values = [value for run in runs for _, value in run]
    known = "".join(
        f"M{_x(run[0][0], since_ns, until_ns):g} {HEIGHT}H{_x(run[-1][0] + step_ns, since_ns, until_ns):g}"
        for run in runs
    )
    if not values:
        return Chart("", known, None, None)
    shown = values if limit is None else [*values, limit]
    low, high = (0.0, max(*shown, 1.0)) if counted else _axis(min(shown), max(shown), most)
    scale = _Scale(low, high, log and low > 0)
    path = "".join(
        (_stems if counted else _line)(
            [(_x(t_ns + step_ns // 2, since_ns, until_ns), scale.y(value)) for t_ns, value in run]
        )
        for run in runs
    )
    return Chart(path, known, low, high, None if limit is None else scale.y(limit))


def ticks(since_ns: int, until_ns: int) -> list[Tick]:
    """Round times between two, at most eight."""
    step_ns = next((int(each) for each in _TICKS_NS if (until_ns - since_ns) / each <= _MAX_TICKS), int(_TICKS_NS[-1]))
    # round by the clocks of the page's zone
    ahead_ns = zones.chosen().offset_ns(since_ns)
    first_ns = -(-(since_ns + ahead_ns) // step_ns) * step_ns - ahead_ns
    return [
        Tick(round(100 * (t_ns - since_ns) / (until_ns - since_ns), 3), t_ns)
        for t_ns in range(first_ns, until_ns, step_ns)
    ]


def is_midnight(t_ns: int) -> bool:
    """Whether a tick is a day's beginning in the page's zone."""
    at = datetime.fromtimestamp(zones.shifted(t_ns) // NS_PER_S, UTC)
    return at.hour == at.minute == 0


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    log: bool

    def y(self, value: float) -> float:
        """Lines from the top."""
        low, high, value = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        return round(HEIGHT * (high - value) / (high - low), 1)


def _axis(low: float, high: float, most: float | None) -> tuple[float, float]:
    if low < high:
        return low, high
    room = abs(low) / 10 or 1.0
    return (low - room, high + room) if most is None else (max(low - room, 0.0), min(high + room, most))


def _x(t_ns: int, since_ns: int, until_ns: int) -> float:
    return round(WIDTH * (t_ns - since_ns) / (until_ns - since_ns), 1)


def _runs(points: Iterable[Point], step_ns: int) -> Iterator[list[tuple[int, float]]]:
    """Rows with a value that follow each other without a missing one."""
    run: list[tuple[int, float]] = []
    for t_ns, value in points:
        if run and (value is None or t_ns - run[-1][0] > step_ns):
            yield run
            run = []
        if value is not None:
            run.append((t_ns, value))
    if run:
        yield run


def _line(run: list[tuple[float, float]]) -> str:
    """A line; of more than one value in a column its least and its greatest, in the order that they came in."""
    if len(run) == 1:
        return f"M{run[0][0]:g} {run[0][1]:g}h0"
    drawn: list[tuple[float, float]] = []
    for _, column in groupby(run, key=lambda at: int(at[0])):
        its = list(column)
        ends = sorted({its.index(min(its, key=_height)), its.index(max(its, key=_height))})
        drawn += [its[n] for n in ends]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in drawn)


def _stems(run: list[tuple[float, float]]) -> str:
    """A stem for each value above zero; of a column the highest."""
    found = []
    for _, column in groupby(run, key=lambda at: int(at[0])):
        x, y = min(column, key=_height)
        if y < HEIGHT:
            found.append(f"M{x:g} {HEIGHT}V{y:g}")
    return "".join(found)


def _height(at: tuple[float, float]) -> float:
    return at[1]
