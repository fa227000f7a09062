"""The criterion against its definition and ObsPy's C; the same bits alone and among others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.signal.trigger import aic_simple

from detection.onset.aic import Splits, best, criteria, energies, widths
from detection.plan import Floats


def criterion(trace: Floats, first: int = 0, stop: int | None = None) -> Floats:
    splits = Splits.of(np.array([first]), np.array([len(trace) if stop is None else stop]), len(trace))
    return criteria(energies(trace[np.newaxis], splits), splits)[0]


def test_it_is_the_sum_over_both_parts() -> None:
    """Maeda's formula of NumPy's own mean squares, split by split."""
    trace = np.random.default_rng(1).normal(0, [1.0] * 30 + [5.0] * 20)
    aic = criterion(trace)
    assert np.isinf(aic[[0, 48]]).all()
    expected = []
    for k in range(2, 49):
        before, after = np.mean(trace[:k] ** 2), np.mean(trace[k:] ** 2)
        expected.append(k * np.log(before) + (50 - k - 1) * np.log(after) if after > before else np.inf)
    assert np.isfinite(expected).sum() >= 30
    np.testing.assert_allclose(aic[1:48], expected, rtol=1e-9)


@pytest.mark.parametrize("jump", [2.0, 5.0, 50.0])
def test_obspys_criterion_has_its_minimum_at_the_same_split(jump: float) -> None:
    """It subtracts the mean of both parts, ours does not: of a high-passed trace there is none."""
    rng = np.random.default_rng(int(jump))
    apart = []
    for _ in range(100):
        trace = rng.normal(0, 1, 500)
        trace[int(rng.integers(100, 400)) :] *= jump
        theirs = aic_simple(trace)
        (index,), _ = best(criterion(trace)[np.newaxis])
        apart.append(index - 1 - int(np.argmin(theirs[5:-5])) - 5)
    assert np.mean(np.abs(apart) <= 1) >= 0.95
    assert abs(np.median(apart)) <= 1


@given(st.data())
def test_a_window_has_the_same_bits_alone_and_among_others(data: st.DataObject) -> None:
    """Whatever fills its row, and wherever in the row it lies at the same place."""
    n, m = 60, data.draw(st.integers(1, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    rows = rng.normal(0, 100, (m, n))
    first = np.array(data.draw(st.lists(st.integers(0, 20), min_size=m, max_size=m)))
    stop = np.array(data.draw(st.lists(st.integers(40, n), min_size=m, max_size=m)))
    splits = Splits.of(first, stop, n)
    together = criteria(energies(rows, splits), splits)
    for number in range(m):
        alone = rows[number].copy()
        alone[: first[number]] = alone[stop[number] :] = 1e6
        np.testing.assert_array_equal(criterion(alone, first[number], stop[number]), together[number])


def test_the_width_is_that_of_the_weights() -> None:
    trace = np.random.default_rng(3).normal(0, [1.0] * 60 + [1.5] * 40)
    aic = criterion(trace)
    at = int(np.argmin(aic))
    weights = np.exp(-0.5 * (aic - aic[at]))
    expected = np.sqrt(np.sum(weights * (np.arange(99) - at) ** 2) / np.sum(weights))
    assert expected > 2
    assert widths(aic[np.newaxis], np.array([at + 1]))[0] == pytest.approx(expected)


def test_a_clear_onset_is_narrow_and_a_faint_one_wide() -> None:
    rng = np.random.default_rng(4)
    found = []
    for jump in (1.5, 3.0, 30.0):
        trace = rng.normal(0, [1.0] * 250 + [jump] * 250)
        aic = criterion(trace)[np.newaxis]
        found.append(float(widths(aic, best(aic)[0])[0]))
    assert found[0] > found[1] > found[2]
    assert found[2] < 1
