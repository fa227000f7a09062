"""Hysteresis and re-arming against the definition, cut anywhere."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from obspy.signal.trigger import trigger_onset

from detection.trigger import Growth, Starts, hysteresis, intervals, spans_of

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


@given(ratios, st.lists(st.booleans(), min_size=3, max_size=3))
def test_spans_of_stretches_side_by_side_are_the_intervals_of_each(ratio: np.ndarray, was_on: list[bool]) -> None:
    n = ratio.shape[1]
    starts = np.flatnonzero(was_on) * n
    spans = spans_of(ratio.ravel(), np.arange(4) * n, starts, on=4.0, off=1.5)
    found: list[list[tuple[int, int]]] = [[], [], []]
    for start, stop, row in zip(spans.starts.tolist(), spans.stops.tolist(), spans.stretches.tolist(), strict=True):
        found[row].append((start - row * n, stop - row * n))
    state = hysteresis(ratio, np.array(was_on), on=4.0, off=1.5)
    assert found == [intervals(row) for row in state]
    lasting = np.zeros(3, dtype=bool)
    lasting[spans.stretches[spans.last]] = True
    assert np.array_equal(lasting, state[:, -1])


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


def slow_starts(ratio: list[float], n_dead: int) -> list[int]:
    """The definition: of ObsPy's intervals those that begin so many samples behind the end of the last that counted."""
    found, free = [], 0
    for on, off in trigger_onset(np.array(ratio), 4.0, 1.5):
        if on >= free:
            found.append(int(on))
            free = off + 1 + n_dead
    return found


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0]), min_size=1, max_size=60),
    st.integers(0, 12),
    st.lists(st.integers(1, 59), max_size=4),
)
def test_dead_time_passes_over_what_begins_in_it(ratio: list[float], n_dead: int, cuts: list[int]) -> None:
    starts = Starts(n_rearm=100, factor=10.0, n_dead=n_dead)
    edges = sorted({0, len(ratio), *(cut for cut in cuts if cut < len(ratio))})
    was_on, found = np.zeros(1, dtype=bool), []
    for a, b in itertools.pairwise(edges):
        state = hysteresis(np.array([ratio[a:b]]), was_on, on=4.0, off=1.5)
        found += starts.find(a, np.ones(b - a), intervals(state[0]))
        was_on = state[:, -1]
    assert found == slow_starts(ratio, n_dead)


def test_a_larger_shock_in_dead_time_counts() -> None:
    starts = Starts(n_rearm=2, factor=10.0, n_dead=20)
    state = np.array([False, True, True, False, False] + [True] * 10)
    sta = np.array([1.0] * 11 + [50.0] * 4)
    assert starts.find(0, sta, intervals(state)) == [1, 11]


def test_dead_time_goes_on_behind_a_gap() -> None:
    """The trigger lasts to the segment's end at sample 10; of 8 samples of dead time 3 pass in the gap."""
    starts = Starts(n_rearm=100, factor=10.0, n_dead=8)
    assert starts.find(0, np.ones(10), [(5, 10)]) == [5]
    starts.begin(10, 100, 3)
    state = np.array([False, True, False, False, False, True, False])
    assert starts.find(100, np.ones(7), intervals(state)) == [105]
