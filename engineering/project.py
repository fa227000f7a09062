"""What a project of safety assessment asks for: its file's tables, frozen and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engineering.checking import check, place_faults, positive_faults, text_faults, times_faults
from engineering.codes import SITE_CLASSES, SpectrumTable
from engineering.pipelines import Wave
from engineering.recorded import RecordsTable, RecordTable, StandInTable
from engineering.routes import route_points
from houfeng.errors import ConfigError
from houfeng.times import parse_ns

_LEAST_SEGMENT_KM = 0.05  # a thousand kilometres are 20,000 of them


class Measured(StrEnum):
    """Which horizontal spectrum is held against the code's."""

    ROTD100 = "rotd100"  # the largest of all directions
    ROTD50 = "rotd50"  # their median
    LARGER = "larger"  # of the two components as they were laid


class Language(StrEnum):
    """Of a report."""

    ENGLISH = "en"
    CHINESE = "zh"
    RUSSIAN = "ru"


@dataclass(frozen=True, slots=True)
class ProjectTable:
    """`[project]`: what stands on the first page.

    Parameters
    ----------
    title : of the report
    client, engineer, notes : as they shall be printed; "" leaves them out
    languages : a report in each
    """

    title: str
    client: str = ""
    engineer: str = ""
    notes: str = ""
    languages: tuple[Language, ...] = (Language.ENGLISH,)

    def __post_init__(self) -> None:
        check([*text_faults(title=self.title), *([] if self.languages else ["languages: one and more are needed"])])


@dataclass(frozen=True, slots=True)
class EventTable:
    """`[[event]]`: an earthquake that is assessed."""

    name: str
    time: str
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float | None = None
    magnitude_type: str = ""

    def __post_init__(self) -> None:
        faults = (
            text_faults(name=self.name)
            + times_faults(time=self.time)
            + place_faults(self.latitude_deg, self.longitude_deg)
        )
        if not 0 <= self.depth_km <= 700:
            faults.append(f"depth_km: 0 to 700 km is needed, came {self.depth_km:g}")
        check(faults)

    @property
    def time_ns(self) -> int:
        """Origin time, ns UTC."""
        return parse_ns(self.time)


@dataclass(frozen=True, slots=True)
class CatalogueTable:
    """`[catalogue]`: the events of a file within a window.

    Parameters
    ----------
    file : CSV, FDSN text or QuakeML; relative to the project file
    start, end : of origin times, UTC; the end is not in it
    min_magnitude : events without a magnitude are left out
    max_distance_km : of the epicentre from the nearest place
    """

    file: str
    start: str
    end: str
    min_magnitude: float
    max_distance_km: float = 300.0

    def __post_init__(self) -> None:
        faults = text_faults(file=self.file) + times_faults(start=self.start, end=self.end)
        faults += positive_faults(max_distance_km=self.max_distance_km)
        if not faults and parse_ns(self.start) >= parse_ns(self.end):
            faults.append(f"end: a time after start is needed, {self.end} came")
        check(faults)


@dataclass(frozen=True, slots=True)
class SiteTable:
    """`[[site]]`: a place that is assessed.

    Parameters
    ----------
    stations : that stand for it, the best first; without any, those within `max_station_km`, the nearest first
    site_class : of its ground, in the codes' words; "" where no code needs it
    spectra : names of `[[spectrum]]`
    unconfirmed : what is not confirmed of these values, and why: it stands in the report
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    spectra: tuple[str, ...] = ()
    site_class: str = ""
    stations: tuple[str, ...] = ()
    unconfirmed: str = ""

    def __post_init__(self) -> None:
        check([*text_faults(name=self.name), *place_faults(self.latitude_deg, self.longitude_deg)])


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`[[route]]`: a buried pipeline.

    Parameters
    ----------
    points : [latitude, longitude] or [latitude, longitude, kilometre post] in order; or instead
    geojson : a file with one LineString; relative to the project file
    segment_km : the longest piece that is assessed as one
    wave, speed_m_s : which wave strains the pipe, and its apparent speed along it where it is known
    characteristic_period_s, shear_speed_m_s : Tg and Vse of the ground, for the strain of GB/T 50470 besides; both, or
        neither for none
    k1 : of the screening rate of repairs; without it none is given
    strain_limit : of the pipe; without it none is compared
    unconfirmed : what is not confirmed of these values, and why: it stands in the report
    """

    name: str
    points: tuple[tuple[float, ...], ...] = ()
    geojson: str = ""
    segment_km: float = 10.0
    spectra: tuple[str, ...] = ()
    site_class: str = ""
    stations: tuple[str, ...] = ()
    wave: Wave = Wave.S
    speed_m_s: float | None = None
    characteristic_period_s: float | None = None
    shear_speed_m_s: float | None = None
    k1: float | None = None
    strain_limit: float | None = None
    unconfirmed: str = ""

    def __post_init__(self) -> None:
        faults = text_faults(name=self.name)
        keys = ("speed_m_s", "characteristic_period_s", "shear_speed_m_s", "k1", "strain_limit")
        given = {key: getattr(self, key) for key in keys}
        faults += positive_faults(segment_km=self.segment_km, **{key: x for key, x in given.items() if x is not None})
        if (self.characteristic_period_s is None) != (self.shear_speed_m_s is None):
            faults.append("shear_speed_m_s: this and characteristic_period_s are needed, or neither")
        if 0 < self.segment_km < _LEAST_SEGMENT_KM:
            faults.append(f"segment_km: {_LEAST_SEGMENT_KM:g} km and more is needed, came {self.segment_km:g}")
        if bool(self.points) == bool(self.geojson):
            faults.append("points: these or geojson are needed, and not both")
        elif self.points:
            try:
                route_points(self.points, "points")
            except ConfigError as error:
                faults += str(error).splitlines()
        check(faults)


