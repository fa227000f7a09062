"""What an archive holds, by the samples in its files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.fdsn.coverage import Span, merged, span_of
from houfeng.errors import RecordError, SourceIdError
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId

_DAY_NS = 86_400 * NS_PER_S
# A record that begins this long before a wanted time may still reach into it.
_MAX_RECORD_NS = 3600 * NS_PER_S


class Coverage:
    """Spans of samples in an archive.

    Every record is decoded once, 30 us each: 1 s for a channel's noisy day at 100 Hz. Of a file that has grown only the
    new records are read.

    Parameters
    ----------
    root : folder of the archive
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, _Known] = {}

    def spans(self, gap: Gap) -> Iterator[Span]:
        """What covers parts of a gap, and perhaps more around it."""
        first_ns = (gap.start_ns - _MAX_RECORD_NS) // _DAY_NS * _DAY_NS
        for day_ns in range(first_ns, gap.end_ns, _DAY_NS):
            path = day_path(self._root, gap.source_id, day_ns)
            if path.exists():
                yield from self._read(path)

    def channels(self, patterns: Iterable[str], start_ns: int, end_ns: int) -> list[SourceId]:
        """Channels that match a NET.STA.LOC.CHA pattern and have a file of these days, sorted."""
        patterns = list(patterns)
        found: set[SourceId] = set()
        for day_ns in range(start_ns // _DAY_NS * _DAY_NS, end_ns, _DAY_NS):
            day = datetime.fromtimestamp(day_ns // NS_PER_S, UTC)
            for path in self._root.glob(f"{day:%Y}/*/*/*.D/*.D.{day:%Y.%j}"):
                try:
                    source_id = SourceId.parse(path.name.rsplit(".", 3)[0])
                except SourceIdError:
                    continue  # somebody else's file
                if any(fnmatchcase(str(source_id), pattern) for pattern in patterns):
                    found.add(source_id)
        return sorted(found)

    def _read(self, path: Path) -> list[Span]:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            known = self._known.get(path)
            # A file that was repaired is another one of the same name.
            if known is None or known.inode != stat.st_ino or known.n_bytes > stat.st_size:
                known = _Known(stat.st_ino, 0, [])
            if known.n_bytes < stat.st_size:
                file.seek(known.n_bytes)
                spans, n_bytes = _spans(file.read())
                known = _Known(stat.st_ino, known.n_bytes + n_bytes, merged([*known.spans, *spans]))
        self._known[path] = known
        return known.spans


class _Known(NamedTuple):
    inode: int
    n_bytes: int
    spans: list[Span]


def _spans(content: bytes) -> tuple[list[Span], int]:
    """What the records cover, and how many bytes are whole records: the last may still be under way to the disk."""
    spans: list[Span] = []
    ends = [len(content)]

    def damage(offset: int, length: int, reason: str) -> None:
        if offset + length == len(content):
            ends.append(offset)

    for record in mseed.split(content, damage):
        try:
            span = span_of(mseed.decode(record.raw))
        except RecordError:
            continue  # it was archived as it came; the writer reported it then
        if span is not None:
            spans.append(span)
    return spans, ends[-1]
