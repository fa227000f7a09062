"""Every record of a project: found, corrected or read, assessed, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from detection.location.geometry import distance_azimuth
from detection.location.model import EarthModel
from detection.location.traveltime import PHASES, TravelTimes
from engineering.assessment import Assessment, assess
from engineering.chain import correct
from engineering.ending import check_ending
from engineering.formats import csmip_raw, read
from engineering.formats.lines import File
from engineering.measures import integral
from engineering.motion import Component, Motion
from engineering.oscillator import Floats
from engineering.recorded import RecordTable
from engineering.routes import distance_km, segments
from engineering.spectra import Oscillators
from houfeng.assessing import Assessor, Window
from houfeng.errors import ConfigError, MotionError
from houfeng.projects.load import AssessedEvent, Opened, places_of
from houfeng.station_files import find_station_files
from houfeng.times import seconds_ns
from houfeng.types import Packet, SourceId
from houfeng.waveforms import RecordedWaveforms
from stations.inventory import Inventory, Site, merge
from stations.reading import parse_inventory

EARTH_MODEL = "iasp91"
# Times of a model of the whole Earth are up to 5 % wrong in a crust, origin times by a second: noise ends so much
# before P is expected.
EARLY_S, EARLY_SHARE = 1.0, 0.05

_STRANGER = "neither StationXML nor dataless SEED has it: where its records were made, and by what, is not known"

# Told which record was looked at: its number, of how many, beginning with 1.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """An assessed record.

    Parameters
    ----------
    event, station : names
    distance_km : of the station from the epicentre
    onset_ns : behind which signal is looked for, ns UTC; None of records that agencies corrected
    assessment : of it
    horizontal_m_s2, horizontal_m_s : length of the horizontal vector of acceleration and velocity
    """

    event: str
    station: str
    distance_km: float
    onset_ns: int | None
    assessment: Assessment
    horizontal_m_s2: Floats
    horizontal_m_s: Floats


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is not there, or that nothing is said of.

    Parameters
    ----------
    event, station : names
    reason : a line that says why
    """

    event: str
    station: str
    reason: str


@dataclass(slots=True)
class Found:
    """Of a project.

    Parameters
    ----------
    opened : the project
    stations : whose records may stand for a place, by name; stand-ins where the project puts them
    true_sites : of the stand-ins, where their records were made
    records, refusals : by event and station; each pair is in one of them
    oscillators : of the spectra, 5 % damped
    """

    opened: Opened
    oscillators: Oscillators
    stations: dict[str, Site] = field(default_factory=dict)
    true_sites: dict[str, Site] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    refusals: dict[tuple[str, str], Refusal] = field(default_factory=dict)


def assess_project(opened: Opened, progress: Progress = lambda number, n_all: None) -> Found:
    """Assess every record of every event at each station that may stand for a place.

    Parameters
    ----------
    progress : told of every record, those that agencies published first and counted by themselves

    Raises
    ------
    HoufengError : if a folder, a file or a document that the project names cannot be read
    """
    found = Found(opened, Oscillators())
    for number, table in enumerate(opened.project.record, start=1):
        _published(found, table)
        progress(number, len(opened.project.record))
    if opened.project.records.folders:
        _archived(found, progress)
    lacking = [one.station for one in opened.project.stand_in if one.station not in found.true_sites]
    if lacking:
        raise ConfigError(f"stand_in: {', '.join(lacking)}: neither StationXML of the folders nor a [[record]] has it")
    return found


def _put(found: Found, site: Site) -> Site:
    """A station where the project puts it."""
    for one in found.opened.project.stand_in:
        if one.station == site.station_id:
            found.true_sites[site.station_id] = site
            return replace(site, latitude_deg=one.latitude_deg, longitude_deg=one.longitude_deg)
    return site


def _archived(found: Found, progress: Progress) -> None:
    opened, asked = found.opened, found.opened.project.records
    folders = [opened.folder / name for name in asked.folders]
    files = [file for folder in folders for file in find_files(folder)]
    windows = ReplayWindows(files)
    documents = [path for folder in folders for path in find_station_files(folder)]
    contents = {
        path: opened.read("StationXML" if path.suffix == ".xml" else "dataless SEED", path) for path in documents
    }
    inventory = merge([parse_inventory(content, opened.name(path)) for path, content in contents.items()])
    recorded = RecordedWaveforms(_Noting(opened, windows))
    assessor = Assessor(recorded, inventory, Window(asked.before_s, asked.after_s), found.oscillators)
    candidates = _candidates(opened, {name: _put(found, site) for name, site in sorted(inventory.sites.items())})
    found.stations |= candidates
    wanted = [
        (event, name) for event in opened.events for name in candidates if (event.name, name) not in found.records
    ]
    for number, (event, name) in enumerate(wanted, start=1):
        site = inventory.sites[name]
        _assess(found, assessor, event, site, _onset_ns(event, site))
        progress(number, len(wanted))
    _refuse_strangers(found, {file.source_id for file in files}, inventory, windows)


def _refuse_strangers(found: Found, recorded: set[SourceId], inventory: Inventory, windows: ReplayWindows) -> None:
    """Records of events by stations that no metadata know: they would be missing without a word."""
    behind_ns = seconds_ns(found.opened.project.records.after_s)
    for source_id in sorted(recorded):
        name = source_id.station_id
        for event in found.opened.events:
            key = event.name, name
            is_known = name in inventory.sites or key in found.records or key in found.refusals
            if not is_known and windows.holding([source_id], event.time_ns, event.time_ns + behind_ns):
                found.refusals[key] = Refusal(*key, f"{name}: {_STRANGER}")


