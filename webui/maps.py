"""Stations and events on a map that needs no script, no tiles and nobody else's server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from database.records import EventRow, StationRow
from houfeng.geography import land, latitude_of, mercator_deg
from houfeng.geography.names import Box, Look, Offset, place
from houfeng.times import NS_PER_S
from stations.health import WORST_FIRST, State

WIDTH, HEIGHT = 824, 560
# Around the outermost place, as a share of the map; and the least that a map shows, degrees.
_MARGIN, _LEAST_DEG = 0.12, 0.6
_STEPS_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_MOST_LINES = 7
_LABEL = 84, 26  # what a line's label takes on a telephone, where letters are twice as large
# Of more stations those that are OK are dots of one path: a link with a name for each of a thousand was a third of all
# elements of the page, and nobody hits one of them.
_MOST_LINKS = 300
_LOOK = Look(letter=11, mark=7, gap=4)  # pixels; letters are the style sheet's
_MOST_NAMES = 60  # of more nobody finds one
_DAY_NS = 24 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Mark:
    """A station at a place of the map, pixels from its north-west corner; where its name is, if it has one."""

    x: float
    y: float
    row: StationRow
    name: Offset | None = None


@dataclass(frozen=True, slots=True)
class Shock:
    """An event: its circle, and how much of it has faded in a day."""

    x: float
    y: float
    radius: float
    opacity: float
    row: EventRow


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid: where, and what is written at its end; "" where there is no room for it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Map:
    """What a page draws.

    Parameters
    ----------
    land : `d` of an SVG path
    meridians, parallels : of the grid
    stations : in the order in which they are drawn, the worst last
    quiet : `d` of an SVG path, a dot for each station that is OK, where there are many of them; else empty
    events : the oldest first
    n_placed : stations on the map
    n_unplaced : stations that are not on the map because nobody said where they are
    """

    land: str
    meridians: list[Line]
    parallels: list[Line]
    stations: list[Mark]
    quiet: str
    events: list[Shock]
    n_placed: int
    n_unplaced: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class _Frame:
    west_deg: float
    north_deg: float
    px_per_deg: float

    def xy(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        east_deg = (longitude_deg - self.west_deg) % 360.0
        return (
            round(east_deg * self.px_per_deg, 1),
            round((self.north_deg - float(mercator_deg(latitude_deg))) * self.px_per_deg, 1),
        )

    def holds(self, x: float, y: float) -> bool:
        return 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def drawn(rows: Sequence[StationRow], events: Iterable[EventRow], now_ns: int) -> Map | None:
    """A map that has room for all stations; None where no station has a place.

    Parameters
    ----------
    rows : of the stations that are shown
    events : of the last day; those outside the map are left out
    """
    places = [place for _, place in _placed(rows)]
    return _drawn(rows, events, now_ns, _frame(places)) if places else None


def of_event(rows: Sequence[StationRow], event: EventRow) -> Map | None:
    """A map of one event and the stations that heard it, with room for all; None where it has no origin."""
    if event.origin is None:
        return None
    places = [*(place for _, place in _placed(rows)), (event.origin.latitude_deg, event.origin.longitude_deg)]
    return _drawn(rows, [event], event.first_onset_ns, _frame(places))


def _placed(rows: Iterable[StationRow]) -> list[tuple[StationRow, tuple[float, float]]]:
    """The stations that have a place, with latitude and longitude."""
    return [
        (row, (row.latitude_deg, row.longitude_deg))
        for row in rows
        if row.latitude_deg is not None and row.longitude_deg is not None
    ]


def _drawn(rows: Sequence[StationRow], events: Iterable[EventRow], now_ns: int, frame: _Frame) -> Map:
    marks = [Mark(*frame.xy(*place), row) for row, place in _placed(rows)]
    marks.sort(key=lambda mark: (-WORST_FIRST.index(mark.row.state), mark.row.station_id))
    quiet = [mark for mark in marks if len(marks) > _MOST_LINKS and mark.row.state == State.OK]
    east_deg = frame.west_deg + WIDTH / frame.px_per_deg
    south_deg = frame.north_deg - HEIGHT / frame.px_per_deg
    return Map(
        land=land(frame.west_deg, east_deg, south_deg, frame.north_deg, WIDTH),
        meridians=_meridians(frame),
        parallels=_parallels(frame),
        stations=_named_marks(marks[len(quiet) :]),  # those that are OK come first
        quiet="".join(f"M{mark.x:.0f} {mark.y:.0f}h0" for mark in quiet),
        events=_shocks(frame, events, now_ns),
        n_placed=len(marks),
        n_unplaced=len(rows) - len(marks),
    )


def _named_marks(marks: Sequence[Mark]) -> list[Mark]:
    """The same; those that are BAD have names, as far as there is room."""
    bad = [mark for mark in marks if mark.row.state == State.BAD]
    at = [(mark.x, -mark.y, mark.row.station_id) for mark in bad[:_MOST_NAMES]]
    names = place(at, _LOOK, Box(0, -HEIGHT, WIDTH, 0), all_named=False)
    named = {
        id(mark): replace(mark, name=name._replace(y=-name.y))
        for mark, name in zip(bad[:_MOST_NAMES], names, strict=True)
        if name is not None
    }
    return [named.get(id(mark), mark) for mark in marks]


def _frame(places: Sequence[tuple[float, float]]) -> _Frame:
    """The smallest map of the page's shape around all places; it begins behind the widest gap between longitudes."""
    longitudes = np.sort(np.unique([longitude % 360.0 for _, longitude in places]))
    gaps = np.diff(np.append(longitudes, longitudes[0] + 360.0))
    widest = int(gaps.argmax())
    west_deg = float(longitudes[(widest + 1) % len(longitudes)])
    span_deg = float(360.0 - gaps[widest])
    norths = mercator_deg(np.array([latitude for latitude, _ in places]))
    tall_deg = float(norths.max() - norths.min())
    room = 1 - 2 * _MARGIN
    wide_deg = min(max(span_deg / room, tall_deg / room * WIDTH / HEIGHT, _LEAST_DEG), 360.0)
    middle_north = float(norths.max() + norths.min()) / 2
    west_deg = (west_deg + span_deg / 2 - wide_deg / 2 + 180.0) % 360.0 - 180.0
    # whole hundredths, so that the land of a network is cut once
    return _Frame(round(west_deg, 2), round(middle_north + wide_deg * HEIGHT / WIDTH / 2, 2), WIDTH / wide_deg)


