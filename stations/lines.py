"""Tables in text files: FDSN station text and CSV, read line by line, with every fault named by line and column.

FDSN station text is what fdsnws-station gives for `format=text` (FDSN web services 1.2): columns between `|`, a heading
that begins with `#`, of level station or channel. It has no responses; the scale is taken for the gain.

CSV is for lists that people keep: a heading, and one station a line. `station` (NET.STA), or `network` and `station`,
is needed; `latitude_deg`, `longitude_deg` and `elevation_m` together place it; `name` and `country` describe it;
`agency`, `contact` and `link` are for the operator's card, not for the inventory.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from houfeng.errors import InventoryError, SourceIdError
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.card import FIELDS
from stations.inventory import ChannelEpoch, Inventory, InventoryDocument, Site, is_country

MAX_BYTES = 64 * 2**20
_MAX_FAULTS = 20
# FDSN text: level -> its columns, in lower case; data centres write two of them in two ways
_STATION = ("network", "station", "latitude", "longitude", "elevation", "sitename", "starttime", "endtime")
_CHANNEL = (
    *("network", "station", "location", "channel", "latitude", "longitude", "elevation", "depth", "azimuth", "dip"),
    *("sensordescription", "scale", "scalefreq", "scaleunits", "samplerate", "starttime", "endtime"),
)
_ALIASES = {"scalefrequency": "scalefreq", "sitedescription": "sitename", "instrument": "sensordescription"}
_PLACE = ("latitude_deg", "longitude_deg", "elevation_m")
_CSV = ("network", "station", *_PLACE, "name", "country", *FIELDS)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table.

    Parameters
    ----------
    label : `list.csv: line 7`
    values : by column; "" where a field is empty
    faults : of the file, where those of this line go
    """

    label: str
    values: Mapping[str, str]
    faults: list[str]

    def fault(self, column: str, needed: str) -> None:
        came = repr(self.values.get(column, ""))[:60]
        self.faults.append(f"{self.label}: {column}: {needed} is needed, {came} came")

    def number(self, column: str, low: float, high: float, unit: str) -> float:
        """A number that must be there; 0 and a fault where it is none."""
        value = self.optional(column, low, high, unit)
        if value is None and not self.values.get(column):
            self.fault(column, f"{low:g} to {high:g} {unit}".strip())
        return value or 0.0

    def optional(self, column: str, low: float, high: float, unit: str) -> float | None:
        """A number that may be absent; None and a fault where it is none."""
        text = self.values.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if isfinite(value) and low <= value <= high:
            return value
        self.fault(column, f"{low:g} to {high:g} {unit}".strip())
        return None

    def time(self, column: str, *, needed: bool) -> int | None:
        """ns UTC; None where it is absent or past 2262, and a fault where it is none."""
        text = self.values.get(column, "")
        if not text and not needed:
            return None
        try:
            t_ns = parse_ns(text)
        except ValueError:
            self.fault(column, "a UTC time such as 2026-01-31T12:00:00")
            return None
        if needed and t_ns >= 2**63:
            self.fault(column, "a time before 2262")
        return t_ns if t_ns < 2**63 else None

    def source_id(self, location: str, channel: str) -> SourceId | None:
        """The channel; None and a fault where a code is none."""
        network, station = self.values.get("network", ""), self.values["station"]
        if not network:
            network, _, station = station.partition(".")
        try:
            return SourceId(network, station, "" if location == "--" else location, channel)
        except SourceIdError:
            self.fault("station" if channel == "HHZ" else "channel", "codes of capital letters and digits")
            return None


def parse_station_text(content: bytes, name: str) -> Inventory:
    """FDSN station text of level station or channel.

    Raises
    ------
    InventoryError : a line for each fault, up to 20, naming file, line, column, what was needed and what came
    """
    text = decoded(content, name)
    heading, _, _ = text.partition("\n")
    columns = [_ALIASES.get(word, word) for word in (part.strip().lower() for part in heading.strip("# \r").split("|"))]
    level = {_STATION: _text_site, _CHANNEL: _text_epoch}.get(tuple(columns))
    if level is None:
        wanted = f"#{' | '.join(_STATION)} or #{' | '.join(_CHANNEL)}"
        raise InventoryError(f"{name}: line 1: the heading {wanted} is needed, {heading[:80]!r} came")
    return _read(
        _lines(csv.reader(io.StringIO(text), delimiter="|", quoting=csv.QUOTE_NONE), columns, name),
        level,
        name,
        content,
    )


def parse_station_csv(content: bytes, name: str) -> Inventory:
    """Sites of a CSV list; lines that place no station are for `cards_of_csv` alone.

    Raises
    ------
    InventoryError : as `parse_station_text`
    """
    return _read(_csv_lines(content, name), _csv_site, name, content)


def cards_of_csv(content: bytes, name: str) -> dict[str, dict[str, str]]:
    """What a CSV list says of agency, contact and link: by station id, the fields that are not empty.

    Raises
    ------
    InventoryError : as `parse_station_text`
    """
    found: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for line in _csv_lines(content, name):
        source_id = line.source_id("", "HHZ")
        if source_id is not None and source_id.station_id in found:
            line.fault("station", "a station that came in no line before")
        if source_id is not None:
            found[source_id.station_id] = {key: value for key in FIELDS if (value := line.values.get(key, ""))}
        faults += line.faults
        line.faults.clear()
    _refuse(faults)
    return found


