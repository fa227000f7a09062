"""Which wanted samples are there and which are not: intervals of time, without files and sockets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Gap, Packet

# miniSEED 2 keeps a start time to 100 us (SEED Reference Manual 2.4, BTIME).
_ROUNDING_NS = 100_000


class Span(NamedTuple):
    """Time that samples cover, ns UTC, and the interval between two of them, ns."""

    start_ns: int
    end_ns: int
    interval_ns: int


def span_of(packet: Packet) -> Span | None:
    """What a packet covers; None for one without samples."""
    if not packet.n_samples or not packet.sample_rate_hz:
        return None
    return Span(packet.start_ns, packet.next_ns, samples_ns(1, packet.sample_rate_hz))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans of one rate that touch or overlap made one, in order of time; holes of half an interval or more stay."""
    joined: list[Span] = []
    for span in sorted(spans):
        last = joined[-1] if joined else None
        if last is None or last.interval_ns != span.interval_ns or span.start_ns - last.end_ns >= span.interval_ns // 2:
            joined.append(span)
        elif span.end_ns > last.end_ns:
            joined[-1] = Span(last.start_ns, span.end_ns, span.interval_ns)
    return joined


def missing(wanted: Gap, spans: Iterable[Span]) -> list[Gap]:
    """The parts of a gap that no span covers, in order of time.

    A hole counts from half a sampling interval on: then one sample or more is not there. Before the first sample of
    the gap it counts from a whole interval on, because a window can begin anywhere between two samples.

    Parameters
    ----------
    wanted : a gap, or a window that somebody chose
    spans : of that stream, in any order; they may overlap
    """
    holes: list[Gap] = []
    at_ns, interval_ns = wanted.start_ns, 0
    for span in sorted(spans):
        if span.end_ns <= at_ns:
            continue
        if span.start_ns >= wanted.end_ns:
            break
        begun = at_ns > wanted.start_ns
        limit_ns = span.interval_ns // 2 if begun else span.interval_ns - _ROUNDING_NS
        if span.start_ns - at_ns >= limit_ns:
            holes.append(Gap(wanted.source_id, at_ns, span.start_ns))
        at_ns, interval_ns = span.end_ns, span.interval_ns
    if wanted.end_ns - at_ns > interval_ns // 2:
        holes.append(Gap(wanted.source_id, at_ns, wanted.end_ns))
    return holes


def join(gaps: Iterable[Gap]) -> list[Gap]:
    """The same time in as few gaps as possible, by stream and time."""
    joined: list[Gap] = []
    for gap in sorted(gaps):
        last = joined[-1] if joined else None
        if last is not None and last.source_id == gap.source_id and gap.start_ns <= last.end_ns:
            joined[-1] = Gap(gap.source_id, last.start_ns, max(last.end_ns, gap.end_ns))
        else:
            joined.append(gap)
    return joined


def subtract(wanted: Iterable[Gap], taken: Iterable[Gap]) -> list[Gap]:
    """What is left of `wanted` outside of `taken`, by stream and time."""
    holes: dict[object, list[Span]] = {}
    for gap in taken:
        holes.setdefault(gap.source_id, []).append(Span(gap.start_ns, gap.end_ns, 1))
    left: list[Gap] = []
    for gap in sorted(wanted):
        at_ns = gap.start_ns
        for start_ns, end_ns, _ in sorted(holes.get(gap.source_id, ())):
            if end_ns <= at_ns or start_ns >= gap.end_ns:
                continue
            if start_ns > at_ns:
                left.append(Gap(gap.source_id, at_ns, start_ns))
            at_ns = end_ns
        if at_ns < gap.end_ns:
            left.append(Gap(gap.source_id, at_ns, gap.end_ns))
    return left


def total_s(gaps: Iterable[Gap]) -> float:
    """Sum of the lengths, seconds."""
    return sum(gap.length_ns for gap in gaps) / NS_PER_S


def pieces(gap: Gap, longest_ns: int) -> Iterator[Gap]:
    """A gap in parts of at most `longest_ns`, cut at multiples of it, so that the same gap is cut alike every time."""
    start_ns = gap.start_ns
    while start_ns < gap.end_ns:
        end_ns = min((start_ns // longest_ns + 1) * longest_ns, gap.end_ns)
        yield Gap(gap.source_id, start_ns, end_ns)
        start_ns = end_ns
