"""Onsets against known splits; what must not matter: other frames, sign, scale, and where the window lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.signal.trigger import aic_simple

from detection.onset.frames import Frame
from detection.onset.p import Onset, find_onsets
from detection.plan import Floats, plan_for
from detection.settings import DetectionSettings
from tests.detection.onset.analysts import highpassed

PLAN = plan_for(DetectionSettings(), 100.0)
RUN_IN, BEFORE = PLAN.n_run_in, PLAN.n_before


def frame(raw: Floats, trigger: int = RUN_IN + BEFORE, start: int | None = None) -> Frame:
    return Frame(raw, max(trigger - BEFORE, 0) if start is None else start, trigger, 0)


def shock(seed: int, at: int, jump: float = 8.0, n: int = 800) -> Floats:
    """Whole counts: noise of 100, from a sample on a dying wave train of 8 Hz in it."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 100, n)
    t = np.arange(n - at) / 100
    raw[at:] += 100 * jump * np.exp(-t) * np.sin(2 * np.pi * 8 * t + rng.uniform(-0.3, 0.3))
    return np.round(raw)


def onset_in(raw: Floats, **places: int) -> Onset:
    (onset,) = find_onsets([frame(raw, **places)], PLAN)
    assert onset is not None
    return onset


@pytest.mark.parametrize(("jump", "median", "p90"), [(3.0, 1, 8), (10.0, 1, 3), (100.0, 1, 2)])
def test_the_onset_of_known_noise_is_found(jump: float, median: int, p90: int) -> None:
    """Two stationary parts, for which the criterion's minimum estimates the split; 200 draws of each."""
    rng = np.random.default_rng(int(jump))
    frames, expected = [], []
    for _ in range(200):
        at = int(rng.integers(500, 650))
        raw = rng.normal(0, 1, 800)
        raw[at:] *= jump
        frames.append(frame(raw))
        expected.append(at - RUN_IN)
    onsets = find_onsets(frames, PLAN)
    errors = np.array([onset.index for onset in onsets if onset is not None]) - expected
    assert abs(np.median(errors)) <= median
    assert np.quantile(np.abs(errors), 0.9) <= p90


@pytest.mark.parametrize("n_absent", [0, 150])
def test_hum_does_not_hide_an_onset(n_absent: int) -> None:
    """A sine of 16 Hz, twice the first motion, which a filter above 1 Hz does not take out.

    Nor does it where the segment begins inside the frame.
    """
    hum = 2000 * np.sin(2 * np.pi * 16 * np.arange(800) / 100)
    errors, of_highpassed = [], []
    for seed in range(40):
        raw = np.round(shock(seed, 580) + hum)
        onset = onset_in(raw[n_absent:], trigger=RUN_IN + BEFORE - n_absent)
        errors.append(abs(onset.index + RUN_IN - 580))
        of_highpassed.append(abs(int(np.argmin(aic_simple(highpassed(raw, PLAN)[300:])[5:-5])) + 305 - 580))
    assert np.median(errors) <= 2
    assert np.quantile(errors, 0.9) <= 8
    assert np.quantile(of_highpassed, 0.9) >= 20


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=80))
def test_the_same_bits_alone_and_among_others_in_any_order(numbers: list[int]) -> None:
    """Full windows, ones cut at either side, and ones after a gap."""
    found = find_onsets([CUT[number] for number in numbers], PLAN)
    assert found == [ALONE[number] for number in numbers]


def test_scale_changes_nothing_and_sign_the_polarity_alone() -> None:
    other = {"up": "down", "down": "up", "": ""}
    n_clear = 0
    for seed in range(8):
        raw = shock(seed, 560, 20)
        onset, scaled, turned = onset_in(raw), onset_in(raw * 1000), onset_in(-raw)
        assert (scaled.index, scaled.polarity, scaled.spread_s) == (onset.index, onset.polarity, onset.spread_s)
        assert (scaled.uncertainty_s, scaled.snr) == pytest.approx((onset.uncertainty_s, onset.snr))
        assert turned == replace(onset, polarity=other[onset.polarity])
        n_clear += bool(onset.polarity)
    assert n_clear >= 4


