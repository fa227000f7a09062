"""Many records of a file at once: their samples joined by libmseed, at half the cost of one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from pymseed import MS3TraceList
from pymseed.exceptions import MiniSEEDError

from acquisition.mseed import MAX_SAMPLE_RATE_HZ, MAX_START_NS, MIN_START_NS
from acquisition.mseed_rows import RoughSpans, rough_spans
from acquisition.record_windows import packets_of
from houfeng.errors import SourceIdError
from houfeng.packets import Packet
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

# So many are joined: of a clock that is wrong by 1 ppm the samples of 80 s are less than 0.1 ms off.
_PER_PACKET = 32
# Of records whose times say that the clock ran evenly, to the tick that headers have: a third of the time that a day of
# 34,128 records takes went into 1,067 calls.
_PER_EVEN_PACKET = 1024
_TICK_NS = 100_000


def packets(content: bytes) -> list[Packet]:
    """As `joined`, or, where that cannot be done, record by record."""
    found = joined(content)
    return packets_of(content) if found is None else found


def joined(content: bytes) -> list[Packet] | None:
    """Packets of up to 1,024 records each, without their bytes; None for a file that must be read record by record.

    A record that starts within half a sample of where another ended continues it; where records start more than 0.1 ms
    from where those before say, a packet is of up to 32 of them.

    Parameters
    ----------
    content : records of one length
    """
    spans = rough_spans(content)
    if spans is None or len(content) % spans.length:
        return None
    try:
        return [packet for first, end in _pieces(spans) for packet in _packets(content[first:end])]
    except (MiniSEEDError, SourceIdError, ValueError, UnicodeDecodeError):
        return None


def overlap(packets: Iterable[Packet]) -> bool:
    """Whether two packets of one channel have samples of the same time; which of them count, records tell."""
    ordered = sorted(packets, key=lambda packet: packet.start_ns)
    return any(
        (before.next_ns - after.start_ns) * before.sample_rate_hz > NS_PER_S / 2 for before, after in pairwise(ordered)
    )


def _pieces(spans: RoughSpans) -> Iterator[tuple[int, int]]:
    """First byte, and that behind the last, of the records that are joined together."""
    n_ns = spans.end_ns - spans.start_ns
    for first in range(0, len(n_ns), _PER_EVEN_PACKET):
        its = slice(first, first + _PER_EVEN_PACKET)
        expected_ns = spans.start_ns[first] + np.cumsum(n_ns[its]) - n_ns[its]
        is_even = (np.abs(spans.start_ns[its] - expected_ns) <= _TICK_NS).all()
        end = first + len(expected_ns)
        step = _PER_EVEN_PACKET if is_even else _PER_PACKET
        for at in range(first, end, step):
            yield at * spans.length, min(at + step, end) * spans.length


def _packets(content: bytes) -> Iterator[Packet]:
    with MS3TraceList.from_buffer(content, unpack_data=True) as traces:
        for trace in traces:
            source_id = SourceId.parse(trace.sourceid)
            for part in trace:
                rate_hz, start_ns = float(part.samprate), int(part.starttime)
                is_sound = 0 < rate_hz <= MAX_SAMPLE_RATE_HZ and MIN_START_NS <= start_ns < MAX_START_NS
                if part.numsamples and part.sampletype in ("i", "f", "d") and is_sound:
                    samples = part.take_np_datasamples()  # the decoder's own memory: a copy of a day takes 15 ms
                    samples.flags.writeable = False
                    yield Packet(source_id, start_ns, rate_hz, samples, b"")
