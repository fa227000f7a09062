"""What is measured on the archive now and then: minutes, hours and days, and noise and checks of past days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from acquisition.daemon.jobs import Job
from acquisition.daemon.link import StoreLink
from configs import Settings
from database.store import Store
from houfeng.arriving import Arriving
from houfeng.day_checks import DayChecks
from houfeng.health_evidence import HealthEvidence
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.network import Network
from houfeng.noise_archive import NoiseArchive
from houfeng.times import now_ns
from houfeng.types import Packet, SourceId, Span
from stations.health import HealthMonitor
from stations.responsexml import Responses

# A daemon that is started every evening still makes the noise of the days before.
_FIRST_NOISE_S = 600.0
_LATENCIES_S = 60.0
# Which days are owed changes with the day alone; noise and checks that were made are read at once.
_EVIDENCE_S = 3600.0


class Metering:
    """The jobs, and their end.

    Parameters
    ----------
    settings, network : of the session
    store, link : of the session; nothing is tried while the database is away
    index : brings the database up to date on what the archive holds, before each measurement
    monitor : judges by what was measured
    """

    def __init__(
        self,
        settings: Settings,
        network: Network,
        store: Store,
        link: StoreLink,
        index: ArchiveIndex,
        monitor: HealthMonitor,
    ) -> None:
        self._settings = settings.metrics
        self._link = link
        self._index = index
        self._is_ended = False
        root = Path(settings.archive.path)
        full_scale = settings.health.full_scale_counts
        self._measuring = Measuring(root, store, settings.metrics, full_scale, self._go_on)
        delay_s = settings.metrics.noise_delay_h * 3600
        self._noise = NoiseArchive(root, store, delay_s, self._go_on)
        self._checks = DayChecks(root, store, delay_s, self._go_on)
        self._inventory = network.inventory
        self._responses = Responses(network.inventory)
        self._arriving = Arriving(store, settings.metrics, settings.health.future_bad_s)
        self._evidence = HealthEvidence(store, settings.health, settings.metrics)
        self._monitor = monitor
        monitor.measured_at_first = self._evidence.at_first

    def jobs(self) -> Iterator[Job]:
        """Each in a thread of the pool."""
        yield Job("evidence", _EVIDENCE_S, self._judge_days, first_s=0.0)
        if self._settings.interval_s:
            yield Job("measures", self._settings.interval_s, self._measure)
            yield Job("latencies", min(_LATENCIES_S, self._settings.interval_s), self._save_latencies)
        if every_h := self._settings.noise_interval_h:
            yield Job("noise", every_h * 3600, self._make_noise, first_s=min(_FIRST_NOISE_S, every_h * 3600))

    def observe(self, packets: Iterable[Packet]) -> None:
        """Note when records came; safe in any thread."""
        if self._settings.interval_s:
            self._arriving.observe(packets)

    def cover(self, source_id: SourceId, span: Span, arrived_ns: int, n_records: int) -> None:
        """Note when records came that nobody else looked at: what the machine could not keep up with."""
        if self._settings.interval_s:
            self._arriving.cover(source_id, span, arrived_ns, n_records)

    def interrupt(self) -> None:
        """Let a job that is under way end soon; safe in any thread."""
        self._is_ended = True

    def _go_on(self) -> bool:
        return not self._is_ended and self._link.is_worth_trying

    def _measure(self) -> None:
        if self._go_on():
            self._index.update()
            self._measuring.update(now_ns())
            self._evidence.read_hours(now_ns())
            self._monitor.measured = self._evidence.known

    def _save_latencies(self) -> None:
        if self._go_on():
            self._arriving.save(now_ns())

    def _make_noise(self) -> None:
        if self._go_on():
            self._noise.update(self._responses, now_ns())
            self._checks.update(self._inventory, now_ns())
            self._judge_days()

    def _judge_days(self) -> None:
        """Let the rules know what was measured; at the start too: what was BAD is BAD after a restart."""
        if self._go_on():
            self._evidence.read_days(now_ns())
            self._evidence.read_hours(now_ns())
            self._monitor.measured = self._evidence.known
