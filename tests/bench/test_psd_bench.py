"""Noise levels of a channel-day of 100 Hz against ObsPy's PPSD on the same samples, by processor time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import obspy
import pytest
from obspy.signal import PPSD

from stations.health.psd import psd_levels, psd_plan

pytestmark = pytest.mark.bench

RATE_HZ = 100.0
N_ROUNDS = 3


def cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def test_a_channel_day_against_ppsd() -> None:
    chance = np.random.default_rng(1)
    n = round(86_400 * RATE_HZ)
    swell = 2000 * np.sin(2 * np.pi * np.arange(n) / RATE_HZ / 6)
    counts = np.round(swell + chance.normal(5_000_000, 50, n)).astype(np.int32)
    trace = obspy.Trace(counts, {"station": "TEST", "channel": "HHZ", "sampling_rate": RATE_HZ})
    flat = {"gain": 1.0, "sensitivity": 1.0, "poles": [], "zeros": []}
    plan = psd_plan(RATE_HZ)
    found: list[object] = []

    def ours() -> None:
        for start in range(0, n - plan.n_window + 1, plan.n_window // 2):
            found.append(psd_levels(counts[start : start + plan.n_window].astype(np.float64), plan))

    def theirs() -> None:
        assert PPSD(trace.stats, flat).add(obspy.Stream([trace]))

    rounds = [(cpu_s(ours), cpu_s(theirs)) for _ in range(N_ROUNDS)]
    best, best_of_ppsd = (min(times) for times in zip(*rounds, strict=True))
    assert len(found) == N_ROUNDS * 47
    print(f"a channel-day of 100 Hz: {best:.2f} s, PPSD {best_of_ppsd:.2f} s: {best_of_ppsd / best:.1f} times")
    assert best_of_ppsd > 4 * best
