"""How exact the core is: against long doubles after a huge event, and where ObsPy's own routines fail."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from obspy.signal.trigger import classic_sta_lta, recursive_sta_lta
from scipy.signal import sosfilt

from detection.averages import Averages
from detection.bandpass import Filtered, Tiles
from detection.matrices import average_step
from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings, Form
from detection.table import Table
from detection.workspace import Workspace

PLAN = plan_for(DetectionSettings(bands=((7.0, 20.0),)), 100.0)
BAND = PLAN.bands[0]
N_STEPS = 240
N = N_STEPS * PLAN.n_step
ROWS = plan_for(PLAN.settings, PLAN.rate_hz, by_rows=True)
BOTH_WAYS = pytest.mark.parametrize("by_rows", [False, True], ids=["tiles", "rows"])


def averaged(samples: np.ndarray, plan: Plan) -> Averages:
    """One channel that starts in the filter's rest and with averages of 0."""
    work, length = Workspace(), np.array([N])
    state = plan.rest[np.newaxis] * samples[0]
    signal: Filtered
    if plan.by_rows:
        signal = Table(plan, [samples[:0]], [samples], length, state, work).filter(0)
    else:
        signal = Tiles(plan, [samples], length, state, work).filter(0)
    return Averages.of(plan.averages, signal, np.zeros(1), np.zeros(1))


def averages_of(samples: np.ndarray, *, by_rows: bool) -> tuple[np.ndarray, np.ndarray]:
    """STA and LTA of that channel at every sample."""
    averages = averaged(samples, ROWS if by_rows else PLAN)
    sta, lta = averages.by_sample(np.array([0]), len(averages.bounds), np.array([0]))
    return sta[0], lta[0]


@BOTH_WAYS
@pytest.mark.parametrize("form", [Form.RECURSIVE, Form.SEISCOMP])
@pytest.mark.parametrize(("rate_hz", "bands"), [(100.0, ((7.0, 20.0),)), (20.0, ((2.0, 8.0),))])
@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.2, 1.5, 4.0])
def test_the_screen_lets_every_step_through_that_reaches_the_ratio(
    ratio: float, rate_hz: float, bands: tuple[tuple[float, float], ...], form: Form, by_rows: bool
) -> None:
    """Low ratios, which noise reaches all the time, so that every term of the bounds is needed; and few steps more.

    At 20 Hz a step is a quarter of the long window, and what its own samples add to the average counts.
    """
    settings = replace(PLAN.settings, bands=bands, form=form, on_ratio=ratio, off_ratio=ratio / 2)
    plan = plan_for(settings, rate_hz, by_rows=by_rows)
    samples = np.round(np.random.default_rng(10).normal(0, 100, N))
    samples[4000:4100] *= 10
    averages = averaged(samples, plan)
    n_steps = len(averages.bounds)
    sta, lta = averages.by_sample(np.array([0]), n_steps, np.array([0]))
    reached = (sta >= ratio * lta).reshape(n_steps, -1).any(axis=1)
    let_through = averages.may_trigger(np.ones((n_steps, 1), dtype=bool))[:, 0]
    assert reached.any()
    assert not (reached & ~let_through).any()
    assert (let_through & ~reached).mean() < 0.1


@pytest.mark.parametrize("lta_of_sta", [False, True], ids=["recursive", "seiscomp"])
@pytest.mark.parametrize(("n_sta", "n_lta", "n_step"), [(50, 1000, 48), (10, 200, 48), (10, 40, 64), (3, 200, 8)])
def test_the_bounds_of_a_step_hold_term_by_term(n_sta: int, n_lta: int, n_step: int, lta_of_sta: bool) -> None:
    """All energies and averages are positive: what holds for what each of them adds holds for all of them."""
    step = average_step(n_sta, n_lta, n_step, ratio=4.0, lta_of_sta=lta_of_sta)
    edges = np.arange(len(step.ends) - 1) * n_step // (len(step.ends) - 2)
    for (begin, end), bound, of_sta in zip(itertools.pairwise(edges), step.ends[2:], step.bound_keep, strict=True):
        for sample in range(begin, end):
            left = step.lta_keep[-1] / step.lta_keep[sample]
            assert (bound >= left * (step.sta[sample] - step.share * step.lta[sample]) - 1e-15).all()
            assert of_sta >= left * (step.sta_keep[sample] - step.share * step.lta_from_sta[sample]) - 1e-15


