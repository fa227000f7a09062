"""Filter, averages and triggers of many channels: ObsPy's on real records, and the same bits in any company."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

from detection.bank import Bank
from detection.plan import Plan, plan_for
from detection.search import search
from detection.settings import DetectionSettings
from detection.trigger import intervals

BY_ROWS = pytest.mark.parametrize("by_rows", [False, True], ids=["tiles", "rows"])
PLAN, ROWS = (plan_for(DetectionSettings(), 100.0, by_rows=by_rows) for by_rows in (False, True))
BOTH_WAYS = pytest.mark.parametrize("plan", [PLAN, ROWS], ids=["tiles", "rows"])


@dataclass(frozen=True)
class Searched:
    """What came of some channels: for each its trigger state, its averages where it was looked at, and the bank."""

    is_on: list[np.ndarray]
    sta: list[np.ndarray]
    bank: Bank


def run(plan: Plan, data: Sequence[np.ndarray], cuts: Sequence[int]) -> Searched:
    """Search whole records, cut before the given samples."""
    bank = Bank(plan)
    rows = [bank.add() for _ in data]
    for row, samples in zip(rows, data, strict=True):
        bank.filters[row] = plan.rest * samples[0]
    is_on = [np.zeros(len(samples), dtype=bool) for samples in data]
    sta = [np.full(len(samples), np.nan) for samples in data]
    longest = max(len(samples) for samples in data)
    for begin, end in itertools.pairwise([0, *cuts, longest]):
        here = [number for number, samples in enumerate(data) if len(samples) > begin]
        parts = [data[number][begin:end] for number in here]
        for found in search(bank, [rows[number] for number in here], parts):
            where = slice(begin + found.first, begin + found.first + len(found.sta))
            for start, stop in found.spans:
                is_on[here[found.number]][where][start:stop] = True
            sta[here[found.number]][where] = found.sta
    return Searched(is_on, sta, bank)


def obspy_ratio(plan: Plan, samples: np.ndarray) -> np.ndarray:
    """The largest of all bands."""
    filtered = [sosfilt(band.sections, samples, zi=band.rest * samples[0])[0] for band in plan.bands]
    return np.max([recursive_sta_lta(signal, plan.n_sta, plan.n_lta) for signal in filtered], axis=0)


def shocks(n_channels: int, n: int, seed: int) -> np.ndarray:
    """White noise of 100 counts with dying bursts at random, whole counts."""
    rng = np.random.default_rng(seed)
    data = rng.normal(0, 100, (n_channels, n))
    for row in data:
        for at in rng.integers(PLAN.n_lta, n, 3):
            row[at:] += rng.normal(0, 10 ** rng.uniform(2, 5), n - at) * np.exp(-np.arange(n - at) / 200)
    return np.round(data)


@BY_ROWS
@pytest.mark.parametrize("rate_hz", [50.0, 100.0])
@pytest.mark.parametrize("n_cut", [50, 1000, 100_000])
def test_triggers_are_those_of_obspy(
    unterhaching: Sequence[obspy.Trace], rate_hz: float, n_cut: int, by_rows: bool
) -> None:
    plan = plan_for(DetectionSettings(), rate_hz, by_rows=by_rows)
    data = [t.data.astype(float) for t in unterhaching if t.stats.sampling_rate == rate_hz]
    n = max(len(samples) for samples in data)
    n_cut = -(-n_cut // plan.n_block) * plan.n_block
    searched = run(plan, data, range(n_cut, n, n_cut))
    n_triggers = 0
    for samples, is_on in zip(data, searched.is_on, strict=True):
        on_off = trigger_onset(obspy_ratio(plan, samples), plan.settings.on_ratio, plan.settings.off_ratio)
        assert intervals(is_on) == [(on, off + 1) for on, off in on_off]
        n_triggers += len(on_off)
    assert n_triggers >= 2


@BOTH_WAYS
def test_two_hundred_channels_that_all_trigger_are_those_of_obspy(plan: Plan) -> None:
    data = shocks(200, 6000, 3)
    searched = run(plan, list(data), range(20 * plan.n_block, 6000, 20 * plan.n_block))
    n_triggers = 0
    for samples, is_on in zip(data, searched.is_on, strict=True):
        on_off = trigger_onset(obspy_ratio(PLAN, samples), PLAN.settings.on_ratio, PLAN.settings.off_ratio)
        assert intervals(is_on) == [(on, off + 1) for on, off in on_off]
        n_triggers += len(on_off)
    assert n_triggers >= 200


@cache
def all_channels(plan: Plan) -> tuple[np.ndarray, Searched]:
    """150 channels, and what came of them when they were searched together in one go."""
    data = shocks(150, 3000, 5)
    return data, run(plan, list(data), [])


@BOTH_WAYS
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bits_do_not_depend_on_company_order_or_cuts(plan: Plan, data: st.DataObject) -> None:
    """Any channels of 150, in any order, cut anywhere on the grid: bit for bit what each gives with all the others."""
    samples, together = all_channels(plan)
    chosen = data.draw(st.lists(st.integers(0, 149), min_size=1, max_size=80, unique=True))
    blocks = data.draw(st.sets(st.integers(1, 3000 // plan.n_block - 1), max_size=5))
    cuts = sorted(block * plan.n_block for block in blocks)
    alone = run(plan, [samples[number] for number in chosen], cuts)
    for row, number in enumerate(chosen):
        assert alone.bank.filters[row].tobytes() == together.bank.filters[number].tobytes()
        assert alone.bank.sta[row].tobytes() == together.bank.sta[number].tobytes()
        assert alone.bank.lta[row].tobytes() == together.bank.lta[number].tobytes()
        assert np.array_equal(alone.is_on[row], together.is_on[number])
        both = ~np.isnan(alone.sta[row]) & ~np.isnan(together.sta[number])
        assert both.sum() >= alone.is_on[row].sum()
        assert np.array_equal(alone.sta[row][both], together.sta[number][both])


@BOTH_WAYS
def test_channels_of_different_lengths_side_by_side(plan: Plan) -> None:
    """As late channels do: each ends where its own samples end, one in the middle of a step."""
    data = shocks(70, 3000, 6)
    lengths = [(60 - number % 30) * plan.n_block for number in range(70)]
    lengths[7] = 1437
    ragged = run(plan, [row[:n] for row, n in zip(data, lengths, strict=True)], [])
    for number, n in enumerate(lengths):
        alone = run(plan, [data[number][:n]], [])
        assert np.array_equal(ragged.is_on[number], alone.is_on[0])
        assert ragged.bank.lta[number].tobytes() == alone.bank.lta[0].tobytes()
        if n % plan.n_step == 0:
            assert ragged.bank.filters[number].tobytes() == alone.bank.filters[0].tobytes()


@BOTH_WAYS
def test_the_noise_level_at_a_segments_end_is_obspys(plan: Plan) -> None:
    """The end lies inside a step; the level is carried into the next segment."""
    samples = shocks(1, 2743, 7)[0]
    searched = run(plan, [samples], [30 * plan.n_block])
    for number, band in enumerate(PLAN.bands):
        filtered, _ = sosfilt(band.sections, samples, zi=band.rest * samples[0])
        lta = 0.0
        for value in filtered.tolist():
            lta += (value * value - lta) / PLAN.n_lta
        assert searched.bank.lta[0, number] == pytest.approx(lta, rel=1e-12)


def test_silence_never_triggers() -> None:
    searched = run(PLAN, [np.zeros(3000)], [])
    assert not searched.is_on[0].any()
