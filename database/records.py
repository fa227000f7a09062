"""What the database takes and gives beside the nouns of the other rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from houfeng.types import Magnitude, Origin, Pick, StationMagnitude
from stations.card import Card
from stations.health import ChannelStatus, Metrics, State
from stations.health.score import Deduction
from stations.inventory import ChannelEpoch

RunKind = Literal["live", "replay"]
# Events to be listed: those that are, those that are none any more, or both.
EventStatus = Literal["current", "gone", "all"]


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
    is_synthetic : all data were made by a computer: no earthquake of this run was one
    config : JSON of the settings that decide the result, `Settings.decisive`, with the window of a replay
    input_hash : SHA-256 of a finished replay's window, files and documents; "" of others
    result_hash : SHA-256 of its picks, events and measures, without the run's name; "" of one that is not finished
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
    is_synthetic: bool = False
    config: str = "{}"
    input_hash: str = ""
    result_hash: str = ""


@dataclass(frozen=True, slots=True)
class PickRow:
    """A pick of one run, and the event it belongs to, if any."""

    run_id: str
    pick: Pick
    event_id: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of one run, without its picks; quality and type as of `Event`.

    `magnitude` is the preferred one, None where there is none. Of an event that is none any more, `status` says
    what became of it (a reason of `CLOSING`), `successor` which event has its picks, and the rest what it was last.
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
    status: str = "current"
    successor: str | None = None
    is_synthetic: bool = False

    def is_at_least(self, magnitude: float) -> bool:
        """Whether its preferred magnitude is known and as large."""
        return self.magnitude is not None and self.magnitude.value >= magnitude


# Why an event is revised. What ends it: its evidence fell; its picks are another's; they begin with another pick now.
CLOSING = ("withdrawn", "merged", "continued")
REVISION_REASONS = (
    *("first", "continues", "split", "restored"),
    *("late pick", "absorbed", "pick moved", "pick left out", "waveforms"),
    *CLOSING,
)


class RevisedPick(NamedTuple):
    """A pick that an event was given or lost, and its onset, ns UTC."""

    pick_id: str
    station_id: str
    phase: str
    onset_ns: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of an event of a live run, and what led to it.

    Parameters
    ----------
    number : 1 for the first
    created_ns : wall clock when it was saved, ns UTC
    reason : one of `REVISION_REASONS`
    others : public ids of the events that gave or took picks
    added, taken : picks it has and the state before had not, and the other way round
    event : what it was then
    moved_km, moved_s : how far its origin is from where and when the state before had it; None without two origins
    """

    number: int
    created_ns: int
    reason: str
    others: tuple[str, ...]
    added: tuple[RevisedPick, ...]
    taken: tuple[RevisedPick, ...]
    event: EventRow
    moved_km: float | None
    moved_s: float | None


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

    `station_magnitudes` are sorted by the rank of their kind, then by distance; `revisions`, which only an event of a
    live run has, from the first on. An event that is none any more has these alone.
    """

    event: EventRow
    arrivals: tuple[ArrivalRow, ...]
    magnitudes: tuple[Magnitude, ...] = ()
    station_magnitudes: tuple[StationMagnitude, ...] = ()
    revisions: tuple[Revision, ...] = ()


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
    usage : full, evaluation, telemetry-only, maintenance or off; "" where nobody knows
    metrics : the worst of its required channels
    marks : what the rules say of each metric that they judge; empty where there is no current status
    flapping : whether its state changes too often
    score : 100 less the points of `deductions`, at least 0; None where there is no current status, and in maintenance
    deductions : what was taken off, most first
    beside : the worst of what rules read beside `metrics`, by metric of `stations.health.summary.BESIDE`; one without a
        source is left out, one whose source went quiet is None
    acknowledged_by : who acknowledged an open alert about it; "" while nobody did
    usage_since_ns, usage_until_ns, usage_by, usage_why : of what an operator said of its use, ns UTC; None and ""
        where the configuration counts
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
    flapping: bool = False
    score: int | None = None
    deductions: tuple[Deduction, ...] = ()
    beside: Mapping[str, float | None] = field(default_factory=dict)
    acknowledged_by: str = ""
    usage_since_ns: int | None = None
    usage_until_ns: int | None = None
    usage_by: str = ""
    usage_why: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether the overview counts it: maintenance, evaluation and the like raise no alarm."""
        return self.usage in ("full", "")

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
class AuditRow:
    """One thing that somebody did: a field of a station that was changed, an import, a step of an alert, a sign-in.

    Parameters
    ----------
    at_ns : ns UTC
    who : login name
    action : usage, set, import or remove of stations; alert, user, token or session of `about`
    station_id : `KR.NRN`; "" of a whole file, and of what is about no station
    field : what was changed: usage, agency, contact, link, what an import changed, or the step of an alert
    before, after : in words
    why : the reason that was given
    about : id of an alert, or name of an account
    origin : from where: `web ADDRESS`, `api ADDRESS` or `command on HOST`
    """

    at_ns: int
    who: str
    action: str
    station_id: str
    field: str
    before: str
    after: str
    why: str
    about: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class StationDetail:
    """One station.

    Parameters
    ----------
    station : its row in the table
    channels : latest evaluation, sorted by source id
    epochs : what the metadata says, by channel, then start
    changes : of state, newest first
    card : agency, contact, link and servers
    said : what operators changed about it, newest first
    """

    station: StationRow
    channels: tuple[ChannelStatus, ...]
    epochs: tuple[ChannelEpoch, ...]
    changes: tuple[StatusChange, ...]
    card: Card = field(default_factory=Card)
    said: tuple[AuditRow, ...] = ()