def _step_deg(span_deg: float) -> float:
    return next((step for step in _STEPS_DEG if span_deg / step <= _MOST_LINES), _STEPS_DEG[-1])


def _meridians(frame: _Frame) -> list[Line]:
    step_deg = _step_deg(WIDTH / frame.px_per_deg)
    first = np.ceil(frame.west_deg / step_deg)
    found = []
    for k in range(_MOST_LINES * 2):
        longitude_deg = float(first + k) * step_deg
        x = (longitude_deg - frame.west_deg) * frame.px_per_deg
        if x <= WIDTH:
            label = _named((longitude_deg + 180.0) % 360.0 - 180.0, "E", "W")
            found.append(Line(round(x, 1), label if x <= WIDTH - _LABEL[0] else ""))
    return found


def _parallels(frame: _Frame) -> list[Line]:
    south_deg, north_deg = (latitude_of(frame.north_deg - y / frame.px_per_deg) for y in (HEIGHT, 0))
    step_deg = _step_deg(north_deg - south_deg)
    found = []
    for k in range(int(np.ceil(south_deg / step_deg)), int(np.floor(north_deg / step_deg)) + 1):
        y = frame.xy(k * step_deg, frame.west_deg)[1]
        found.append(Line(y, _named(k * step_deg, "N", "S") if y >= _LABEL[1] else ""))
    return found


def _named(degrees: float, positive: str, negative: str) -> str:
    size = round(abs(degrees), 1)
    return f"{size:g}°" + (f" {positive if degrees > 0 else negative}" if size else "")


def _shocks(frame: _Frame, events: Iterable[EventRow], now_ns: int) -> list[Shock]:
    found = []
    for event in sorted(events, key=lambda each: each.first_onset_ns):
        if event.origin is None:
            continue
        x, y = frame.xy(event.origin.latitude_deg, event.origin.longitude_deg)
        if not frame.holds(x, y):
            continue
        size = event.magnitude.value if event.magnitude is not None else 3.0
        age = min(max((now_ns - event.first_onset_ns) / _DAY_NS, 0.0), 1.0)
        radius = min(2.4 + 2.2 * 1.75 ** (size - 3.0), 60.0)
        found.append(Shock(x, y, round(radius, 1), round(1 - 0.78 * age, 2), event))
    return found
