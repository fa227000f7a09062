"""Which time the samples of one stream cover. One rule says where something is missing: half a sample."""

from __future__ import annotations

from collections.abc import Iterable

from houfeng.times import NS_PER_S
from houfeng.types import Packet, Span


def span_of(packet: Packet) -> Span | None:
    """What a packet covers; None for one without samples."""
    if not packet.n_samples or not packet.sample_rate_hz:
        return None
    return Span(packet.start_ns, packet.next_ns, packet.sample_rate_hz)


def is_hole(length_ns: int, sample_rate_hz: float) -> bool:
    """Whether a sample is missing in this time: it is half a sampling interval long, or longer.

    `database.holdings` says the same in SQL.
    """
    return 2 * length_ns * sample_rate_hz >= NS_PER_S


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans of one rate that touch or overlap made one, in order of time; holes stay.

    What comes out does not depend on the order of the spans, nor on whether some of them were merged before.
    """
    joined: list[Span] = []
    for span in sorted(spans, key=_by_rate):
        last = joined[-1] if joined else None
        if last is None or last.sample_rate_hz != span.sample_rate_hz or is_hole(span.start_ns - last.end_ns, span[2]):
            joined.append(span)
        elif span.end_ns > last.end_ns:
            joined[-1] = Span(last.start_ns, span.end_ns, span.sample_rate_hz)
    return sorted(joined)


def _by_rate(span: Span) -> tuple[float, int, int]:
    return span.sample_rate_hz, span.start_ns, span.end_ns
