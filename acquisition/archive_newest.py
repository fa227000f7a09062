"""How far the streams of an archive reach: where to go on when nobody else knows."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from acquisition import mseed
from acquisition.archive_files import files_in
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

_DAY_NS = 86_400 * NS_PER_S
# Servers hold hours or days. A stream that ended before that is not resumed from where it ended.
_LOOKBACK_DAYS = 8
# The last records of a file; a hundred of the usual 512 bytes.
_TAIL_BYTES = 1 << 16
# Records of a slow channel are long: until one is whole, the channel seems to be behind the others of its station.
_LAG_NS = 3600 * NS_PER_S


def newest(root: Path, wants: Callable[[SourceId], bool], now_ns: int) -> dict[str, int]:
    """Until when the archive holds everything of a station, ns UTC, by station id.

    The end of the channel that is least far, of those that end within an hour of the farthest: the others are gone.

    Parameters
    ----------
    root : folder of the archive
    wants : which streams are meant
    now_ns : ns UTC; files of the last days are looked at
    """
    stations: dict[str, list[int]] = {}
    for (source_id, _), path in _last_files(root, wants, now_ns).items():
        ends = [end_ns for end_ns in _ends_ns(path) if end_ns <= now_ns]
        if ends:
            stations.setdefault(source_id.station_id, []).append(max(ends))
    return {
        station_id: min(end_ns for end_ns in ends if end_ns > max(ends) - _LAG_NS)
        for station_id, ends in stations.items()
    }


def _last_files(root: Path, wants: Callable[[SourceId], bool], now_ns: int) -> dict[tuple[SourceId, int], Path]:
    today_ns = now_ns // _DAY_NS * _DAY_NS
    days = [today_ns - n * _DAY_NS for n in range(_LOOKBACK_DAYS)]
    found: dict[SourceId, tuple[int, Path]] = {}
    for year in sorted({datetime.fromtimestamp(day_ns // NS_PER_S, UTC).year for day_ns in days}):
        for folder in root.glob(f"{year:04d}/*/*/*.D"):
            for (source_id, day_ns), seen in files_in(root, folder).items():
                if day_ns in days and wants(source_id) and day_ns >= found.get(source_id, (day_ns,))[0]:
                    found[source_id] = day_ns, seen.path
    return {(source_id, day_ns): path for source_id, (day_ns, path) in found.items()}


def _ends_ns(path: Path) -> list[int]:
    """Ends of the last records of a file; the first of them may be cut, and is passed over."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL_BYTES))
        content = file.read()
    ends = []
    for record in mseed.split(content, lambda offset, length, reason: None):
        try:
            ends.append(mseed.open_record(record.raw).next_ns)
        except RecordError:
            continue  # it was archived as it came; the writer reported it then
    return ends
