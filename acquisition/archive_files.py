"""Which files an archive has, and what each of them holds: every byte of a day file, told apart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from acquisition import mseed
from acquisition.archive import QUARANTINE, day_path
from acquisition.archive_disk import sync_folder
from houfeng.errors import ArchiveError, RecordError, SourceIdError
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import Packet, SourceId

CHECKSUMS = "SHA256SUMS"  # of a channel's folder
_DAY_FILE = re.compile(r"\d{4}/[^/]+/[^/]+/[^/.]+\.D/([^/]+)\.D\.\d{4}\.\d{3}")


class Kind(StrEnum):
    """What can be found in an archive that is not a record in its place."""

    TORN = "torn"  # a record that ends before its last byte
    FOREIGN = "foreign"  # bytes that begin no record
    CORRUPT = "corrupt"  # a record whose header is sound and whose samples or CRC (miniSEED 3) are not
    MISPLACED = "misplaced"  # of another stream or another day than the file
    DUPLICATE = "duplicate"  # the very same record once more
    CONFLICT = "conflict"  # same stream and time as another record, other bytes
    FUTURE = "future"  # begins later than a record can
    OVERLAP = "overlap"  # begins before the end of an earlier one
    UNORDERED = "unordered"  # stands behind a later one
    STRAY = "stray"  # a file that is no day file
    CHECKSUM = "checksum"  # a closed file is not what it was


class Piece(NamedTuple):
    """A stretch of a day file.

    `kind` is None for a record in its place, or one of TORN, FOREIGN, CORRUPT, MISPLACED, DUPLICATE, CONFLICT.
    `packet` is None when the bytes are no sound record.
    """

    offset: int
    raw: bytes
    kind: Kind | None
    packet: Packet | None
    reason: str


def day_files(root: Path) -> Iterator[Path]:
    """Day files of an archive, year by year, so that those of a stream come in order of time.

    Raises
    ------
    ArchiveError : if the folder does not exist
    """
    return (path for path in all_files(root) if stream_of(root, path) is not None)


def all_files(root: Path) -> Iterator[Path]:
    """Day files and whatever else lies among them; the quarantine and names that begin with a dot are left out.

    Raises
    ------
    ArchiveError : if the folder does not exist
    """
    if not root.is_dir():
        raise ArchiveError(f"{root}: an archive is needed, there is no folder of this name")
    return (path for top in sorted(root.iterdir()) if _is_ours(top) for path in _below(top))


def stream_of(root: Path, path: Path) -> SourceId | None:
    """The stream that a day file is of; None for a file that is no day file."""
    match = _DAY_FILE.fullmatch(path.relative_to(root).as_posix())
    if match is None:
        return None
    try:
        return SourceId.parse(match[1])
    except SourceIdError:
        return None


class Seen(NamedTuple):
    """A day file without its content: midnight of its day, ns UTC, and its status."""

    day_ns: int
    path: Path
    status: os.stat_result


def channel_folders(root: Path, year: int) -> dict[tuple[str, str, str], Path]:
    """Folders of day files of a year, by network, station and channel.

    A file system answers for 3,000 folders in less time than for a million files: those are for `files_in`.
    """
    return {
        (path.parts[-3], path.parts[-2], path.name[:-2]): path
        for path in (root / f"{year:04d}").glob("*/*/*.D")
        if path.is_dir()
    }


def files_in(root: Path, folder: Path) -> dict[tuple[SourceId, int], Seen]:
    """The day files of a channel's folder, by stream and midnight (ns UTC)."""
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = folder / entry.name
                source_id = stream_of(root, path)
                if source_id is None or not entry.is_file():
                    continue
                day_ns = day_end_ns(path) - 86_400 * NS_PER_S
                if day_path(root, source_id, day_ns) == path:
                    found[source_id, day_ns] = Seen(day_ns, path, entry.stat())
    except FileNotFoundError:
        pass  # removed while we looked
    return found


def years_of(root: Path) -> list[int]:
    """Years of an archive, newest first."""
    return sorted((int(top.name) for top in root.glob("[0-9][0-9][0-9][0-9]") if top.is_dir()), reverse=True)


def day_end_ns(path: Path) -> int:
    """Midnight at the end of a day file's day, ns UTC."""
    day = datetime.strptime(path.name[-8:], "%Y.%j").replace(tzinfo=UTC)
    return int((day + timedelta(days=1)).timestamp()) * NS_PER_S


def write_anew(path: Path, content: Iterable[bytes]) -> None:
    """Give a file new content: all of it or, after a kill, the old. Mode and owner of an existing file stay."""
    new = rewriting_path(path)
    with new.open("wb") as file:
        if path.exists():
            status = path.stat()
            os.fchmod(file.fileno(), status.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def rewriting_path(path: Path) -> Path:
    """Where the new content of a file is until it takes its name; what a kill leaves there is worth nothing."""
    return path.with_name(f".{path.name}.rewriting")


def pieces(root: Path, path: Path) -> Iterator[Piece]:
    """The whole of a day file in file order, every byte in exactly one piece.

    Raises
    ------
    ArchiveError : if the file cannot be read
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
    damages: list[tuple[int, int, str]] = []
    seen: dict[int, set[int]] = {}
    offset = 0
    for record in mseed.split(content, lambda *damage: damages.append(damage)):
        for damage in damages:
            yield _damaged(content, *damage)
            offset = damage[0] + damage[1]
        damages.clear()
        yield _judged(root, path, offset, record.raw, seen)
        offset += len(record.raw)
    for damage in damages:
        yield _damaged(content, *damage)


def _judged(root: Path, path: Path, offset: int, raw: bytes, seen: dict[int, set[int]]) -> Piece:
    try:
        packet = mseed.decode(raw)
    except RecordError as error:
        return Piece(offset, raw, Kind.CORRUPT, None, str(error))
    if (place := day_path(root, packet.source_id, packet.start_ns)) != path:
        return Piece(offset, raw, Kind.MISPLACED, packet, f"belongs in {place.name}")
    crc = crc32(raw)
    others = seen.setdefault(packet.start_ns, set())
    if crc in others:
        return Piece(offset, raw, Kind.DUPLICATE, packet, "the same record stands before it")
    kind = Kind.CONFLICT if others else None
    others.add(crc)
    reason = f"another record begins at {format_ns(packet.start_ns)} too, with other bytes" if kind else ""
    return Piece(offset, raw, kind, packet, reason)


def _damaged(content: bytes, offset: int, length: int, reason: str) -> Piece:
    raw = content[offset : offset + length]
    if "cut off" in reason or reason.startswith("Incomplete"):  # what mseed and libmseed call it
        return Piece(offset, raw, Kind.TORN, None, reason)
    return Piece(offset, raw, Kind.CORRUPT if mseed.is_miniseed(raw) else Kind.FOREIGN, None, reason)


def _is_ours(top: Path) -> bool:
    return not top.name.startswith(".") and top.name != QUARANTINE


def _below(top: Path) -> list[Path]:
    # followed by hand: rglob does not enter the links by which old years are moved to another disk
    if not top.is_dir():
        return [top]
    inner = [path for path in sorted(top.iterdir()) if not path.name.startswith(".") and path.name != CHECKSUMS]
    return [path for each in inner for path in _below(each)]
