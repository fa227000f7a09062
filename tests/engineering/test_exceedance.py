"""Exceedances, comparison with design spectra, Fourier spectra and endings, against answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from engineering.ending import check_ending, still_moving
from engineering.exceedance import Exceedances, compare, exceedances
from engineering.fourier import fourier_amplitudes
from engineering.motion import Component, Motion
from engineering.oscillator import Floats
from houfeng.errors import MotionError

RATE_HZ = 100.0


def motion(acceleration: Floats) -> Motion:
    return Motion((Component("XX.AAA", "HNE", 90.0, RATE_HZ, acceleration),))


def test_exceedances_are_counted_a_second_apart() -> None:
    signal = np.zeros(6000)
    signal[1000:1050] = 2.0
    signal[1100:1110] = -3.0  # half a second later: the same one
    signal[4000:4001] = 2.0
    assert exceedances(signal, RATE_HZ, 1.0) == Exceedances(1.0, 2, pytest.approx(0.61), pytest.approx(30.01))
    assert exceedances(signal, RATE_HZ, 2.0) == Exceedances(2.0, 1, pytest.approx(0.10), pytest.approx(0.10))
    assert exceedances(signal, RATE_HZ, 3.0) == Exceedances(3.0, 0, 0.0, 0.0)
    with pytest.raises(MotionError, match="a threshold must be more than 0"):
        exceedances(signal, RATE_HZ, 0.0)


def test_spectra_are_compared_where_both_mean_something() -> None:
    periods_s = np.array([0.01, 0.1, 0.2, 0.5, 1.0, 5.0])
    measured = np.array([9.0, 2.0, 0.5, 2.0, 3.0, 9.0])
    design = np.array([1.0, 1.0, 1.0, 1.0, 1.0, np.nan])
    found = compare(periods_s, measured, design, (0.05, 2.0))
    assert found.exceeded_s == ((0.1, 0.1), (0.5, 1.0))
    assert found.largest == 4
    assert found.n_compared == 4
    nothing = compare(periods_s, measured, np.full(6, np.nan), (0.05, 2.0))
    assert (nothing.largest, nothing.n_compared, nothing.exceeded_s) == (None, 0, ())


def test_an_impulse_has_a_flat_fourier_spectrum() -> None:
    impulse = np.zeros((2, 20_000))
    impulse[0, 5000], impulse[1, 7000] = 4.0, 8.0
    found = fourier_amplitudes(impulse, RATE_HZ, np.array([0.5, 2.0, 20.0]))
    # the transform of one sample of height A is A over the rate at every frequency
    assert found == pytest.approx(np.array([[0.04] * 3, [0.08] * 3]), rel=1e-3)


@pytest.mark.parametrize(("lasts_s", "share"), [(10.0, 0.0), (60.0, 1.0)])
def test_a_record_that_ends_in_the_middle_of_motion_is_seen(lasts_s: float, share: float) -> None:
    n = 6000
    at_s = np.arange(n) / RATE_HZ
    acceleration = np.sin(2 * np.pi * 2 * at_s) * (at_s < lasts_s)
    assert still_moving(motion(acceleration)) == pytest.approx(share, abs=0.01)


def test_what_still_moves_is_refused_and_what_nearly_rests_is_remarked() -> None:
    at_s = np.arange(6000) / RATE_HZ
    swinging = np.sin(2 * np.pi * 2 * at_s)
    with pytest.raises(
        MotionError, match=r"XX.AAA: ends while the ground moves: .* 100% of its strongest 5 s, at most"
    ):
        check_ending(motion(swinging))
    assert "durations, Arias intensity and CAV are lower bounds" in check_ending(
        motion(swinging * np.where(at_s < 30, 1.0, 0.2))
    )
    assert check_ending(motion(swinging * np.where(at_s < 30, 1.0, 0.05))) == ""
