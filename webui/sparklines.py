"""How old each station's newest sample became, hour by hour of a day: a line in a cell of the station table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from threading import Lock

from sqlalchemy import Connection

from database import metric_queries
from houfeng.times import NS_PER_S, now_ns

WIDTH, HEIGHT = 72, 20
N_HOURS = 24
_STEP = WIDTH // N_HOURS
# The axis is logarithmic, in ten levels of two pixels; what lies outside is drawn at its end. Hours that differ by less
# than a level would be steps that nobody sees: half of a page of a thousand stations was those.
_LOW_S, _N_LEVELS, _LEVEL = 0.5, 10, 2
# Where latency begins to be told of by default; lies between two levels, so what is over it is drawn above it.
_WARN_S, _WARN_LEVEL = 60.0, 6.5
_LEVELS_A_FOLD = _WARN_LEVEL / math.log(_WARN_S / _LOW_S)
_HOUR_NS = 3600 * NS_PER_S
# Hours change slowly, and 3,000 channels have 72,000 of them in a day.
_FRESH_S = 300


class Sparklines:
    """Lines of all stations, read again every five minutes: every reader is shown the same."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slot = -1
        self._lines: dict[str, str] = {}

    def get(self, snapshot: Connection) -> Mapping[str, str]:
        """`d` of an SVG path by station id; stations of which nothing came in the last day have none."""
        now = now_ns()
        with self._lock:
            if self._slot != now // (_FRESH_S * NS_PER_S):
                since_ns = (now // _HOUR_NS - N_HOURS + 1) * _HOUR_NS
                hours = metric_queries.worst_latencies(snapshot, since_ns)
                self._lines = {station_id: line(each, since_ns) for station_id, each in hours.items()}
                self._slot = now // (_FRESH_S * NS_PER_S)
            return self._lines


def line(hours: Sequence[tuple[int, float]], since_ns: int) -> str:
    """A step for each hour, `d` of an SVG path; where nothing was received it is broken.

    Parameters
    ----------
    hours : when each begins, ns UTC, and seconds, rising
    since_ns : of the first hour of the picture, ns UTC
    """
    drawn, until, before = "", -1, 0
    for n, y, n_same in _steps(hours, since_ns):
        drawn += f"M{n * _STEP} {y}" if n != until else f"v{y - before}"
        drawn += f"h{n_same * _STEP}"
        until, before = n + n_same, y
    return drawn


def height(seconds: float) -> int:
    """Where a latency is drawn, lines from the top."""
    level = round(math.log(max(seconds, _LOW_S) / _LOW_S) * _LEVELS_A_FOLD)
    return HEIGHT - 1 - _LEVEL * min(level, _N_LEVELS - 1)


def _steps(hours: Sequence[tuple[int, float]], since_ns: int) -> Iterator[tuple[int, int, int]]:
    """Which hour, how high, and how many hours it stays so: most stations are quiet, and a thousand are on a page."""
    levels = [((t_ns - since_ns) // _HOUR_NS, height(seconds)) for t_ns, seconds in hours]
    for (y, _), same in groupby(enumerate(levels), key=lambda each: (each[1][1], each[1][0] - each[0])):
        found = [n for _, (n, _) in same]
        yield found[0], y, len(found)


# Where the limit is drawn, by the style: a path in each of a thousand cells was an eighth of the page's elements.
LIMIT_Y = HEIGHT - 1 - round(_LEVEL * _WARN_LEVEL)
