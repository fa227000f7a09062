"""The order of the recorder: on the disk, synced, then handed on, so that nothing is acknowledged that can be lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.server.ledger import Ledger
from acquisition.server.tail import ArchiveTail
from houfeng.types import Packet

MAX_BYTES = 1 << 20


class Batches:
    """A source that supplies one batch after the other, each when it is let."""

    def __init__(self, batches: list[list[Packet]]) -> None:
        self._batches = batches
        self.let = threading.Semaphore(0)
        self._closed = threading.Event()

    def packets(self) -> Iterator[list[Packet]]:
        for batch in self._batches:
            self.let.acquire()
            if self._closed.is_set():
                return
            yield batch

    def close(self) -> None:
        self._closed.set()
        self.let.release()


class Watched(Archive):
    """An archive that notes, whenever it is about to sync, what others can know of its records already."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.n_appended = self.n_synced = 0
        self.handed_on: list[int] = []
        self.served: list[int] = []
        self.recorder: Recorder
        self.ledger: Ledger
        self.tail: ArchiveTail

    def append(self, packets, latest_ns=None):  # type: ignore[no-untyped-def]
        verdicts = super().append(packets, latest_ns)
        self.n_appended += len(packets)
        return verdicts

    def sync(self) -> None:
        n_new = self.n_appended
        self.handed_on.append(self.recorder.archived.n_bytes)
        first, following = self.tail.bounds()
        self.served.append(following - first)
        super().sync()
        self.n_synced = n_new


def test_records_are_synced_before_anybody_hears_of_them(tmp_path: Path, packets: list[Packet]) -> None:
    archive = Watched(tmp_path)
    archive.ledger = Ledger(tmp_path, 86_400.0)
    source = Batches([packets[n : n + 10] for n in range(0, 50, 10)])
    archive.recorder = recorder = Recorder(archive, [("test", source)], MAX_BYTES, archive.ledger)
    taken: list[Packet] = []
    with ArchiveTail(tmp_path) as archive.tail:
        recorder.start()
        try:
            for n_batch in range(5):
                source.let.release()
                until = time.monotonic() + 60
                while len(taken) < 10 * (n_batch + 1) and time.monotonic() < until:
                    taken += [packet for _, batch in recorder.take(0.1) for packet in batch]
                    assert len(taken) <= archive.n_synced, "handed on before it was synced"
                while archive.tail.bounds()[1] - archive.tail.bounds()[0] < len(taken) and time.monotonic() < until:
                    time.sleep(0.005)
        finally:
            left = recorder.stop()
    archive.ledger.close()
    archive.close()
    assert [packet.raw for packet in taken] == [packet.raw for packet in packets[:50]] and not left
    assert archive.handed_on[:5] == [0] * 5, "bytes that could be taken while they were not synced"
    assert archive.served[:5] == [0, 10, 20, 30, 40], "records that clients could see while they were not synced"


def test_what_comes_twice_is_archived_once_and_counted(tmp_path: Path, packets: list[Packet]) -> None:
    archive = Archive(tmp_path)
    source = Batches([packets[:10], packets[5:15], packets[:15]])
    recorder = Recorder(archive, [("test", source)], MAX_BYTES)
    recorder.start()
    n_taken, until = 0, time.monotonic() + 60
    for _ in range(3):
        source.let.release()
    while n_taken < 35 and time.monotonic() < until:
        n_taken += sum(len(batch) for _, batch in recorder.take(0.1))
    recorder.stop()
    archive.close()
    (path,) = tmp_path.glob("2*/*/*/*/*")
    assert path.read_bytes() == b"".join(packet.raw for packet in packets[:15])
