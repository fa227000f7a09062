"""One channel as its packets show it: latency, coverage, and the last minutes of samples."""

from __future__ import annotations

from dataclasses import replace

from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Packet, SourceId
from stations.health.intervals import Intervals, Span
from stations.health.sample_times import MINUTE_NS, index_at, minute_of, new_samples
from stations.health.samples import MAX_DISTINCT, Minute
from stations.health.status import Metrics
from stations.settings import HealthSettings

HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

# Long enough for the mean timing quality and for late packets; 11 small objects a channel.
N_MINUTES_KEPT = 10

# A clipped share or a distinct-value count of less than half a minute says little about the minute.
_MIN_FILLED = 0.5

# Each new record lets the longest one fade by this much: a flushed short record must not tighten the limit of a
# channel that sends 400 s at a time, and one odd long record must not loosen it for ever.
_RECORD_FADE = 0.98


# A digitizer saturates a little below its nominal full scale.
CLIP_SHARE = 0.98

# Instrument codes of SEED that record ground motion: high and low gain seismometers, accelerometers, gravimeters,
# geophones. A mass position or a voltage may be as constant as it likes.
GROUND_MOTION = frozenset("HLNGP")
# Quanterra names places, satellites and buffers by letters that are instruments elsewhere: a latitude is constant.
NO_MOTION = frozenset({"GLA", "GLO", "GNS", "GPL", "VPB"})

# Outside, a header is damaged: one sample a day, ten million a second.
_LOWEST_RATE_HZ = 1e-5
_HIGHEST_RATE_HZ = 1e7


