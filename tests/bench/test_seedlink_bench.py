"""Draining a server into the archive, beside clients that only look at headers; time from a socket to the disk.

The peers are processes that send bytes made beforehand, so that no server's own work is measured. Rates are records a
second of the clock on the wall; processor time is that of the whole process, kernel included, and steadier.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from obspy.clients.seedlink.slpacket import SLPacket
from seedlink_client import SeedLink

from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.records import pack
from acquisition.seedlink import SeedLinkSource, advance
from acquisition.seedlink.obspy_client import _Client
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from database.store import Store
from database.unit import UnitOfWork
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Cursor, SourceId
from tests.acquisition.seedlink_scripted import v4
from tests.bench.peer import NEW, OLD, peer

N_STATIONS, N_SECONDS = 40, 400
N_RECORDS = N_STATIONS * 3 * N_SECONDS
N_OBSPY = 6000
N_ROUNDS = 3
LEAST_RATE = 500.0  # records a second; slower is a standstill
START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Ports:
    """Of the peers: version 4, version 3, and version 3 with fewer records for the slowest client."""

    new: int
    old: int
    short: int


@pytest.fixture(scope="module")
def records() -> list[tuple[str, bytes]]:
    """Station ids and records of 512 bytes: 40 stations, three channels of 100 Hz, one record a second each."""
    rng = np.random.default_rng(1)
    made = []
    for second in range(N_SECONDS):
        for station in range(N_STATIONS):
            for channel in ("HHZ", "HHN", "HHE"):
                source_id = SourceId("XX", f"S{station:03d}", "00", channel)
                samples = rng.integers(-2000, 2000, 100, dtype=np.int32)
                made.append((f"XX_S{station:03d}", pack(source_id, START_NS + second * NS_PER_S, 100.0, samples)[0]))
    return made


@pytest.fixture(scope="module")
def ports(records: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    folder = tmp_path_factory.mktemp("packets")
    old = [b"SL%06X" % n + raw for n, (_, raw) in enumerate(records, 1)]
    new = [v4(b"2D", raw, n, station.encode()) for n, (station, raw) in enumerate(records, 1)]
    with ExitStack() as stack:
        numbers = []
        for name, packets, hello in (("new", new, NEW), ("old", old, OLD), ("short", old[:N_OBSPY], OLD)):
            (folder / name).write_bytes(b"".join(packets))
            numbers.append(stack.enter_context(peer(folder / name, hello)))
        yield Ports(*numbers)


Measured = tuple[float, float]


class Stopwatch:
    """Records a second, and microseconds of processor a record."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.monotonic(), time.process_time()

    def read(self, n_records: int) -> Measured:
        cpu_s, s = time.process_time() - self._began_cpu_s, time.monotonic() - self._began_s
        return n_records / s, cpu_s / n_records * 1e6


def save(cursors: dict[str, Cursor], unit: UnitOfWork) -> None:
    unit.save_cursors("bench", cursors)


def drain_ours(port: int, folder: Path) -> Measured:
    """To the disk as the daemon does it: read, deduplicated, written, synced, the cursors saved behind that."""
    folder.mkdir()
    archive = Archive(folder / "archive")
    store = Store.open(f"sqlite:///{folder}/houfeng.sqlite")
    stations = tuple(f"XX.S{station:03d}.*.*" for station in range(N_STATIONS))
    settings = SeedLinkSettings("bench", f"127.0.0.1:{port}", stations)
    recorder = Recorder(archive, [("bench", SeedLinkSource(settings, {}, lambda raw, reason: None))], 64 << 20)
    cursors: dict[str, Cursor] = {}
    n = 0
    watch = Stopwatch()
    recorder.start()
    try:
        while n < N_RECORDS:
            moved: dict[str, Cursor] = {}
            for _, batch in recorder.take(1.0):
                n += len(batch)
                moved |= advance(cursors, batch)
                cursors |= moved
            store.run(partial(save, moved))
            assert watch.read(N_RECORDS)[0] > LEAST_RATE, f"{n} of {N_RECORDS} records came"
        measured = watch.read(n)
    finally:
        recorder.stop()
    archive.close()
    store.close()
    assert n == N_RECORDS
    assert sum(path.stat().st_size for path in (folder / "archive").rglob("*.D.*")) == N_RECORDS * 512
    return measured


