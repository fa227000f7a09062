"""Gives every archived record a sequence number that is never given again, whatever ends the process.

The order of a cycle makes that true: `expect` notes durably which day files are about to grow, the archive appends,
`enter` writes an entry for every record the files have more than before, the archive syncs (one syncfs covers both),
and only then `commit` lets clients see the entries. A process that ends anywhere in between finds at its next start
which files to look at, and enters what they hold beyond the last entry.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import pairwise
from pathlib import Path

from acquisition.server import segments
from acquisition.server.announced import Announced
from acquisition.server.growth import DAY_NS, Found, Grown, Growth, file_of
from acquisition.server.records import RecordFiles
from acquisition.server.segments import Entry, entry_at, segment_path
from acquisition.server.streams import Streams
from acquisition.server.writing import create, rewrite, sync, sync_path, write_at
from houfeng.errors import ArchiveError
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Packet

_log = logging.getLogger(__name__)

# 10 MB; the newest segment is read whole at a start.
MAX_ENTRIES = 1 << 18
# History is dropped a segment at a time: it is at most this share longer than asked for.
_SEGMENTS_OF_HISTORY = 8
_NS_PER_US = 1000


class Ledger:
    """Writer of the ledger of one archive; whoever holds the archive's lock may have one.

    What cannot be written, on a full disk say, is entered with later records: the archive never waits for the ledger.

    Parameters
    ----------
    root : the archive's folder
    history_s : how long a record can be resumed from, seconds; its bytes stay in the archive
    clock : ns UTC; the first number of all is its microseconds, so that a ledger that was lost repeats none
    steady : ns since some moment; goes on evenly when the clock is set

    Raises
    ------
    ArchiveError : if the folder cannot be read or written
    SyncError : here and from every method that writes, if the disk failed to store the ledger. What it holds is
        unknown then: the process must end, and the next start writes again what may be lost
    """

    def __init__(
        self,
        root: Path,
        history_s: float,
        *,
        clock: Callable[[], int] = now_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._root = root
        self._folder = root / segments.FOLDER
        self._history_ns = seconds_ns(history_s)
        self._clock = clock
        self._steady = steady
        self._origin_ns = 0  # what the ledger's own time was when `steady` was 0
        self._growth = Growth(root)
        self._fd = -1
        self._announced: Announced | None = None
        self._first = self._n = self._begun_ns = 0
        self._unannounced: list[tuple[Path, int]] = []
        self._fault = ""
        self._is_late = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._streams = Streams(self._folder)
            self._recover()
        except OSError as error:
            raise ArchiveError(f"{self._folder}: the ledger cannot be written: {error.strerror}") from error

    @property
    def following(self) -> int:
        """The number of the next record."""
        return self._first + self._n

    def expect(self, packets: Iterable[Packet]) -> None:
        """Note which day files are about to grow; comes before the archive appends."""
        self._unannounced += self._growth.expect(packets)
        with self._reporting():
            self._announce()

    def enter(self) -> None:
        """Write entries for what the archive appended; comes before its sync."""
        with self._reporting():
            try:
                self._announce()
                grown = self._growth.grown()
                self._write(_in_order(grown))
            except OSError:
                self._growth.postponed()
                self._is_late = True
                raise
            self._growth.entered(grown)
            if self._is_late:
                self._sync()  # the archive has synced what these entries are of, and may have nothing to sync now
                self._is_late = False

    def commit(self) -> None:
        """Let clients see what was entered; comes after the archive's sync."""
        with self._reporting():
            self._show()
            if self._n >= MAX_ENTRIES or self._is_old():
                self._roll(self.following)
            if not self._is_late:
                self._fault = ""

    def close(self) -> None:
        """Let go of the files; entries that were not committed are seen after the next start."""
        os.close(self._fd)
        if self._announced is not None:
            self._announced.close()
        self._streams.close()

    # Writing

    def _announce(self) -> None:
        if self._unannounced and self._announced is not None:
            self._announced.add(self._unannounced)
            self._unannounced = []

    def _write(self, records: list[Found]) -> None:
        if not records:
            return
        entries = [Entry(self._streams.number(record.key), *self._rest(record)) for record in records]
        write_at(self._fd, segments.pack_entries(self.following, entries), entry_at(self._n))
        self._n += len(entries)

    @staticmethod
    def _rest(record: Found) -> tuple[int, int, int, int, int]:
        return record.length, record.start_ns, record.end_ns, record.offset, record.crc

    def _show(self) -> None:
        if sys.platform != "linux":  # elsewhere the archive syncs its own files only
            self._sync()
        at, content = segments.visible_patch(self._n)
        os.pwrite(self._fd, content, at)

    def _sync(self) -> None:
        self._streams.sync()
        sync(self._fd, segment_path(self._folder, self._first))

    def _now_ns(self) -> int:
        """The ledger's own time: that of the clock, but for steps of it, which must not end the history."""
        return self._origin_ns + self._steady()

    def _set_time(self, begun_ns: int, latest_ns: int) -> None:
        """Begin with the clock's time, but not before the newest segment and not long after."""
        self._origin_ns = min(max(self._clock(), begun_ns), latest_ns) - self._steady()

    def _is_old(self) -> bool:
        return self._n > 0 and self._now_ns() - self._begun_ns > self._history_ns // _SEGMENTS_OF_HISTORY

    def _roll(self, first: int) -> None:
        """Begin a segment, seal the one before, drop those that are older than the history."""
        begun_ns = self._now_ns()
        path = segment_path(self._folder, first)
        announced = Announced.anew(path.with_suffix(".files"), self._root, self._growth.forget())
        try:
            fd = create(path, segments.pack_head(begun_ns))
        except BaseException:
            announced.close()
            raise
        sync_path(self._folder)
        if self._fd >= 0 and self._announced is not None:
            at, content = segments.sealed_patch()
            os.pwrite(self._fd, content, at)
            os.close(self._fd)
            self._announced.close()
        self._fd, self._announced, self._first, self._n, self._begun_ns = fd, announced, first, 0, begun_ns
        self._drop_old(begun_ns)

    def _drop_old(self, t_ns: int) -> None:
        firsts = segments.segments(self._folder)
        for first, newer in pairwise(firsts):
            head = segments.read_head(self._folder, newer)
            if head is None or head.begun_ns > t_ns - self._history_ns:
                break
            segment_path(self._folder, first).unlink()
        kept = {segment_path(self._folder, self._first).with_suffix(".files")}
        for path in set(self._folder.glob("*.files")) - kept:
            path.unlink()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Report a fault once and go on: the archive matters more, and the next records bring another try."""
        try:
            yield
        except OSError as error:
            if str(error) != self._fault:
                _log.error("%s: not written: %s; SeedLink clients wait, the archive goes on", self._folder, error)
            self._fault = str(error)

    # The next start

    def _recover(self) -> None:
        firsts = segments.segments(self._folder)
        while firsts and segments.read_head(self._folder, firsts[-1]) is None:
            segment_path(self._folder, firsts.pop()).unlink()  # begun in a power cut: nothing in it was ever seen
        if not firsts:
            first_ns = self._clock()
            self._set_time(first_ns, first_ns)
            self._roll(first_ns // _NS_PER_US)
            return
        for first in firsts[:-1]:
            segments.seal(self._folder, first)
        n_void = self._reopen(firsts[-1])
        if n_void or self._is_old():
            self._roll(self.following + n_void)
        grown = self._growth.grown()
        self._write(_in_order(grown))
        self._growth.entered(grown)
        for one in grown:
            sync_path(one.path)
        self._sync()
        self._show()

    def _reopen(self, first: int) -> int:
        """Go on with the newest segment; how many of its last entries were void: their records are not there."""
        path = segment_path(self._folder, first)
        head = segments.read_head(self._folder, first)
        assert head is not None
        content = path.read_bytes()[segments.HEAD_BYTES :]
        entries = list(self._streams.known(segments.unpack_entries(first, content)))
        self._first, self._begun_ns = first, head.begun_ns
        self._set_time(head.begun_ns, head.begun_ns + self._history_ns // _SEGMENTS_OF_HISTORY)
        self._n = self._n_true(entries, head.n_visible)
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        os.ftruncate(self._fd, entry_at(self._n))
        behind = content[head.n_visible * segments.ENTRY_BYTES : self._n * segments.ENTRY_BYTES]
        rewrite(self._fd, behind, entry_at(head.n_visible))
        self._announced = Announced(path.with_suffix(".files"), self._root)
        ends = self._announced.ends
        for entry in entries[: self._n]:
            file = file_of(self._root, self._streams[entry.stream].source_id, entry.start_ns // DAY_NS)
            ends[file] = max(ends.get(file, 0), entry.offset + entry.length)
        for file, end in ends.items():
            self._growth.watch(file, end)
        return len(content) // segments.ENTRY_BYTES - self._n

    def _n_true(self, entries: list[Entry], n_visible: int) -> int:
        """Entries up to the first whose record is not in the archive; those that were seen need no look."""
        with RecordFiles(self._root) as files:
            for number in range(n_visible, len(entries)):
                entry = entries[number]
                if files.read(self._streams[entry.stream], entry) is None:
                    return number
        return len(entries)


def _in_order(grown: Iterable[Grown]) -> list[Found]:
    """Records by the end of their time; those of one file as they lie in it, or half a batch could not be mended."""
    return list(merge(*(one.records for one in grown), key=lambda found: found.end_ns))
