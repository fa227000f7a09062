"""Onsets against a known split, the definition, and analysts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from obspy.signal.trigger import recursive_sta_lta
from scipy.signal import sosfilt

from detection.onset.aic import akaike
from detection.onset.p import find_onset
from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_for(DetectionSettings(bands=((7.0, 20.0),)), 100.0)


def test_aic_is_the_sum_over_both_parts() -> None:
    """Maeda's formula with NumPy's own variance, split by split."""
    trace = np.random.default_rng(1).normal(0, [1.0] * 30 + [5.0] * 20)
    aic = akaike(trace)
    for k in range(2, 49):
        before, after = np.var(trace[:k]), np.var(trace[k:])
        if after > before:
            assert aic[k] == pytest.approx(k * np.log(before) + (50 - k - 1) * np.log(after), rel=1e-9)
        else:
            assert np.isinf(aic[k])
    assert np.isinf(aic[[0, 1, 49]]).all()


@pytest.mark.parametrize(("jump", "median", "p90"), [(3.0, 4, 15), (10.0, 1, 4), (100.0, 1, 2)])
def test_the_onset_of_known_noise_is_found(plan: Plan, jump: float, median: int, p90: int) -> None:
    """Two stationary parts, for which the criterion's minimum estimates the split; 200 draws of each.

    Half of the faintest are read on the band-passed trace, which the filter delays by some samples.
    """
    rng = np.random.default_rng(int(jump))
    errors = []
    for _ in range(200):
        at = int(rng.integers(500, 750))
        raw = rng.normal(0, 1, 800)
        raw[at:] *= jump
        onset = find_onset(raw, 300, plan, plan.bands[0])
        assert onset is not None
        errors.append(onset.index + 300 - at)
    assert abs(np.median(errors)) <= median
    assert np.quantile(np.abs(errors), 0.9) <= p90


def test_the_end_of_a_phase_is_no_onset(plan: Plan) -> None:
    raw = np.random.default_rng(2).normal(0, 1, 800)
    raw[:600] *= 50
    onset = find_onset(raw, 300, plan, plan.bands[0])
    assert onset is None or onset.snr < 2


@pytest.mark.parametrize("n", [0, 3])
def test_a_window_too_short_to_split_has_no_onset(plan: Plan, n: int) -> None:
    assert find_onset(np.random.default_rng(3).normal(size=300 + n), 300, plan, plan.bands[0]) is None


def test_silence_before_the_onset_is_no_division_by_zero(plan: Plan) -> None:
    raw = np.zeros(800)
    raw[600:] = np.sin(np.arange(1, 201))
    onset = find_onset(raw, 300, plan, plan.bands[0])
    assert onset is not None
    assert abs(onset.index + 300 - 600) <= 1
    assert onset.snr == pytest.approx(1e6)


@pytest.mark.data
def test_analysts_picks(plan: Plan, shared_data: Callable[[str], Path]) -> None:
    """40 P of Northern California, cut at random (P is sample 3000 in every file): trigger, then onset.

    Published for comparison: PhaseNet 10 ms median on the set these come from (Zhu & Beroza 2019).
    """
    rng = np.random.default_rng(4)
    settings = plan.settings
    errors_s, spreads_s = [], []
    files = sorted(shared_data("picks_ncedc").glob("*.npz"))
    assert len(files) == 40
    for file in files:
        with np.load(file) as record:
            skip = int(rng.integers(0, 1500))
            raw = record["data"][skip:, 2].astype(float)
            analyst = int(record["itp"]) - skip
        filtered, _ = sosfilt(plan.bands[0].sections, raw, zi=plan.bands[0].rest * raw[0])
        above = recursive_sta_lta(filtered, plan.n_sta, plan.n_lta) >= settings.on_ratio
        triggers = np.flatnonzero(above[1:] & ~above[:-1]) + 1
        trigger = int(triggers[np.argmin(np.abs(triggers - analyst))])
        start = max(trigger - plan.n_before, 0)
        run_in = max(start - plan.n_run_in, 0)
        onset = find_onset(raw[run_in : trigger + plan.n_after], start - run_in, plan, plan.bands[0])
        assert onset is not None
        errors_s.append(abs(start + onset.index - analyst) / 100)
        spreads_s.append(onset.spread / 100)
    assert np.median(errors_s) <= 0.02
    assert np.quantile(errors_s, 0.9) <= 0.05
    assert np.mean(np.array(errors_s) <= 0.1) >= 0.95
