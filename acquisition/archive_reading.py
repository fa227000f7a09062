"""Archived records read again, beside the writer."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.mseed_rows import rough_starts
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

_DAY_NS = 86_400 * NS_PER_S
# A record that begins this long before a wanted time may still reach into it.
_MAX_RECORD_NS = 3600 * NS_PER_S


def read_from(root: Path, source_id: SourceId, since_ns: int) -> Iterator[Packet]:
    """Archived packets of one stream that hold samples at or after a time, in the order they were archived.

    Whatever the clock says now: files of later days are read if there are some.
    """
    for path in _files_from(root, source_id, since_ns - _MAX_RECORD_NS):
        for raw in _records_from(path, since_ns - _MAX_RECORD_NS):
            try:
                packet = mseed.open_record(raw)
                if packet.next_ns > since_ns:
                    _ = packet.samples
                    yield packet
            except RecordError:
                continue  # it was archived as it came; the writer reported it then


def _files_from(root: Path, source_id: SourceId, since_ns: int) -> Iterator[Path]:
    first = day_path(root, source_id, since_ns // _DAY_NS * _DAY_NS)
    first_year, *below, _ = first.relative_to(root).parts
    for year in sorted(path.name for path in root.glob("[0-9][0-9][0-9][0-9]") if path.name >= first_year):
        # of one stream the names sort as the days do
        paths = root.joinpath(year, *below).glob(f"{source_id}.D.*")
        yield from sorted(path for path in paths if path.name >= first.name)


def _records_from(path: Path, since_ns: int) -> Iterator[bytes]:
    """Records that begin at or after a time: 3,000 files of a day are too much for memory, so they are mapped."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            chosen = _chosen(content, since_ns)
            if chosen is None:
                records = mseed.split(content[:], _ignore_damage)
                yield from (record.raw for record in records if record.start_ns >= since_ns)
                return
            length, places = chosen
            for place in places:
                yield content[place * length : (place + 1) * length]


def _chosen(content: mmap, since_ns: int) -> tuple[int, list[int]] | None:
    """Length and numbers of the records that begin at or after a time; None for a file that must be walked through."""
    found = rough_starts(content)
    if found is None:
        return None
    length, start_ns = found
    return length, np.flatnonzero(start_ns >= since_ns).tolist()


def _ignore_damage(offset: int, length: int, reason: str) -> None:
    """A reader beside the writer may see half of the record being written: it comes through the stream as well."""
