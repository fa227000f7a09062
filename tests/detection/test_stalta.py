"""Filter, averages and triggers against ObsPy's whole-record routines on real records."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings
from detection.stalta import average_rows, filter_rows, ratio_rows
from detection.trigger import Growth, hysteresis, intervals


def in_blocks(plan: Plan, data: np.ndarray, n_block: int) -> tuple[np.ndarray, np.ndarray]:
    """STA/LTA ratio and trigger state of (n_channels, n) counts, block by block with carried state."""
    settings = plan.settings
    state = np.stack([plan.bandpass_rest * row[0] for row in data])
    sta = lta = np.zeros(len(data))
    was_on = np.zeros(len(data), dtype=bool)
    ratios, states = [], []
    for start in range(0, data.shape[1], n_block):
        filtered, state = filter_rows(plan.bandpass, data[:, start : start + n_block], state)
        energy = filtered**2
        if start == 0:
            energy[:, 0] = 0  # ObsPy leaves the first sample out; after `bandpass_rest` it is rounding, 1e-10 counts
        sta_rows, lta_rows = average_rows(energy, sta, plan.n_sta), average_rows(energy, lta, plan.n_lta)
        ratio = ratio_rows(sta_rows, lta_rows, np.full(len(data), plan.n_lta - start))
        on = hysteresis(ratio, was_on, on=settings.on_ratio, off=settings.off_ratio)
        sta, lta, was_on = sta_rows[:, -1], lta_rows[:, -1], on[:, -1]
        ratios.append(ratio)
        states.append(on)
    return np.concatenate(ratios, axis=1), np.concatenate(states, axis=1)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0])
@pytest.mark.parametrize("n_block", [25, 333])
def test_ratio_and_triggers_are_those_of_obspy(
    unterhaching: Sequence[obspy.Trace], rate_hz: float, n_block: int
) -> None:
    plan = plan_for(DetectionSettings(), rate_hz)
    data = np.stack([t.data.astype(float) for t in unterhaching if t.stats.sampling_rate == rate_hz])
    ratios, states = in_blocks(plan, data, n_block)
    n_triggers = 0
    for row, ratio, state in zip(data, ratios, states, strict=True):
        filtered, _ = sosfilt(plan.bandpass, row, zi=plan.bandpass_rest * row[0])
        expected = recursive_sta_lta(filtered, plan.n_sta, plan.n_lta)
        assert np.array_equal(ratio, expected)  # to the bit
        on_off = trigger_onset(expected, plan.settings.on_ratio, plan.settings.off_ratio)
        assert intervals(state) == [(on, off + 1) for on, off in on_off]
        n_triggers += len(on_off)
    assert n_triggers >= 2


def test_a_row_does_not_depend_on_its_company(unterhaching: Sequence[obspy.Trace]) -> None:
    plan = plan_for(DetectionSettings(), 50.0)
    data = np.stack([t.data.astype(float) for t in unterhaching if t.stats.sampling_rate == 50.0])
    together, _ = in_blocks(plan, data, 100)
    reversed_order, _ = in_blocks(plan, data[::-1], 100)
    assert np.array_equal(together[::-1], reversed_order)
    for row in range(len(data)):
        alone, _ = in_blocks(plan, data[row : row + 1], 100)
        assert np.array_equal(together[row], alone[0])


def test_silence_has_ratio_0() -> None:
    zeros = np.zeros((1, 8))
    assert not ratio_rows(zeros, zeros, np.array([0])).any()


ratios = npst.arrays(
    np.float64, st.tuples(st.just(3), st.integers(1, 60)), elements=st.sampled_from([0, 1, 1.5, 2, 4, 5])
)


@given(ratios, st.integers(1, 60))
def test_hysteresis_is_trigger_onset_wherever_it_is_cut(ratio: np.ndarray, at: int) -> None:
    first = hysteresis(ratio[:, :at], np.zeros(3, dtype=bool), on=4.0, off=1.5)
    parts = [first]
    if at < ratio.shape[1]:
        parts.append(hysteresis(ratio[:, at:], first[:, -1], on=4.0, off=1.5))
    for row, state in zip(ratio, np.concatenate(parts, axis=1), strict=True):
        assert intervals(state) == [(on, off + 1) for on, off in trigger_onset(row, 4.0, 1.5)]


def slow_growth(sta: list[float], n_lag: int, factor: float) -> int | None:
    """The definition, sample by sample."""
    for i in range(n_lag + 1, len(sta)):
        if sta[i] > factor * max(sta[: max(i - n_lag, n_lag) + 1]):
            return i
    return None


@given(
    st.lists(st.sampled_from([1.0, 2.0, 5.0, 30.0, 400.0]), min_size=1, max_size=40),
    st.integers(1, 6),
    st.lists(st.integers(1, 39), max_size=4),
)
def test_growth_inside_a_trigger_is_found_wherever_the_stream_is_cut(
    sta: list[float], n_lag: int, cuts: list[int]
) -> None:
    growth = Growth(n_lag, 10.0)
    edges = sorted({0, len(sta), *(cut for cut in cuts if cut < len(sta))})
    found = None
    for a, b in itertools.pairwise(edges):
        index = growth.first(np.array(sta[a:b]))
        if index is not None:
            found = a + index
            break
    assert found == slow_growth(sta, n_lag, 10.0)
