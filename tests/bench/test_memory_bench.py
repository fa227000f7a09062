"""Memory of thousands of live channels, from packets to health and the database, and whether it stays where it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from database.records import Run
from database.store import Store
from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from houfeng.pipeline import Pipeline
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Packet, SourceId, readonly
from stations.health.monitor import HealthMonitor
from stations.inventory import Site
from stations.settings import HealthSettings

N_CHANNELS = 3000
LARGEST_MB = 500.0
IDS = [SourceId("XX", f"S{number // 3:04}", "", f"HH{'ZNE'[number % 3]}") for number in range(N_CHANNELS)]

pytestmark = pytest.mark.bench


def rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def packets_of_noise(
    rate_hz: float, packet_s: int, n_packets: int, bursts_per_hour: float, n_channels: int = N_CHANNELS
) -> Iterator[list[Packet]]:
    """Packets of all channels at once; bursts come to the verticals at random."""
    rng = np.random.default_rng(1)
    n = round(packet_s * rate_hz)
    noise = [readonly(rng.normal(0, 100, n).round().astype(np.int32)) for _ in range(50)]
    decay = np.exp(-np.arange(n) / rate_hz)
    bursts = [readonly((one + rng.normal(0, 5000, n) * decay).round().astype(np.int32)) for one in noise]
    chance = bursts_per_hour * packet_s / 3600
    for number in range(n_packets):
        is_burst = rng.random(n_channels) < chance * (np.arange(n_channels) % 3 == 0)
        yield [
            Packet(
                key,
                number * packet_s * NS_PER_S,
                rate_hz,
                (bursts if is_burst[channel] else noise)[(7 * number + channel) % 50],
                b"",
                received_ns=((number + 1) * packet_s + 1) * NS_PER_S,
            )
            for channel, key in enumerate(IDS[:n_channels])
        ]


def used_mb(
    folder: Path,
    packets: Iterator[Sequence[Packet]],
    n_packets: int,
    settings: DetectionSettings,
    saved_every_s: int = 30,
) -> list[float]:
    """Resident memory after each eighth of the packets, of a network of which the places are known."""
    rng = np.random.default_rng(2)
    sites = {
        key.station_id: Site(key.station_id, *rng.uniform((36, 60), (46, 90)).tolist(), 1000.0) for key in IDS[::3]
    }
    store = Store.open(f"sqlite:///{folder}/memory.db")
    store.run(lambda unit: unit.save_run(Run("run/memory", "live", 0, "0" * 16, "0", "bench")))
    locator = Locator(LocationSettings(), sites)
    associator = Associator(AssociationSettings(), sites, locator.travel_times)
    pipeline = Pipeline(Detector(settings), associator, locator, store, "run/memory")
    monitor = HealthMonitor(HealthSettings())
    used, evaluated_ns, saved_ns = [], 0, 0
    for number, batch in enumerate(packets):
        for first in range(0, len(batch), 100):
            pipeline.feed(batch[first : first + 100])
            monitor.observe(batch[first : first + 100])
        if batch[0].received_ns - evaluated_ns >= seconds_ns(30):
            evaluated_ns = batch[0].received_ns
            monitor.evaluate(evaluated_ns)
        if batch[0].received_ns - saved_ns >= seconds_ns(saved_every_s):
            saved_ns = batch[0].received_ns
            pipeline.checkpoint()
        if (number + 1) % (n_packets // 8) == 0:
            used.append(rss_mb())
            print(f"{used[-1]:.0f} MB, {time.process_time() / 60:.0f} min of CPU", flush=True)
    store.close()
    print(f"{pipeline.n_picks} picks, {pipeline.n_events} events")
    assert pipeline.n_picks > 100
    return used


def test_three_thousand_channels_of_100_hz(tmp_path: Path) -> None:
    """Ten minutes of 4-s packets."""
    used = used_mb(tmp_path, packets_of_noise(100.0, 4, 152, 6), 152, DetectionSettings())
    assert max(used) < LARGEST_MB
    assert used[-1] - used[3] < 30  # what association keeps of each station is made when it has its first pick


@pytest.mark.soak
@pytest.mark.parametrize(("n_channels", "packet_s"), [(300, 600), (N_CHANNELS, 120)])
def test_a_day(tmp_path: Path, n_channels: int, packet_s: int) -> None:
    """What is kept by time, not by sample, shows itself in a day; so few samples a second make that affordable, and so
    does saving every ten minutes rather than every half.
    """
    settings = DetectionSettings(bands=((0.5, 2.0), (1.0, 4.0)))
    n_packets = 24 * 3600 // packet_s
    packets = packets_of_noise(10.0, packet_s, n_packets, 1, n_channels)
    used = used_mb(tmp_path, packets, n_packets, settings, saved_every_s=600)
    assert max(used) < LARGEST_MB
    # Health keeps a day of each channel: it is full at the end of the day only.
    assert used[-1] - used[3] < 30
