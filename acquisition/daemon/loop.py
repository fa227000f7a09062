"""The daemon: servers in, archive and store out, for months.

The recorder brings records to the disk in threads of its own; the thread that calls `run` detects on them and saves
what that brings. Periodic work is due when the scheduler says so and is done by the same thread, the only one that
writes to the store.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from apscheduler.schedulers.background import BackgroundScheduler

from acquisition.archive import Archive
from acquisition.backfill import BackfillSource
from acquisition.daemon.restore import restore
from acquisition.fdsn.settings import FdsnSettings
from acquisition.recorder import Recorder
from acquisition.seedlink import advance, open_source
from acquisition.server.ledger import Ledger
from acquisition.source import Source
from configs import Settings
from database import queries
from database.store import Store
from houfeng import __version__
from houfeng.errors import StoreError
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.times import now_ns
from houfeng.types import Cursor, Packet, public_id
from stations.health import HealthMonitor

_log = logging.getLogger(__name__)

_IDLE_S = 0.2


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
        self._store_fault = ""
        self._cursors: dict[str, dict[str, Cursor]] = {}
        self.run_id = public_id("run", "live", settings.config_hash, __version__)

    def stop(self) -> None:
        """Ask `run` to drain and return; safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`; then archive and detect on what was received, save the detector's state and let go.

        Raises
        ------
        ArchiveError : if the archive is not ours to write, or the disk failed to store records: the process must
            end and start anew, because what the disk lost is unknown
        StoreError : if the store cannot be opened
        """
        with ExitStack() as stack:
            archive = Archive.configured(self._settings.archive)
            stack.callback(archive.close)
            ledger = self._ledger(archive, stack)
            store = Store.open(self._settings.database.url, retry_s=self._settings.database.retry_s)
            stack.callback(store.close)
            pipeline = restore(self._settings, self._network, archive, store, self.run_id)
            health = HealthMonitor(self._settings.health, self._network.wanted, self._network.usages)
            recorder = self._recorder(archive, store, ledger)
            scheduler = self._schedule()
            stack.callback(scheduler.shutdown, wait=False)
            self._report(store, health)
            recorder.start()
            _log.info("running as %s with %d servers", self.run_id, len(self._settings.seedlink))
            try:
                while not self._stop.is_set():
                    self._process(recorder.take(_IDLE_S), pipeline, health)
                    self._periodic(store, pipeline, health)
            finally:
                left = recorder.stop()
            self._process(left, pipeline, health)
            self._saving(pipeline.checkpoint)
        _log.info("stopped; every received record is archived")

    def _ledger(self, archive: Archive, stack: ExitStack) -> Ledger | None:
        served = self._settings.seedlink_server
        if not served.enabled:
            return None
        ledger = Ledger(archive.root, served.history_h * 3600)
        stack.callback(ledger.close)
        return ledger

    def _recorder(self, archive: Archive, store: Store, ledger: Ledger | None) -> Recorder:
        sources: list[tuple[str, Source]] = []
        for server in self._settings.seedlink:
            with store.read() as snapshot:
                cursors = self._cursors[server.name] = queries.cursors(snapshot, server.name)
            sources.append((server.name, open_source(server, cursors, archive.quarantine)))
        for service in self._settings.fdsn:
            sources.append((_backfill(service), BackfillSource(service, archive.root, archive.quarantine)))
        return Recorder(archive, sources, self._settings.daemon.queue_mib << 20, ledger)

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

    def _process(self, taken: list[tuple[str, list[Packet]]], pipeline: Pipeline, health: HealthMonitor) -> None:
        # Back-filled records are archived and served. Detection has gone past their time, and what the live streams are
        # like is not theirs to tell.
        fillers = {_backfill(service) for service in self._settings.fdsn}
        taken = [(server, batch) for server, batch in taken if server not in fillers]
        packets = [packet for _, batch in taken for packet in batch]
        if packets:
            health.observe(packets)
            cursors = self._advance(taken)
            self._saving(lambda: pipeline.feed(packets, cursors))

    def _advance(self, taken: Iterable[tuple[str, list[Packet]]]) -> dict[str, dict[str, Cursor]]:
        """Cursors of the stations that packets came from, after these packets."""
        moved: dict[str, dict[str, Cursor]] = {}
        for server, packets in taken:
            known, stations = self._cursors.setdefault(server, {}), moved.setdefault(server, {})
            for packet in packets:
                station_id = packet.source_id.station_id
                known[station_id] = stations[station_id] = advance(known.get(station_id), packet)
        return moved

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


def _backfill(service: FdsnSettings) -> str:
    """What a data centre is called among the recorder's sources."""
    return f"back-fill {service.address}"
