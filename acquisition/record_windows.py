"""Windows of a file of records: what is in them, without walking through the file each time."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from acquisition import mseed
from acquisition.mseed_rows import Alike, rough_spans
from acquisition.record_files import headers, opened, with_headers
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

# Records between two entries: of 34,000 records of a day the entries take 25 kB, and a window begins at most so many
# headers early.
_PER_BLOCK = 32
# So much is looked at in one go: a file of a year need not fit into memory.
_PIECE_BYTES = 8 << 20
# What a rough start and end may lack: microseconds, and a rate that blockette 100 says better.
_MARGIN_NS = NS_PER_S
# Records of a stretch whose headers are kept, 25 B each: windows of short records are seldom in the same stretch.
_MOST_KEPT = 4 * _PER_BLOCK

Decode = Callable[[bytes], list[Packet]]


class RecordWindows:
    """The records of one file by time, in whatever order they stand; records appended later are found as well.

    Parameters
    ----------
    path : file of miniSEED records, another process or thread may append to it

    Attributes
    ----------
    source_ids : streams that were found in it so far
    start_ns, end_ns : earliest and latest time of its samples, ns UTC
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = -1
        self._forget()

    def read(
        self, source_ids: Collection[SourceId], start_ns: int, end_ns: int, decode: Decode | None = None
    ) -> list[Packet]:
        """Packets of some streams that hold samples at or after start and before end (ns UTC), as they stand.

        Records whose samples cannot be unpacked are left out: whoever wrote or replays the file has reported them.

        Parameters
        ----------
        decode : makes packets of some records that stand together; None makes one of each, and unpacks those of the
            window alone

        Raises
        ------
        OSError : if the file cannot be read
        """
        within = start_ns - _MARGIN_NS, end_ns + _MARGIN_NS
        with self.path.open("rb") as file:
            descriptor = file.fileno()
            self._take_in(descriptor)
            found = (
                decode(os.pread(descriptor, n_bytes, at)) if decode else self._few(descriptor, at, n_bytes, within)
                for at, n_bytes in self._chosen(*within)
            )
            packets = [
                packet
                for packet in chain.from_iterable(found)
                if packet.source_id in source_ids and packet.start_ns < end_ns and packet.next_ns > start_ns
            ]
        return packets if decode else _sound(packets)

    def look(self) -> None:
        """Take in what the file holds now.

        Raises
        ------
        OSError : if the file cannot be read
        """
        with self.path.open("rb") as file:
            self._take_in(file.fileno())

    def _forget(self) -> None:
        self._size = 0
        self._latest: dict[tuple[int, int], Alike] = {}  # headers of the stretch that was read last
        self._offsets, self._lengths = array("Q"), array("Q")
        self._starts_ns, self._ends_ns = array("q"), array("q")
        self.source_ids: set[SourceId] = set()
        self.start_ns, self.end_ns = 2**63 - 1, -(2**63)

    def _few(self, descriptor: int, offset: int, n_bytes: int, within: tuple[int, int]) -> list[Packet]:
        """Packets of the records of a stretch of the file that may hold something of a window, ns UTC.

        Windows that follow each other are mostly in the same stretch, so its headers are kept.
        """
        found = self._latest.get((offset, n_bytes))
        if found is None:
            content = os.pread(descriptor, n_bytes, offset)
            found = headers(memoryview(content))
            if found is None:
                return _opened(content)
            if len(found.start_ns) <= _MOST_KEPT:
                self._latest = {(offset, n_bytes): found}
        ends_ns = found.start_ns + found.n_samples * (NS_PER_S / found.rate_hz)
        wanted = np.flatnonzero(~found.are_alike | ((found.start_ns < within[1]) & (ends_ns > within[0])))
        if not len(wanted):
            return []
        first, stop = int(wanted[0]), int(wanted[-1]) + 1
        content = os.pread(descriptor, (stop - first) * found.length, offset + first * found.length)
        return list(with_headers(memoryview(content), found.part(first, stop), _ignore))

    def _chosen(self, start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
        """Offset and length of the stretches of the file that may hold something of a window."""
        first, last = (np.array(each, dtype=np.int64) for each in (self._starts_ns, self._ends_ns))
        offset = n_bytes = 0
        for block in np.flatnonzero((first < end_ns) & (last > start_ns)).tolist():
            if offset + n_bytes != self._offsets[block]:
                if n_bytes:
                    yield offset, n_bytes
                offset, n_bytes = self._offsets[block], 0
            n_bytes += self._lengths[block]
        if n_bytes:
            yield offset, n_bytes

    def _take_in(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if status.st_ino != self._inode or status.st_size < self._size:  # written anew, by a repair
            self._forget()
            self._inode = status.st_ino
        while self._size < status.st_size:
            piece = os.pread(descriptor, _PIECE_BYTES, self._size)
            is_last = self._size + len(piece) >= status.st_size
            n_taken = self._take_ordinary(piece) or self._walk(piece)
            if not n_taken and is_last:  # of a record that is being written
                return
            self._size += n_taken or len(piece)

    def _take_ordinary(self, piece: bytes) -> int:
        """Bytes of the piece that are taken in; 0 if its records are not all of the ordinary kind."""
        spans = rough_spans(piece)
        if spans is None:
            return 0
        at = np.arange(0, len(spans.start_ns), _PER_BLOCK)
        n_bytes = len(spans.start_ns) * spans.length
        offsets = at * spans.length
        self._offsets.extend((offsets + self._size).tolist())
        self._lengths.extend(np.diff(offsets, append=n_bytes).tolist())
        self._starts_ns.extend(np.minimum.reduceat(spans.start_ns, at).tolist())
        self._ends_ns.extend(np.maximum.reduceat(spans.end_ns, at).tolist())
        self._widen(int(spans.start_ns.min()), int(spans.end_ns.max()))
        self.source_ids |= spans.source_ids
        return n_bytes

    def _walk(self, piece: bytes) -> int:
        """Bytes up to the end of the last record, or of what is none between two."""
        damages: list[tuple[int, int]] = []
        n_damages = offset = taken = n_waiting = 0
        for record in mseed.split(piece, lambda at, length, reason: damages.append((at, length))):
            if len(damages) > n_damages:  # the record stands behind what was stepped over
                offset, n_damages = sum(damages[-1]), len(damages)
            try:
                packet = mseed.open_record(record.raw)
            except RecordError:
                offset += len(record.raw)
                continue
            if not n_waiting:
                self._offsets.append(self._size + offset)
                self._lengths.append(0)
                self._starts_ns.append(packet.start_ns)
                self._ends_ns.append(packet.next_ns)
            offset += len(record.raw)
            self._lengths[-1] = self._size + offset - self._offsets[-1]
            self._starts_ns[-1] = min(self._starts_ns[-1], packet.start_ns)
            self._ends_ns[-1] = max(self._ends_ns[-1], packet.next_ns)
            self._widen(packet.start_ns, packet.next_ns)
            self.source_ids.add(packet.source_id)
            n_waiting, taken = (n_waiting + 1) % _PER_BLOCK, offset
        return taken

    def _widen(self, start_ns: int, end_ns: int) -> None:
        self.start_ns, self.end_ns = min(self.start_ns, start_ns), max(self.end_ns, end_ns)


def packets_of(content: bytes) -> list[Packet]:
    """A packet of each record, without those whose samples cannot be unpacked."""
    return _sound(_opened(content))


def _opened(content: bytes) -> list[Packet]:
    """A packet of each record whose header is sound; half a record at the end is being written, and read next time."""
    return [packet for packet, _ in opened(memoryview(content), _ignore, _ignore)]


def _sound(packets: list[Packet]) -> list[Packet]:
    """Those whose samples can be unpacked."""
    broken = {id(packet) for packet, _ in mseed.unpack(packets)}
    return [packet for packet in packets if id(packet) not in broken] if broken else packets


def _ignore(*told: object) -> None:
    """Of what is no record, or a damaged one, whoever wrote or replays the file has been told."""
