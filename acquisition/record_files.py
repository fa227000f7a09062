"""The records of one file as packets, in file order; nearly all files hold records that are alike, read at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from acquisition import mseed
from acquisition.memory import SampleMemory
from acquisition.mseed_header import TEXT_ENCODING
from acquisition.mseed_rows import Alike, alike, rough_starts
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import JoinedRecords, Packet

# Of a sampling interval: so exactly must a record begin where the one before it ends to be joined to it. Times
# that wander more are looked at record by record, see `detection.blocks`.
_JITTER = 0.25

Refuse = Callable[[bytes, RecordError], None]


class Joining(NamedTuple):
    """How records that adjoin are joined.

    Parameters
    ----------
    n_bytes : of records that come as one, at most, about
    most_ns : of time that they cover, at most. It ends where a power of two does, as that of other streams
    memory : for their samples
    """

    n_bytes: int
    most_ns: int
    memory: SampleMemory


def opened(
    content: memoryview, damage: mseed.Damage, refuse: Refuse, begin: int = 0, joining: Joining | None = None
) -> Iterator[tuple[Packet, int]]:
    """Packets as `mseed.open_record` makes them, and how many records were passed with each.

    Parameters
    ----------
    content : (n,) bytes
    damage : called with what is no record: offset, number of bytes, reason
    refuse : called with a record that is refused, and why
    begin : records that are left out
    joining : of records that adjoin; None for each by itself
    """
    if (found := headers(content)) is None:
        return _packets(_one_by_one(content, damage, begin), refuse)
    return _packets(_together(content, found, _edges(found, begin, joining), joining), refuse)


def headers(content: memoryview) -> Alike | None:
    """Of a file whose records need not be opened one by one to know what they are; None of any other."""
    found = alike(content)
    is_plain = found is not None and found.encoding != TEXT_ENCODING and 0 < found.rate_hz <= mseed.MAX_SAMPLE_RATE_HZ
    return found if is_plain else None


def with_headers(content: memoryview, found: Alike, refuse: Refuse) -> Iterator[Packet]:
    """A packet of each of some records whose headers are known."""
    records = _together(content, found, list(range(len(found.start_ns) + 1)), None)
    return (packet for packet, _ in _packets(records, refuse))


def _packets(records: Iterable[tuple[int, bytes, Packet | None]], refuse: Refuse) -> Iterator[tuple[Packet, int]]:
    """Those that are packets already, and what libmseed makes of the bytes of all others; each with its number."""
    for number, raw, packet in records:
        if packet is None:
            try:
                packet = mseed.open_record(raw)
            except RecordError as error:
                refuse(raw, error)
                continue
        yield packet, number


def _one_by_one(content: memoryview, damage: mseed.Damage, begin: int) -> Iterator[tuple[int, bytes, None]]:
    found = rough_starts(content)
    if found is None or len(content) % found[0]:
        records = (record.raw for record in mseed.split(content, damage))
    else:
        length = found[0]
        records = (bytes(content[at : at + length]) for at in range(0, len(content), length))
    for number, raw in enumerate(records, 1):
        if number > begin:
            yield number, raw, None


def _together(
    content: memoryview, found: Alike, edges: list[int], joining: Joining | None
) -> Iterator[tuple[int, bytes, Packet | None]]:
    """Packets of the records that are alike, of some that adjoin one of them all; of the others their bytes."""
    source_id, rate_hz, length, unpack = found.source_id, found.rate_hz, found.length, mseed.unpack_samples
    unpack_all = partial(mseed.unpack_adjoining, length=length, memory=joining.memory if joining else SampleMemory())
    qualities = found.timing_quality
    of_firsts = (of[edges[:-1]].tolist() for of in (found.are_alike, found.start_ns, found.n_samples))
    for (first, stop), is_alike, start_ns, n_samples in zip(pairwise(edges), *of_firsts, strict=True):
        own = content[first * length : stop * length]
        if not (is_alike and n_samples):
            yield stop, bytes(own), None
        elif stop == first + 1:
            quality = None if qualities is None else qualities[first]
            raw = bytes(own)
            yield stop, raw, Packet(source_id, start_ns, rate_hz, unpack, raw, quality, None, "", 0, n_samples)
        else:
            starts_ns, n_each = found.start_ns[first:stop], found.n_samples[first:stop]
            of_these = None if qualities is None else qualities[first:stop]
            packet = JoinedRecords(source_id, rate_hz, starts_ns, n_each, own, unpack, unpack_all, of_these)
            yield stop, b"", packet


def _edges(found: Alike, begin: int, joining: Joining | None) -> list[int]:
    """Where a packet begins, from record `begin` on, and the end: numbers of records."""
    n = len(found.start_ns)
    if joining is None or joining.n_bytes < 2 * found.length:
        return list(range(begin, n + 1))
    interval_ns = NS_PER_S / found.rate_hz
    missing_ns = np.diff(found.start_ns) - found.n_samples[:-1] * interval_ns
    is_one = np.abs(missing_ns) < _JITTER * interval_ns
    is_sound = found.are_alike & (found.n_samples > 0)
    is_one &= is_sound[1:] & is_sound[:-1]
    n_most = joining.n_bytes // found.length
    span_ns = min(float(found.n_samples.mean()) * interval_ns * n_most, joining.most_ns)
    spans = found.start_ns >> (int(span_ns).bit_length() - 1) if span_ns >= 1 else found.start_ns
    is_one &= spans[1:] == spans[:-1]
    edges: list[int] = (np.flatnonzero(~is_one[begin:]) + begin + 1).tolist()
    return [begin, *edges, n] if begin < n else []