class _Noting:
    """Reads packets, and puts the files they were in on record."""

    def __init__(self, opened: Opened, windows: ReplayWindows) -> None:
        self._opened, self._windows = opened, windows
        self._noted: set[Path] = set()

    def __call__(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Packet]:
        for path in self._windows.holding(source_ids, start_ns, end_ns):
            if path not in self._noted:
                self._noted.add(path)
                self._opened.read("miniSEED", path)
        return self._windows(source_ids, start_ns, end_ns)


def _candidates(opened: Opened, sites: dict[str, Site]) -> dict[str, Site]:
    """Stations that a place names, and those near enough to one."""
    project = opened.project
    named = {name for site in project.site for name in site.stations}
    named |= {name for route in project.route for name in route.stations}
    places = places_of(opened)
    places += [
        (piece.latitude_deg, piece.longitude_deg)
        for route in project.route
        for piece in segments(opened.routes[route.name], route.segment_km)
    ]
    most_km = project.records.max_station_km
    return {
        name: site
        for name, site in sites.items()
        if name in named
        or any(distance_km(site.latitude_deg, site.longitude_deg, *place) <= most_km for place in places)
    }


@lru_cache(maxsize=1)
def _travel_times() -> TravelTimes:
    return TravelTimes(EarthModel.published(EARTH_MODEL))


def _onset_ns(event: AssessedEvent, site: Site) -> int | None:
    """Before which a station cannot feel an event, ns UTC; None where it is too far for a P wave."""
    at = np.array(site.latitude_deg), np.array(site.longitude_deg)
    km, _ = distance_azimuth(np.array(event.latitude_deg), np.array(event.longitude_deg), *at)
    phase = np.array(PHASES.index("P"))
    p_s = float(_travel_times()(phase, np.array(event.depth_km), km, np.array(site.elevation_m / 1000)).time_s)
    if not np.isfinite(p_s):
        return None
    return event.time_ns + seconds_ns(max(p_s * (1 - EARLY_SHARE) - EARLY_S, 0.0))


def _assess(found: Found, assessor: Assessor, event: AssessedEvent, site: Site, onset_ns: int | None) -> None:
    key = event.name, site.station_id
    if onset_ns is None:
        found.refusals[key] = Refusal(*key, f"{site.station_id}: no P wave reaches it")
        return
    assessed, reasons = assessor.station(site.station_id, onset_ns)
    if assessed is None:
        found.refusals[key] = Refusal(*key, "; ".join(reasons))
        return
    noted = tuple(f"another instrument was refused: {reason}" for reason in reasons)
    _keep(found, event, site, replace(assessed, remarks=(*assessed.remarks, *noted)), onset_ns)


def _published(found: Found, table: RecordTable) -> None:
    """A record as its agency corrected it, or of volume 1, which is corrected here."""
    opened = found.opened
    event = next(one for one in opened.events if one.name == table.event)
    site = Site(table.station, table.latitude_deg, table.longitude_deg, 0.0)
    found.stations[table.station] = _put(found, site)
    files = [File.of(name, opened.read("record", opened.folder / name)) for name in table.files]
    try:
        is_raw = any(csmip_raw.is_format(file) for file in files)
        onset_ns = _onset_ns(event, site) if is_raw else None
        if is_raw and onset_ns is None:
            raise MotionError(f"{table.station}: no P wave reaches it")
        components = _here(files, onset_ns) if onset_ns is not None else [one for file in files for one in read(file)]
        motion = Motion(tuple(replace(component, station=table.station) for component in components))
        remark = check_ending(motion)
        assessed = assess(motion, found.oscillators)
    except MotionError as error:
        found.refusals[event.name, table.station] = Refusal(event.name, table.station, str(error))
        return
    remarks = (*assessed.remarks, *([remark] if remark else []))
    _keep(found, event, site, replace(assessed, remarks=remarks), onset_ns)


def _here(files: list[File], onset_ns: int) -> list[Component]:
    """Axes of volume 1, corrected."""
    mixed = [file.name for file in files if not csmip_raw.is_format(file)]
    if mixed:
        raise MotionError(f"{mixed[0]}: is corrected and stands beside files of {csmip_raw.TITLE}, which are not")
    return correct([axis.raw(onset_ns) for file in files for axis in csmip_raw.read(file)])


def _keep(found: Found, event: AssessedEvent, site: Site, assessed: Assessment, onset_ns: int | None) -> None:
    key = event.name, site.station_id
    motion = assessed.motion
    if motion.horizontals_m_s2 is None:
        reason = f"{site.station_id}: no two horizontal components at right angles"
        found.refusals[key] = Refusal(*key, reason)
        return
    away_km = distance_km(event.latitude_deg, event.longitude_deg, site.latitude_deg, site.longitude_deg)
    vector = np.hypot(*motion.horizontals_m_s2), np.hypot(*_velocities(motion))
    found.records[key] = Record(*key, away_km, onset_ns, assessed, *vector)


def _velocities(motion: Motion) -> list[Floats]:
    """Of the two horizontals: those that came with the record, else integrals of acceleration."""
    level = [component for component in motion.components if component.azimuth_deg is not None]
    return [
        integral(one.acceleration_m_s2, one.rate_hz) if one.velocity_m_s is None else one.velocity_m_s for one in level
    ]
