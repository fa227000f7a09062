"""Catalogues of known events: ComCat's CSV, the text of FDSN web services, QuakeML."""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from obspy import read_events

from houfeng.errors import CatalogueError
from houfeng.times import from_utcdatetime, parse_ns

# Names of the columns, in lower case, as ComCat and FDSN write them and people do.
_COLUMNS = {
    "time": ("time", "origin_time", "origintime", "datetime"),
    "latitude": ("latitude", "lat", "latitude_deg"),
    "longitude": ("longitude", "lon", "lng", "longitude_deg"),
    "depth": ("depth", "depth/km", "depth_km"),
    "magnitude": ("mag", "magnitude"),
}
# Of an event without one; no tool of a data centre leaves it out but where it is not known.
DEFAULT_DEPTH_KM = 10.0
_MOST_FAULTS = 10
_MOST_NAMES = 8  # of columns, in a message
_IN_MEMORY = re.compile(r"'?<_io\.BytesIO object at 0x[0-9a-f]+>'?")


@dataclass(frozen=True, slots=True, order=True)
class KnownEvent:
    """An event of a catalogue.

    Parameters
    ----------
    time_ns : origin time, ns UTC
    latitude_deg, longitude_deg : WGS 84
    depth_km : below sea level, 0 or more
    magnitude : None where the catalogue has none
    """

    time_ns: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float | None


def parse_catalogue(content: bytes, name: str) -> tuple[KnownEvent, ...]:
    """The events of a catalogue, earliest first, each once.

    Parameters
    ----------
    content : CSV with a header (time, latitude, longitude; depth and magnitude where they are known), FDSN text, which
        has `|` between its columns, or QuakeML
    name : of the file, for messages

    Raises
    ------
    CatalogueError : naming file, line and column of each fault
    """
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return _quakeml(content, name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogueError(f"{name}, line {line}: UTF-8 text is needed, byte {error.start} is none") from error
    faults: list[str] = []
    events = {event for row in _rows(text, name) if (event := _event(row, name, faults)) is not None}
    if faults:
        more = [f"{name}: and {len(faults) - _MOST_FAULTS} more faults"] if len(faults) > _MOST_FAULTS else []
        raise CatalogueError("\n".join([*faults[:_MOST_FAULTS], *more]))
    return _sorted(events, name)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    values: Mapping[str, str]
    columns: Mapping[str, str]


def _rows(text: str, name: str) -> Iterator[_Row]:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter="|" if "|" in head else ",", strict=True)
    columns: dict[str, str] = {}
    names: list[str] = []
    try:
        for cells in reader:
            if not names:
                names = [cell.strip().lstrip("#").strip() for cell in cells]
                columns = _columns(names, name)
            elif any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                if len(cells) != len(names):
                    needed = f"{len(names)} columns are needed as in line 1"
                    raise CatalogueError(f"{name}, line {reader.line_num}: {needed}, {len(cells)} came")
                yield _Row(reader.line_num, dict(zip(names, cells, strict=True)), columns)
        if not names:
            _columns(names, name)
    except csv.Error as error:
        raise CatalogueError(f"{name}, line {reader.line_num}: no row of a table: {error}") from error


def _columns(names: list[str], name: str) -> dict[str, str]:
    """What each quantity's column is called in this file."""
    lowered = {each.lower(): each for each in names}
    found = {key: lowered[known] for key, among in _COLUMNS.items() for known in reversed(among) if known in lowered}
    missing = [key for key in ("time", "latitude", "longitude") if key not in found]
    if missing:
        came = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "") or "none"
        raise CatalogueError(f"{name}, line 1: columns time, latitude, longitude are needed, {came} came")
    return found


def _event(row: _Row, name: str, faults: list[str]) -> KnownEvent | None:
    n_before = len(faults)

    def read(key: str, needed: str, convert: Callable[[str], Any], default: Any = None) -> Any:
        column = row.columns.get(key)
        text = row.values[column].strip() if column is not None else ""
        if not text and default is not None:
            return default
        try:
            return convert(text)
        except ValueError:
            faults.append(f"{name}, line {row.line}, column {column}: {needed} is needed, {text!r} came")
            return None

    time_ns = read("time", "a UTC time as 2019-07-06T03:19:53.04Z", parse_ns)
    latitude = read("latitude", "degrees from -90 to 90", lambda text: _number(text, -90, 90))
    longitude = read("longitude", "degrees from -180 to 180", lambda text: _number(text, -180, 180))
    depth = read("depth", "km from -10 to 800", lambda text: _number(text, -10, 800), DEFAULT_DEPTH_KM)
    magnitude = read("magnitude", "a magnitude from -5 to 10", lambda text: _number(text, -5, 10), math.inf)
    if len(faults) > n_before:
        return None
    return KnownEvent(time_ns, latitude, longitude, max(depth, 0.0), None if math.isinf(magnitude) else magnitude)


def _number(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value


def _quakeml(content: bytes, name: str) -> tuple[KnownEvent, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ObsPy, about details of events that are not used here
            found = read_events(io.BytesIO(content), format="QUAKEML")
    except Exception as error:  # ObsPy's readers raise whatever their parsers raise
        # ObsPy names the object in memory, of which nobody knows
        why = _IN_MEMORY.sub("it", str(error))
        raise CatalogueError(f"{name}: is no QuakeML: {why}") from error
    events = set()
    for number, event in enumerate(found, 1):
        origin = event.preferred_origin() or next(iter(event.origins), None)
        if origin is None or None in (origin.time, origin.latitude, origin.longitude):
            raise CatalogueError(f"{name}, event {number}: an origin with time, latitude and longitude is needed")
        magnitude = event.preferred_magnitude() or next(iter(event.magnitudes), None)
        depth_km = DEFAULT_DEPTH_KM if origin.depth is None else max(origin.depth / 1000, 0.0)
        mag = None if magnitude is None or magnitude.mag is None else float(magnitude.mag)
        place = float(origin.latitude), float(origin.longitude), float(depth_km)
        events.add(KnownEvent(from_utcdatetime(origin.time), *place, mag))
    return _sorted(events, name)


def _sorted(events: set[KnownEvent], name: str) -> tuple[KnownEvent, ...]:
    if not events:
        raise CatalogueError(f"{name}: holds no event")
    return tuple(sorted(events, key=lambda event: (event.time_ns, event.latitude_deg, event.longitude_deg)))
