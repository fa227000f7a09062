"""The one place where received packets become readable: unpacked, or left out and reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from houfeng.errors import RecordError
from houfeng.types import Packet, SourceId

_log = logging.getLogger(__name__)

_LINE_EVERY_S = 3600.0


class Unpacker:
    """Sorts out the records whose header is sound and whose samples are not.

    The archive keeps such a record as it was received, as ringserver and slarchive do: somebody may read it one day.
    Whoever needs samples sees a gap in its place. A digitiser that makes one makes thousands, so the log has a line for
    the first of a stream and then one an hour, with their number.

    Parameters
    ----------
    clock : seconds that only grow
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.n_unreadable = 0
        self._clock = clock
        self._said_s: dict[SourceId, float] = {}
        self._unsaid: dict[SourceId, int] = {}

    def readable(self, packets: Iterable[Packet]) -> list[Packet]:
        """The packets whose samples can be had, unpacked and in the same order."""
        sound = []
        for packet in packets:
            try:
                _ = packet.samples
            except RecordError as error:
                self._count(packet, error)
            else:
                sound.append(packet)
        if self._unsaid:
            self._summarise()
        return sound

    def _count(self, packet: Packet, error: RecordError) -> None:
        self.n_unreadable += 1
        source_id = packet.source_id
        if source_id not in self._said_s:
            self._said_s[source_id] = self._clock()
            _log.error("%s; archived as received, a gap for detection and health", error)
        else:
            self._unsaid[source_id] = self._unsaid.get(source_id, 0) + 1

    def _summarise(self) -> None:
        now_s = self._clock()
        for source_id in [each for each in self._unsaid if now_s - self._said_s[each] >= _LINE_EVERY_S]:
            self._said_s[source_id] = now_s
            n_records = self._unsaid.pop(source_id)
            _log.error("%s: the samples of %d more records could not be unpacked", source_id, n_records)
