"""What was archived and not handed on: nobody had taken enough of what was before it.

Whoever is slow, the archive goes on. What detection could not keep up with is in the day files, where it is read later;
the memory for it here is a few numbers for each unbroken stretch of a stream.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from acquisition.spans import is_hole
from houfeng.types import Packet, SourceId, Span


@dataclass(slots=True)
class Passed:
    """Adjoining records of one stream.

    Parameters
    ----------
    server : that they came from
    start_ns, end_ns : of their samples, ns UTC
    newest_ns : where the last of them begins, ns UTC
    sample_rate_hz : of the last of them; 0 for log records
    arrived_ns : when the last of them came, ns UTC
    n_records : how many they are
    """

    server: str
    source_id: SourceId
    start_ns: int
    end_ns: int
    newest_ns: int
    sample_rate_hz: float
    arrived_ns: int
    n_records: int

    @property
    def span(self) -> Span:
        """The time that they cover."""
        return Span(self.start_ns, self.end_ns, self.sample_rate_hz)

    def goes_on_with(self, packet: Packet) -> bool:
        """Whether the packet begins where these end."""
        is_same = packet.sample_rate_hz == self.sample_rate_hz
        return is_same and not is_hole(abs(packet.start_ns - self.end_ns), self.sample_rate_hz)


# 25 MB. Records of one stream that follow each other are one stretch: only a server that sends them all over the place
# comes to so many.
_MOST = 100_000


class PassedOver:
    """Added to by one thread, taken by another."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, SourceId], Passed] = {}
        self._done: list[Passed] = []
        self._guard = threading.Lock()

    @property
    def has_room(self) -> bool:
        """Whether more may be added."""
        return len(self._done) < _MOST

    def add(self, server: str, packets: Iterable[Packet]) -> None:
        """These are in the archive, and were not handed on."""
        with self._guard:
            for packet in packets:
                self._add(server, packet)

    def take(self) -> list[Passed]:
        """All since the last call, the earlier of a stream first."""
        with self._guard:
            taken = [*self._done, *self._open.values()]
            self._done, self._open = [], {}
            return taken

    def _add(self, server: str, packet: Packet) -> None:
        key = (server, packet.source_id)
        passed = self._open.get(key)
        if passed is not None and passed.goes_on_with(packet):
            passed.end_ns, passed.newest_ns = packet.next_ns, packet.start_ns
            passed.arrived_ns = packet.received_ns
            passed.n_records += 1
            return
        if passed is not None:
            self._done.append(passed)
        self._open[key] = Passed(
            server,
            packet.source_id,
            packet.start_ns,
            packet.next_ns,
            newest_ns=packet.start_ns,
            sample_rate_hz=packet.sample_rate_hz,
            arrived_ns=packet.received_ns,
            n_records=1,
        )
