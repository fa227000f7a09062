"""The waveform archive: an SDS tree of day files that holds every record exactly once.

SDS (SeisComP Data Structure, 1.0): `YEAR/NET/STA/CHA.D/NET.STA.LOC.CHA.D.YEAR.DAY`, a record lying in the day of
its first sample. Bytes that are no record go to `quarantine/` beside the years, with the reason in a log.
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
import resource
import shutil
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

from acquisition.archive_disk import store_new, sync_files
from acquisition.archive_space import Space
from acquisition.dayfile import DayFile, Verdict
from acquisition.settings import ArchiveSettings
from houfeng.errors import ArchiveError, SyncError
from houfeng.times import NS_PER_S, format_ns, now_ns
from houfeng.types import Packet, SourceId

_log = logging.getLogger(__name__)

_DAY_NS = 86_400 * NS_PER_S
# Each open file holds a descriptor and its index (about 90 kB for a full day of 4-s records); a stream that comes
# back after its file was closed costs one reading of that file. Never more than half of what the system allows.
MAX_OPEN_FILES = 4096
QUARANTINE = "quarantine"


class Archive:
    """Writer of an SDS tree. One per tree: a second one is refused while the first is open.

    Parameters
    ----------
    root : folder of the tree, made when absent
    future_limit_h : hours that a record may begin after now; a later one is kept in `quarantine/future`, an SDS tree
        of its own, so that a digitiser with a wrong clock fills one file a day there as well
    ballast_mib, min_free_mib : room on the disk, as `Space` has them; None leaves the ballast as it is

    Raises
    ------
    ArchiveError : if the folder cannot be written or another process writes to it
    """

    def __init__(
        self, root: Path, *, future_limit_h: float = math.inf, ballast_mib: int | None = None, min_free_mib: int = 0
    ) -> None:
        self.root = root
        self._future_limit_h = future_limit_h
        self._future_root = root / QUARANTINE / "future"
        self._ahead: set[SourceId] = set()
        self._open: OrderedDict[Path, DayFile] = OrderedDict()
        self._dirty: dict[Path, int] = {}  # size of each file when it was last known to be on the disk
        self._max_open = min(MAX_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._lock = (root / ".lock").open("ab")
            self._root_fd = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ArchiveError(f"{root}: the archive folder cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            os.close(self._root_fd)
            raise ArchiveError(f"{root}: another process is writing to this archive; stop it first") from error
        self._space = None
        if ballast_mib is not None:
            self._space = Space(root, ballast_mib=ballast_mib, min_free_mib=min_free_mib)

    @classmethod
    def configured(cls, settings: ArchiveSettings) -> Self:
        """The archive that the settings describe.

        Raises
        ------
        ArchiveError : if the folder cannot be written or another process writes to it
        """
        return cls(
            Path(settings.path),
            future_limit_h=settings.future_limit_h,
            ballast_mib=settings.ballast_mib,
            min_free_mib=settings.min_free_mib,
        )

    @property
    def room_bytes(self) -> int:
        """What may be written before the disk is nearly full."""
        free = shutil.disk_usage(self.root).free
        return free - self._space.min_free_bytes if self._space else free

    def append(self, packets: Iterable[Packet], latest_ns: float | None = None) -> Counter[Verdict]:
        """Write the records that are not there yet, those of one file together; `sync` makes them durable.

        Parameters
        ----------
        packets : to be written
        latest_ns : as `latest_ns()` gave it before, for who judges the same packets too: the clock may be set meanwhile

        Raises
        ------
        ArchiveError : if the disk refuses a record. Of the others some are written then, and some are not: nothing is
            lost when all of them are offered again, for what is written is a duplicate then
        """
        verdicts: Counter[Verdict] = Counter()
        if self._space:
            self._space.check()
        latest_ns = self.latest_ns() if latest_ns is None else latest_ns
        groups: dict[tuple[SourceId, int, bool], list[Packet]] = {}
        for packet in packets:
            start_ns = packet.start_ns
            key = (packet.source_id, start_ns // _DAY_NS, start_ns > latest_ns)
            group = groups.get(key)
            if group is None:
                groups[key] = [packet]
            else:
                group.append(packet)
        with self._refused("record not written"):
            for (source_id, day, is_future), group in groups.items():
                found = self._append(source_id, day, is_future, group)
                for verdict in Verdict:
                    if n := found.count(verdict):
                        verdicts[verdict] += n
        return verdicts

    def latest_ns(self) -> float:
        """A record that begins later than this, ns UTC, is from the future and does not belong among the others."""
        return now_ns() + self._future_limit_h * 3600 * NS_PER_S

    def holds(self, packet: Packet) -> bool:
        """Whether the very same record is in the archive."""
        path = day_path(self.root, packet.source_id, packet.start_ns)
        return path.exists() and self._day_file(path).holds(packet)

    def sync(self) -> None:
        """Return only when every appended record, and the name of every new file, is on the disk.

        Raises
        ------
        SyncError : if the disk reports a failure. What it lost is unknown then, so the records since the last sync
            are cut off, and the caller must end and start anew from the last saved cursors rather than try again.
        """
        if not self._dirty:
            return
        try:
            sync_files(self._root_fd, [self._open[path] for path in self._dirty])
        except OSError as error:
            if self._space:
                self._space.ran_out(error)
            self._cut_back()
            raise SyncError(f"{self.root}: the disk failed to store records: {error.strerror}") from error
        self._dirty.clear()

    def quarantine(self, content: bytes, reason: str) -> None:
        """Keep bytes that are no record, for a person to look at.

        Raises
        ------
        ArchiveError : if the disk refuses them
        """
        folder = self.root / QUARANTINE
        when = format_ns(now_ns(), digits=9)
        with self._refused("bytes not quarantined"):
            folder.mkdir(exist_ok=True)
            path = store_new(folder, when.replace(":", ""), content)
            with (folder / "log.txt").open("a", encoding="utf-8") as log:
                log.write(f"{when} {path.name} {len(content)} bytes: {reason}\n")
        _log.warning("%s; %d bytes kept in %s", reason, len(content), path)

    def release(self, path: Path) -> None:
        """Sync and let go of one file, which may then be replaced."""
        self.sync()
        if (day_file := self._open.pop(path, None)) is not None:
            day_file.close()

    def close(self) -> None:
        """Sync and let go of every file."""
        self.sync()
        for day_file in self._open.values():
            day_file.close()
        self._open.clear()
        os.close(self._root_fd)
        self._lock.close()

    def _append(self, source_id: SourceId, day: int, is_future: bool, packets: list[Packet]) -> list[Verdict]:
        """Records of one file."""
        root = self._future_root if is_future else self.root
        day_file = self._day_file(_day_path(root, source_id, day))
        n_bytes = day_file.size
        try:
            verdicts = day_file.append(packets)
        finally:
            if day_file.size != n_bytes:
                self._dirty.setdefault(day_file.path, n_bytes)
        if is_future:
            self._report_future(packets[0])
            return [Verdict.FUTURE] * len(packets)
        if Verdict.CONFLICT in verdicts:
            self._report_conflicts(packets, verdicts)
        return verdicts

    def _day_file(self, path: Path) -> DayFile:
        day_file = self._open.get(path)
        if day_file is None:
            if len(self._open) >= self._max_open:
                self._close_oldest()
            day_file = self._open[path] = DayFile(path, self.quarantine)
            # Whoever wrote what is in it may have been killed before the sync: a record that is there already must
            # not be told to be on the disk for that.
            self._dirty[path] = day_file.size
        self._open.move_to_end(path)
        return day_file

    def _close_oldest(self) -> None:
        self.sync()
        for _ in range(max(1, self._max_open // 8)):  # many at once, for each closing costs a sync
            self._open.popitem(last=False)[1].close()

    def _cut_back(self) -> None:
        """Give up what was not synced: found in the page cache by the next start, it would pass for being stored."""
        for path, size in self._dirty.items():
            with suppress(OSError):
                self._open[path].cut(size)
        self._dirty.clear()

    @contextmanager
    def _refused(self, what: str) -> Iterator[None]:
        """Name the archive in what the disk says, and make room for others when it is full."""
        try:
            yield
        except OSError as error:
            if self._space:
                self._space.ran_out(error)
            raise ArchiveError(f"{self.root}: {what}: {error.strerror}") from error
        except ArchiveError as error:
            if self._space and isinstance(error.__cause__, OSError):
                self._space.ran_out(error.__cause__)
            raise

    def _report_conflicts(self, packets: list[Packet], verdicts: list[Verdict]) -> None:
        for packet, verdict in zip(packets, verdicts, strict=True):
            if verdict is Verdict.CONFLICT:
                _log.warning(
                    "%s: a second record begins at %s with other bytes; kept both",
                    packet.source_id,
                    format_ns(packet.start_ns),
                )

    def _report_future(self, packet: Packet) -> None:
        if packet.source_id not in self._ahead:  # once: its next records will be no better
            self._ahead.add(packet.source_id)
            _log.error(
                "%s: a record begins at %s, more than %g h from now: the digitiser's clock is wrong; kept in %s",
                packet.source_id,
                format_ns(packet.start_ns),
                self._future_limit_h,
                self._future_root,
            )


def day_path(root: Path, source_id: SourceId, start_ns: int) -> Path:
    """SDS file that holds a record of this stream beginning at this time."""
    return _day_path(root, source_id, start_ns // _DAY_NS)


# To make a path takes longer than to write a record: 36 us.
@lru_cache(maxsize=4 * MAX_OPEN_FILES)
def _day_path(root: Path, source_id: SourceId, day_number: int) -> Path:
    day = datetime.fromtimestamp(day_number * 86_400, UTC)
    folder = root / f"{day:%Y}" / source_id.network / source_id.station / f"{source_id.channel}.D"
    return folder / f"{source_id}.D.{day:%Y.%j}"