class ChannelWatch:
    """What is known about one channel since the watch began.

    Parameters
    ----------
    source_id : channel
    began_ns : from when on data are asked for, ns UTC
    settings : limits that decide what counts as clipped or as coming from the future
    timing_seen : whether its records tell the quality of their timing: one of them said more than 0 %
    sample_rate_hz : of the newest record; 0 before one came
    newest_counts : its newest sample, of channels of state of health, counts; None before one came
    """

    __slots__ = (
        "_calibrated", "_covered", "_future_at_ns", "_future_ns", "_max_ahead_ns", "_minutes", "_newest_arrival_ns",
        "_newest_end_ns", "_record_s", "_repeated", "_settings", "began_ns", "newest_counts", "sample_rate_hz",
        "source_id", "timing_seen",
    )  # fmt: skip

    def __init__(self, source_id: SourceId, began_ns: int, settings: HealthSettings) -> None:
        self.source_id = source_id
        self.began_ns = began_ns
        self.timing_seen = False
        self._settings = settings
        self._max_ahead_ns = seconds_ns(settings.future_bad_s)
        self._covered = Intervals()
        self._repeated = Intervals()
        self._minutes: dict[int, Minute] = {}
        self._newest_end_ns: int | None = None
        self._newest_arrival_ns = 0
        self._future_ns = 0
        self._future_at_ns: int | None = None
        self._record_s = 0.0
        self.sample_rate_hz = 0.0
        self.newest_counts: float | None = None
        self._calibrated: set[int] = set()

    def observe(self, packet: Packet, *, is_calibrating: bool = False, is_clipped: bool = False) -> None:
        """Count one packet in; time that is covered already adds no samples and no availability.

        Parameters
        ----------
        is_calibrating : whether its record says that a calibration signal is on it
        is_clipped : whether its record says that the digitiser clipped or the amplifier was saturated
        """
        rate_hz = packet.sample_rate_hz
        if not (packet.n_samples and _is_possible(rate_hz)):
            return
        again = self.cover(packet.start_ns, packet.next_ns, rate_hz, packet.received_ns)
        if again is None:
            return
        if is_calibrating:
            self._calibrated |= set(range(packet.start_ns // MINUTE_NS, (packet.next_ns - 1) // MINUTE_NS + 1))
        if packet.next_ns == self._newest_end_ns and not is_ground_motion(packet.source_id.channel):
            self.newest_counts = float(packet.samples[-1])
        if packet.timing_quality is not None:
            # Archives that were written again say 0 in every record (IC.MDJ 2017, CI 2019): not a clock, a default.
            self.timing_seen = self.timing_seen or packet.timing_quality > 0
            if (minute := self._minute((packet.next_ns - 1) // MINUTE_NS)) is not None:
                minute.timing += packet.timing_quality
                minute.n_records += 1
        if rate_hz >= 1:
            self._gather(packet, again, is_clipped=is_clipped)

    def cover(
        self, start_ns: int, end_ns: int, rate_hz: float, arrived_ns: int, n_records: int = 1
    ) -> list[Span] | None:
        """Count time in, whose samples need not be at hand.

        Parameters
        ----------
        start_ns, end_ns : of adjoining records, ns UTC
        rate_hz : samples per second
        arrived_ns : when the last of them came, ns UTC; 0 if nobody knows
        n_records : how many they are

        Returns
        -------
        again : what of it was covered already; None where the times cannot be true, and nothing was counted
        """
        if not _is_possible(rate_hz):
            return None
        if arrived_ns and end_ns - arrived_ns > self._max_ahead_ns:
            # Taken as the newest sample, one record of 2040 would keep a dead channel green for years.
            self._future_ns, self._future_at_ns = end_ns - arrived_ns, arrived_ns
            return None
        tolerance_ns = int(NS_PER_S / rate_hz / 2)
        again = self._covered.add(start_ns, end_ns, tolerance_ns)
        for repeated in again:
            self._repeated.add(*repeated, tolerance_ns)
        if self._newest_end_ns is None or end_ns > self._newest_end_ns:
            self._newest_end_ns, self._newest_arrival_ns = end_ns, arrived_ns
        self._record_s = max((end_ns - start_ns) / NS_PER_S / n_records, _RECORD_FADE * self._record_s)
        self.sample_rate_hz = rate_hz
        return again

    def patience(self) -> float:
        """Factor (>= 1) on the latency limits: a low-rate channel may take twice its record length."""
        return max(1.0, 2 * self._record_s / self._settings.total_latency_warn_s)

    def is_late(self, now_ns: int) -> bool:
        """Whether its newest sample is older than a channel's may be, or never came."""
        limit_ns = seconds_ns(self._settings.total_latency_bad_s * self.patience())
        return self._newest_end_ns is None or now_ns - self._newest_end_ns > limit_ns

    def is_calibrating(self, now_ns: int) -> bool:
        """Whether a calibration is on the minute of samples that is judged now, or on one after it."""
        if not self._calibrated:
            return False
        judged = self._judged(now_ns)
        return judged is not None and any(key >= judged for key in self._calibrated)

    def future_s(self, now_ns: int) -> float:
        """How far ahead of the clock the channel's data are, seconds; 0 when they aren't."""
        stale_ns = seconds_ns(self._settings.total_latency_bad_s * self.patience())
        if self._future_at_ns is not None and abs(now_ns - self._future_at_ns) <= stale_ns:
            return self._future_ns / NS_PER_S
        return max(0.0, ((self._newest_end_ns or now_ns) - now_ns) / NS_PER_S)

    def forget_before(self, t_ns: int) -> None:
        """Let go of coverage that no metric asks for any more."""
        self._covered.forget_before(t_ns)
        self._repeated.forget_before(t_ns)

    def metrics(self, now_ns: int) -> Metrics:
        """Every metric that there is evidence for.

        Requested time ends one latency limit ago: younger data are not due yet, and a fresh watch would show 80 %.
        """
        due_ns = now_ns - seconds_ns(self._settings.total_latency_warn_s * self.patience())
        total_s, feed_s, data_s = self._latencies(now_ns)
        n_gaps, max_gap_s, n_overlaps = self._continuity(now_ns)
        minute = self._evidence(now_ns)
        watched_ns = min(DAY_NS, due_ns - self._known_from_ns())
        metrics = Metrics(
            total_latency_s=total_s,
            feed_latency_s=feed_s,
            data_latency_s=data_s,
            num_gaps=n_gaps,
            max_gap_s=max_gap_s,
            num_overlaps=n_overlaps,
            percent_availability_1h=self._availability(due_ns, HOUR_NS),
            percent_availability_24h=self._availability(due_ns, DAY_NS),
            watched_s=watched_ns / NS_PER_S if watched_ns > 0 else None,
            timing_quality=self._timing(now_ns),
        )
        return metrics if minute is None else _with_samples(metrics, minute)

    def _latencies(self, now_ns: int) -> tuple[float | None, float | None, float | None]:
        if self._newest_end_ns is None:
            return None, None, None
        total_s = (now_ns - self._newest_end_ns) / NS_PER_S
        if not self._newest_arrival_ns:
            return total_s, None, None
        feed_s = (now_ns - self._newest_arrival_ns) / NS_PER_S
        return total_s, feed_s, (self._newest_arrival_ns - self._newest_end_ns) / NS_PER_S

    def _known_from_ns(self) -> int:
        forgotten_ns = self._covered.known_from_ns
        return self.began_ns if forgotten_ns is None else max(self.began_ns, forgotten_ns)

    def _availability(self, due_ns: int, window_ns: int) -> float | None:
        start_ns = max(due_ns - window_ns, self._known_from_ns())
        if self._newest_end_ns is None or start_ns >= due_ns:
            return None
        return 100 * self._covered.covered_ns(start_ns, due_ns) / (due_ns - start_ns)

    def _continuity(self, now_ns: int) -> tuple[int | None, float | None, int | None]:
        since_ns = now_ns - HOUR_NS
        if not self._covered.count(since_ns, now_ns):
            return None, None, None
        holes = self._covered.holes(since_ns, now_ns)
        longest_ns = max((end - start for start, end in holes), default=0)
        return len(holes), longest_ns / NS_PER_S, self._repeated.count(since_ns, now_ns)

    def _is_stale(self, t_ns: int, now_ns: int) -> bool:
        # A full minute is up to 120 s old by its nature.
        return now_ns - t_ns > seconds_ns(self._settings.total_latency_bad_s * self.patience()) + 2 * MINUTE_NS

    def _evidence(self, now_ns: int) -> Minute | None:
        judged = self._judged(now_ns)
        return None if judged is None else self._minutes[judged]

    def _judged(self, now_ns: int) -> int | None:
        """The newest full minute, if it is recent enough."""
        newest_ns = self._newest_end_ns
        if newest_ns is None:
            return None
        n_needed = max(1.0, _MIN_FILLED * 60 * self.sample_rate_hz)
        full = [
            key
            for key, minute in self._minutes.items()
            if (key + 1) * MINUTE_NS <= newest_ns and minute.n_samples >= n_needed
        ]
        if not full or self._is_stale((max(full) + 1) * MINUTE_NS, now_ns):
            return None
        return max(full)

    def _timing(self, now_ns: int) -> float | None:
        if self._newest_end_ns is None or self._is_stale(self._newest_end_ns, now_ns):
            return None
        oldest = self._newest_end_ns // MINUTE_NS - N_MINUTES_KEPT
        recent = [minute for key, minute in self._minutes.items() if key >= oldest and minute.n_records]
        n_records = sum(minute.n_records for minute in recent)
        return sum(minute.timing for minute in recent) / n_records if n_records else None

    def _minute(self, key: int) -> Minute | None:
        minute = self._minutes.get(key)
        if minute is None:
            oldest = (self._newest_end_ns or 0) // MINUTE_NS - N_MINUTES_KEPT
            if key < oldest:
                return None
            minute = self._minutes[key] = Minute(CLIP_SHARE * self._settings.full_scale_counts)
            for old in [old for old in self._minutes if old < oldest]:
                del self._minutes[old]
            self._calibrated = {key for key in self._calibrated if key >= oldest}
        return minute

    def _gather(self, packet: Packet, again: list[Span], *, is_clipped: bool) -> None:
        """Hand the samples that are new to the minutes they belong to."""
        key = minute_of(packet, 0)
        if not again and key == minute_of(packet, packet.n_samples - 1):
            if (minute := self._minute(key)) is not None:
                minute.add(packet.samples, is_clipped=is_clipped)
            return
        for first, last in new_samples(packet, again):
            while first < last:
                key = minute_of(packet, first)
                stop = min(last, max(first + 1, index_at(packet, (key + 1) * MINUTE_NS)))
                if (minute := self._minute(key)) is not None:
                    minute.add(packet.samples[first:stop], is_clipped=is_clipped)
                first = stop


def is_ground_motion(channel: str) -> bool:
    """Whether a channel code (`BHZ`) stands for ground motion."""
    return channel[1] in GROUND_MOTION and channel not in NO_MOTION


def _is_possible(rate_hz: float) -> bool:
    return _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ


def _with_samples(metrics: Metrics, minute: Minute) -> Metrics:
    return replace(
        metrics,
        sample_rms=minute.rms,
        sample_mean=minute.mean,
        flat=minute.n_distinct < MAX_DISTINCT,
        num_distinct=minute.n_distinct,
        clipping=minute.clipping_percent,
    )
