"""Which wanted samples are there and which are not: intervals of time, without files and sockets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acquisition.spans import is_hole
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Gap, Span

# miniSEED 2 keeps a start time to 100 us (SEED Reference Manual 2.4, BTIME).
_ROUNDING_NS = 100_000


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
    at_ns, rate_hz = wanted.start_ns, 0.0
    for span in sorted(spans):
        if span.end_ns <= at_ns:
            continue
        if span.start_ns >= wanted.end_ns:
            break
        begun, length_ns = at_ns > wanted.start_ns, span.start_ns - at_ns
        if is_hole(length_ns, span.sample_rate_hz) if begun else length_ns >= _grid_ns(span):
            holes.append(Gap(wanted.source_id, at_ns, span.start_ns))
        at_ns, rate_hz = span.end_ns, span.sample_rate_hz
    if wanted.end_ns > at_ns and (not rate_hz or 2 * (wanted.end_ns - at_ns) * rate_hz > NS_PER_S):
        holes.append(Gap(wanted.source_id, at_ns, wanted.end_ns))
    return holes


def _grid_ns(span: Span) -> int:
    """From where on a sample is missing before the first one of a span, ns."""
    return samples_ns(1, span.sample_rate_hz) - _ROUNDING_NS


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
    holes: dict[object, list[tuple[int, int]]] = {}
    for gap in taken:
        holes.setdefault(gap.source_id, []).append((gap.start_ns, gap.end_ns))
    left: list[Gap] = []
    for gap in sorted(wanted):
        at_ns = gap.start_ns
        for start_ns, end_ns in sorted(holes.get(gap.source_id, ())):
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