def test_the_onset_stays_where_the_window_moves() -> None:
    moved = []
    for seed in range(20):
        raw = shock(seed, 700, 15, n=1200)
        onsets = {lag: onset_in(raw[lag : lag + 800]).index + lag for lag in (60, 100, 140, 180)}
        moved.append(max(onsets.values()) - min(onsets.values()))
    assert np.mean(np.array(moved) <= 1) >= 0.9


def test_an_offset_changes_nothing() -> None:
    raw = shock(3, 560)
    assert onset_in(raw + 2.0**20).index == onset_in(raw).index


def test_the_end_of_a_phase_is_no_onset() -> None:
    raw = np.random.default_rng(2).normal(0, 1, 800)
    raw[:600] *= 50
    (onset,) = find_onsets([frame(raw)], PLAN)
    assert onset is None or onset.snr < 2


def test_a_window_that_only_dies_away_has_none() -> None:
    raw = np.cos(np.arange(800)) * np.exp(-np.arange(800) / 20)
    assert find_onsets([frame(raw)], PLAN) == [None]


@pytest.mark.parametrize("n", [0, 3])
def test_a_window_too_short_to_split_has_no_onset(n: int) -> None:
    raw = np.random.default_rng(3).normal(size=600 + n)
    assert find_onsets([frame(raw, start=600)], PLAN) == [None]


def test_silence_before_the_onset_is_no_division_by_zero() -> None:
    raw = np.zeros(800)
    raw[600:] = np.sin(np.arange(1, 201))
    onset = onset_in(raw)
    assert abs(onset.index + RUN_IN - 600) <= 1
    assert onset.snr == pytest.approx(1e6)


def test_nothing_but_silence_has_no_onset() -> None:
    assert find_onsets([frame(np.zeros(800))], PLAN) == [None]


def test_no_frames_no_onsets() -> None:
    assert find_onsets([], PLAN) == []


def _cut() -> list[Frame]:
    rng = np.random.default_rng(9)
    frames = []
    for number in range(60):
        raw = shock(number, int(rng.integers(450, 650)))
        left, right = (0, 800) if number % 3 == 0 else (int(rng.integers(0, 400)), int(rng.integers(650, 801)))
        frames.append(frame(raw[left:right], RUN_IN + BEFORE - left, int(rng.integers(0, 200)) + max(RUN_IN - left, 0)))
    return frames


CUT = _cut()
ALONE = [find_onsets([one], PLAN)[0] for one in CUT]


def test_noise_that_swells_before_a_weak_onset_is_not_taken_for_it() -> None:
    """The second shock of Unterhaching at UH3 (inside ObsPy): where its trace grows to 2.6 times the noise, not where
    the noise grew to 1.4 times, 0.4 s earlier and a little better split.
    """
    folder = Path(obspy.__file__).parent / "signal" / "tests" / "data"
    (trace,) = obspy.read(str(next(folder.glob("BW.UH3._.SHZ.*"))))
    plan = plan_for(DetectionSettings(), trace.stats.sampling_rate)
    trigger = round((obspy.UTCDateTime("2010-05-27T16:27:02.19") - trace.stats.starttime) * plan.rate_hz)
    start = trigger - plan.n_before
    run_in = start - plan.n_run_in
    samples = np.asarray(trace.data[run_in : trigger + plan.n_after], dtype=np.float64)
    (onset,) = find_onsets([Frame(samples, start - run_in, trigger - run_in, 1)], plan)
    assert onset is not None
    assert -0.3 <= (onset.index + start - trigger) / plan.rate_hz <= -0.15
    assert onset.uncertainty_s > 0.3
