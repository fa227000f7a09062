"""The rules: what each says about the metrics of one channel, before hysteresis.

Limits and their sources are in `HealthSettings` and configs/default.toml. A rule that cannot apply gives no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from stations.health.channel import N_MINUTES_KEPT
from stations.health.channel import is_ground_motion as is_ground_motion
from stations.health.samples import MAX_DISTINCT
from stations.health.status import Metrics, State
from stations.health.words import reason, window
from stations.settings import HealthSettings

NO_DATA = "No data since acquisition started"

_NO_HOUR = "No data in the last hour"

LATENCY = "total_latency"

# What telemetry-only leaves out: these judge the sensor and its clock, not the link.
WAVEFORM_RULES = frozenset(
    {
        *("flat", "sample_mean", "clipping", "timing_quality", "clock_quality", "clock_error", "mass_position"),
        *("temperature", "gnss_satellites"),
        *("num_spikes", "sample_rms", "clock_locked", "pct_above_nhnm", "pct_below_nlnm", "dead_channel_lin"),
        *("dead_channel_gsn", "sample_unique", "low_rms", "cross_talk", "polarity_check"),
    }
)


class Verdict(NamedTuple):
    """What one rule says now; `what` words the reason, with {value}, {limit} and {window}."""

    rule: str
    metric: str
    state: State
    value: float | None
    warn: float
    bad: float | None
    unit: str
    what: str
    window_s: float = 0.0
    # of evidence that is not there: whether it should be; None where only what was seen before tells
    overdue: bool | None = None

    def limit(self, state: State) -> float:
        """The limit that a state stands for; the WARN limit while all is well."""
        return self.bad if state is State.BAD and self.bad is not None else self.warn

    def reason(self, state: State) -> str:
        """Why the state, in words; made only when it is to be shown, for most verdicts are OK."""
        if self.value is None:
            return self.what
        what = self.what.replace("{window}", window(self.window_s))
        return reason(what, self.value, self.limit(state), self.unit)


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric against two limits; `bad` None where the rule never says BAD. `missing` is said without evidence.

    A value must pass a limit; with `reaches`, one that equals it counts too.
    """

    name: str
    metric: str
    unit: str
    warn: float
    bad: float | None
    what: str
    missing: str
    low_is_bad: bool = False
    reaches: bool = False

    def judge(self, value: float | None, window_s: float = 0.0) -> Verdict:
        """OK, WARN or BAD, whichever limit was passed; UNKNOWN without a value."""
        state, what = State.OK, self.what
        if value is None:
            state, what = State.UNKNOWN, self.missing
        elif self.bad is not None and self._breaks(value, self.bad):
            state = State.BAD
        elif self._breaks(value, self.warn):
            state = State.WARN
        return Verdict(self.name, self.metric, state, value, self.warn, self.bad, self.unit, what, window_s)

    def _breaks(self, value: float, limit: float) -> bool:
        if self.reaches and value == limit:
            return True
        return value < limit if self.low_is_bad else value > limit

    def relaxed(self, patience: float) -> Rule:
        """The rule with limits so many times as high."""
        if patience == 1 or self.bad is None:
            return self
        return replace(self, warn=self.warn * patience, bad=self.bad * patience)


