"""One configuration at work, from the opening of the archive to the last record detected on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from acquisition.archive import Archive
from acquisition.arrivals import ArrivalLog
from acquisition.daemon.alerts import Alerter, make_scene
from acquisition.daemon.detection import SessionDetection
from acquisition.daemon.jobs import Job, Jobs
from acquisition.daemon.link import StoreLink
from acquisition.daemon.metering import Metering
from acquisition.daemon.requests import DAEMON, Requests
from acquisition.daemon.retention import retention_job
from acquisition.daemon.servers import Batches, Servers
from acquisition.daemon.status import SessionStatus
from acquisition.daemon.status_view import StatusView
from acquisition.daemon.statuses import save_statuses
from acquisition.daemon.upkeep import upkeep
from acquisition.daemon.usages import Usages
from acquisition.daemon.vitals import Vitals
from acquisition.mseed_flags import is_calibrating, is_clipped
from acquisition.passed import Passed
from acquisition.recorder import Recorder
from acquisition.server.ledger import Ledger
from configs import Settings
from database.engine import BUSY_TIMEOUT_S
from database.store import Store
from houfeng import __version__
from houfeng.errors import ArchiveError, TaskError
from houfeng.indexing import ArchiveIndex
from houfeng.network import Network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import public_id
from stations.health import HealthMonitor, StationStatus

_log = logging.getLogger(__name__)

_DISK_S = 10.0


class Session:
    """Acquisition, archive, detection and health of one configuration, until it is closed.

    Parameters
    ----------
    settings : of the network and this machine
    network : sites and channels the settings name
    vitals : shared with the daemon
    stack : whoever closes it lets go of everything that was opened here

    Raises
    ------
    ArchiveError : if the archive is not ours to write
    StoreError : if the store cannot be opened
    """

    def __init__(self, settings: Settings, network: Network, vitals: Vitals, stack: ExitStack) -> None:
        self.settings = settings
        self.run_id = run_id(settings)
        self._vitals = vitals
        self._heart = vitals.heartbeats.part("detection")
        self._lag_s: float | None = None
        self._free_bytes: int | None = None
        self._statuses: list[StationStatus] = []
        self._heart.beat("opening archive and database", within_s=_patience_s(settings))
        self._archive = Archive.configured(settings.archive)
        stack.callback(self._archive.close)
        self._ledger = self._open_ledger(stack)
        self._store = Store.at(settings.database.url, retry_s=settings.database.retry_s)
        stack.callback(self._store.close)
        self._link = StoreLink(self._store)
        stack.callback(self._link.close)
        self._link.prepare()
        self._index = ArchiveIndex(self._archive.root, self._store)
        told = {"is_calibrating": is_calibrating, "is_clipped": is_clipped}
        self._health = HealthMonitor(settings.health, network.wanted, network.usages, **told)
        self._metering = Metering(settings, network, self._store, self._link, self._index, self._health)
        self._detection = SessionDetection(
            settings, network, self._archive, self._store, self._link, self.run_id, self._go_on
        )
        self._usages = Usages(self._store, self._link, self._health, settings, network)
        self._alerter = Alerter(self._store, self._link, settings, network, vitals.heartbeats.part("deliveries"))
        stack.callback(self._alerter.stop)
        self._network = network
        self._servers = Servers(self._archive, self._store, self._link, vitals.heartbeats, self._reject)
        self._recorder = Recorder(
            self._archive,
            self._servers.open(settings),
            settings.daemon.queue_mib << 20,
            self._ledger,
            arrivals=self._open_arrivals(stack),
            heartbeats=vitals.heartbeats,
            tally=vitals.tally,
        )
        self.jobs = Jobs(self._jobs())

    @classmethod
    @contextmanager
    def running(cls, settings: Settings, network: Network, vitals: Vitals) -> Iterator[Self]:
        """A session that records; when the block ends, what was received is archived, detected on and saved."""
        with ExitStack() as stack:
            session = cls(settings, network, vitals, stack)
            if vitals.stop.is_set():
                yield session
                return
            session.start()
            stack.callback(session.jobs.stop)
            try:
                yield session
            finally:
                session._metering.interrupt()
                session._index.interrupt()
                left = session._recorder.stop()
            session._process(left)
            session._detection.join()
            session._detection.finish()
            if session._link.is_worth_trying:  # otherwise the next start compares them
                session._link.do(session._index.finish)

    def start(self) -> None:
        """Begin to record."""
        self._measure_disk()
        self.jobs.start()
        self._report()
        self._alerter.start()
        self._recorder.start()
        _log.info("running as %s with %d servers", self.run_id, len(self.settings.seedlink))

    def turn(self, idle_s: float) -> None:
        """Detect on what was archived since the last turn, waiting for some, and do what is due.

        Raises
        ------
        ArchiveError : if the disk failed to store records: the process must end and start anew, because what the disk
            lost is unknown
        """
        self._heart.beat("waiting for records")
        self._process(self._recorder.take(idle_s))
        self._detection.join()
        self.jobs.run_due()

    def take_on(self, settings: Settings, network: Network) -> None:
        """Go on with other servers and stations, while those that stay are not disturbed.

        Parameters
        ----------
        settings, network : differ from the present ones as `reload.fits_running_session` allows
        """
        self._process(self._servers.change(self.settings, settings, self._recorder))
        self.settings, self._network = settings, network
        self._usages.take_on(settings, network)
        self._alerter.take_on(settings, network)
        self._detection.take_on(settings, network)
        self._report()

    def status(self) -> SessionStatus:
        """How it is doing; may be called from any thread, and waits for none."""
        view = StatusView(self._vitals, self._servers, self._recorder, self._link, self._detection)
        gaps = {each.station_id: sum(ch.metrics.num_gaps or 0 for ch in each.channels) for each in self._statuses}
        return SessionStatus(
            servers=tuple(view.servers(self.settings, gaps)),
            archive=view.archive(self.settings, self._free_bytes),
            store=view.store(),
            detection=view.detection(self.run_id, self._lag_s),
            jobs=self.jobs.outcomes,
            alerts=self._alerter.status(),
        )

    def _measure_disk(self) -> None:
        self._free_bytes = shutil.disk_usage(self.settings.archive.path).free

    def _jobs(self) -> Iterator[Job]:
        """All periodic work. What may take long, or waits for others, is not for the loop."""
        daemon = self.settings.daemon
        yield Job("report", daemon.report_interval_s, self._report, on_loop=True)
        yield Job("checkpoint", daemon.checkpoint_interval_s, self._detection.checkpoint, on_loop=True)
        yield Job("index", daemon.checkpoint_interval_s, self._update_index)
        yield Job("disk", _DISK_S, self._measure_disk)  # a dead network disk does not answer
        yield self._usages.metadata_job()
        yield retention_job(lambda: self.settings, self._store, self._link)
        yield from self._metering.jobs()
        yield Requests(self._store, self._link, self._restart).job()
        yield from upkeep(lambda: self.settings, self._vitals.reload.set)

    def _restart(self, name: str) -> str:
        """Begin anew with a server, or with everything; what is said of it."""
        if name == DAEMON:
            self._vitals.restart.set()
            return "the daemon begins a session anew"
        server = next((each for each in self.settings.seedlink if each.name == name), None)
        if server is None:
            known = ", ".join(each.name for each in self.settings.seedlink) or "none"
            raise TaskError(f"a server of the configuration ({known}) or {DAEMON} is needed, {name!r} came")
        self._process(self._servers.restart(server, self._recorder))
        return f"connecting to {server.address} anew"

    def _open_ledger(self, stack: ExitStack) -> Ledger | None:
        served = self.settings.seedlink_server
        if not served.enabled:
            return None
        ledger = Ledger(self._archive.root, served.history_h * 3600)
        stack.callback(ledger.close)
        return ledger

    def _open_arrivals(self, stack: ExitStack) -> ArrivalLog | None:
        days = self.settings.archive.arrivals_days
        if not days:
            return None
        arrivals = ArrivalLog(self._archive.root, days)
        stack.callback(arrivals.close)
        return arrivals

    def _reject(self, content: bytes, reason: str) -> None:
        self._vitals.tally.quarantined()
        try:
            self._archive.quarantine(content, reason)
        except ArchiveError as error:  # of a full disk: what cannot be used must not end what records are behind it
            _log.error("%s; lost %d bytes that are no record: %s", error, len(content), reason)

    def _update_index(self) -> None:
        if self._link.is_worth_trying:
            self._index.update()

    def _go_on(self) -> bool:
        """Between parts of the archive that are read again: take what was recorded meanwhile; whether to go on."""
        self._process(self._recorder.take(0))
        self.jobs.run_due()
        self._heart.beat("reading the archive", within_s=_patience_s(self.settings))
        return not self._vitals.stop.is_set()

    def _process(self, taken: Batches) -> None:
        self._heart.beat("detecting and saving", within_s=_patience_s(self.settings))
        # After `taken`, and before any of it is detected on: what was passed over lies before records that are taken.
        self._pass_over(self._recorder.passed.take())
        self._index.touch(packet for _, batch in taken for packet in batch)
        taken = self._servers.live(taken)
        packets = [packet for _, batch in taken for packet in batch]
        if not packets:
            self._detection.look()
        else:
            cursors = self._servers.advance(taken)
            readable = self._vitals.unpacker.readable(packets)
            self._health.observe(readable)
            self._metering.observe(readable)
            self._detection.feed(readable, cursors)
            came_ns = min((packet.received_ns for packet in packets if packet.received_ns), default=0)
            self._lag_s = (now_ns() - came_ns) / NS_PER_S if came_ns else None

    def _pass_over(self, passed: list[Passed]) -> None:
        """Let detection read in the archive what it could not keep up with."""
        self._index.touch_days((each.source_id, each.start_ns, each.newest_ns) for each in passed)
        live = [each for each in passed if self._servers.is_live(each.server)]
        for each in live:
            self._health.cover(each.source_id, each.span, each.arrived_ns, each.n_records)
            self._metering.cover(each.source_id, each.span, each.arrived_ns, each.n_records)
        self._vitals.tally.n_passed_over += sum(each.n_records for each in live)
        if live:
            self._detection.pass_over((each.source_id, each.start_ns) for each in live)

    def _report(self) -> None:
        self._usages.refresh(now_ns(), self._statuses)
        at_ns = now_ns()
        statuses = self._statuses = self._health.evaluate(at_ns)
        self._heart.beat("saving the status", within_s=_patience_s(self.settings))
        save_statuses(self._store, self._link, self._vitals.status_changes, statuses)
        states, senders = self._servers.states(), self._servers.senders()
        scene = make_scene(self.settings, self._usages.cards, self._usages.levels, statuses, states, senders)
        self._alerter.evaluate(statuses, at_ns, scene)


def run_id(settings: Settings) -> str:
    """The same for every start of one detection with one release."""
    return public_id("run", "live", settings.config_hash, __version__)


def _patience_s(settings: Settings) -> float:
    """A locked database is no reason to end a process whose archive is well."""
    return settings.database.retry_s + BUSY_TIMEOUT_S
