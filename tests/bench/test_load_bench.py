"""A thousand stations from one server: what ten minutes of their data cost, and whether memory stays where it is."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.archive import Archive
from acquisition.daemon import Daemon
from acquisition.recorder import Recorder
from acquisition.records import pack
from acquisition.seedlink import SeedLinkSource, advance
from acquisition.settings import SeedLinkSettings
from configs import load
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns, to_utcdatetime
from houfeng.types import Cursor, SourceId
from tests.acquisition.seedlink_scripted import v4
from tests.bench.peer import NEW, peer

N_STATIONS = 1000
CHANNELS = (b"HHZ", b"HHN", b"HHE")
RATE_HZ = 100.0
N_SAMPLES = 400  # of noise in 512 bytes of Steim 2
RECORD_S = int(N_SAMPLES / RATE_HZ)
DATA_S = 600
N_STEPS = DATA_S // RECORD_S
N_RECORDS = N_STEPS * N_STATIONS * len(CHANNELS)
RECORD_BYTES = 512
N_PAYLOADS = 200
LONGEST_S = 1500.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server that sends ten minutes of all stations as fast as they are taken."""
    path = tmp_path_factory.mktemp("packets") / "packets"
    write_packets(path)
    with peer(path, NEW) as number:
        yield number


def write_packets(path: Path) -> None:
    """Packets of version 4: a few hundred real payloads under the codes and times of all streams."""
    rng = np.random.default_rng(1)
    raws = [
        pack(SourceId("XX", "S0000", "00", "HHZ"), 0, RATE_HZ, rng.normal(0, 20, N_SAMPLES).astype(np.int32))[0]
        for _ in range(N_PAYLOADS)
    ]
    streams = [(b"S%04d" % station, channel) for station in range(N_STATIONS) for channel in CHANNELS]
    frames = np.array(
        [
            np.frombuffer(v4(b"2D", raws[n % N_PAYLOADS], 0, b"XX_" + streams[n][0]), np.uint8)
            for n in range(len(streams))
        ]
    )
    head = frames.shape[1] - RECORD_BYTES
    for frame, (station, channel) in zip(frames, streams, strict=True):
        frame[head + 8 : head + 13] = np.frombuffer(station, np.uint8)
        frame[head + 15 : head + 18] = np.frombuffer(channel, np.uint8)
    first_ns = (now_ns() // NS_PER_S - DATA_S - 60) * NS_PER_S
    with path.open("wb") as file:
        for step in range(N_STEPS):
            t = to_utcdatetime(first_ns + step * RECORD_S * NS_PER_S)
            clock = (
                t.year.to_bytes(2, "big") + t.julday.to_bytes(2, "big") + bytes([t.hour, t.minute, t.second, 0, 0, 0])
            )
            frames[:, head + 20 : head + 30] = np.frombuffer(clock, np.uint8)
            frames[:, head + 64 :] = frames[rng.permutation(len(frames)), head + 64 :]
            numbers = np.arange(1 + step * len(frames), 1 + (step + 1) * len(frames), dtype="<u8")
            frames[:, 8:16] = numbers[:, None].view(np.uint8)
            file.write(frames.tobytes())


def rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watch:
    """Processor and memory of this process, from the first look on; memory once a quarter of the records is there."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.monotonic(), time.process_time()
        self._rss_mb = 0.0

    def look(self, n_records: int) -> None:
        assert time.monotonic() - self._began_s < LONGEST_S, f"{n_records} of {N_RECORDS} records came"
        if not self._rss_mb and n_records > N_RECORDS / 4:
            self._rss_mb = rss_mb()

    def report(self, what: str) -> tuple[float, float]:
        """Share of a core at real time, and megabytes grown since a quarter was there; both printed."""
        cpu_s, s, grown_mb = time.process_time() - self._began_cpu_s, time.monotonic() - self._began_s, 0.0
        grown_mb = rss_mb() - self._rss_mb
        print(
            f"{what}: {100 * cpu_s / DATA_S:.1f} % of a core at real time, {cpu_s / N_RECORDS * 1e6:.1f} us a record, "
            f"{DATA_S / s:.0f} times faster than real time; {self._rss_mb:.0f} MB, {grown_mb:+.0f} MB at the end"
        )
        return cpu_s / DATA_S, grown_mb


@pytest.fixture(autouse=True)
def many_files() -> None:
    """As systemd gives the daemon: 3,000 day files stay open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


def archived(root: Path) -> int:
    return sum(path.stat().st_size for path in root.glob("2*/*/*/*/*")) // RECORD_BYTES


@pytest.mark.bench
def test_a_thousand_stations_to_the_disk(port: int, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    source = SeedLinkSource(
        SeedLinkSettings("bench", f"127.0.0.1:{port}", ("XX.*.*.HH?",)), {}, lambda raw, reason: None
    )
    recorder = Recorder(archive, [("bench", source)], 8 << 20)
    cursors: dict[str, Cursor] = {}
    n = 0
    watch = Watch()
    recorder.start()
    try:
        while n < N_RECORDS:
            for _, batch in recorder.take(1.0):
                n += len(batch)
                cursors |= advance(cursors, batch)
            watch.look(n)
        share, grown_mb = watch.report("1,000 stations into the archive")
    finally:
        recorder.stop()
        archive.close()
    assert archived(tmp_path) == N_RECORDS
    assert len(cursors) == N_STATIONS
    assert share < 0.1
    assert grown_mb < 64


@pytest.mark.bench
def test_a_thousand_stations_through_the_daemon(port: int, tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    config.write_text(
        f'[[seedlink]]\nname = "bench"\naddress = "127.0.0.1:{port}"\nstreams = ["XX.*.*.HH?"]\n'
        "[web]\nenabled = false\n[daemon]\nqueue_mib = 8\n[archive]\nballast_mib = 0\nmin_free_mib = 0\n"
    )
    settings = load(config)
    daemon = Daemon(settings, load_network(settings))
    root = Path(settings.archive.path)
    watch = Watch()
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        wait_until(lambda: archived(root) >= N_RECORDS, lambda: watch.look(archived(root)))
    finally:
        daemon.stop()  # it detects on what was received before it ends
        thread.join()
    share, _ = watch.report("1,000 stations through the daemon: archive, detection, health")
    assert archived(root) == N_RECORDS
    assert share < 1.0


def wait_until(happened: Callable[[], bool], look: Callable[[], None]) -> None:
    while not happened():
        look()
        time.sleep(2.0)
