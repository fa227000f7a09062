"""What an onset costs beside ObsPy's pickers on the same windows, in turn in one process, the least of many rounds.

ObsPy's read one onset of one trace (`ar_pick` of three: P and S) and give neither uncertainty nor first motion.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from obspy.signal.trigger import aic_simple, ar_pick, pk_baer

from detection.onset.frames import Frame
from detection.onset.p import BATCH, find_onsets
from detection.plan import Floats, plan_for
from detection.settings import DetectionSettings

PLAN = plan_for(DetectionSettings(), 100.0)
RATE_HZ = 100.0

pytestmark = pytest.mark.bench


def fastest_us(work: Callable[[], object], n_onsets: int, n_rounds: int) -> float:
    """Least time for one onset: pieces of a few milliseconds, some of which no other program disturbs."""
    least = float("inf")
    for _ in range(n_rounds):
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return least / n_onsets * 1e6


def windows(n: int) -> list[Floats]:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        raw = rng.normal(0, 100, 800)
        raw[550:] += rng.normal(0, 600, 250)
        found.append(np.round(raw))
    return found


def test_an_onset_against_obspys_pickers() -> None:
    raw = windows(BATCH)
    frames = [Frame(samples, PLAN.n_run_in, PLAN.n_run_in + PLAN.n_before, 0) for samples in raw]
    singles = [samples.astype(np.float32) for samples in raw]
    onset_windows = [samples[PLAN.n_run_in :] for samples in raw]

    def theirs(pick: Callable[[Floats], object], traces: list[Floats], n_rounds: int = 100) -> float:
        return fastest_us(lambda: [pick(trace) for trace in traces], len(traces), n_rounds)

    ours_us = fastest_us(lambda: find_onsets(frames, PLAN), len(frames), 300)
    alone_us = fastest_us(lambda: find_onsets(frames[:1], PLAN), 1, 300)
    aic_us = theirs(aic_simple, onset_windows)
    baer_us = theirs(lambda x: pk_baer(x, RATE_HZ, 20, 60, 7.0, 12.0, 100, 100), singles)
    ar_us = theirs(lambda x: ar_pick(x, x, x, RATE_HZ, 1.0, 20.0, 1.0, 0.1, 4.0, 1.0, 2, 8, 0.1, 0.2), raw[:4], 20)
    print(
        f"{ours_us:.0f} us an onset, {BATCH} at once; {alone_us:.0f} us alone. ObsPy: aic_simple {aic_us:.0f} us, "
        f"pk_baer {baer_us:.0f} us, ar_pick {ar_us:.0f} us; ratios {aic_us / ours_us:.2f}, {baer_us / ours_us:.2f}, "
        f"{ar_us / ours_us:.1f}"
    )
    assert all(onset is not None for onset in find_onsets(frames, PLAN))
    assert ours_us <= 8 * aic_us  # four criteria, two filters, a model of the noise and the first motion
    assert ours_us <= ar_us / 3