class Rulebook:
    """The rules with their limits.

    Parameters
    ----------
    settings : limits
    """

    def __init__(self, settings: HealthSettings) -> None:
        s = settings
        # A minute's start-up would weigh as much as a minute's outage: too little has been asked for to judge.
        self._min_watch_s = s.availability_min_watch_s
        self._pegged_rms_counts = s.pegged_rms_counts
        latency = s.total_latency_warn_s, s.total_latency_bad_s, "Latency {value}, limit {limit}", NO_DATA
        self._latency = Rule(LATENCY, "total_latency_s", "s", *latency)
        feed = s.feed_latency_warn_s, s.feed_latency_bad_s, "Feed latency {value}, limit {limit}", NO_DATA
        self._feed = Rule("feed_latency", "feed_latency_s", "s", *feed)
        future = s.future_bad_s, s.future_bad_s, "Data {value} ahead, limit {limit}", NO_DATA
        self._future = Rule("future_data", "data_latency_s", "s", *future)
        words = "Flat, distinct values {value}, limit {limit}", "Too few samples to tell a flat trace"
        self._flat = Rule("flat", "num_distinct", "", MAX_DISTINCT, MAX_DISTINCT, *words, low_is_bad=True)
        words = "Mean {value}, limit {limit} counts", "Too few samples for their mean"
        self._mean = Rule("sample_mean", "sample_mean", "counts", s.mean_warn_counts, None, *words)
        self._pegged = replace(self._mean, bad=s.pegged_mean_counts)
        words = "Clipped {value} of a minute, limit {limit}", "Too few samples to see clipping"
        self._clipping = Rule("clipping", "clipping", "%", 0.0, s.clipping_bad_percent, *words)
        limits = s.timing_quality_warn_percent, s.timing_quality_bad_percent
        words = "Timing quality {value}, limit {limit}", f"No timing quality for {N_MINUTES_KEPT} min"
        self._timing = Rule("timing_quality", "timing_quality", "%", *limits, *words, low_is_bad=True)
        limits = s.gaps_warn_per_hour, s.gaps_bad_per_hour
        words = "Gaps: {value} in 1 h, limit {limit}", _NO_HOUR
        self._gaps = Rule("num_gaps", "num_gaps", "", *limits, *words)
        words = "Overlaps: {value} in 1 h, limit {limit}", _NO_HOUR
        self._overlaps = Rule("num_overlaps", "num_overlaps", "", s.overlaps_warn_per_hour, None, *words)
        limits = s.availability_warn_percent, s.availability_bad_percent
        words = "Available {value} of {window}, limit {limit}", "Watched too briefly for availability"
        self._hour, self._day = (
            Rule(f"availability_{label}", f"percent_availability_{label}", "%", *limits, *words, low_is_bad=True)
            for label in ("1h", "24h")
        )

    def judge(
        self,
        metrics: Metrics,
        *,
        channel: str,
        timing_seen: bool,
        patience: float,
        future_s: float,
        calibrating: bool = False,
    ) -> list[Verdict]:
        """Verdicts on one channel, most telling first: among equals the first gives the channel its reason.

        Parameters
        ----------
        metrics : of the channel
        channel : code such as `BHZ`
        timing_seen : whether any of its records ever told a timing quality above 0 %
        patience : factor on the latency limits, >= 1
        future_s : how far its data are ahead of the clock, seconds
        calibrating : whether a calibration signal is on its samples, which say nothing of the sensor then
        """
        verdicts = [self._latency.relaxed(patience).judge(metrics.total_latency_s)]
        if metrics.total_latency_s is not None or future_s:
            verdicts.append(self._future.judge(future_s))
        if metrics.feed_latency_s is not None:
            verdicts.append(self._feed.relaxed(patience).judge(metrics.feed_latency_s))
        if is_ground_motion(channel) and not calibrating:
            verdicts += self._waveform(metrics)
        if timing_seen:
            verdicts.append(self._timing.judge(metrics.timing_quality))
        verdicts.append(self._gaps.judge(metrics.num_gaps))
        verdicts += self._availability(metrics)
        verdicts.append(self._overlaps.judge(metrics.num_overlaps))
        return verdicts

    def _waveform(self, metrics: Metrics) -> list[Verdict]:
        mean, rms = metrics.sample_mean, metrics.sample_rms
        # A large mean alone may be a sensor off its centre; without motion it stands at its stop.
        rule = self._pegged if rms is not None and rms < self._pegged_rms_counts else self._mean
        return [
            self._flat.judge(metrics.num_distinct),
            rule.judge(None if mean is None else abs(mean)),
            self._clipping.judge(metrics.clipping),
        ]

    def _availability(self, metrics: Metrics) -> list[Verdict]:
        watched_s = metrics.watched_s or 0.0
        if watched_s < self._min_watch_s:
            return [self._hour.judge(None)]
        verdicts = [self._hour.judge(metrics.percent_availability_1h, min(watched_s, 3600))]
        if watched_s > 3600:
            verdicts.append(self._day.judge(metrics.percent_availability_24h, watched_s))
        return verdicts
