"""Onsets, their uncertainty and first motions against analysts' readings of real earthquakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from detection.onset.p import LEAST_S, Onset, find_onsets
from detection.plan import Floats, Plan, plan_for
from detection.settings import DetectionSettings
from tests.detection.onset.analysts import Case, cases, highpassed

PLAN = plan_for(DetectionSettings(), 100.0)
RATIOS = (None, 10.0, 5.0, 2.5)

pytestmark = pytest.mark.data


def read(found: Sequence[Case], plan: Plan = PLAN) -> tuple[Floats, list[Onset]]:
    """Errors in seconds, and the onsets."""
    onsets = find_onsets([case.frame for case in found], plan)
    known = [onset for onset in onsets if onset is not None]
    assert len(known) == len(found)
    return np.array([o.index - c.analyst for o, c in zip(known, found, strict=True)]) / plan.rate_hz, known


@pytest.fixture(scope="module")
def folder(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("picks_ncedc")


@pytest.fixture(scope="module")
def by_ratio(folder: Path) -> dict[float | None, list[Case]]:
    """The 40 records cropped 3 times; as they are, and with P as many times above the noise."""
    return {ratio: cases(folder, PLAN, number, 3, ratio) for number, ratio in enumerate(RATIOS)}


def test_p_against_analysts(by_ratio: dict[float | None, list[Case]]) -> None:
    """Published for comparison: PhaseNet 10 ms median on the set these come from (Zhu & Beroza 2019)."""
    errors, _ = read(by_ratio[None])
    assert len(errors) == 120
    assert np.median(np.abs(errors)) <= 0.0151
    assert np.mean(np.abs(errors) <= 0.1001) >= 0.95
    assert np.mean(np.abs(errors) > 1) <= 0.01


def test_p_in_noise(by_ratio: dict[float | None, list[Case]]) -> None:
    """The AIC of the high-passed trace alone: 88, 88 and 68 % within 0.1 s."""
    shares = [np.mean(np.abs(read(by_ratio[ratio])[0]) <= 0.1001) for ratio in (10.0, 5.0, 2.5)]
    print("within 0.1 s at 10, 5, 2.5 times the noise:", np.round(shares, 3))
    assert shares >= [0.92, 0.87, 0.70]


@pytest.mark.parametrize("ratio", RATIOS)
def test_uncertainty_holds_two_thirds_of_the_errors(
    by_ratio: dict[float | None, list[Case]], ratio: float | None
) -> None:
    errors, onsets = read(by_ratio[ratio])
    sigma = np.array([onset.uncertainty_s for onset in onsets])
    inside, wide = (np.mean(np.abs(errors) <= factor * sigma) for factor in (1, 1.645))
    print(f"{ratio}: {inside:.3f} inside one sigma, {wide:.3f} inside 1.645, median sigma {np.median(sigma):.3f} s")
    assert 0.6 <= inside <= 0.82
    assert wide >= 0.75


def test_uncertainty_fitted_on_half_of_the_records_holds_on_the_other(by_ratio: dict[float | None, list[Case]]) -> None:
    """The scale alone is fitted, on 20 records drawn at random, 100 times; noisy copies stay with their record."""
    every = [case for found in by_ratio.values() for case in found]
    errors, onsets = read(every)
    sigma, record = np.array([o.uncertainty_s for o in onsets]), np.array([case.record for case in every])
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(100):
        fitted = np.isin(record, rng.permutation(40)[:20])
        scale = np.quantile(np.abs(errors[fitted]) / sigma[fitted], 0.68)
        rest = np.abs(errors[~fitted]) / np.maximum(scale * sigma[~fitted], LEAST_S)
        shares.append([scale, np.mean(rest <= 1), np.mean(rest <= 1.645)])
    scale, inside, wide = np.mean(shares, axis=0)
    print(f"scale {scale:.2f}: {inside:.3f} inside one sigma (+- {np.std(shares, axis=0)[1]:.3f}), {wide:.3f} in 1.645")
    assert 0.8 <= scale <= 1.25
    assert 0.63 <= inside <= 0.73


def test_first_motions_survive_noise(folder: Path, by_ratio: dict[float | None, list[Case]]) -> None:
    """Where they are plain in all crops of a record, they are that with noise added, or not clear."""
    plain: dict[int, set[str]] = {}
    for case, onset in zip(by_ratio[None], read(by_ratio[None])[1], strict=True):
        plain.setdefault(case.record, set()).add(onset.polarity)
    known = {record: next(iter(found)) for record, found in plain.items() if len(found) == 1 and found != {""}}
    assert len(known) >= 20
    shares = []
    for ratio in (10.0, 5.0):
        found = zip(by_ratio[ratio], read(by_ratio[ratio])[1], strict=True)
        answers = [(known[case.record], onset.polarity) for case, onset in found if case.record in known]
        clear = [sign == seen for sign, seen in answers if seen]
        shares.append((len(clear) / len(answers), np.mean(clear)))
        print(f"{ratio} times the noise: {shares[-1][0]:.2f} clear, {shares[-1][1]:.3f} of them right")
    assert shares[0][0] >= 0.5
    assert shares[0][1] >= 0.93


def test_first_motion_is_what_the_trace_shows(by_ratio: dict[float | None, list[Case]]) -> None:
    """Where the trace leaves ten times the largest noise of 2 s before, that sample has the sign."""
    n_seen = n_right = 0
    for case, onset in zip(by_ratio[None], read(by_ratio[None])[1], strict=True):
        trace = highpassed(case.frame.samples, PLAN)[case.frame.start :]
        noise = np.abs(trace[max(case.analyst - 200, 0) : case.analyst - 5]).max()
        after = trace[case.analyst - 5 : case.analyst + 15]
        out = np.flatnonzero(np.abs(after) > 10 * noise)
        early = np.abs(after[: int(out[0])]).max() if len(out) and out[0] else 0.0
        if len(out) and onset.polarity:
            n_seen += 1
            n_right += onset.polarity == ("up" if after[out[0]] > 0 else "down") or early > 3 * noise
    assert n_seen >= 30
    assert n_right >= 0.97 * n_seen
