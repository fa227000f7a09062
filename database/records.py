"""What the database takes and gives beside the nouns of the other rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from houfeng.types import Magnitude, Origin, Pick, StationMagnitude
from stations.health import ChannelStatus, Metrics, State
from stations.inventory import ChannelEpoch

RunKind = Literal["live", "replay"]


@dataclass(frozen=True, slots=True)
class Run:
    """One passage of data through the pipeline; its picks and events belong to it alone.

    Parameters
    ----------
    run_id : a live run keeps its id over restarts, so that it goes on where it stopped; a replay's id is made
        from what it replays, so that doing it again changes no row but this one
    started_ns, finished_ns : wall clock, ns UTC; finished_ns is None while it goes on
    config_hash, code_version : what produced it
    source : where the data came from, for people
    start_ns, end_ns : time span of the data, ns UTC, end exclusive; None while unknown
    engine : how channels were filtered, as `Detector.engine` says: the last bits of a ratio depend on it
    """

    run_id: str
    kind: RunKind
    started_ns: int
    config_hash: str
    code_version: str
    source: str
    finished_ns: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    n_records: int = 0
    n_samples: int = 0
    engine: str = "tiles"


@dataclass(frozen=True, slots=True)
class PickRow:
    """A pick of one run, and the event it belongs to, if any."""

    run_id: str
    pick: Pick
    event_id: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of one run, without its picks; quality and type as of `Event`.

    `magnitude` is the preferred one, None where there is none.
    """

    run_id: str
    public_id: str
    first_onset_ns: int
    last_onset_ns: int
    n_picks: int
    n_stations: int
    origin: Origin | None
    magnitude: Magnitude | None = None
    quality: str = ""
    quality_reasons: tuple[str, ...] = ()
    type_hint: str = ""
    type_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """A pick of an event, where its station stands, and what the origin makes of it.

    Parameters
    ----------
    station_name, latitude_deg, longitude_deg, elevation_m : as the run knew them, else as the station table has
        them; None where neither does
    is_listed : whether the station table has the station
    distance_km, azimuth_deg, residual_s, weight : as of `Arrival`; None where the origin does not use the pick
    """

    pick: Pick
    station_name: str | None
    latitude_deg: float | None
    longitude_deg: float | None
    elevation_m: float | None
    is_listed: bool
    distance_km: float | None
    azimuth_deg: float | None
    residual_s: float | None
    weight: float | None


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event with its arrivals, earliest first, and its magnitudes, the preferred one first.

    `station_magnitudes` are sorted by the rank of their kind, then by distance.
    """

    event: EventRow
    arrivals: tuple[ArrivalRow, ...]
    magnitudes: tuple[Magnitude, ...] = ()
    station_magnitudes: tuple[StationMagnitude, ...] = ()


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station as the station table shows it.

    Parameters
    ----------
    station_id : `KR.NRN`
    name, country : "" when unknown
    latitude_deg, longitude_deg, elevation_m : None where the station has no metadata
    state : UNKNOWN where it was never evaluated, or not for too long
    reason : why, "" while OK
    since_ns : when `state` began, ns UTC; None where it was never evaluated
    evaluated_ns : when health last looked, ns UTC; None where it never did
    usage : full, evaluation, telemetry-only or maintenance; "" where it was never evaluated
    metrics : the worst of its required channels
    marks : what the rules say of each metric that they judge; empty where there is no current status
    """

    station_id: str
    name: str
    country: str
    latitude_deg: float | None
    longitude_deg: float | None
    elevation_m: float | None
    state: State
    reason: str
    since_ns: int | None
    evaluated_ns: int | None
    usage: str
    metrics: Metrics
    marks: Mapping[str, State] = field(default_factory=dict)

    @property
    def network(self) -> str:
        return self.station_id.partition(".")[0]

    @property
    def has_metadata(self) -> bool:
        return self.latitude_deg is not None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A station's state from `since_ns` (ns UTC) on, and the reason that began it."""

    since_ns: int
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class StationDetail:
    """One station.

    Parameters
    ----------
    station : its row in the table
    channels : latest evaluation, sorted by source id
    epochs : what the metadata says, by channel, then start
    changes : of state, newest first
    """

    station: StationRow
    channels: tuple[ChannelStatus, ...]
    epochs: tuple[ChannelEpoch, ...]
    changes: tuple[StatusChange, ...]
