"""What detection costs a sample, against the number of channels and the length of packets: the plot in docs."""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from detection.detector import Detector
from detection.settings import DetectionSettings
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, readonly

mpl.use("Agg")
from matplotlib import pyplot as plt

IMAGE = Path(__file__).parents[2] / "docs" / "images" / "detection-cost.png"
RATE_HZ = 100.0
CHANNELS = (1, 10, 100, 1000, 10_000)
PACKETS_S = (0.1, 1.0, 10.0, 60.0)
LEAST_PACKETS = 1000  # of one round
N_ROUNDS = 3
MOST_SAMPLES = 3_000_000  # handed over at once: what a queue of 4 MiB of records holds

pytestmark = pytest.mark.bench


def ns_a_sample(n_channels: int, packet_s: float) -> float:
    """Processor time of a sample, all Python included; the least of some rounds over all channels."""
    rng = np.random.default_rng(n_channels)
    n = round(packet_s * RATE_HZ)
    samples = [readonly(rng.normal(0, 100, n).round().astype(np.int32)) for _ in range(50)]
    ids = [SourceId("XX", f"S{number:05}", "", "HHZ") for number in range(n_channels)]
    detector = Detector(DetectionSettings())
    n_turns = max(LEAST_PACKETS // n_channels, round(1.0 / packet_s), 1)
    at_once = max(MOST_SAMPLES // n, 1)
    least, start_ns = float("inf"), 0
    for _ in range(N_ROUNDS):
        began = time.thread_time()
        for _ in range(n_turns):
            packets = [Packet(key, start_ns, RATE_HZ, samples[i % 50], b"") for i, key in enumerate(ids)]
            start_ns += round(packet_s * NS_PER_S)
            for first in range(0, n_channels, at_once):
                detector.feed(packets[first : first + at_once])
        least = min(least, time.thread_time() - began)
    return least / (n_turns * n_channels * n) * 1e9


def test_the_cost_of_a_sample() -> None:
    costs = {packet_s: [ns_a_sample(n, packet_s) for n in CHANNELS] for packet_s in PACKETS_S}
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for packet_s, cost in costs.items():
        axes.loglog(CHANNELS, cost, marker="o", label=f"{packet_s:g} s")
        print(f"{packet_s:g}-s packets of {CHANNELS} channels: {', '.join(f'{ns:.0f}' for ns in cost)} ns a sample")
    axes.set_xlabel("channels handed over together")
    axes.set_ylabel("processor time of a sample, ns")
    axes.set_title("Packets to picks, two bands, 100 Hz, one core")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(title="packets of")
    IMAGE.parent.mkdir(exist_ok=True)
    figure.savefig(IMAGE, dpi=90)
    assert IMAGE.stat().st_size < 100_000
    assert costs[1.0][3] < costs[1.0][0] / 2  # many channels share what Python costs
    assert costs[60.0][3] < costs[0.1][3]
