"""Archived records as a source of packets: any folder of miniSEED, as fast as the consumer takes them."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from os import fstat
from pathlib import Path

from acquisition import mseed
from acquisition.memory import SampleMemory
from acquisition.record_files import Joining, opened
from acquisition.source import Reject
from houfeng.errors import RecordError, SourceError
from houfeng.times import NS_PER_S
from houfeng.types import JoinedRecords, Packet, SourceId

_log = logging.getLogger(__name__)

# One batch, at least; the joined records of all streams that cover the same time are one to two of these. Packets of
# few channels one by one cost more than all that is done with their samples (12 MiB are some 9 million of these), and a
# batch of 3,000 channels of 30 s fits in memory.
_BATCH_BYTES = 12 << 20
_BATCH_NS = 30 * NS_PER_S
_APART_NS = 3 * 3600 * NS_PER_S  # half of what association remembers by default
# Names that promise miniSEED; a file with one of them that holds something else is worth a warning.
_MINISEED_SUFFIXES = frozenset({".mseed", ".miniseed", ".mseed2", ".mseed3", ".ms", ".msd"})
# The first sound record tells the stream, and nearly always is the first one; a file whose first MiB holds none is not
# worth more reading.
_FIRST_BYTES, _INSPECT_BYTES = 1 << 16, 1 << 20

# Files that are smaller are read whole: a batch looks into as many as are in it, each map takes a file descriptor, and
# processes may have 1,024.
_SMALL_BYTES = 1 << 20

# A packet, the file it is of, and how many records of that were passed with it.
_Record = tuple[Packet, Path, int]


@dataclass(frozen=True, slots=True, order=True)
class RecordFile:
    """A file of miniSEED records: its first record's stream and time, its size."""

    source_id: SourceId
    start_ns: int
    path: Path
    n_bytes: int


@dataclass(slots=True)
class Reading:
    """How far files were read, when a batch has come: another source goes on from there.

    Parameters
    ----------
    n_read : of files that are begun, how many records were passed
    finished : of files that are done, the SHA-256 of their content
    """

    n_read: dict[Path, int] = field(default_factory=dict)
    finished: dict[Path, str] = field(default_factory=dict)


