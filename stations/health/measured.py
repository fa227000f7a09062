"""Rules of what was measured on the archive: the last hour, the same hour of the days before, and whole days.

The evidence is read out of the database, where it is a function of the records alone; so a restart or a replay finds
the same. It comes late by its nature. What is not there yet is awaited and does not count; what should be there and is
not makes a channel UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import log10

from houfeng.times import NS_PER_S, seconds_ns
from stations.health.rules import Rule, Verdict, is_ground_motion
from stations.health.status import State
from stations.health.words import age
from stations.settings import HealthSettings

_DAY_S = 86_400
# Of a quantity that is as good as nothing against the usual, dB.
_LEAST_DB = -200.0

AWAITS_HOUR = "Awaits its first measured minutes"
AWAITS_USUAL = "Awaits this hour on {n} earlier days"
AWAITS_DAY = "Awaits a whole day of records"


@dataclass(frozen=True, slots=True)
class HourEvidence:
    """What the minutes of the last measured hour say, those with a calibration signal left out.

    Parameters
    ----------
    until_ns : end of the last of them, ns UTC
    num_spikes : in them
    rms_counts : median of the minutes' rms about their mean: an earthquake is in few of them; None where all are left
        out
    usual_counts : the same in the same hour of the seven days before: median of the days; None without such a day
    n_usual : days that it is of
    percent_locked : records whose clock was locked; None for a channel whose records never say so
    """

    until_ns: int
    num_spikes: int | None = None
    rms_counts: float | None = None
    usual_counts: float | None = None
    n_usual: int = 0
    percent_locked: float | None = None


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """What the noise and the checks of whole days say, days with a calibration signal left out.

    Parameters
    ----------
    values : newest value of each metric, under MUSTANG's names, and `sample_rms`, with the end of its day, ns UTC
    checked_ns : end of the newest day that was looked at, whether it had values or not; None before the first
    owed_ns : end of the earliest day that has records and is newer than that; None where nothing is owed
    """

    values: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    checked_ns: int | None = None
    owed_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Evidence of one channel; None where nothing makes any (`metrics.interval_s`, `metrics.noise_interval_h` of 0)."""

    hour: HourEvidence | None = None
    days: DayEvidence | None = None


class MeasuredRules:
    """The limits of what is measured.

    Parameters
    ----------
    settings : limits
    """

    def __init__(self, settings: HealthSettings) -> None:
        s = settings
        self._settings = s
        limits = s.spikes_warn_per_hour, s.spikes_bad_per_hour
        self._spikes = Rule(
            "num_spikes", "num_spikes", "", *limits, "Spikes: {value} in 1 h, limit {limit}", AWAITS_HOUR
        )
        limits = s.timing_quality_warn_percent, s.timing_quality_bad_percent
        words = "Clock locked {value} of 1 h, limit {limit}", AWAITS_HOUR
        self._locked = Rule("clock_locked", "percent_locked", "%", *limits, *words, low_is_bad=True)
        words = "Rms {value} {side} usual, limit {limit}", AWAITS_USUAL.format(n=s.rms_least_days)
        self._rms = Rule("sample_rms", "sample_rms_db", "dB", s.rms_warn_db, s.rms_bad_db, *words)
        self._days = tuple(_day_rules(s))

    def judge(
        self, measured: Measured, *, channel: str, began_ns: int, now_ns: int, patience: float = 1.0
    ) -> list[Verdict]:
        """Verdicts on one channel; none on one that is not of ground motion.

        Parameters
        ----------
        measured : of the channel
        channel : code such as `BHZ`
        began_ns : since when it is watched, ns UTC: evidence is not missed from the first moment on
        now_ns : ns UTC
        patience : factor on the age of what is measured each minute, >= 1: records of low rate come rarely
        """
        if not is_ground_motion(channel):
            return []
        hour = [] if measured.hour is None else self._hour(measured.hour, began_ns, now_ns, patience)
        return hour + ([] if measured.days is None else self._day(measured.days, channel, now_ns))

    def _hour(self, hour: HourEvidence, began_ns: int, now_ns: int, patience: float) -> list[Verdict]:
        verdicts = [self._spikes.judge(hour.num_spikes), self._usual(hour)]
        if hour.percent_locked is not None:
            verdicts.append(self._locked.judge(hour.percent_locked))
        stale_ns = seconds_ns(self._settings.hour_stale_s * patience)
        if now_ns - hour.until_ns <= stale_ns:
            # without a value now: all of the hour is calibration, or the usual is not known yet
            return [verdict._replace(overdue=False) for verdict in verdicts]
        since_ns = now_ns - max(hour.until_ns, began_ns)
        if since_ns <= stale_ns:
            return [_without(verdict, AWAITS_HOUR, overdue=False) for verdict in verdicts]
        missing = f"Not measured for {age(since_ns / NS_PER_S)}"
        return [_without(verdict, missing, overdue=True) for verdict in verdicts]

    def _usual(self, hour: HourEvidence) -> Verdict:
        now, usual = hour.rms_counts, hour.usual_counts
        if now is None or not usual or hour.n_usual < self._settings.rms_least_days:
            return self._rms.judge(None)
        change_db = 20 * log10(now / usual) if now > 0 else _LEAST_DB
        verdict = self._rms.judge(abs(change_db))
        return verdict._replace(what=verdict.what.replace("{side}", "above" if change_db > 0 else "below"))

    def _day(self, days: DayEvidence, channel: str, now_ns: int) -> list[Verdict]:
        stale_ns = seconds_ns(self._settings.day_stale_days * _DAY_S)
        is_owed = days.owed_ns is not None and now_ns - days.owed_ns > stale_ns
        is_awaited = days.checked_ns is None or now_ns - days.checked_ns > stale_ns
        verdicts = []
        for rule, metric, patterns in self._days:
            if not any(fnmatchcase(channel, pattern) for pattern in patterns):
                continue
            value, end_ns = days.values.get(metric, (None, 0))
            if value is not None and now_ns - end_ns <= stale_ns:
                verdicts.append(rule.judge(abs(value) if metric == "cross_talk" else value))
            elif is_owed and days.owed_ns is not None:
                missing = f"Day not checked for {age((now_ns - days.owed_ns) / NS_PER_S)}"
                verdicts.append(_without(rule.judge(None), missing, overdue=True))
            elif is_awaited:
                verdicts.append(_without(rule.judge(None), AWAITS_DAY, overdue=False))
        return verdicts


