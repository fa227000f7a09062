"""The archive's tail as SeedLink clients see it: whatever the ledger lists, as soon as it is on the disk.

A reader beside the writer, in another process: it follows the ledger's files and never writes.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from acquisition.server.changes import Changes
from acquisition.server.growth import DAY_NS
from acquisition.server.records import RecordFiles
from acquisition.server.ring import StreamSpan, Wants, everything
from acquisition.server.segment import Entries, Segment
from acquisition.server.segments import FOLDER, Entry
from acquisition.server.segments import segments as firsts_in
from acquisition.server.stored import StoredRecord, StreamKey
from acquisition.server.streams import read_streams

_log = logging.getLogger(__name__)

# Newest records kept in memory: a hundred clients that are up to date read the disk once.
HOT_BYTES = 16 * 1024 * 1024
# Entries taken over in one look: it bounds the memory of a start, and how long a look keeps readers waiting.
_LOOK = 8192


class ArchiveTail:
    """A backlog over the archive: its history on disk, the newest records in memory as well.

    Parameters
    ----------
    root : the archive's folder; it and the ledger in it may still be absent
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._files = RecordFiles(root)
        self._segments: list[Segment] = []
        self._keys: list[StreamKey] = []
        self._keys_bytes = 0
        self._last = np.zeros((2, 0), dtype=np.int64)  # sequence and end (ns UTC) of each stream's newest record
        self._following = 1
        self._hot: dict[int, StoredRecord] = {}
        self._hot_first = 1
        self._hot_bytes = 0
        self._gone: set[tuple[StreamKey, int]] = set()
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._changes = Changes(self._folder)
        while self._look():
            continue
        self._thread = threading.Thread(target=self._follow, name="ledger", daemon=True)
        self._thread.start()

    def bounds(self) -> tuple[int, int]:
        """(oldest sequence held, sequence the next record will get); equal when nothing is held."""
        with self._lock:
            return self._first(), self._following

    def recent(self) -> int:
        """From this sequence number on a read takes no more than a look into memory."""
        return self._hot_first

    def read(self, sequence: int, limit: int, wants: Wants = everything) -> tuple[list[StoredRecord], int]:
        """The wanted ones of the next `limit` records at most, in order, and the sequence to go on from."""
        with self._lock:
            start = max(sequence, self._first())
            stop = min(start + limit, self._following)
            if start >= stop:
                return [], sequence
            if start >= self._hot_first:
                found = [record for n in range(start, stop) if (record := self._hot.get(n)) is not None]
                segment = following = None
            else:
                number = bisect_right(self._segments, start, key=lambda one: one.first) - 1
                segment = self._segments[number]
                following = self._segments[number + 1].first if number + 1 < len(self._segments) else None
        if segment is None:
            return [one for one in found if wants(one.key, one.sequence, one.start_ns, one.end_ns)], stop
        if start >= segment.following and following is not None:
            return [], following  # numbers that no record has: a process ended before it could enter one
        stop = min(stop, segment.following)
        return list(self._load(start, segment.entries(start - segment.first, stop - segment.first), wants)), stop

    def streams(self) -> list[StreamSpan]:
        """Every stream held, sorted by station and stream id."""
        with self._lock:
            n_keys = self._last.shape[1]
            keys = self._keys[:n_keys]
            first = np.zeros((2, n_keys), dtype=np.int64)
            for segment in reversed(self._segments):
                streams, numbers, starts = segment.beginnings()
                first[0, streams] = numbers
                first[1, streams] = starts
            last = self._last.copy()
        rows = zip(keys, *np.stack([first[0], last[0], first[1], last[1]]).tolist(), strict=True)
        spans = [StreamSpan(*row) for row in rows if row[1]]
        return sorted(spans, key=lambda span: (span.key.station, span.key.stream, span.key.kind))

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every new record until the returned function is called."""
        with self._lock:
            self._watchers = (*self._watchers, wake)
        self._changes.wake()

        def stop() -> None:
            with self._lock:
                self._watchers = tuple(other for other in self._watchers if other is not wake)

        return stop

    def close(self) -> None:
        """Stop following; calling it twice is allowed."""
        self._closing.set()
        self._changes.wake()
        self._thread.join()
        self._changes.close()
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _first(self) -> int:
        return self._segments[0].first if self._segments else self._following

    # Following the writer

    def _follow(self) -> None:
        fault = ""
        while not self._closing.is_set():
            try:
                more = self._look()
                fault = ""
            except OSError as error:
                more = False
                if str(error) != fault:
                    _log.error("%s: cannot be followed: %s", self._folder, error)
                fault = str(error)
            if more:
                self._changes.found()
            else:
                self._changes.wait(hurry=bool(self._watchers))

    def _look(self) -> bool:
        """Take over entries that have become visible; whether there may be more."""
        if not self._segments:
            return self._open_next(0)
        segment = self._segments[-1]
        head = segment.head()
        if head is None:
            return False
        stop = min(head.n_visible, segment.n_taken + _LOOK)
        if stop > segment.n_taken:
            self._take(
                segment, segment.entries(segment.n_taken, stop), is_newest=stop == head.n_visible and not head.sealed
            )
            return True
        return head.sealed and self._open_next(segment.first + 1)

    def _open_next(self, least: int) -> bool:
        firsts = firsts_in(self._folder)
        newer = [first for first in firsts if first >= least]
        if not newer:
            return False
        segment = Segment(self._folder, newer[0])
        if segment.head() is None:
            return False
        with self._lock:
            self._segments = [one for one in self._segments if one.first in firsts] + [segment]
            self._following = segment.first
        return True

    def _take(self, segment: Segment, entries: Entries, *, is_newest: bool) -> None:
        n_keys = len(self._keys)
        if int(entries["stream"].max()) >= n_keys:
            more, self._keys_bytes = read_streams(self._folder, self._keys_bytes)
            self._keys = self._keys + more
        # A start goes over the whole history: only its end is worth keeping.
        records = list(self._load(segment.following, entries, everything)) if is_newest else []
        with self._lock:
            if not is_newest:
                self._hot.clear()
                self._hot_bytes = 0
            if not self._hot:
                self._hot_first = segment.following if is_newest else segment.following + len(entries)
            self._count(segment, entries)
            self._heat(records)
            self._following = segment.following
            watchers = self._watchers
        for wake in watchers:
            wake()

    def _count(self, segment: Segment, entries: Entries) -> None:
        if len(self._keys) > self._last.shape[1]:
            grown = np.zeros((2, len(self._keys)), dtype=np.int64)
            grown[:, : self._last.shape[1]] = self._last
            self._last = grown
        # With an index that comes several times, the last value stays.
        streams = entries["stream"]
        self._last[0, streams] = np.arange(segment.following, segment.following + len(entries))
        self._last[1, streams] = entries["end_ns"]
        segment.take(entries)

    def _heat(self, records: list[StoredRecord]) -> None:
        for record in records:
            self._hot[record.sequence] = record
            self._hot_bytes += len(record.raw)
        while self._hot_bytes > HOT_BYTES:
            number = next(iter(self._hot))
            self._hot_bytes -= len(self._hot.pop(number).raw)
            self._hot_first = number + 1

    def _load(self, sequence: int, entries: Entries, wants: Wants) -> list[StoredRecord]:
        records = []
        for number, (*values, _) in enumerate(entries.tolist(), sequence):
            entry = Entry(*values)
            key = self._keys[entry.stream]
            if not wants(key, number, entry.start_ns, entry.end_ns):
                continue
            raw = self._files.read(key, entry)
            if raw is None:
                self._report_gone(key, number, entry.start_ns // DAY_NS)
                continue
            records.append(StoredRecord(number, key, entry.start_ns, entry.end_ns, raw))
        return records

    def _report_gone(self, key: StreamKey, number: int, day: int) -> None:
        """Once a day file: of one that was removed thousands of records are missing, to every client that asks."""
        if (key, day) not in self._gone:
            self._gone.add((key, day))
            _log.warning("%s: record %d is no longer in the archive; left out with others", key.source_id, number)
