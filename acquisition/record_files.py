"""The records of one file as packets, in file order; nearly all files hold records that are alike, read at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from acquisition import mseed
from acquisition.mseed_header import TEXT_ENCODING
from acquisition.mseed_rows import Alike, alike, rough_starts
from houfeng.errors import RecordError
from houfeng.types import Packet

Refuse = Callable[[bytes, RecordError], None]


def opened(content: memoryview, damage: mseed.Damage, refuse: Refuse, begin: int = 0) -> Iterator[tuple[Packet, int]]:
    """Packets as `mseed.open_record` makes them, and how many records were passed with each.

    Parameters
    ----------
    content : (n,) bytes
    damage : called with what is no record: offset, number of bytes, reason
    refuse : called with a record that is refused, and why
    begin : records that are left out
    """
    found = alike(content)
    is_plain = found is not None and found.encoding != TEXT_ENCODING and 0 < found.rate_hz <= mseed.MAX_SAMPLE_RATE_HZ
    records = _together(content, found, begin) if found and is_plain else _one_by_one(content, damage, begin)
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


def _together(content: memoryview, found: Alike, begin: int) -> Iterator[tuple[int, bytes, Packet | None]]:
    """Packets of the records that are alike; of the others their bytes."""
    source_id, rate_hz, length, unpack = found.source_id, found.rate_hz, found.length, mseed.unpack_samples
    of_each = zip(found.are_alike, found.start_ns, found.n_samples, found.timing_quality, strict=True)
    places = range(0, len(content), length)
    for number, (at, (is_alike, start_ns, n_samples, quality)) in enumerate(zip(places, of_each, strict=True), 1):
        if number <= begin:
            continue
        raw = bytes(content[at : at + length])
        if is_alike and n_samples:
            packet = Packet(source_id, start_ns, rate_hz, unpack, raw, quality, None, "", 0, n_samples)
            yield number, raw, packet
        else:
            yield number, raw, None