def test_rows_of_channels_that_end_anywhere_are_those_of_sosfilt() -> None:
    """Channels side by side, two of them longer than what goes through the products at once, one with a tail before."""
    noise, n_step = np.random.default_rng(11), ROWS.n_step
    every = [np.round(noise.normal(0, 100, n)) for n in (1500 * n_step, 1100 * n_step + 7, 3 * n_step)]
    tails = [every[0][: 5 * n_step], *(samples[:0] for samples in every[1:])]
    samples = [values[len(tail) :] for values, tail in zip(every, tails, strict=True)]
    lengths = np.array([len(values) for values in samples])
    before = np.stack([ROWS.rest * values[0] for values in every])
    table = Table(ROWS, tails, samples, lengths, before, Workspace())
    ends = table.filter(0).ends
    for channel, values in enumerate(every):
        energies = sosfilt(BAND.sections, values, zi=BAND.rest * values[0])[0] ** 2
        steps = np.arange(-(-lengths[channel] // n_step))
        made = table.signal(0, np.full(len(steps), channel), steps)
        exact = np.zeros(made.size)
        exact[: lengths[channel]] = energies[len(tails[channel]) :]
        assert np.abs(made.ravel() - exact).max() <= 1e-11 * exact.max()
        assert ends[:, : len(steps), channel] == pytest.approx(ROWS.averages.ends @ made.T, rel=1e-11, abs=1e-9)


def long_doubles(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The definition, sample by sample, with 64 bits of mantissa: direct form II transposed, then both averages."""
    real = np.longdouble
    signal = samples.astype(real)
    for (b0, b1, b2, _, a1, a2), rest in zip(BAND.sections.astype(real), BAND.rest, strict=True):
        z1, z2 = (real(value) * real(samples[0]) for value in rest)
        made = np.empty_like(signal)
        for i, x in enumerate(signal):
            y = b0 * x + z1
            z1, z2 = b1 * x - a1 * y + z2, b2 * x - a2 * y
            made[i] = y
        signal = made
    sta, lta = np.empty((2, len(samples)), dtype=real)
    s = t = real(0)
    for i, x in enumerate(signal):
        s += (x * x - s) / PLAN.n_sta
        t += (x * x - t) / PLAN.n_lta
        sta[i], lta[i] = s, t
    return sta, lta


@BOTH_WAYS
def test_after_an_event_of_a_hundred_million_counts(by_rows: bool) -> None:
    """A tenth of a second of 10^8 counts on noise of 100: both averages and the ratio to 10^-12, all the way down."""
    samples = np.round(np.random.default_rng(8).normal(0, 100, N))
    samples[1500:1510] += 1e8
    sta, lta = averages_of(samples, by_rows=by_rows)
    exact_sta, exact_lta = long_doubles(samples)
    after = slice(100, None)
    for ours, exact in ((sta, exact_sta), (lta, exact_lta), (sta / lta, exact_sta / exact_lta)):
        error = np.abs(ours[after] / exact[after] - 1)
        assert error.max() <= 1e-12


def test_a_channel_that_dies_after_a_huge_event_has_no_ratio_below_0() -> None:
    """ObsPy's classic form subtracts what leaves its window: after 10^8 counts the rest is rounding, of either sign."""
    samples = np.round(np.random.default_rng(8).normal(0, 100, N))
    samples[1500:1510] += 1e8
    samples[2600:] = samples[2599]
    filtered, _ = sosfilt(BAND.sections, samples, zi=BAND.rest * samples[0])
    with np.errstate(all="ignore"):
        theirs = classic_sta_lta(filtered, PLAN.n_sta, PLAN.n_lta)[PLAN.n_lta :]
    sta, lta = averages_of(samples, by_rows=False)
    assert np.nanmin(theirs) < -1e-9 or np.isnan(theirs).any()
    assert (sta[PLAN.n_lta :] >= 0).all()
    assert (lta[PLAN.n_lta :] > 0).all()


def test_leading_zeros_are_no_nan() -> None:
    """A channel that is silent and then is not: ObsPy's recursion divides 0 by 0 wherever nothing came yet."""
    samples = np.zeros(N)
    samples[3000:] = np.round(np.random.default_rng(9).normal(0, 100, N - 3000))
    filtered, _ = sosfilt(BAND.sections, samples, zi=BAND.rest * 0)
    assert np.isnan(recursive_sta_lta(filtered, PLAN.n_sta, PLAN.n_lta)[PLAN.n_lta : 3000]).any()
    sta, lta = averages_of(samples, by_rows=False)
    assert np.isfinite(sta).all()
    assert (lta[:3000] == 0).all()