def _without(verdict: Verdict, missing: str, *, overdue: bool) -> Verdict:
    return verdict._replace(state=State.UNKNOWN, value=None, what=missing, overdue=overdue)


def _day_rules(s: HealthSettings) -> Iterator[tuple[Rule, str, tuple[str, ...]]]:
    """Each rule of days, the metric that it reads, and codes of the channels that it holds for."""
    motion, noise, broadband = ("*",), s.noise_model_channels, s.broadband_channels
    limits = s.above_nhnm_warn_percent, s.above_nhnm_bad_percent
    what = "Above high noise model {value}, limit {limit}"
    yield Rule("pct_above_nhnm", "pct_above_nhnm", "%", *limits, what, AWAITS_DAY), "pct_above_nhnm", noise
    limit, what = s.below_nlnm_warn_percent, "Below low noise model {value}, limit {limit}"
    yield Rule("pct_below_nlnm", "pct_below_nlnm", "%", limit, None, what, AWAITS_DAY), "pct_below_nlnm", noise
    limits, what = (s.dead_lin_warn_db, s.dead_lin_bad_db), "Spectrum {value} off line, limit {limit}"
    rule = Rule("dead_channel_lin", "dead_channel_lin", "dB", *limits, what, AWAITS_DAY, low_is_bad=True)
    yield rule, "dead_channel_lin", broadband
    limits, what = (s.dead_gsn_bad_db, s.dead_gsn_bad_db), "4-8 s {value} below low noise, limit {limit}"
    yield Rule("dead_channel_gsn", "dead_channel_gsn", "dB", *limits, what, AWAITS_DAY), "dead_channel_gsn", broadband
    limit, what = s.unique_warn_values, "Distinct values {value} in a day, limit {limit}"
    rule = Rule("sample_unique", "sample_unique", "", limit, None, what, AWAITS_DAY, low_is_bad=True)
    yield rule, "sample_unique", broadband
    limit, what = s.low_rms_warn_counts, "Rms {value} in a day, limit {limit} counts"
    rule = Rule("low_rms", "sample_rms_24h", "counts", limit, None, what, AWAITS_DAY, low_is_bad=True)
    yield rule, "sample_rms", broadband
    limit, what = s.cross_talk_warn_correlation, "Cross-talk {value}, limit {limit}"
    yield Rule("cross_talk", "cross_talk", "", limit, None, what, AWAITS_DAY, reaches=True), "cross_talk", motion
    limit, what = -s.inverted_warn_correlation, "Polarity {value}, limit {limit}"
    rule = Rule("polarity_check", "polarity_check", "", limit, None, what, AWAITS_DAY, low_is_bad=True, reaches=True)
    yield rule, "polarity_check", motion
