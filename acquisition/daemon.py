"""The daemon: servers in, archive and store out, for months.

One thread a server fills a byte-bounded queue; the writer (the thread that calls `run`) empties it: archive, sync,
detection, store, in this order, so that a server's sequence number is saved only after its records are on the disk.
Periodic work is due when the scheduler says so and done by the writer, which alone touches archive and store.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from acquisition.archive import Archive, read_from
from acquisition.dayfile import Verdict
from acquisition.queue import PacketQueue
from acquisition.seedlink import SeedLinkSource, advance
from acquisition.source import Source
from configs import Settings
from database import queries
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from detection.associate import Associator
from detection.detector import Detector
from houfeng import __version__
from houfeng.errors import ArchiveError, StoreError
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Cursor, Packet, public_id
from stations.health import HealthMonitor

_log = logging.getLogger(__name__)

# Group commit: one sync and one transaction serve whatever came within this time.
_CYCLE_S = 0.1
_IDLE_S = 0.5
_DISK_RETRY_S = 5.0
_CATCH_UP_PACKETS = 2000
# Longer than a busy database needs, shorter than a connection's socket buffer lasts: the archive must go on.
_STORE_RETRY_S = 2.0


class Daemon:
    """Acquisition, archive, detection and health of one configuration.

    Parameters
    ----------
    settings : of the network and this machine
    network : sites and channels the settings name
    """

    def __init__(self, settings: Settings, network: Network) -> None:
        self._settings = settings
        self._network = network
        self._stop = threading.Event()
        self._due = {"report": threading.Event(), "checkpoint": threading.Event()}
        self._queue = PacketQueue(settings.daemon.queue_mib << 20)
        self._store_fault = ""
        self.run_id = public_id("run", "live", settings.config_hash, __version__)

    def stop(self) -> None:
        """Ask `run` to drain and return; safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`; then take what the queue holds, save the detector's state and let go of everything.

        Raises
        ------
        ArchiveError : if the archive is not ours to write, or the disk failed to store records: the process must
            end and start anew, because what the disk lost is unknown
        StoreError : if the store cannot be opened
        """
        with ExitStack() as stack:
            archive = Archive(Path(self._settings.archive.path))
            stack.callback(archive.close)
            store = Store.open(self._settings.database.url, retry_s=_STORE_RETRY_S)
            stack.callback(store.close)
            pipeline = self._restore(store, archive)
            health = HealthMonitor(self._settings.health, self._network.wanted, self._network.usages)
            sources = self._start_sources(archive, store)
            scheduler = self._schedule()
            stack.callback(scheduler.shutdown, wait=False)
            _log.info("running as %s with %d servers", self.run_id, len(sources))
            self._report(store, health)
            while not self._stop.is_set():
                self._cycle(archive, pipeline, health)
                self._periodic(store, pipeline, health)
            for source, _ in sources:
                source.close()
            self._queue.close()
            for _, thread in sources:
                thread.join()
            self._cycle(archive, pipeline, health)
            self._saving(pipeline.checkpoint)
        _log.info("stopped; every received record is archived")

    def _restore(self, store: Store, archive: Archive) -> Pipeline:
        """The pipeline where the last process left it, and from there to the end of the archive."""
        settings = self._settings
        detector = Detector(settings.detection)
        with store.read() as snapshot:
            states = queries.detector_states(snapshot, self.run_id)
            newest = queries.picks(snapshot, run_id=self.run_id, limit=1)
            memory_ns = seconds_ns(settings.association.memory_s)
            picks = queries.recent_picks(snapshot, self.run_id, newest[0].pick.onset_ns - memory_ns) if newest else []
        detector.restore(states)
        run = Run(
            run_id=self.run_id,
            kind="live",
            started_ns=now_ns(),
            config_hash=settings.config_hash,
            code_version=__version__,
            source=", ".join(server.address for server in settings.seedlink),
        )
        store.run(lambda unit: self._begin(unit, run))
        pipeline = Pipeline(
            detector, Associator(settings.association, self._network.inventory.sites), store, self.run_id
        )
        pipeline.warm(picks)
        positions = {source_id: detector.position_ns(source_id) or 0 for source_id in states}
        behind = heapq.merge(
            *(read_from(archive.root, source_id, since_ns) for source_id, since_ns in positions.items()),
            key=lambda packet: packet.start_ns,
        )
        n_packets = 0
        for batch in _batches(behind, _CATCH_UP_PACKETS):
            pipeline.feed(batch)
            n_packets += len(batch)
        if n_packets:
            _log.info("caught up with %d records that were archived but not yet detected on", n_packets)
        return pipeline

    def _begin(self, unit: UnitOfWork, run: Run) -> None:
        unit.save_run(run)
        unit.keep_stations({*self._network.inventory.sites, *self._network.usages})
        unit.save_inventory(self._network.inventory)

    def _start_sources(self, archive: Archive, store: Store) -> list[tuple[Source, threading.Thread]]:
        started: list[tuple[Source, threading.Thread]] = []
        for server in self._settings.seedlink:
            with store.read() as snapshot:
                cursors = queries.cursors(snapshot, server.name)
            source = SeedLinkSource(server, cursors, archive.quarantine)
            thread = threading.Thread(target=self._pump, args=(server.name, source), name=f"seedlink-{server.name}")
            thread.start()
            started.append((source, thread))
        return started

    def _pump(self, server: str, source: Source) -> None:
        try:
            for packets in source.packets():
                if not self._queue.put(server, packets):
                    return
        except Exception:
            _log.exception("%s: the connection's thread failed; the daemon ends", server)
            self._stop.set()

    def _schedule(self) -> BackgroundScheduler:
        # The default grace time of 1 s silently drops late jobs; coalesced and without grace none is lost.
        scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        daemon = self._settings.daemon
        scheduler.add_job(self._due["report"].set, "interval", seconds=daemon.report_interval_s)
        scheduler.add_job(self._due["checkpoint"].set, "interval", seconds=daemon.checkpoint_interval_s)
        scheduler.start()
        return scheduler

    def _cycle(self, archive: Archive, pipeline: Pipeline, health: HealthMonitor) -> None:
        started = time.monotonic()
        taken = self._queue.take(_IDLE_S)
        packets = [packet for _, batch in taken for packet in batch]
        if not packets:
            return
        self._archive(archive, packets)
        health.observe(packets)
        cursors = _cursors(taken)
        self._saving(lambda: pipeline.feed(packets, cursors))
        self._stop.wait(max(0.0, _CYCLE_S - (time.monotonic() - started)))

    def _archive(self, archive: Archive, packets: list[Packet]) -> None:
        while True:
            try:
                verdicts = archive.append(packets)
                break
            except ArchiveError as error:
                # What was written before the fault is a duplicate the next time; the servers keep what waits.
                _log.error("%s; trying again in %g s", error, _DISK_RETRY_S)
                if self._stop.wait(_DISK_RETRY_S):
                    raise
        archive.sync()
        if verdicts[Verdict.DUPLICATE]:
            _log.info("%d records came twice and were archived once", verdicts[Verdict.DUPLICATE])

    def _periodic(self, store: Store, pipeline: Pipeline, health: HealthMonitor) -> None:
        if self._due["report"].is_set():
            self._due["report"].clear()
            self._report(store, health)
        if self._due["checkpoint"].is_set():
            self._due["checkpoint"].clear()
            self._saving(pipeline.checkpoint)

    def _report(self, store: Store, health: HealthMonitor) -> None:
        statuses = health.evaluate(now_ns())
        self._saving(lambda: store.run(lambda unit: unit.save_statuses(statuses)))

    def _saving(self, action: Callable[[], None]) -> None:
        """Do something with the store; while it is away, acquisition and archive go on."""
        try:
            action()
        except StoreError as error:
            if str(error) != self._store_fault:
                _log.error("%s; the archive goes on, picks wait in memory and in the archive", error)
            self._store_fault = str(error)
        else:
            if self._store_fault:
                _log.info("the database is back")
            self._store_fault = ""


def _cursors(taken: Iterable[tuple[str, list[Packet]]]) -> dict[str, dict[str, Cursor]]:
    cursors: dict[str, dict[str, Cursor]] = {}
    for server, packets in taken:
        stations = cursors.setdefault(server, {})
        for packet in packets:
            station_id = packet.source_id.station_id
            stations[station_id] = advance(stations.get(station_id), packet)
    return cursors


def _batches(packets: Iterator[Packet], size: int) -> Iterator[list[Packet]]:
    batch: list[Packet] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
