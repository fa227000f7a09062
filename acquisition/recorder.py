"""From the servers to the disk: connections, the archive, and nothing that could hold them up.

One thread a server fills a byte-bounded queue; the recorder's own thread empties it into the archive and syncs. Only
then are the records handed on, so that whoever saves a server's sequence number saves it for records on the disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from itertools import count

from acquisition.archive import Archive
from acquisition.arrivals import ArrivalLog
from acquisition.dayfile import Verdict
from acquisition.heartbeat import Heartbeats
from acquisition.passed import PassedOver
from acquisition.queue import PacketQueue
from acquisition.server.ledger import Ledger
from acquisition.source import Source
from acquisition.tally import Tally
from houfeng.errors import ArchiveError, SyncError
from houfeng.types import Packet

_log = logging.getLogger(__name__)

# One sync serves whatever came within this time. A record that comes alone is synced at once; SeedLink clients wait for
# the sync of all others, 5 ms on an ordinary disk.
_CYCLE_S = 0.01
_IDLE_S = 0.5
_DISK_RETRY_S = 5.0
_RETRIES_PER_LINE = 12


class Recorder:
    """Archives what sources supply, and hands it on.

    Parameters
    ----------
    archive : where records are kept; the recorder is its only writer
    sources : by the name of their server; each gets a thread
    max_bytes : of records that wait for the archive, and again of archived ones that wait for `take`. When the first
        queue is full the connections wait, and the servers keep what is not read; when the second one is full the
        archive goes on, and tells by `passed` what it did not hand on.
    arrivals : notes when records came, once they are synced
    ledger : lets SeedLink clients see what was archived, once it was synced
    heartbeats : hears from the part `archive`
    tally : counts what becomes of the records
    """

    def __init__(
        self,
        archive: Archive,
        sources: Iterable[tuple[str, Source]],
        max_bytes: int,
        ledger: Ledger | None = None,
        *,
        arrivals: ArrivalLog | None = None,
        heartbeats: Heartbeats | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._archive = archive
        self._ledger = ledger
        self._arrivals = arrivals
        self._heartbeats = heartbeats or Heartbeats()
        self._heart = self._heartbeats.part("archive")
        self._tally = tally or Tally()
        self._received = PacketQueue(max_bytes)
        self._archived = PacketQueue(max_bytes)
        self.passed = PassedOver()
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._readers = {name: self._reader(name, source) for name, source in sources}
        self._writer = threading.Thread(target=self._write, name="archive")

    @property
    def received(self) -> PacketQueue:
        """Records that wait for the archive."""
        return self._received

    @property
    def archived(self) -> PacketQueue:
        """Archived records that wait for `take`."""
        return self._archived

    def start(self) -> None:
        """Begin to receive and to write."""
        self._writer.start()
        for _, reader in self._readers.values():
            reader.start()

    def add(self, name: str, source: Source) -> None:
        """Receive from one more server, while the others go on."""
        source, reader = self._readers[name] = self._reader(name, source)
        reader.start()

    def remove(self, name: str) -> list[tuple[str, list[Packet]]]:
        """Close one source and end its thread; what was ready for `take` meanwhile.

        Records that it had supplied may still wait for the archive: they come with a later `take`.
        """
        source, reader = self._readers.pop(name)
        source.close()
        return self._outlive(reader)

    def take(self, timeout_s: float) -> list[tuple[str, list[Packet]]]:
        """Archived batches with the server they came from, oldest first; nothing after the timeout.

        Raises
        ------
        ArchiveError : if the disk failed to store records. The process must end and start anew from the last saved
            cursors, because what the disk lost is unknown.
        """
        if self._failure is not None:
            raise self._failure
        return self._archived.take(timeout_s)

    def stop(self) -> list[tuple[str, list[Packet]]]:
        """Close the sources, archive what they had supplied, end the threads; what was not taken yet.

        Raises
        ------
        ArchiveError : if the disk failed to store records
        """
        for source, _ in self._readers.values():
            source.close()
        left = [taken for _, reader in self._readers.values() for taken in self._outlive(reader)]
        self._stopping.set()
        self._received.close()
        left += self._outlive(self._writer)
        if self._failure is not None:
            raise self._failure
        return left + self._archived.take(0)

    def _reader(self, name: str, source: Source) -> tuple[Source, threading.Thread]:
        return source, threading.Thread(target=self._receive, args=(name, source), name=f"server-{name}")

    def _outlive(self, thread: threading.Thread) -> list[tuple[str, list[Packet]]]:
        """Wait for the end of a thread, which may wait for room in a queue."""
        left: list[tuple[str, list[Packet]]] = []
        while thread.is_alive():
            thread.join(_CYCLE_S)
            left += self._archived.take(0)
        return left

    def _receive(self, server: str, source: Source) -> None:
        try:
            for packets in source.packets():
                self._heartbeats.part(server).rest("waiting for the archive")
                if not self._received.put(server, packets):
                    return
        except Exception as error:
            _log.exception("%s: the connection's thread failed", server)
            self._failure = error
        finally:
            self._heartbeats.forget(server)

    def _write(self) -> None:
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                self._heart.beat("waiting for records")
                self._archive_all(self._received.take(_IDLE_S))
                self._stopping.wait(max(0.0, began + _CYCLE_S - time.monotonic()))
            self._archive_all(self._received.take(0))
        except Exception as error:
            _log.critical("%s", error)
            self._failure = error
            self._received.close()
        finally:
            self._heartbeats.forget("archive")

    def _archive_all(self, batches: list[tuple[str, list[Packet]]]) -> None:
        packets = [packet for _, batch in batches for packet in batch]
        if not packets:
            return
        if self._ledger is not None:
            self._ledger.expect(packets)
        # Once for both: a clock that is set meanwhile must not set a record apart that is detected on, or the reverse.
        latest_ns = self._archive.latest_ns()
        self._append(packets, latest_ns)
        if self._ledger is not None:
            self._ledger.enter()
        self._sync()
        if self._ledger is not None:
            self._ledger.commit()
        if self._arrivals is not None:
            self._arrivals.note(packets)
        for server, batch in batches:
            # A record from the future would make detection deaf until then, and its time would become the cursor's.
            self._hand_on(server, [packet for packet in batch if packet.start_ns <= latest_ns])

    def _hand_on(self, server: str, batch: list[Packet]) -> None:
        if self._archived.offer(server, batch):
            return
        if self.passed.has_room:
            self.passed.add(server, batch)
        else:
            self._heart.rest("waiting for detection")
            self._archived.put(server, batch)

    def _sync(self) -> None:
        self._heart.beat("syncing")
        began_s = time.monotonic()
        self._archive.sync()
        self._tally.synced(time.monotonic() - began_s)

    def _append(self, packets: list[Packet], latest_ns: float) -> None:
        for attempt in count():
            self._heart.beat("writing records")
            try:
                verdicts = self._archive.append(packets, latest_ns)
                break
            except SyncError:
                raise
            except ArchiveError as error:
                # What was written before the fault is a duplicate the next time; the servers keep what waits.
                if attempt % _RETRIES_PER_LINE == 0:
                    _log.error("%s; trying every %g s", error, _DISK_RETRY_S)
                if self._stopping.wait(_DISK_RETRY_S):
                    raise
        self._tally.archived(verdicts)
        if verdicts[Verdict.DUPLICATE]:
            _log.info("%d records came twice and were archived once", verdicts[Verdict.DUPLICATE])
