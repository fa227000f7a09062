"""The rules: what each says about the metrics of one channel, before hysteresis.

Limits and their sources are in `HealthSettings` and configs/default.toml. A rule that cannot apply gives no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stations.health.status import Metrics, State
from stations.health.words import reason, window
from stations.settings import HealthSettings

NO_DATA = "No data since start of service"

LATENCY = "total_latency"

# What telemetry-only leaves out: these judge the sensor and its clock, not the link.
WAVEFORM_RULES = frozenset({"flat", "sample_mean", "clipping", "timing_quality"})

# Instrument codes of SEED that record ground motion: high and low gain seismometers, accelerometers, gravimeters,
# geophones. A mass position or a voltage may be as constant as it likes.
_GROUND_MOTION = frozenset("HLNGP")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says now; `what` is the reason's wording with {value} and {limit}."""

    rule: str
    metric: str
    state: State
    value: float | None
    limit: float
    unit: str
    what: str

    @property
    def reason(self) -> str:
        if self.value is None:
            return self.what
        return reason(self.what, self.value, self.limit, self.unit)


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric against two limits; `bad` None where the rule never says BAD."""

    name: str
    metric: str
    unit: str
    warn: float
    bad: float | None
    what: str
    low_is_bad: bool = False

    def judge(self, value: float | None) -> Verdict:
        """OK, WARN or BAD with the limit that was passed; UNKNOWN without a value."""
        state, limit = State.OK, self.warn
        if value is None:
            return Verdict(self.name, self.metric, State.UNKNOWN, None, limit, self.unit, self._missing())
        sign = -1 if self.low_is_bad else 1
        if self.bad is not None and sign * value > sign * self.bad:
            state, limit = State.BAD, self.bad
        elif sign * value > sign * self.warn:
            state = State.WARN
        return Verdict(self.name, self.metric, state, value, limit, self.unit, self.what)

    def _missing(self) -> str:
        return NO_DATA if self.name == LATENCY else f"No current {self.name.replace('_', ' ')}"


def is_ground_motion(channel: str) -> bool:
    """Whether a channel code (`BHZ`) stands for ground motion."""
    return channel[1] in _GROUND_MOTION


def judge(
    metrics: Metrics, settings: HealthSettings, *, channel: str, timing_seen: bool, patience: float, future_s: float
) -> list[Verdict]:
    """Verdicts on one channel, most telling first: among equals the first gives the channel its reason.

    Parameters
    ----------
    metrics : of the channel
    settings : limits
    channel : code such as `BHZ`
    timing_seen : whether any of its records ever carried a timing quality
    patience : factor on the latency limits, >= 1
    future_s : how far its data are ahead of the clock, seconds
    """
    verdicts = list(_telemetry(metrics, settings, patience, future_s))
    if is_ground_motion(channel):
        verdicts += _waveform(metrics, settings)
    if timing_seen:
        warn, bad = settings.timing_quality_warn_percent, settings.timing_quality_bad_percent
        what = "Timing quality {value}, limit {limit}"
        rule = Rule("timing_quality", "timing_quality", "%", warn, bad, what, low_is_bad=True)
        verdicts.append(rule.judge(metrics.timing_quality))
    verdicts += _continuity(metrics, settings)
    return verdicts


def _telemetry(m: Metrics, s: HealthSettings, patience: float, future_s: float) -> Iterator[Verdict]:
    warn_s, bad_s = s.total_latency_warn_s * patience, s.total_latency_bad_s * patience
    what = "Latency {value}, limit {limit}"
    yield Rule(LATENCY, "total_latency_s", "s", warn_s, bad_s, what).judge(m.total_latency_s)
    if m.total_latency_s is not None or future_s:
        what = "Data {value} ahead, limit {limit}"
        yield Rule("future_data", "data_latency_s", "s", s.future_bad_s, s.future_bad_s, what).judge(future_s)
    if m.feed_latency_s is not None:
        warn_s, bad_s = s.feed_latency_warn_s * patience, s.feed_latency_bad_s * patience
        what = "Feed latency {value}, limit {limit}"
        yield Rule("feed_latency", "feed_latency_s", "s", warn_s, bad_s, what).judge(m.feed_latency_s)


def _waveform(m: Metrics, s: HealthSettings) -> Iterator[Verdict]:
    what = "Flat: {value} distinct in 60 s, needs {limit}"
    yield Rule("flat", "num_distinct", "", 3, 3, what, low_is_bad=True).judge(m.num_distinct)
    # A large mean alone may be a sensor off its centre; without motion it stands at its stop.
    pegged = m.sample_rms is not None and m.sample_rms < s.pegged_rms_counts
    bad = s.pegged_mean_counts if pegged else None
    magnitude = None if m.sample_mean is None else abs(m.sample_mean)
    what = "Mean {value}, limit {limit}"
    yield Rule("sample_mean", "sample_mean", "counts", s.mean_warn_counts, bad, what).judge(magnitude)
    what = "Clipped {value} of a minute, limit {limit}"
    yield Rule("clipping", "clipping", "%", 0.0, s.clipping_bad_percent, what).judge(m.clipping)


def _continuity(m: Metrics, s: HealthSettings) -> Iterator[Verdict]:
    what = "Gaps: {value} in 1 h, limit {limit}"
    yield Rule("num_gaps", "num_gaps", "", s.gaps_warn_per_hour, s.gaps_bad_per_hour, what).judge(m.num_gaps)
    watched_s = m.watched_s or 0.0
    # A minute's start-up would weigh as much as a minute's outage: too little has been asked for to judge yet.
    gathered = watched_s >= s.availability_min_watch_s
    for name, hours, percent in (
        ("availability_1h", 1, m.percent_availability_1h),
        ("availability_24h", 24, m.percent_availability_24h),
    ):
        if hours == 1 or watched_s > 3600:
            what = f"Availability {window(min(watched_s, 3600 * hours))} {{value}}, limit {{limit}}"
            metric = f"percent_{name}"
            warn, bad = s.availability_warn_percent, s.availability_bad_percent
            rule = Rule(name, metric, "%", warn, bad, what, low_is_bad=True)
            yield rule.judge(percent if gathered else None)
    what = "Overlaps: {value} in 1 h, limit {limit}"
    yield Rule("num_overlaps", "num_overlaps", "", s.overlaps_warn_per_hour, None, what).judge(m.num_overlaps)