class ReplaySource:
    """Packets of every miniSEED file below a folder.

    Records of one stream come in the order of its files (by first record) and, within a file, in file order;
    streams advance together in data time, so that what belongs to one earthquake arrives close together.

    Parameters
    ----------
    files : from `find_files`
    start_ns, end_ns : only packets that hold samples at or after start and before end, ns UTC; None for no limit
    reject : called with bytes that are no record, and the reason with the file's name
    reading : where it begins; it is kept up to date. None to begin anew, and nobody asks how far: what was read is not
        hashed then, which takes an eighth of the time
    until_ns : stop where no stream has a record next that begins before, ns UTC; None to read all
    apart_ns : so far a stream may be ahead of others in data time, about, where records are joined
    """

    def __init__(
        self,
        files: Sequence[RecordFile],
        reject: Reject,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        reading: Reading | None = None,
        until_ns: int | None = None,
        apart_ns: int = _APART_NS,
    ) -> None:
        self._files = files
        self._reject = reject
        self._start_ns = start_ns
        self._end_ns = end_ns
        self._reading, self._is_noted = reading or Reading(), reading is not None
        self._until_ns = until_ns
        self._apart_ns = apart_ns
        self._closed = False

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of 30 s of data time and 12 MiB of records, or a little more; each packet is a record."""
        return self._batches(None)

    def joined(self) -> Iterator[list[Packet]]:
        """The same up to twice as large, and records that adjoin are one packet where that holds up no other stream.

        Samples of joined records are forgotten when the next batch is asked for.
        """
        n_streams = len({file.source_id for file in self._files})
        return self._batches(Joining(2 * _BATCH_BYTES // max(n_streams, 1), self._apart_ns, SampleMemory()))

    def _batches(self, joining: Joining | None) -> Iterator[list[Packet]]:
        streams: dict[SourceId, list[RecordFile]] = {}
        for file in sorted(self._files):
            streams.setdefault(file.source_id, []).append(file)
        merged = heapq.merge(*(self._stream(files, joining) for files in streams.values()), key=_start_ns)
        batch: list[_Record] = []
        n_bytes = 0
        for packet, path, n_read in merged:
            if self._closed:
                return
            if self._until_ns is not None and packet.start_ns >= self._until_ns:
                break
            if n_bytes > _BATCH_BYTES and packet.start_ns - batch[0][0].start_ns > _BATCH_NS:
                yield from self._unpacked(batch)
                batch, n_bytes = [], 0
            batch.append((packet, path, n_read))
            n_bytes += packet.n_bytes
        yield from self._unpacked(batch)

    def _unpacked(self, batch: list[_Record]) -> Iterator[list[Packet]]:
        """The batch without the records whose samples cannot be unpacked; nothing if none is left."""
        reading = self._reading
        reading.n_read.update((path, n_read) for _, path, n_read in batch)
        for path in [path for path in reading.n_read if path in reading.finished]:
            del reading.n_read[path]
        batch = [(packet, path, n_read) for whole, path, n_read in batch for packet in _sound(whole)]
        packets = [packet for packet, _, _ in batch]
        errors = dict(mseed.unpack(packet for packet in packets if packet.n_records == 1))
        if errors:
            for packet, path, _ in batch:
                if packet in errors:
                    self._reject(packet.raw, f"{path}: {errors[packet]}")
            packets = [packet for packet in packets if packet not in errors]
        if packets:
            yield packets
        for packet in packets:
            if isinstance(packet, JoinedRecords):  # while the next ones are unpacked the consumer still holds these
                packet.forget()

    def close(self) -> None:
        """End `packets()` at the next packet."""
        self._closed = True

    def _stream(self, files: list[RecordFile], joining: Joining | None) -> Iterator[_Record]:
        """Records of some files, one behind the other."""
        for file in files:
            if file.path in self._reading.finished:
                continue
            with _content(file.path) as content:
                yield from self._packets_of(file.path, content, joining)
                # When the next record is asked for: all of this file are in batches that were taken.
                if self._is_noted:
                    self._reading.finished[file.path] = sha256(content).hexdigest()

    def _packets_of(self, path: Path, content: memoryview, joining: Joining | None) -> Iterator[_Record]:
        def damage(offset: int, length: int, reason: str) -> None:
            self._reject(bytes(content[offset : offset + length]), f"{path}, byte {offset}: {reason}")

        def refuse(raw: bytes, reason: RecordError) -> None:
            self._reject(raw, f"{path}: {reason}")

        begin = self._reading.n_read.get(path, 0)
        for whole, n_read in opened(content, damage, refuse, begin, joining):
            records = whole.records if self._is_cut(whole) else (whole,)
            for number, packet in enumerate(records, n_read + 1 - len(records)):
                if self._is_wanted(packet):
                    yield packet, path, number

    def _is_cut(self, packet: Packet) -> bool:
        """Whether some of its records may not be wanted, or not yet."""
        edges_ns = (self._start_ns, self._end_ns, self._until_ns)
        return any(edge_ns is not None and packet.start_ns <= edge_ns <= packet.next_ns for edge_ns in edges_ns)

    def _is_wanted(self, packet: Packet) -> bool:
        begins_late = self._end_ns is not None and packet.start_ns >= self._end_ns
        return not begins_late and (self._start_ns is None or packet.next_ns > self._start_ns)


@contextmanager
def _content(path: Path) -> Iterator[memoryview]:
    """The bytes of a file. Packets look into them, so a map lives on for a moment: of few files at a time.

    A profiler that looks at this thread, as Dask's does, keeps its frames for a moment too and with them such packets.
    """
    with path.open("rb") as handle:
        is_small = fstat(handle.fileno()).st_size < _SMALL_BYTES
        mapped = None if is_small else mmap(handle.fileno(), 0, access=ACCESS_READ)
        view = memoryview(handle.read() if mapped is None else mapped)
    try:
        yield view
    finally:
        with suppress(BufferError):
            view.release()
            if mapped is not None:
                mapped.close()


def _sound(packet: Packet) -> Sequence[Packet]:
    """The packet, unpacked if it is joined records; each by itself if any of them cannot be."""
    if packet.n_records > 1:
        try:
            _ = packet.samples
        except RecordError:
            return packet.records
    return (packet,)


def _start_ns(record: _Record) -> int:
    return record[0].start_ns


def find_files(folder: Path) -> list[RecordFile]:
    """miniSEED files below a folder, recognised by content; an SDS archive's own quarantine is left out.

    A file that is named like miniSEED but holds something else is reported in one warning line and left out.

    Raises
    ------
    SourceError : if the folder does not exist or holds no miniSEED file
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: a folder of miniSEED files is needed, there is none of this name")
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "quarantine" not in path.relative_to(folder).parts:
            file = inspect(path)
            if file is not None:
                files.append(file)
    if not files:
        raise SourceError(f"{folder}: holds no miniSEED file")
    return files


def inspect(path: Path) -> RecordFile | None:
    """A file of miniSEED records by its content; None of another, with a warning if its name promised records."""
    with path.open("rb") as handle:
        head = handle.read(_FIRST_BYTES)
        promised = path.suffix in _MINISEED_SUFFIXES
        if not promised and not mseed.is_miniseed(head):
            return None
        reasons: list[str] = []
        first = _first_sound(head, reasons)
        if first is None and len(head) == _FIRST_BYTES:
            reasons.clear()
            first = _first_sound(head + handle.read(_INSPECT_BYTES - _FIRST_BYTES), reasons)
    if first is not None:
        return RecordFile(first.source_id, first.start_ns, path, path.stat().st_size)
    why = reasons[0] if reasons else "the file is empty"
    _log.warning("%s: skipped: a miniSEED record was expected, %r came: %s", path, head[:16], why)
    return None


def _first_sound(head: bytes, reasons: list[str]) -> Packet | None:
    """The first record that is sound; why what stands before it is none."""
    for record in mseed.split(head, lambda offset, length, reason: reasons.append(reason)):
        try:
            return mseed.decode(record.raw)
        except RecordError as error:
            reasons.append(str(error))
    return None
