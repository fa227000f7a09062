"""Response spectra against published values, other programs, and what oscillators must do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from engineering.blocked import Blocked, matrices
from engineering.directions import over_directions
from engineering.measures import G_M_S2
from engineering.oscillator import Between, Floats, Quantity, recursions
from engineering.spectra import Oscillators, psa, rotated_psa, spectrum
from houfeng.errors import MotionError

from .conftest import RATE_HZ


def percent_of_g(values_m_s2: Floats) -> Floats:
    return values_m_s2 / G_M_S2 * 100


def test_straight_lines_between_samples_give_the_exact_answer(record_m_s2: Floats) -> None:
    oscillators = Oscillators(np.array([0.1, 0.2, 0.5, 1.0, 3.0]), between=Between.LINEAR)
    # computed for the same record by another implementation of Nigam & Jennings
    assert percent_of_g(psa(record_m_s2[0], RATE_HZ, oscillators)) == pytest.approx(
        [85.6746, 102.1503, 113.8036, 72.2382, 19.2079], abs=1e-4
    )


def test_a_band_limited_record_gives_the_converged_answer(record_m_s2: Floats) -> None:
    oscillators = Oscillators(np.array([0.1, 0.2, 0.5, 1.0]))
    # what resampling gives as it grows: 64 times as dense
    assert percent_of_g(psa(record_m_s2[0], RATE_HZ, oscillators)) == pytest.approx(
        [91.43, 103.30, 113.96, 72.267], rel=2e-4
    )


def test_every_direction_against_published_percentiles(record_m_s2: Floats) -> None:
    oscillators = Oscillators(np.array([0.2, 1.0]), between=Between.LINEAR)
    median, largest = percent_of_g(rotated_psa(record_m_s2[:2], RATE_HZ, oscillators))
    assert median == pytest.approx([80.500, 52.681], abs=1e-3)
    assert largest == pytest.approx([110.168, 74.502], abs=1e-3)
    assert np.percentile(percent_of_g(over_directions(record_m_s2[:2])), [50, 100]) == pytest.approx(
        [52.046, 56.673], abs=1e-3
    )


def test_eqsig_computes_the_same(record_m_s2: Floats) -> None:
    periods_s = np.array([0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0])
    # eqsig 1.2.17, sdof.pseudo_response_spectra(record, 0.01, periods_s, 0.05)
    assert psa(record_m_s2[1], RATE_HZ, Oscillators(periods_s, between=Between.LINEAR)) == pytest.approx(
        [15.4881, 13.08524, 7.65374, 8.71244, 7.36156, 6.21963, 3.94289, 2.3743, 1.38929, 1.41032, 0.22434], rel=1e-4
    )


def test_pyrotd_computes_the_same(record_m_s2: Floats) -> None:
    periods_s = np.array([0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0])
    # pyRotd's record comes round again behind its end, ours is at rest before it: both get quiet on either side
    faded = record_m_s2[:2] * np.hanning(24_000)[6000:18_000]
    quiet = np.concatenate((np.zeros((2, 4000)), faded, np.zeros((2, 4000))), axis=1)
    median, largest = rotated_psa(quiet, RATE_HZ, Oscillators(periods_s))
    # pyRotd 0.6.1, calc_rotated_spec_accels(0.01, *quiet, 1 / periods_s, percentiles=[50, 100], max_freq_ratio=100)
    assert median == pytest.approx(
        [5.3186, 8.0347, 11.0758, 11.7142, 10.3699, 7.4338, 8.5959, 8.8756, 6.4535, 4.7711, 2.2266, 1.5317, 1.2169],
        rel=1e-3,
    )
    assert largest == pytest.approx(
        [6.4154, 8.4764, 13.9508, 14.8599, 12.3682, 10.1963, 10.0058, 10.4215, 8.9403, 6.7298, 3.0624, 2.147, 1.5712],
        rel=1e-3,
    )


def test_a_resonant_sine_grows_to_its_known_height() -> None:
    # steady state at resonance: 1 / (2 damping) times the ground's amplitude
    seconds = np.arange(60_000) / 200
    ground = np.sin(2 * np.pi * seconds)
    for between in Between:
        found = psa(ground, 200.0, Oscillators(np.array([1.0]), damping=0.05, between=between))
        assert found == pytest.approx([10.0], rel=1e-3)


def test_a_stiff_oscillator_moves_with_the_ground_and_a_soft_one_stays() -> None:
    pulse = np.zeros(8000)
    pulse[1000:1200] = np.hanning(200)  # 1 s long
    stiff, soft = psa(pulse, 200.0, Oscillators(np.array([0.01, 500.0]), damping=0.05))
    assert stiff == pytest.approx(1.0, rel=1e-3)
    displaced = spectrum(pulse, 200.0, Oscillators(np.array([5000.0])), Quantity.DISPLACEMENT)
    ground = np.abs(np.cumsum(np.cumsum(pulse))).max() / 200**2
    assert displaced == pytest.approx([ground], rel=0.03)
    assert soft < 0.003


def test_velocity_is_the_derivative_of_displacement(record_m_s2: Floats) -> None:
    period_s = np.array([2.0])
    both = [recursions(period_s, 0.05, 1 / RATE_HZ, quantity) for quantity in Quantity]
    displacement, velocity = (lfilter(b[0], a[0], record_m_s2[0]) for b, a in both)
    middle = (displacement[2:] - displacement[:-2]) / 2 * RATE_HZ
    assert np.abs(middle - velocity[1:-1]).max() < 0.01 * np.abs(velocity).max()


@given(
    n=st.integers(2, 20_000),
    phase=st.floats(1e-3, 30.0),  # of the oscillator from sample to sample
    damping=st.floats(0.0, 0.99),
    quantity=st.sampled_from(Quantity),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_blocks_are_filtered_as_sample_by_sample(
    n: int, phase: float, damping: float, quantity: Quantity, seed: int
) -> None:
    ground = np.random.default_rng(seed).normal(size=(2, n))
    b, a = recursions(np.array([2 * np.pi / phase, 1.0]), damping, 1.0, quantity)
    found, expected = Blocked(ground).filtered(matrices(b, a)[0]), lfilter(b[0], a[0], ground)
    assert found.shape == ground.shape
    assert np.abs(found - expected).max() <= 1e-8 * np.abs(expected).max()


@settings(deadline=None)
@given(angle=st.floats(0, 180), stretch=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_all_directions_do_not_care_how_sensors_were_laid(angle: float, stretch: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    path = np.cumsum(chance.normal(size=(2, 400)), axis=1) * np.array([[1.0], [stretch]])
    turned = np.radians(np.round(angle))
    rotation = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    mine, theirs = np.sort(over_directions(path)), np.sort(over_directions(rotation @ path))
    assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    assert mine[-1] <= np.hypot(*path).max() * (1 + 1e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stretch=st.sampled_from([0.0, 1e-6, 1e-2, 1.0]))
def test_leaving_out_near_points_alters_no_direction(seed: int, stretch: float) -> None:
    chance = np.random.default_rng(seed)
    path = chance.normal(size=(2, 1500)) * np.array([[1.0], [stretch]])
    angles = np.radians(np.arange(180))
    every = np.abs(np.cos(angles)[:, None] * path[0] + np.sin(angles)[:, None] * path[1]).max(axis=1)
    assert over_directions(path) == pytest.approx(every, rel=1e-12, abs=1e-15)


def test_records_and_components_together_are_each_alone(record_m_s2: Floats) -> None:
    oscillators = Oscillators(np.geomspace(0.02, 5, 7))
    together = np.stack((record_m_s2, record_m_s2[::-1] * 2))
    alone = [[psa(component, RATE_HZ, oscillators) for component in one] for one in together]
    assert psa(together, RATE_HZ, oscillators) == pytest.approx(np.array(alone), rel=1e-9)
    rotated = [rotated_psa(one[:2], RATE_HZ, oscillators) for one in together]
    assert rotated_psa(together[:, :2], RATE_HZ, oscillators) == pytest.approx(np.stack(rotated, axis=1), rel=1e-9)


@pytest.mark.parametrize(
    ("periods_s", "damping", "said"),
    [([0.0], 0.05, "periods must be more than 0 s"), ([1.0], 1.2, "damping must be"), ([], 0.05, "periods must be")],
)
def test_impossible_oscillators_are_refused(periods_s: list[float], damping: float, said: str) -> None:
    with pytest.raises(MotionError, match=said):
        Oscillators(np.array(periods_s), damping)


def test_a_record_with_holes_is_refused() -> None:
    with pytest.raises(MotionError, match="1 of all not finite"):
        psa(np.array([0.0, np.nan, 1.0]), 100.0, Oscillators())
    with pytest.raises(MotionError, match="rate must be more than 0"):
        psa(np.zeros(10), 0.0, Oscillators())
