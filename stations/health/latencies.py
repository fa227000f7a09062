"""How late records come, minute by minute of the time at which they come: total latency = feed + data latency.

The archive does not know when a record came: only what is received live is counted. A minute is told when it was
watched from its beginning to its end, so that a restart makes no row of half a minute; integers keep its mean the same
however often somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

MINUTE_NS = 60 * NS_PER_S
# A channel that was silent for so long has no more rows, until something comes again.
SILENT_NS = 86_400 * NS_PER_S


class Latencies(NamedTuple):
    """One channel in one minute, or in the minutes of an hour or a day that were watched.

    Parameters
    ----------
    start_ns : of the time at which records came, ns UTC
    n_minutes : that were watched
    n_arrived : records that came
    feed_latency_s : mean over time of the time since a record came
    data_latency_s : mean over time of what the last sample was older than when that record came: with the feed latency
        it makes the total latency, the age of the newest sample
    max_data_latency_s : of a record that came, from its last sample to its arrival; 0 where none came
    max_total_latency_s : the oldest that the newest sample became
    """

    start_ns: int
    n_minutes: int
    n_arrived: int
    feed_latency_s: float
    data_latency_s: float
    max_data_latency_s: float
    max_total_latency_s: float


@dataclass(slots=True)
class _Minute:
    """Sums of one minute so far, ns and ns^2."""

    start_ns: int
    watched_ns: int = 0
    n_arrived: int = 0
    twice_feed_ns2: int = 0
    data_ns2: int = 0
    max_data_ns: int = 0
    max_total_ns: int = 0

    def told(self) -> Latencies:
        """What is kept of it."""
        return Latencies(
            self.start_ns,
            1,
            self.n_arrived,
            self.twice_feed_ns2 / (2 * MINUTE_NS) / NS_PER_S,
            self.data_ns2 / MINUTE_NS / NS_PER_S,
            self.max_data_ns / NS_PER_S,
            self.max_total_ns / NS_PER_S,
        )


@dataclass(slots=True)
class _Channel:
    """What came last, how new it was, and up to when that is counted."""

    arrived_ns: int
    newest_ns: int
    counted_ns: int
    minute: _Minute
    done: list[Latencies] = field(default_factory=list)

    def count_until(self, t_ns: int) -> None:
        """Let time pass without a record."""
        while self.counted_ns < t_ns:
            end_ns = min(t_ns, self.minute.start_ns + MINUTE_NS)
            length_ns = end_ns - self.counted_ns
            since_ns, until_ns = self.counted_ns - self.arrived_ns, end_ns - self.arrived_ns
            minute = self.minute
            minute.watched_ns += length_ns
            minute.twice_feed_ns2 += until_ns * until_ns - since_ns * since_ns
            minute.data_ns2 += (self.arrived_ns - self.newest_ns) * length_ns
            minute.max_total_ns = max(minute.max_total_ns, end_ns - self.newest_ns)
            self.counted_ns = end_ns
            if end_ns == minute.start_ns + MINUTE_NS:
                if minute.watched_ns == MINUTE_NS:
                    self.done.append(minute.told())
                self.minute = _Minute(end_ns)


class LatencyWatch:
    """Latencies of every channel that is received.

    Parameters
    ----------
    max_ahead_s : a record whose samples are so much later than its arrival has a clock that is wrong: not counted
    """

    def __init__(self, max_ahead_s: float) -> None:
        self._max_ahead_ns = round(max_ahead_s * NS_PER_S)
        self._channels: dict[SourceId, _Channel] = {}

    def observe(self, packets: Iterable[Packet]) -> None:
        """Count records in as they come; those of which nobody knows when are left out."""
        for packet in packets:
            if packet.received_ns and packet.n_samples:
                self.arrive(packet.source_id, packet.next_ns, packet.received_ns)

    def arrive(self, source_id: SourceId, end_ns: int, arrived_ns: int, n_records: int = 1) -> None:
        """Count records in that came together.

        Parameters
        ----------
        end_ns : of the samples of the last of them, ns UTC
        arrived_ns : when it came, ns UTC; before the one before it where the clock was set back
        """
        if end_ns - arrived_ns > self._max_ahead_ns:
            return
        known = self._channels.get(source_id)
        if known is None or arrived_ns - known.arrived_ns > SILENT_NS:
            done = [] if known is None else known.done
            minute = _Minute(arrived_ns // MINUTE_NS * MINUTE_NS)
            known = self._channels[source_id] = _Channel(arrived_ns, end_ns, arrived_ns, minute, done)
        known.count_until(arrived_ns)
        known.arrived_ns = max(known.arrived_ns, arrived_ns)
        known.newest_ns = max(known.newest_ns, end_ns)
        known.minute.n_arrived += n_records
        known.minute.max_data_ns = max(known.minute.max_data_ns, arrived_ns - end_ns)

    def finished(self, now_ns: int) -> list[tuple[SourceId, Latencies]]:
        """Minutes that are over, each once; channels that were silent for a day have none."""
        found = []
        for source_id, known in self._channels.items():
            known.count_until(min(now_ns, known.arrived_ns + SILENT_NS))
            found += [(source_id, row) for row in known.done]
            known.done = []
        return found
