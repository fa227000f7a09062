"""Which samples of a record belong to a minute."""

from __future__ import annotations

from math import ceil

from houfeng.times import NS_PER_S
from houfeng.types import Packet
from stations.health.intervals import Span

MINUTE_NS = 60 * NS_PER_S


def index_at(packet: Packet, t_ns: int) -> int:
    """First sample at or after a time.

    A sample up to a quarter of an interval early still counts: start times are rounded to microseconds, and one
    sample must land in the same minute however the stream was cut into records.
    """
    return max(0, ceil((t_ns - packet.start_ns) * packet.sample_rate_hz / NS_PER_S - 0.25))


def minute_of(packet: Packet, index: int) -> int:
    """The minute, counted from 1970, that a sample belongs to."""
    interval_ns = NS_PER_S / packet.sample_rate_hz
    return (packet.start_ns + int((index + 0.25) * interval_ns)) // MINUTE_NS


def new_samples(packet: Packet, again: list[Span]) -> list[Span]:
    """Index ranges of the samples outside the spans that were covered already."""
    ranges, first = [], 0
    for start_ns, end_ns in again:
        ranges.append((first, min(packet.n_samples, index_at(packet, start_ns))))
        first = index_at(packet, end_ns)
    ranges.append((first, packet.n_samples))
    return [(start, stop) for start, stop in ranges if start < stop]
