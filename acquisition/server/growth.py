"""Which day files of the archive have grown, and by which records."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.server.stored import LEGACY_RECORD_BYTES, StreamKey, describe, stream_key
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

DAY_NS = 86_400 * NS_PER_S


class Found(NamedTuple):
    """A record in a day file: what it is called on the wire, its times (ns UTC), its place and its CRC-32."""

    key: StreamKey
    start_ns: int
    end_ns: int
    offset: int
    length: int
    crc: int


class Grown(NamedTuple):
    """A day file that grew: where its last whole record ends now, and the records that are new."""

    path: Path
    end: int
    records: list[Found]


class Growth:
    """How far each day file was looked at. Nothing here writes.

    Parameters
    ----------
    root : the archive's folder
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._ends: dict[Path, int] = {}
        self._batch: dict[Path, list[Packet]] = {}
        self._unread: set[Path] = set()

    def watch(self, path: Path, end: int) -> None:
        """Look at a file from this byte on, whatever was appended to it."""
        self._ends[path] = end
        self._unread.add(path)

    def expect(self, packets: Iterable[Packet]) -> list[tuple[Path, int]]:
        """Packets that are about to be archived; the files that were not watched before, with their size."""
        new = []
        for packet in packets:
            path = file_of(self._root, packet.source_id, packet.start_ns // DAY_NS)
            self._batch.setdefault(path, []).append(packet)
            if path not in self._ends:
                self._ends[path] = size_of(path)
                new.append((path, self._ends[path]))
        return new

    def grown(self) -> list[Grown]:
        """Files that grew since the last `entered`, in the order in which their packets came."""
        paths = dict.fromkeys([*self._unread, *self._batch])
        return [grown for path in paths if (grown := self._look(path)) is not None]

    def entered(self, grown: Iterable[Grown]) -> None:
        """These records are in the ledger."""
        for path, end, _ in grown:
            self._ends[path] = end
        self._batch.clear()
        self._unread.clear()

    def postponed(self) -> None:
        """The records could not be entered: the next look reads them from their files."""
        self._unread.update(self._batch)
        self._batch.clear()

    def forget(self) -> list[tuple[Path, int]]:
        """Stop watching; the files that hold more than was entered, and up to where it was."""
        left = [(path, end) for path, end in self._ends.items() if size_of(path) != end]
        self._ends = dict(left)
        self._unread &= self._ends.keys()
        return left

    def _look(self, path: Path) -> Grown | None:
        end, size = self._ends[path], size_of(path)
        if size == end:
            return None
        if size < end:  # a torn tail was cut off, or a person mended the file: what is left is known
            return Grown(path, size, [])
        packets = self._batch.get(path, [])
        if path not in self._unread and sum(len(packet.raw) for packet in packets) == size - end:
            return Grown(path, size, _of_packets(packets, end))
        return _of_file(path, end)


@lru_cache(maxsize=65536)
def file_of(root: Path, source_id: SourceId, day: int) -> Path:
    """Day file of a stream; days since 1970."""
    return day_path(root, source_id, day * DAY_NS)


def size_of(path: Path) -> int:
    """Bytes of a file, 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _of_packets(packets: list[Packet], offset: int) -> list[Found]:
    """What was appended is exactly what came: nothing has to be read."""
    found = []
    for packet in packets:
        key = _key_of(packet)
        found.append(Found(key, packet.start_ns, packet.next_ns, offset, len(packet.raw), crc32(packet.raw)))
        offset += len(packet.raw)
    return found


def _key_of(packet: Packet) -> StreamKey:
    if not packet.n_samples or not packet.sample_rate_hz:
        return describe(0, packet.raw).key
    version = 3 if packet.raw.startswith(b"MS") else 2
    legacy = version == 2 and len(packet.raw) == LEGACY_RECORD_BYTES
    return stream_key(packet.source_id, f"{version}D", legacy)


def _of_file(path: Path, end: int) -> Grown:
    """Records behind a byte. When no record begins there, as behind a tail that was torn, the whole file is read."""
    with path.open("rb") as file:
        file.seek(end)
        places, broken = _records(file.read(), end)
        if broken == end:
            file.seek(0)
            places, _ = _records(file.read(), 0)
    found = []
    for offset, raw in places:
        if offset + len(raw) <= end:
            continue
        try:
            record = describe(0, raw)
        except RecordError:
            continue  # it was archived as it came, but SeedLink has no name for it
        found.append(Found(record.key, record.start_ns, record.end_ns, offset, len(raw), crc32(raw)))
    return Grown(path, max(end, *(offset + len(raw) for offset, raw in places)) if places else end, found)


def _records(content: bytes, begins: int) -> tuple[list[tuple[int, bytes]], int | None]:
    """Records with the byte they begin at, and the byte of the first damage."""
    damages: list[tuple[int, int, str]] = []
    places = []
    offset, first, n_seen = 0, None, 0
    for record in mseed.split(content, lambda *damage: damages.append(damage)):
        for at, length, _ in damages[n_seen:]:
            offset = at + length
        n_seen = len(damages)
        places.append((begins + offset, record.raw))
        offset += len(record.raw)
    if damages:
        first = begins + damages[0][0]
    return places, first
