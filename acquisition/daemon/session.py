"""One configuration at work, from the opening of the archive to the last record detected on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Self

from acquisition.archive import Archive
from acquisition.daemon.jobs import Job, Jobs
from acquisition.daemon.restore import begin, restore
from acquisition.daemon.servers import Batches, Servers
from acquisition.heartbeat import Heartbeats
from acquisition.recorder import Recorder
from acquisition.server.ledger import Ledger
from acquisition.tally import Tally
from configs import Settings
from database.store import Store
from houfeng import __version__
from houfeng.errors import StoreError
from houfeng.network import Network
from houfeng.times import now_ns
from houfeng.types import public_id
from stations.health import HealthMonitor

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the daemon and its sessions share, and what outlives a session.

    Parameters
    ----------
    stop : set when the daemon shall drain and end
    heartbeats : of the daemon's parts
    tally : of the archive's work
    """

    stop: threading.Event = field(default_factory=threading.Event)
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    tally: Tally = field(default_factory=Tally)


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
        self._store_fault = ""
        self._heart.beat("opening archive and database", within_s=settings.database.retry_s)
        self._archive = Archive.configured(settings.archive)
        stack.callback(self._archive.close)
        self._ledger = self._open_ledger(stack)
        self._store = Store.open(settings.database.url, retry_s=settings.database.retry_s)
        stack.callback(self._store.close)
        self._pipeline = restore(settings, network, self._archive, self._store, self.run_id, self._go_on)
        self._health = HealthMonitor(settings.health, network.wanted, network.usages)
        self._servers = Servers(self._archive, self._store, vitals.heartbeats, self._reject)
        self._recorder = Recorder(
            self._archive,
            self._servers.open(settings),
            settings.daemon.queue_mib << 20,
            self._ledger,
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
            if vitals.stop.is_set():  # detection may not have seen the whole archive: it must see nothing newer
                session._saving(session._pipeline.checkpoint)
                yield session
                return
            session.start()
            stack.callback(session.jobs.stop)
            try:
                yield session
            finally:
                left = session._recorder.stop()
            session._process(left)
            session._saving(session._pipeline.checkpoint)

    def start(self) -> None:
        """Begin to record."""
        self.jobs.start()
        self._report()
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
        self.jobs.run_due()

    def take_on(self, settings: Settings, network: Network) -> None:
        """Go on with other servers and stations, while those that stay are not disturbed.

        Parameters
        ----------
        settings, network : differ from the present ones as `reload.fits_running_session` allows

        Raises
        ------
        StoreError : if the cursors of a new server cannot be read; then nothing was changed
        """
        self._process(self._servers.change(self.settings, settings, self._recorder))
        self.settings = settings
        servers = settings.seedlink
        self._health.expect(network.wanted, network.usages, lambda channel: any(s.wants(channel) for s in servers))
        self._saving(lambda: begin(settings, network, self._store, self.run_id))
        self._report()

    def _jobs(self) -> Iterator[Job]:
        """All periodic work. What may take long, or waits for others, is not for the loop."""
        daemon = self.settings.daemon
        yield Job("report", daemon.report_interval_s, self._report, on_loop=True)
        yield Job("checkpoint", daemon.checkpoint_interval_s, self._checkpoint, on_loop=True)

    def _open_ledger(self, stack: ExitStack) -> Ledger | None:
        served = self.settings.seedlink_server
        if not served.enabled:
            return None
        ledger = Ledger(self._archive.root, served.history_h * 3600)
        stack.callback(ledger.close)
        return ledger

    def _reject(self, content: bytes, reason: str) -> None:
        self._vitals.tally.quarantined()
        self._archive.quarantine(content, reason)

    def _go_on(self) -> bool:
        """Whether to go on reading the archive; called between its parts."""
        self._heart.beat("reading the archive", within_s=self.settings.database.retry_s)
        return not self._vitals.stop.is_set()

    def _process(self, taken: Batches) -> None:
        taken = self._servers.live(taken)
        packets = [packet for _, batch in taken for packet in batch]
        if packets:
            self._health.observe(packets)
            cursors = self._servers.advance(taken)
            self._saving(lambda: self._pipeline.feed(packets, cursors))

    def _checkpoint(self) -> None:
        self._saving(self._pipeline.checkpoint)

    def _report(self) -> None:
        statuses = self._health.evaluate(now_ns())
        self._saving(lambda: self._store.run(lambda unit: unit.save_statuses(statuses)))

    def _saving(self, action: Callable[[], None]) -> None:
        """Do something with the store; while it is away, acquisition and archive go on."""
        # A locked database is no reason to end a process whose archive is well.
        self._heart.beat("detecting and saving", within_s=self.settings.database.retry_s)
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


def run_id(settings: Settings) -> str:
    """The same for every start of one detection with one release."""
    return public_id("run", "live", settings.config_hash, __version__)