def drain_headers(port: int) -> Measured:
    """EarthScope's client that parses each record's header."""
    watch = Stopwatch()
    client = SeedLink("127.0.0.1", port)
    client.connect()
    for station in range(N_STATIONS):
        client.add_stream(f"XX_S{station:03d}")
    n = 0
    for packet in client.collect():
        packet.record()
        n += 1
        if n >= N_RECORDS:
            break
    measured = watch.read(n)
    client.close()
    return measured


def drain_obspy(port: int) -> Measured:
    """ObsPy's client that decodes nothing and keeps nothing."""
    watch = Stopwatch()
    closed = threading.Event()
    client = _Client(closed, 30.0, lambda: None)
    client.set_sl_address(f"127.0.0.1:{port}")
    for station in range(N_STATIONS):
        client.add_stream("XX", f"S{station:03d}", "?????", -1, None)
    n = 0
    while n < N_OBSPY:
        n += isinstance(client.collect(), SLPacket)
    measured = watch.read(n)
    closed.set()
    client.disconnect()
    return measured


@pytest.mark.bench
def test_drain(ports: Ports, tmp_path: Path) -> None:
    best: dict[str, tuple[float, float]] = {}
    for n in range(N_ROUNDS):
        drains = {
            "ours to disk, v4": partial(drain_ours, ports.new, tmp_path / f"v4-{n}"),
            "seedlink-client headers, v4": partial(drain_headers, ports.new),
            "ours to disk, v3": partial(drain_ours, ports.old, tmp_path / f"v3-{n}"),
            "seedlink-client headers, v3": partial(drain_headers, ports.old),
            "ObsPy headers, v3": partial(drain_obspy, ports.short),
        }
        for name, drain in drains.items():
            rate, us = drain()
            known = best.get(name, (0.0, 1e9))
            best[name] = max(rate, known[0]), min(us, known[1])
    for name, (rate, us) in best.items():
        print(f"{name}: {rate:,.0f} records/s, {us:.1f} us of processor a record")
    ours, theirs, ours_v3, theirs_v3, obspy = best.values()
    print(f"drain, v4: {ours[0] / theirs[0]:.2f} x seedlink-client, {theirs[1] / ours[1]:.2f} x by processor time")
    print(
        f"drain, v3: {ours_v3[0] / theirs_v3[0]:.2f} x seedlink-client, {theirs_v3[1] / ours_v3[1]:.2f} x by processor"
    )
    for version, mine in (("v3", ours_v3), ("v4 against v3", ours)):
        print(f"drain, {version}: {mine[0] / obspy[0]:.1f} x ObsPy, {obspy[1] / mine[1]:.1f} x by processor time")
    # by processor time, which other programs disturb less; measured 1.7 to 1.8, 1.6 to 2.3, 10 to 14
    assert theirs[1] > ours[1]
    assert theirs_v3[1] > ours_v3[1]
    assert obspy[1] > 6 * ours[1]


@pytest.mark.bench
def test_from_the_socket_to_the_disk(records: list[tuple[str, bytes]], tmp_path: Path) -> None:
    """From a record's arrival in the server to the return of the sync that holds it, 200 records a second."""
    ring = Ring()
    with SeedLinkServer("127.0.0.1", 0, ring) as live:
        settings = SeedLinkSettings("bench", f"127.0.0.1:{live.port}", ("XX.*.*.*",))
        archive = Archive(tmp_path)
        source = SeedLinkSource(settings, {}, lambda raw, reason: None)
        recorder = Recorder(archive, [("bench", source)], 64 << 20)
        recorder.start()
        sent, ages_ms = {}, []
        for _, raw in records[:2000]:
            sent[raw] = now_ns()
            ring.append(raw)
            for _, batch in recorder.take(0.005):
                ages_ms += [(now_ns() - sent[packet.raw]) / 1e6 for packet in batch]
        recorder.stop()
        archive.close()
    p50, p95 = np.percentile(ages_ms[50:], (50, 95))
    print(f"socket to synced archive: p50 {p50:.1f} ms, p95 {p95:.1f} ms, load {os.getloadavg()[0]:.1f}")
    assert p95 < 50
