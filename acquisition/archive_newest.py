"""How far the streams of an archive reach: where to go on when nobody else knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from heapq import nlargest
from pathlib import Path

from acquisition import mseed
from acquisition.archive_files import stream_of, years_of
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

# Files of a stream that are looked into, newest first: those behind may be of a clock that was ahead.
_FILES = 3
# The last records of a file, thirty of the usual 512 bytes: earlier ones can only make a station be asked for again.
_TAIL_BYTES = 1 << 14
# Records of a slow channel are long: until one is whole, the channel seems to be behind the others of its station.
_LAG_NS = 3600 * NS_PER_S
# What day files have behind the name of their stream: .YYYY.DDD
_DAY_LETTERS = 9


def newest(root: Path, wants: Callable[[SourceId], bool]) -> dict[str, int]:
    """Until when the archive holds everything of a station, ns UTC, by station id.

    The end of the channel that is least far, of those that end within an hour of the farthest: the others are gone.
    It depends on what is on the disk alone, so it is the same whatever this computer's clock says, and for an archive
    of any age. A record that ends after its file was last written is of a clock that was ahead, and decides nothing.

    3,000 channels with a year of day files take 5 s: names are listed, and the last files of each stream read.

    Parameters
    ----------
    root : folder of the archive
    wants : which streams are meant
    """
    stations: dict[str, list[int]] = {}
    known: set[SourceId] = set()
    for year in years_of(root):
        for folder in root.glob(f"{year:04d}/*/*/*.D"):
            for source_id, paths in _last_files(root, folder):
                if source_id in known or not wants(source_id):
                    continue
                end_ns = next((end_ns for path in paths if (end_ns := _end_ns(path)) is not None), None)
                if end_ns is not None:
                    known.add(source_id)
                    stations.setdefault(source_id.station_id, []).append(end_ns)
    return {
        station_id: min(end_ns for end_ns in ends if end_ns > max(ends) - _LAG_NS)
        for station_id, ends in stations.items()
    }


def _last_files(root: Path, folder: Path) -> Iterator[tuple[SourceId, list[Path]]]:
    """Each stream of a channel's folder, and the last of its day files, newest first."""
    days: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            days.setdefault(entry.name[:-_DAY_LETTERS], []).append(entry.name)
    for names in days.values():
        paths = [path for name in nlargest(_FILES, names) if stream_of(root, path := folder / name) is not None]
        source_id = stream_of(root, paths[0]) if paths else None
        if source_id is not None:
            yield source_id, paths


def _end_ns(path: Path) -> int | None:
    """The latest end of the last records of a file that were over when it was written; the first may be cut."""
    try:
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            file.seek(max(0, seen.st_size - _TAIL_BYTES))
            content = file.read()
    except OSError:  # removed while we looked, or no file
        return None
    ends = []
    for record in mseed.split(content, lambda offset, length, reason: None):
        try:
            ends.append(mseed.open_record(record.raw).next_ns)
        except RecordError:
            continue  # it was archived as it came; the writer reported it then
    return max((end_ns for end_ns in ends if end_ns <= seen.st_mtime_ns), default=None)
