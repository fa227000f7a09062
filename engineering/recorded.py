"""What a project file says of records: folders, published files, and stations that stand in for others."""

from __future__ import annotations

from dataclasses import dataclass

from engineering.checking import check, place_faults, positive_faults, text_faults


@dataclass(frozen=True, slots=True)
class RecordsTable:
    """`[records]`: miniSEED with StationXML, and how much of it.

    Parameters
    ----------
    folders : of miniSEED or an SDS archive, with StationXML in them; relative to the project file
    before_s, after_s : the onset of P
    max_station_km : a station farther from a place does not stand for it, unless the place names it
    """

    folders: tuple[str, ...] = ()
    before_s: float = 30.0
    after_s: float = 180.0
    max_station_km: float = 30.0

    def __post_init__(self) -> None:
        positive = positive_faults(before_s=self.before_s, after_s=self.after_s, max_station_km=self.max_station_km)
        check(positive)


@dataclass(frozen=True, slots=True)
class RecordTable:
    """`[[record]]`: records as agencies publish them, of one station and event.

    Parameters
    ----------
    files : ESM ASCII, CSMIP volume 2 or GeoNet V2A, or CSMIP volume 1; relative to the project file
    event : name of an `[[event]]`
    station : how it shall be called
    latitude_deg, longitude_deg : where it stands: the files' headers are not trusted with that
    """

    files: tuple[str, ...]
    event: str
    station: str
    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        faults = place_faults(self.latitude_deg, self.longitude_deg) + text_faults(
            event=self.event, station=self.station
        )
        check([*faults, *([] if self.files else ["files: one and more are needed"])])


@dataclass(frozen=True, slots=True)
class StandInTable:
    """`[[stand_in]]`: records of another place that stand in for records that are not there: a scenario, and said so.

    Parameters
    ----------
    station : of the records, as their StationXML or `[[record]]` has it
    latitude_deg, longitude_deg : where it is put; its distance from the epicentre stays the true one
    """

    station: str
    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        check([*text_faults(station=self.station), *place_faults(self.latitude_deg, self.longitude_deg)])
