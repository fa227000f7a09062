"""A network of a thousand stations with all that pages show, and `houfeng serve web` on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from acquisition.archive import Archive
from acquisition.mseed import open_record
from acquisition.records import pack
from database import alerts, latencies
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId
from stations.alerts.alert import Alert
from stations.alerts.words import Kind, Severity
from stations.health import HealthMonitor, StationStatus
from stations.health.latencies import Latencies
from stations.inventory import Inventory, Site
from stations.settings import HealthSettings
from tests.e2e.conftest import wait_until_ready
from tests.webui.conftest import located, make_event, make_run

N_STATIONS = 1000
HOUR_NS = 3600 * NS_PER_S
# The channel that has waveforms, with a day of 100 Hz.
CHANNEL = SourceId("XX", "S0010", "", "HHZ")


def evaluated() -> list[StationStatus]:
    """Statuses of stations with three channels of 1 Hz, watched for 20 minutes; every tenth lost a record."""
    now = now_ns()
    samples = np.random.default_rng(0).integers(-1000, 1000, 300).astype(np.int32)
    monitor = HealthMonitor(HealthSettings())
    for n in range(N_STATIONS):
        for channel in ("LHE", "LHN", "LHZ"):
            starts = [now + (k - 4) * 300 * NS_PER_S for k in range(4) if n % 10 or k != 1]
            source_id = SourceId("XX", f"S{n:04}", "", channel)
            ends = [start + 300 * NS_PER_S for start in starts]
            monitor.observe(
                Packet(source_id, start, 1.0, samples, b"", 90, None, end)
                for start, end in zip(starts, ends, strict=True)
            )
    for late_s in (2, 1, 0):
        statuses = monitor.evaluate(now - late_s * NS_PER_S)
    return statuses


def fill(store: Store) -> list[StationStatus]:
    """Stations with places, statuses and a day of latencies, 60 events, 40 alerts; returns the statuses."""
    chance = np.random.default_rng(1)
    sites = [
        Site(f"XX.S{n:04}", 40 + (n // 40) / 5, 65 + (n % 40) / 2, 1000, f"Station {n}", "KG")
        for n in range(N_STATIONS)
    ]
    now, statuses = now_ns(), evaluated()
    first_ns = now // HOUR_NS * HOUR_NS - 23 * HOUR_NS
    hours = [
        (SourceId("XX", f"S{n:04}", "", "LHZ"), Latencies(first_ns + k * HOUR_NS, 1, 15, 2.0, 2.0, worst_s, worst_s))
        for n in range(N_STATIONS)
        for k, worst_s in enumerate(worst_of_hours(chance))
    ]
    made = [make_event(now - k * 1200 * NS_PER_S, ("XX.S0010", "XX.S0020", "XX.S0030")) for k in range(60)]
    opened = [Alert(Kind.STATION, f"XX.S{n:04}", Severity.MAJOR, now, "gaps", "LHZ: 1 gap") for n in range(0, 400, 10)]
    with store.begin() as unit:
        unit.save_run(make_run())
        unit.save_inventory(Inventory({site.station_id: site for site in sites}))
        unit.save_statuses(statuses)
        latencies.save(unit.connection, hours)
        for event in made:
            unit.save_picks("run/live", event.picks)
        unit.save_events("run/live", [located(event) for event in made])
        alerts.save(unit, opened, [], [])
    return statuses


def worst_of_hours(chance: np.random.Generator) -> list[float]:
    """Seconds that scatter by 15 % about what is usual at a station; an hour of twenty has an outage of a minute."""
    usual = 3 * chance.lognormal(0, 0.4) * chance.lognormal(0, 0.15, 24)
    found: list[float] = np.where(chance.random(24) < 0.05, 60.0, usual).tolist()
    return found


def archive_a_day(root: Path, end_ns: int, source_id: SourceId = CHANNEL) -> None:
    """24 hours of noise of 300 counts at 100 Hz in records of 512 bytes."""
    samples = np.round(np.random.default_rng(0).normal(size=8_640_000) * 300).astype(np.int32)
    archive = Archive(root)
    archive.append([open_record(raw) for raw in pack(source_id, end_ns - 24 * HOUR_NS, 100.0, samples)])
    archive.close()


def looked_at(statuses: Sequence[StationStatus], chance: np.random.Generator) -> list[StationStatus]:
    """The same stations a moment later: latency and effective value of each channel are others."""
    now = now_ns()
    found = []
    for status in statuses:
        latency_s, rms = chance.gamma(2, 2), chance.gamma(4, 100)
        metrics = replace(status.metrics, total_latency_s=latency_s, feed_latency_s=latency_s / 2, sample_rms=rms)
        found.append(replace(status, evaluated_ns=now, metrics=metrics))
    return found


@dataclass(frozen=True)
class Website:
    """A running server; `stations` are its statuses as they were saved first."""

    address: str
    port: int
    store: Store
    stations: Sequence[StationStatus]
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_s(self) -> float:
        """Processor time of the server and its worker so far."""
        ticks = sum(sum(map(int, _stat(pid)[11:13])) for pid in self._pids())
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Memory of the worker."""
        return max(int(_stat(pid)[21]) for pid in self._pids()) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def event_address(self) -> str:
        """Path of the page of the newest event."""
        with urllib.request.urlopen(f"{self.address}/api/v1/events?format=csv&limit=1") as answer:
            return "/events/" + quote(answer.read().decode().splitlines()[1].split(",")[0])

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]


@contextmanager
def website(folder: Path) -> Iterator[Website]:
    """`houfeng serve web`, as installed, on a store that was filled."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"sqlite:///{folder}/houfeng.db"
    config = folder / "houfeng.toml"
    config.write_text(f'[database]\nurl = "{url}"\n[web]\nport = {port}\n[archive]\npath = "archive"\n', "utf-8")
    store = Store.open(url)
    stations = fill(store)
    command = [sys.executable, "-m", "houfeng", "serve", "web", str(config)]
    log = folder / "server.log"
    with log.open("wb") as said, subprocess.Popen(command, cwd=folder, stderr=said) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz")
            yield Website(f"http://127.0.0.1:{port}", port, store, stations, process, log)
        finally:
            process.terminate()
            process.wait(60)
    store.close()


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on, which is the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
