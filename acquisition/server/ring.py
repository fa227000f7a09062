"""What a server serves: a window over the newest records, read by sequence number."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from acquisition.server.stored import StoredRecord, StreamKey, describe
from houfeng.errors import RecordError

# 64 MiB of 512-byte records: about 14 minutes of 150 records a second, a national network.
DEFAULT_RING_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StreamSpan:
    """What the backlog holds of one stream.

    Parameters
    ----------
    key : the stream
    first_sequence, last_sequence : numbers of its oldest and newest record
    start_ns : start of the oldest record, ns UTC
    end_ns : end of the newest record, ns UTC
    """

    key: StreamKey
    first_sequence: int
    last_sequence: int
    start_ns: int
    end_ns: int


# stream, sequence, start and end (ns UTC) of a record -> whether its bytes are needed
Wants = Callable[[StreamKey, int, int, int], bool]


def everything(key: StreamKey, sequence: int, start_ns: int, end_ns: int) -> bool:
    """Every record is wanted."""
    return True


class Backlog(Protocol):
    """Records that sessions read at their own pace; every method may be called from any thread."""

    def bounds(self) -> tuple[int, int]:
        """(oldest sequence held, sequence the next record will get); equal when nothing is held."""
        ...

    def recent(self) -> int:
        """From this sequence number on a read takes no more than a look into memory."""
        ...

    def read(self, sequence: int, limit: int, wants: Wants = everything) -> tuple[list[StoredRecord], int]:
        """The wanted ones of the next `limit` records at most, in order, and the sequence to go on from.

        Begins with the oldest record held when that of `sequence` is gone. The sequence to go on from is only then
        the one that was asked for when nothing newer is held.
        """
        ...

    def streams(self) -> list[StreamSpan]:
        """Every stream held, sorted by station and stream id."""
        ...

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every new record until the returned function is called."""
        ...


class Ring:
    """A backlog in memory, bounded in bytes: the oldest records make room for new ones.

    Sequence numbers are shared by all stations and never reused.

    Parameters
    ----------
    max_bytes : bytes of records held
    first_sequence : number of the first record; a later run must start above what an earlier one gave out
    """

    def __init__(self, max_bytes: int = DEFAULT_RING_BYTES, first_sequence: int = 1) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._first = self._next = first_sequence
        self._records: dict[int, StoredRecord] = {}
        self._sequences: dict[StreamKey, deque[int]] = {}
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()

    def append(self, raw: bytes) -> int:
        """Take one miniSEED record and tell everybody who watches.

        Returns
        -------
        sequence : the record's number

        Raises
        ------
        RecordError : if the bytes are not one whole miniSEED record, or more than the ring holds
        """
        described = describe(0, raw)
        if len(raw) > self._max_bytes:
            raise RecordError(
                f"{described.key.source_id}: a record of {len(raw)} bytes does not fit a ring of "
                f"{self._max_bytes} bytes"
            )
        with self._lock:
            sequence = self._next
            record = StoredRecord(sequence, described.key, described.start_ns, described.end_ns, described.raw)
            self._next += 1
            self._records[sequence] = record
            self._sequences.setdefault(record.key, deque()).append(sequence)
            self._n_bytes += len(raw)
            while self._n_bytes > self._max_bytes:
                self._drop_oldest()
            watchers = self._watchers
        for wake in watchers:
            wake()
        return sequence

    def bounds(self) -> tuple[int, int]:
        """(oldest sequence held, sequence the next record will get); equal when nothing is held."""
        with self._lock:
            return self._first, self._next

    def recent(self) -> int:
        """From this sequence number on a read takes no more than a look into memory: every record is there."""
        return self._first

    def read(self, sequence: int, limit: int, wants: Wants = everything) -> tuple[list[StoredRecord], int]:
        """The wanted ones of the next `limit` records at most, in order, and the sequence to go on from."""
        with self._lock:
            start = max(sequence, self._first)
            records = [self._records[n] for n in range(start, min(start + limit, self._next))]
        wanted = [one for one in records if wants(one.key, one.sequence, one.start_ns, one.end_ns)]
        return wanted, max(sequence, start + len(records))

    def streams(self) -> list[StreamSpan]:
        """Every stream held, sorted by station and stream id."""
        with self._lock:
            spans = [
                StreamSpan(
                    key=key,
                    first_sequence=held[0],
                    last_sequence=held[-1],
                    start_ns=self._records[held[0]].start_ns,
                    end_ns=self._records[held[-1]].end_ns,
                )
                for key, held in self._sequences.items()
            ]
        return sorted(spans, key=lambda span: (span.key.station, span.key.stream, span.key.kind))

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every new record until the returned function is called."""
        with self._lock:
            self._watchers = (*self._watchers, wake)

        def stop() -> None:
            with self._lock:
                self._watchers = tuple(other for other in self._watchers if other is not wake)

        return stop

    def _drop_oldest(self) -> None:
        record = self._records.pop(self._first)
        self._n_bytes -= len(record.raw)
        self._first += 1
        held = self._sequences[record.key]
        held.popleft()
        if not held:
            del self._sequences[record.key]
