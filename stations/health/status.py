"""The words of health: state, reading, and the status of a channel and of a station."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from houfeng.times import NS_PER_S
from stations.health.words import age

# Nothing is green because nothing looked: a status that nobody renewed for this long is worth nothing.
MAX_STATUS_AGE_S = 120


class State(StrEnum):
    """How something is. UNKNOWN means that the evidence is missing or stale; it is never shown as OK."""

    OK = "OK"
    WARN = "WARN"
    BAD = "BAD"
    UNKNOWN = "UNKNOWN"


# Missing evidence comes before a mild deviation: it may hide anything.
WORST_FIRST = (State.BAD, State.UNKNOWN, State.WARN, State.OK)


def worst(states: Iterable[State]) -> State:
    """The worst of them, BAD before UNKNOWN before WARN before OK; UNKNOWN of none."""
    present = set(states)
    return next((state for state in WORST_FIRST if state in present), State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rule says about one channel. A rule that cannot apply to the channel gives no reading.

    Parameters
    ----------
    rule : id of the rule, `total_latency`
    metric : name of the metric it reads, as in `Metrics`
    state : after hysteresis
    value : of the metric, in `unit`; None when there is no evidence
    limit : the limit that `state` stands for (the WARN limit while OK), in `unit`
    unit : of value and limit; "" for a plain number
    since_ns : when `state` began, ns UTC
    reason : what, value, limit, at most 40 characters; "" while OK
    votes : whether it takes part in the channel's state
    """

    rule: str
    metric: str
    state: State
    value: float | None
    limit: float
    unit: str
    since_ns: int
    reason: str
    votes: bool = True


@dataclass(frozen=True, slots=True)
class Metrics:
    """Real-time metrics of a channel, or the worst of a station's required channels. None = no evidence.

    Names follow EarthScope MUSTANG. Total latency is feed latency + data latency.

    Parameters
    ----------
    total_latency_s : now - end of the newest sample, seconds
    feed_latency_s : now - arrival of the packet that brought the newest sample, seconds
    data_latency_s : arrival of that packet - end of its last sample, seconds
    num_gaps : holes of more than half a sample in the last hour of data
    max_gap_s : the longest of them, seconds
    num_overlaps : stretches of more than half a sample that came more than once, in the last hour
    percent_availability_1h, percent_availability_24h : covered / requested time, %; requested from the
        begin of the watch where that is later
    watched_s : how long the watch has asked for data, at most 24 h
    timing_quality : mean of the records' timing quality over ten minutes, %
    sample_rms : about the mean, over the last full minute, counts
    sample_mean : over the last full minute, counts
    flat : at most 2 distinct values in the last full minute
    num_distinct : distinct values in the last full minute, counted up to 3
    clipping : share of the last full minute's samples at full scale, %
    """

    total_latency_s: float | None = None
    feed_latency_s: float | None = None
    data_latency_s: float | None = None
    num_gaps: int | None = None
    max_gap_s: float | None = None
    num_overlaps: int | None = None
    percent_availability_1h: float | None = None
    percent_availability_24h: float | None = None
    watched_s: float | None = None
    timing_quality: float | None = None
    sample_rms: float | None = None
    sample_mean: float | None = None
    flat: bool | None = None
    num_distinct: int | None = None
    clipping: float | None = None


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """One channel: the worst of its voting readings.

    Parameters
    ----------
    source_id : `NET.STA.LOC.CHA`
    state : worst voting reading
    reason : of that reading, at most 40 characters; "" while OK
    since_ns : when `state` began, ns UTC
    required : whether it takes part in the station's state
    metrics, readings : the evidence
    """

    source_id: str
    state: State
    reason: str
    since_ns: int
    required: bool
    metrics: Metrics
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class StationStatus:
    """One station: the worst of its required channels.

    Parameters
    ----------
    station_id : `KR.NRN`
    state : worst required channel
    reason : of that channel, at most 40 characters; "" while OK
    since_ns : when `state` began, ns UTC
    evaluated_ns : when somebody last looked, ns UTC
    usage : full, evaluation, telemetry-only or maintenance (a station that is off has no status)
    metrics : the worst value of each metric among the required channels
    channels : sorted by source id
    flapping : whether it changes more often than `flapping_per_hour`
    """

    station_id: str
    state: State
    reason: str
    since_ns: int
    evaluated_ns: int
    usage: str
    metrics: Metrics
    channels: tuple[ChannelStatus, ...]
    flapping: bool = False

    @property
    def marks(self) -> dict[str, State]:
        """What the rules say of each metric that they judge: the worst vote of the required channels."""
        votes: dict[str, set[State]] = {}
        for channel in self.channels:
            if channel.required:
                for reading in channel.readings:
                    votes.setdefault(reading.metric, set()).add(reading.state if reading.votes else State.OK)
        return {metric: worst(states) for metric, states in votes.items()}


def why_unseen(evaluated_ns: int, now_ns: int) -> str:
    """Why a status is worth nothing at `now_ns`: nobody has renewed it for 2 minutes; "" while it counts.

    A status from more than 2 minutes ahead is no better: one of the two clocks is wrong.
    """
    age_s = (now_ns - evaluated_ns) / NS_PER_S
    if abs(age_s) <= MAX_STATUS_AGE_S:
        return ""
    return f"Not evaluated for {age(age_s)}" if age_s > 0 else f"Evaluated {age(-age_s)} ahead of the clock"