@dataclass(frozen=True, slots=True)
class ThresholdsTable:
    """`[thresholds]`: levels of the horizontal vector that are counted."""

    pga_cm_s2: tuple[float, ...] = ()
    pgv_cm_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        levels = [("pga_cm_s2", self.pga_cm_s2), ("pgv_cm_s", self.pgv_cm_s)]
        check([fault for key, all_of in levels for level in all_of for fault in positive_faults(**{key: level})])


_NO_FOLDERS = RecordsTable()


@dataclass(frozen=True, slots=True)
class Project:
    """A whole project file."""

    project: ProjectTable
    records: RecordsTable = _NO_FOLDERS
    spectrum: tuple[SpectrumTable, ...] = ()
    site: tuple[SiteTable, ...] = ()
    route: tuple[RouteTable, ...] = ()
    event: tuple[EventTable, ...] = ()
    record: tuple[RecordTable, ...] = ()
    stand_in: tuple[StandInTable, ...] = ()
    catalogue: CatalogueTable | None = None
    thresholds: ThresholdsTable = ThresholdsTable()
    measured: Measured = Measured.ROTD100

    def __post_init__(self) -> None:
        faults = [*_twice(self), *_unknown(self)]
        if not (self.site or self.route):
            faults.append("site: a [[site]] or a [[route]] is needed, none came")
        if not (self.event or self.catalogue):
            faults.append("event: an [[event]] or a [catalogue] is needed, none came")
        if not (self.records.folders or self.record):
            faults.append("records.folders: a folder or a [[record]] is needed, none came")
        check(faults)


def _twice(project: Project) -> Iterator[str]:
    lists: Sequence[tuple[str, Sequence[str]]] = [
        ("spectrum", [one.name for one in project.spectrum]),
        ("event", [one.name for one in project.event]),
        ("site", [one.name for one in project.site]),
        ("route", [one.name for one in project.route]),
    ]
    stood_in = [one.station for one in project.stand_in]
    for table, names in lists:
        yield from (
            f"{table}[{n}].name: {name!r} came before" for n, name in enumerate(names, 1) if name in names[: n - 1]
        )
    for n, station in enumerate(stood_in, 1):
        if station in stood_in[: n - 1]:
            yield f"stand_in[{n}].station: {station!r} came before: a station stands in one place"


def _unknown(project: Project) -> Iterator[str]:
    """Names that nothing has, and grounds that a code does not know."""
    spectra = {one.name: one for one in project.spectrum}
    places: list[tuple[str, SiteTable | RouteTable]] = [(f"site[{n}]", one) for n, one in enumerate(project.site, 1)]
    places += [(f"route[{n}]", one) for n, one in enumerate(project.route, 1)]
    for where, place in places:
        for name in place.spectra:
            known = SITE_CLASSES[spectra[name].code] if name in spectra else ()
            if name not in spectra:
                yield f"{where}.spectra: a name of a [[spectrum]] is needed ({', '.join(spectra)}), {name!r} came"
            elif known and place.site_class not in known:
                yield f"{where}.site_class: {name} needs one of {', '.join(known)}, {place.site_class!r} came"
    events = [one.name for one in project.event]
    for n, record in enumerate(project.record, 1):
        if record.event not in events:
            yield f"record[{n}].event: a name of an [[event]] is needed ({', '.join(events)}), {record.event!r} came"
