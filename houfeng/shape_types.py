"""What the shapes of `houfeng.shapes` have in them, field by field: the API's description is made from these classes.

Where a shape takes over all fields of a class, such as the metrics, `flat` adds them with their types: no second list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, TypedDict, TypeVar, get_type_hints

from houfeng.types import Magnitude, Origin, StationMagnitude
from stations.health import Metrics, State
from stations.health.summary import BESIDE

T = TypeVar("T")

# ISO 8601 with Z
Time = Annotated[str, "time"]
Status = Literal["OK", "WARN", "BAD", "UNKNOWN"]
assert set(Status.__args__) == {str(state) for state in State}  # type: ignore[attr-defined]


def flat(parts: Mapping[str, Any]) -> Callable[[T], T]:
    """Let a TypedDict have more fields: name and type."""

    def added(shape: T) -> T:
        shape.__annotations__.update(parts)
        return shape

    return added


def fields_of(kind: type, *, but: tuple[str, ...] = (), optional: bool = False) -> dict[str, Any]:
    """Fields of a dataclass with their types; `optional` ones may be None."""
    types = get_type_hints(kind)
    return {
        field.name: types[field.name] | None if optional else types[field.name]
        for field in fields(kind)
        if field.name not in but
    }


@flat(fields_of(Metrics) | {name: float | None for name in BESIDE})
class Station(TypedDict):
    """A station as the station table lists it."""

    id: str
    name: str
    country: str
    latitude_deg: float | None
    longitude_deg: float | None
    elevation_m: float | None
    status: Status
    reason: str
    since: Time | None
    evaluated: Time | None
    flapping: bool
    score: int | None
    acknowledged_by: str
    usage: str
    usage_until: Time | None
    usage_by: str
    usage_why: str


class Card(TypedDict):
    """Who runs a station, and what it depends on."""

    agency: str
    contact: str
    network: str
    link: str
    servers: list[str]


class Deduction(TypedDict):
    """Points that one rule takes off."""

    points: int
    rule: str
    state: Status
    channels: tuple[str, ...]
    reason: str


class Reading(TypedDict):
    """What one rule says."""

    rule: str
    metric: str
    state: Status
    value: float | None
    limit: float
    unit: str
    since: Time
    reason: str
    votes: bool


@flat(fields_of(Metrics))
class Channel(TypedDict):
    """A channel's status with the evidence for it."""

    id: str
    status: Status
    reason: str
    since: Time
    required: bool
    readings: list[Reading]


class Epoch(TypedDict):
    """A channel while nothing about it changed."""

    source_id: str
    start_ns: Time
    end_ns: Time | None
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    depth_m: float
    azimuth_deg: float | None
    dip_deg: float | None
    sample_rate_hz: float
    gain: float | None
    gain_unit: str


class StatusChange(TypedDict):
    """A change of a station's status."""

    since: Time
    status: Status
    reason: str


class Audit(TypedDict):
    """What somebody changed."""

    at: Time
    who: str
    action: str
    station_id: str
    field: str
    before: str
    after: str
    why: str


class StationDetail(Station, Card):
    """A station with its channels, epochs, latest changes of state, and what operators changed."""

    deductions: list[Deduction]
    channels: list[Channel]
    epochs: list[Epoch]
    changes: list[StatusChange]
    audit: list[Audit]


@flat(fields_of(Origin, but=("time_ns",), optional=True))
class Placed(TypedDict):
    """Where and when an event was, and how large."""

    place: str
    origin_time: Time | None
    magnitude: float | None
    magnitude_kind: str | None
    magnitude_scatter: float | None
    magnitude_n_stations: int | None
    magnitude_remark: str | None


class Event(Placed):
    """An event as the event list has it."""

    id: str
    first_onset: Time
    last_onset: Time
    n_stations: int
    n_picks: int
    quality: str | None
    quality_reason: str
    type_hint: str | None
    type_reason: str
    status: str
    successor: str | None
    is_synthetic: bool
    run: str


class PickBase(TypedDict):
    """An onset."""

    id: str
    station: str
    channel: str
    phase: str
    onset: Time
    uncertainty_s: float
    snr: float
    band: str
    method: str
    version: int
    trigger: Time
    polarity: str
    spread_s: float | None
    is_clipped: bool
    is_near_gap: bool
    trigger_rate_h: float | None


class Pick(PickBase):
    """A pick and the event it belongs to, if any."""

    event: str | None
    run: str


class Arrival(PickBase):
    """A pick of an event, where its station stands, and what the origin makes of it."""

    station_name: str | None
    latitude_deg: float | None
    longitude_deg: float | None
    elevation_m: float | None
    distance_km: float | None
    azimuth_deg: float | None
    residual_s: float | None
    weight: float | None


class RevisedPick(TypedDict):
    """A pick that an event was given or lost."""

    id: str
    station: str
    phase: str
    onset: Time


class Revision(Placed):
    """What an event was once, when that was saved, and why it was changed to that."""

    revision: int
    created: Time
    reason: str
    others: list[str]
    picks_added: list[RevisedPick]
    picks_taken: list[RevisedPick]
    moved_km: float | None
    moved_s: float | None
    n_stations: int
    n_picks: int
    quality: str | None


@flat(fields_of(Magnitude))
class NetworkMagnitude(TypedDict):
    """A magnitude of the network."""


@flat(fields_of(StationMagnitude))
class OneMagnitude(TypedDict):
    """What one station says of an event's size, or why it says nothing."""


class EventDetail(Event):
    """An event with its arrivals, earliest first, and its magnitudes, the preferred one first."""

    magnitudes: list[NetworkMagnitude]
    station_magnitudes: list[OneMagnitude]
    arrivals: list[Arrival]
    history: list[Revision]


class Run(TypedDict):
    """A run."""

    id: str
    kind: Literal["live", "replay"]
    started: Time
    finished: Time | None
    data_start: Time | None
    data_end: Time | None
    n_records: int
    n_samples: int
    source: str
    config_hash: str
    code_version: str
    engine: str
    is_synthetic: bool
    input_hash: str | None
    result_hash: str | None
