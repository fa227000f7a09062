"""Archived records as they came: a simulated clock goes from arrival to arrival, as fast as the consumer takes them."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from acquisition.arrivals import Arrivals
from acquisition.replay import Reading, RecordFile, ReplaySource
from acquisition.source import Reject
from acquisition.waveform_files import ReplayWindows
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

# What came within a second is taken together: nobody sees finer, and a day has 86,400 of them.
_TICK_NS = NS_PER_S

_Record = tuple[Packet, Path, int]


class ArrivedSource(ReplaySource):
    """Packets in the order in which they came; those of one stream in the order of its files, as a link brings them.

    A record whose arrival no log knows is taken to have come when its last sample was taken.

    Parameters
    ----------
    files, reject, start_ns, end_ns, reading : as of `ReplaySource`
    arrivals : when records came

    Attributes
    ----------
    clock_ns : simulated time at which a batch was there, ns UTC; all that came before was in it or in one before it
    n_unknown : records so far whose arrival no log knows
    """

    def __init__(
        self,
        files: Sequence[RecordFile],
        reject: Reject,
        arrivals: Arrivals,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        reading: Reading | None = None,
    ) -> None:
        super().__init__(files, reject, start_ns=start_ns, end_ns=end_ns, reading=reading)
        self._arrivals = arrivals
        self.clock_ns = self.n_unknown = 0

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of what came within a second."""
        streams: dict[SourceId, list[RecordFile]] = {}
        for file in sorted(self._files):
            streams.setdefault(file.source_id, []).append(file)
        merged = heapq.merge(*(self._released(files) for files in streams.values()), key=lambda each: each[0])
        batch: list[_Record] = []
        for released_ns, record in merged:
            if self._closed:
                return
            if released_ns >= self.clock_ns:
                yield from self._unpacked(batch)
                batch, self.clock_ns = [], (released_ns // _TICK_NS + 1) * _TICK_NS
            batch.append(record)
        yield from self._unpacked(batch)

    def _released(self, files: list[RecordFile]) -> Iterator[tuple[int, _Record]]:
        """Records of a stream with the time from which on they are there: not before those that stand before them."""
        latest_ns = -(2**63)
        for record in self._stream(files, None):
            came_ns = self._arrivals.at_ns(record[0])
            self.n_unknown += came_ns is None
            latest_ns = max(latest_ns, record[0].next_ns if came_ns is None else came_ns)
            yield latest_ns, record


class ArrivedWindows:
    """Windows of the files that are replayed, with what had come at a time alone.

    Parameters
    ----------
    windows : of all the files
    arrivals : when records came

    Attributes
    ----------
    arrivals : as given
    clock_ns : simulated time, ns UTC; whoever goes on in time sets it
    """

    def __init__(self, windows: ReplayWindows, arrivals: Arrivals) -> None:
        self._windows = windows
        self.arrivals = arrivals
        self.clock_ns = 2**63 - 1

    def __call__(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Packet]:
        """As `ReplayWindows`."""
        found = self._windows(source_ids, start_ns, end_ns)
        return [packet for packet in found if (self.arrivals.at_ns(packet) or packet.next_ns) < self.clock_ns]
