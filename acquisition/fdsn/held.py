"""What an archive holds, by the samples in its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.archive_spans import Mark, read_on
from acquisition.spans import merged
from houfeng.errors import SourceIdError
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId, Span

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
        self._known: dict[Path, tuple[Mark, list[Span]]] = {}

    def spans(self, gap: Gap) -> Iterator[Span]:
        """What covers parts of a gap, and perhaps more around it."""
        first_ns = (gap.start_ns - _MAX_RECORD_NS) // _DAY_NS * _DAY_NS
        for day_ns in range(first_ns, gap.end_ns, _DAY_NS):
            path = day_path(self._root, gap.source_id, day_ns)
            yield from self._read(path, gap.source_id)

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

    def _read(self, path: Path, source_id: SourceId) -> list[Span]:
        mark, spans = self._known.get(path, (None, []))
        reading = read_on(self._root, path, source_id, mark, decode=mseed.decode)
        if reading is None:
            self._known.pop(path, None)
            return []
        if reading.spans or reading.is_whole:
            spans = reading.spans if reading.is_whole else merged([*spans, *reading.spans])
        self._known[path] = reading.mark, spans
        return spans
