"""What a day file covers, and how far it was read: a file that has grown is read from there on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.spans import merged, span_of
from houfeng.errors import ArchiveError, RecordError
from houfeng.types import Packet, SourceId, Span

# A file that was cut and has grown again differs here: in 512 bytes there are samples of at least one record.
_TAIL_BYTES = 512

Decode = Callable[[bytes], Packet]


class Mark(NamedTuple):
    """How far a day file was read, and how it looked then.

    Parameters
    ----------
    n_bytes : from its beginning, whole records
    size_bytes : of the file, perhaps with the beginning of a record that was under way to the disk
    inode, mtime_ns : of the file; a repair gives it another inode
    tail_crc : CRC-32 of the last bytes that were read
    """

    n_bytes: int
    size_bytes: int
    inode: int
    mtime_ns: int
    tail_crc: int

    def is_of(self, status: os.stat_result) -> bool:
        """Whether the file was not touched since."""
        return (self.size_bytes, self.inode, self.mtime_ns) == (status.st_size, status.st_ino, status.st_mtime_ns)


class Reading(NamedTuple):
    """What was read of a day file.

    Parameters
    ----------
    mark : how far it is read now
    spans : merged, of what was read
    is_whole : whether that was the whole file; otherwise it was what lies behind the mark that was given
    """

    mark: Mark
    spans: list[Span]
    is_whole: bool


def read_on(
    root: Path, path: Path, source_id: SourceId, mark: Mark | None, *, decode: Decode = mseed.open_record
) -> Reading | None:
    """What the records in their place cover; from a mark on, where the file is still what it was up to there.

    Records of other streams or days are none of this file, as for `archive stats`.

    Parameters
    ----------
    root : folder of the archive
    path : a day file in it
    source_id : the stream it is of
    mark : how far it was read before; None reads the whole file
    decode : makes a packet of a record: by its header, or, at three times the cost, with its samples, so that a record
        whose samples cannot be unpacked covers nothing

    Returns
    -------
    None when the file does not exist

    Raises
    ------
    ArchiveError : if it cannot be read
    """
    try:
        with path.open("rb") as file:
            if mark is not None and _continues(file, mark):
                file.seek(mark.n_bytes)
                reading = _read(root, path, source_id, file, mark, decode)
                if reading is not None:
                    return reading
            file.seek(0)
            return _read(root, path, source_id, file, None, decode)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error


def _continues(file: BinaryIO, mark: Mark) -> bool:
    """Whether the file holds what it held when the mark was made, and perhaps more."""
    status = os.fstat(file.fileno())
    if status.st_ino != mark.inode or status.st_size < mark.n_bytes:
        return False
    return mark.is_of(status) or _tail_crc(file, mark.n_bytes) == mark.tail_crc


def _read(
    root: Path, path: Path, source_id: SourceId, file: BinaryIO, mark: Mark | None, decode: Decode
) -> Reading | None:
    """From where the file is on; None when no record begins behind the mark."""
    begin = mark.n_bytes if mark else 0
    status = os.fstat(file.fileno())
    content = file.read(status.st_size - begin)
    spans: list[Span] = []
    damages: list[tuple[int, int]] = []
    for record in mseed.split(content, lambda offset, length, reason: damages.append((offset, length))):
        try:
            packet = decode(record.raw)
        except RecordError:
            continue  # it was archived as it came; the writer reported it then
        span = span_of(packet)
        if span is not None and packet.source_id == source_id and day_path(root, source_id, packet.start_ns) == path:
            spans.append(span)
    if mark is not None and damages and damages[0][0] == 0 and damages[0][1] < len(content):
        return None
    n_read = len(content)
    if damages and sum(damages[-1]) == n_read:  # still under way to the disk, perhaps
        n_read = damages[-1][0]
    end = begin + n_read
    mark = Mark(end, status.st_size, status.st_ino, status.st_mtime_ns, _tail_crc(file, end))
    return Reading(mark, merged(spans), begin == 0)


def _tail_crc(file: BinaryIO, end: int) -> int:
    begin = max(0, end - _TAIL_BYTES)
    return crc32(os.pread(file.fileno(), end - begin, begin))