def decoded(content: bytes, name: str) -> str:
    """Text of a table.

    Raises
    ------
    InventoryError : if it is too large, or no UTF-8
    """
    if len(content) > MAX_BYTES:
        raise InventoryError(f"{name}: {len(content)} bytes, at most {MAX_BYTES} are read")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InventoryError(f"{name}: line {line}: UTF-8 text is needed, byte {error.start} is not") from error


def _csv_lines(content: bytes, name: str) -> Iterator[Line]:
    rows = csv.reader(io.StringIO(decoded(content, name)))
    columns = [word.strip().lower() for word in next(rows, [])]
    unknown = [word for word in columns if word not in _CSV]
    if "station" not in columns or unknown or len({*columns}) < len(columns):
        came = f"{', '.join(map(repr, unknown))} is none of them" if unknown else f"{', '.join(columns)!r} came"
        raise InventoryError(f"{name}: line 1: a heading with station, and of {', '.join(_CSV)}, is needed; {came}")
    yield from _lines(rows, columns, name, first=2)


def _lines(rows: Iterator[list[str]], columns: list[str], name: str, first: int = 1) -> Iterator[Line]:
    for number, row in enumerate(_whole(rows, name), first):
        if not any(map(str.strip, row)) or (first == 1 and number == 1):
            continue
        label = f"{name}: line {number}"
        if len(row) != len(columns):
            raise InventoryError(f"{label}: {len(columns)} columns are needed, {len(row)} came")
        yield Line(label, dict(zip(columns, map(str.strip, row), strict=True)), [])


def _whole(rows: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise InventoryError(f"{name}: text in columns is needed: {error}") from error


_Found = tuple[Site, ChannelEpoch | None]


def _read(lines: Iterator[Line], read: Callable[[Line], _Found | None], name: str, content: bytes) -> Inventory:
    sites: dict[str, tuple[int, Site]] = {}
    epochs: dict[tuple[SourceId, int], ChannelEpoch] = {}
    faults: list[str] = []
    for line in lines:
        found = read(line)
        if found is not None:
            site, epoch = found
            start_ns = -(2**63) if epoch is None else epoch.start_ns
            if sites.get(site.station_id, (start_ns, site))[0] <= start_ns:
                sites[site.station_id] = (start_ns, site)
            if epoch is not None and (epoch.source_id, epoch.start_ns) in epochs:
                line.fault("starttime", "an epoch that came in no line before")
            if epoch is not None:
                epochs[epoch.source_id, epoch.start_ns] = epoch
        faults += line.faults
    _refuse(faults)
    document = InventoryDocument(name, hashlib.sha256(content).hexdigest(), content)
    return Inventory({key: site for key, (_, site) in sorted(sites.items())}, tuple(epochs.values()), (document,))


def _refuse(faults: list[str]) -> None:
    if faults:
        more = [f"... and {len(faults) - _MAX_FAULTS} more"] if len(faults) > _MAX_FAULTS else []
        raise InventoryError("\n".join(faults[:_MAX_FAULTS] + more))


def _place(line: Line, names: tuple[str, str, str]) -> tuple[float, float, float]:
    limits = ((-90, 90, "deg"), (-180, 180, "deg"), (-11_000, 9_000, "m"))
    latitude, longitude, elevation = (line.number(key, *limit) for key, limit in zip(names, limits, strict=True))
    return latitude, longitude, elevation


def _text_site(line: Line) -> _Found | None:
    source_id = line.source_id("", "HHZ")
    start_ns, end_ns = line.time("starttime", needed=True), line.time("endtime", needed=False)
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        line.fault("endtime", "a time after starttime")
    place = _place(line, ("latitude", "longitude", "elevation"))
    return None if source_id is None else (Site(source_id.station_id, *place, name=line.values["sitename"]), None)


def _text_epoch(line: Line) -> _Found | None:
    source_id = line.source_id(line.values["location"], line.values["channel"])
    start_ns, end_ns = line.time("starttime", needed=True), line.time("endtime", needed=False)
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        line.fault("endtime", "a time after starttime")
    place = _place(line, ("latitude", "longitude", "elevation"))
    gain = line.optional("scale", -1e30, 1e30, "counts per unit") or None
    depth_m = line.number("depth", -9_000, 11_000, "m")
    azimuth, dip = line.optional("azimuth", 0, 360, "deg"), line.optional("dip", -90, 90, "deg")
    rate_hz = line.optional("samplerate", 0, 1e6, "Hz") or 0.0
    if source_id is None or start_ns is None:
        return None
    unit = line.values["scaleunits"] if gain else ""
    epoch = ChannelEpoch(source_id, start_ns, end_ns, *place, depth_m, azimuth, dip, rate_hz, gain, unit)
    return Site(source_id.station_id, *place), epoch


def _csv_site(line: Line) -> _Found | None:
    source_id = line.source_id("", "HHZ")
    country = line.values.get("country", "")
    if country and not is_country(country):
        line.fault("country", "two capital letters (ISO 3166 alpha-2)")
    if not any(line.values.get(key) for key in _PLACE):
        for key in ("name", "country"):
            if line.values.get(key):
                line.fault(key, "nothing without latitude_deg, longitude_deg and elevation_m; or these as well")
        return None
    place = _place(line, ("latitude_deg", "longitude_deg", "elevation_m"))
    if source_id is None:
        return None
    return Site(source_id.station_id, *place, name=line.values.get("name", ""), country=country), None
