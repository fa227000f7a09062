"""The ledger on disk: which archived record has which sequence number.

The folder `.served` of an archive holds::

    streams            a line a stream: NET.STA.LOC.CHA, format and subformat, bytes of a record where they matter
    NUMBER.ledger      a segment: a head, then 40 bytes a record; the place of an entry is its sequence number
    NUMBER.files       day files that were written to while the segment was the newest, and their size before

A segment is named after its first number. Entries say where a record lies; its bytes are in the archive alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from acquisition.server.stored import LEGACY_RECORD_BYTES, StreamKey, stream_key
from houfeng.types import SourceId

FOLDER = ".served"

# magic, when it was begun (ns UTC), entries that clients may see, 1 when a newer segment follows
_HEAD = struct.Struct("<8sqQQ")
_MAGIC = b"HFLEDG1\0"
_VISIBLE_AT, _SEALED_AT = 16, 24
HEAD_BYTES = _HEAD.size

# stream, length, start and end (ns UTC), offset in its day file, CRC-32 of the record; then CRC-32 of all that and
# of the sequence number, so that zeros or half an entry behind a power cut are not taken for one
_BODY = struct.Struct("<IIqqQI")
_CHECK = struct.Struct("<I")
ENTRY_BYTES = _BODY.size + _CHECK.size


class Entry(NamedTuple):
    """One record: the line number of its stream, its length, its times, and where in its day file it begins."""

    stream: int
    length: int
    start_ns: int
    end_ns: int
    offset: int
    crc: int


class Head(NamedTuple):
    """What a segment says of itself."""

    begun_ns: int
    n_visible: int
    sealed: bool


def pack_entries(sequence: int, entries: Iterable[Entry]) -> bytes:
    """Entries as they stand in a segment; the first has the given number."""
    out = bytearray()
    for number, entry in enumerate(entries, sequence):
        body = _BODY.pack(*entry)
        out += body + _CHECK.pack(_check(body, number))
    return bytes(out)


def unpack_entries(sequence: int, content: bytes) -> Iterator[Entry]:
    """Whole entries from the one with this number on, up to the first that is damaged."""
    for number in range(len(content) // ENTRY_BYTES):
        at = number * ENTRY_BYTES
        body = content[at : at + _BODY.size]
        if _CHECK.unpack_from(content, at + _BODY.size)[0] != _check(body, sequence + number):
            return
        yield Entry._make(_BODY.unpack(body))


def pack_head(begun_ns: int) -> bytes:
    return _HEAD.pack(_MAGIC, begun_ns, 0, 0)


def unpack_head(content: bytes) -> Head | None:
    """The head of a segment; None when the bytes are none."""
    if len(content) < HEAD_BYTES:
        return None
    magic, begun_ns, n_visible, sealed = _HEAD.unpack_from(content)
    return Head(begun_ns, n_visible, bool(sealed)) if magic == _MAGIC else None


def visible_patch(n_visible: int) -> tuple[int, bytes]:
    """Where and what to write to let clients see the first entries of a segment."""
    return _VISIBLE_AT, n_visible.to_bytes(8, "little")


def sealed_patch() -> tuple[int, bytes]:
    """Where and what to write to say that a newer segment follows."""
    return _SEALED_AT, (1).to_bytes(8, "little")


def entry_at(number: int) -> int:
    """Byte at which the entry of this place in a segment begins."""
    return HEAD_BYTES + number * ENTRY_BYTES


def segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:020d}.ledger"


def segments(folder: Path) -> list[int]:
    """First numbers of the segments, in order."""
    return sorted(int(path.stem) for path in folder.glob("*.ledger") if path.stem.isdecimal())


def read_head(folder: Path, first: int) -> Head | None:
    """The head of the segment that begins with this number; None when it is none, as after a power cut."""
    with segment_path(folder, first).open("rb") as file:
        return unpack_head(file.read(HEAD_BYTES))


def seal(folder: Path, first: int) -> None:
    """Say that a newer segment follows this one."""
    at, content = sealed_patch()
    with segment_path(folder, first).open("r+b") as file:
        file.seek(at)
        file.write(content)


def stream_line(key: StreamKey) -> str:
    """A stream as one line of `streams`."""
    return f"{key.source_id} {key.kind} {LEGACY_RECORD_BYTES if key.legacy else '-'}\n"


@lru_cache(maxsize=65536)
def parse_stream(line: str) -> StreamKey:
    """The stream of a line of `streams`."""
    source_id, kind, n_bytes = line.split()
    return stream_key(SourceId.parse(source_id), kind, n_bytes != "-")


def _check(body: bytes, sequence: int) -> int:
    return crc32(body, sequence & 0xFFFFFFFF)
