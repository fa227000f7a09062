"""Memory of 3,000 live channels, from packets to the database, and whether it stays where it is."""

from __future__ import annotations

import os
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
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, readonly

N_CHANNELS = 3000
RATE_HZ = 100.0
PACKET_S = 4
N_PACKETS = 150
QUARTERS = 4
LARGEST_MB = 500.0
LARGEST_GROWTH_MB = 20.0

pytestmark = pytest.mark.bench


def rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_three_thousand_channels(tmp_path: Path) -> None:
    """Ten minutes of 4-s packets, a burst in every hundredth channel once in a minute, a checkpoint as often."""
    rng = np.random.default_rng(1)
    n = round(PACKET_S * RATE_HZ)
    noise = [readonly(rng.normal(0, 100, n).round().astype(np.int32)) for _ in range(50)]
    burst = readonly((rng.normal(0, 5000, n) * np.exp(-np.arange(n) / 100)).round().astype(np.int32))
    ids = [SourceId("XX", f"S{number:04}", "", "HHZ") for number in range(N_CHANNELS)]
    store = Store.open(f"sqlite:///{tmp_path}/memory.db")
    store.run(lambda unit: unit.save_run(Run("run/memory", "live", 0, "0" * 16, "0", "bench")))
    associator, locator = Associator(AssociationSettings(), {}), Locator(LocationSettings(), {})
    pipeline = Pipeline(Detector(DetectionSettings()), associator, locator, store, "run/memory")
    used_mb = []
    for number in range(N_PACKETS):
        packets = []
        for channel, key in enumerate(ids):
            samples = burst if (number + channel) % 15 == 0 and channel % 100 == 0 else noise[(number + channel) % 50]
            packets.append(Packet(key, number * PACKET_S * NS_PER_S, RATE_HZ, samples, b""))
        for first in range(0, N_CHANNELS, 100):
            pipeline.feed(packets[first : first + 100])
        if number % 15 == 14:
            pipeline.checkpoint()
        if (number + 1) % (N_PACKETS // QUARTERS) == 0:
            used_mb.append(rss_mb())
    store.close()
    minutes = N_PACKETS * PACKET_S / 60
    print(
        f"{N_CHANNELS} channels, {minutes:g} minutes, {pipeline.n_picks} picks: "
        f"{', '.join(f'{mb:.0f}' for mb in used_mb)} MB after each quarter"
    )
    assert pipeline.n_picks > 100
    assert max(used_mb) < LARGEST_MB
    assert used_mb[-1] - used_mb[0] < LARGEST_GROWTH_MB
