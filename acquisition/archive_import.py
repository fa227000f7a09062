"""Fills an archive from any miniSEED files: each record once, however often the same files are offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.dayfile import Verdict
from acquisition.replay import find_files
from houfeng.errors import ArchiveError, RecordError, SourceError
from houfeng.types import Packet

# Records in memory at a time, and the steps of the progress bar.
_BATCH = 1000

_Seen = Callable[[int], None]
_Reject = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Rejection:
    """What of one file was not taken.

    Parameters
    ----------
    path : the file
    count : stretches of bytes that are no record, and records that no archive takes
    n_bytes : of all of them together
    reason : of the first
    """

    path: Path
    count: int
    n_bytes: int
    reason: str


@dataclass(slots=True)
class Imported:
    """What became of the records offered."""

    n_files: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def n_rejected(self) -> int:
        return sum(rejection.count for rejection in self.rejections)


def wanted_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the miniSEED files below the folders named.

    Raises
    ------
    SourceError : if a path does not exist, or a folder holds no miniSEED
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += [file.path for file in find_files(path)]
        elif path.is_file():
            files.append(path)
        else:
            raise SourceError(f"{path}: a miniSEED file or a folder of them is needed, there is none of this name")
    return files


def import_files(archive: Archive, files: list[Path], seen: _Seen = lambda n_bytes: None) -> Imported:
    """Add the records of files to the archive.

    Each file is durable before the next begins. After an interruption, the same call does the rest: what the archive
    has already is a duplicate.

    Parameters
    ----------
    archive : open for writing
    files : of miniSEED 2 or 3, records of any length in any order
    seen : called with numbers of bytes as they are read

    Raises
    ------
    ArchiveError : if the disk has no room for what is new, or refuses
    """
    latest_ns = archive.latest_ns()
    _check_room(archive, files, latest_ns)
    done = Imported()
    for path in files:
        n_rejected, n_bytes, first = 0, 0, ""

        def reject(length: int, reason: str) -> None:
            nonlocal n_rejected, n_bytes, first
            n_rejected, n_bytes, first = n_rejected + 1, n_bytes + length, first or reason

        for batch in _batches(_sound(path, latest_ns, reject)):
            done.verdicts += archive.append(batch, latest_ns)
            seen(sum(len(packet.raw) for packet in batch))
        archive.sync()
        done.n_files += 1
        seen(n_bytes)
        if n_rejected:
            done.rejections.append(Rejection(path, n_rejected, n_bytes, first))
    return done


def _check_room(archive: Archive, files: list[Path], latest_ns: float) -> None:
    room = archive.room_bytes
    if sum(path.stat().st_size for path in files) <= room:
        return
    # Perhaps most of it was imported before: only then is it worth reading everything twice.
    new = 0
    for path in files:
        packets = _sound(path, latest_ns, lambda length, reason: None)
        new += sum(len(packet.raw) for packet in packets if not archive.holds(packet))
    if new > room:
        raise ArchiveError(
            f"{archive.root}: {new} bytes are to be imported, the disk has room for {max(0, room)} "
            "(archive.min_free_mib is kept free)"
        )


def _sound(path: Path, latest_ns: float, reject: _Reject) -> Iterator[Packet]:
    if not path.stat().st_size:
        reject(0, "the file is empty")
        return
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content, memoryview(content) as view:
        for record in mseed.split(view, lambda offset, length, reason: reject(length, f"byte {offset}: {reason}")):
            try:
                packet = mseed.decode(record.raw)
            except RecordError as error:
                reject(len(record.raw), str(error))
                continue
            if packet.start_ns > latest_ns:
                reject(len(record.raw), f"{packet}: begins in the future")
            else:
                yield packet


def _batches(packets: Iterator[Packet]) -> Iterator[list[Packet]]:
    batch: list[Packet] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
