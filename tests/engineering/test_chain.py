"""Corrected records: known ground motion through a known instrument, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engineering.chain import Raw, correct
from engineering.corners import HIGHEST_LOW_HZ, drift, signal_over_noise
from engineering.measures import measure
from engineering.oscillator import Floats
from houfeng.errors import MotionError
from stations.response import Analog, Response

RATE_HZ = 100.0
ONSET = 2000
GAIN = 400_000.0  # counts per m/s^2
FLAT = Analog(np.array([], complex), np.array([], complex), GAIN, 1.0)
ACCELEROMETER = Response("test", "M/S**2", (FLAT,), GAIN, GAIN, 1.0)
# a seismometer of 120 s, counts per m/s
POLES = np.array([-0.03691 + 0.03712j, -0.03691 - 0.03712j])
SEISMOMETER = Response("test", "M/S", (Analog(np.zeros(2, complex), POLES, 1e9, 1.0),), 1e9, 1e9, 1.0)
NOISE: Floats = 1e-3 * np.random.default_rng(9).normal(size=14_000)


def ground(seed: int = 1) -> Floats:
    """Acceleration of an earthquake of two minutes, m/s^2: noise of a mm/s^2, then a burst of 0.5 to 15 Hz."""
    chance = np.random.default_rng(seed)
    n = 14_000
    spectrum = np.fft.rfft(chance.normal(size=n))
    f = np.fft.rfftfreq(n, 1 / RATE_HZ)
    spectrum *= f**2 / (f**2 + 0.3**2) / (1 + (f / 12) ** 6)
    burst = np.fft.irfft(spectrum, n)
    since_s = np.maximum(np.arange(n) - ONSET, 0) / RATE_HZ
    return burst * since_s * np.exp(-since_s / 6) + 1e-5 * chance.normal(size=n)


def raw(acceleration: Floats, name: str = "HNE", azimuth_deg: float | None = 90.0) -> Raw:
    return Raw("XX.AAA", name, azimuth_deg, np.round(acceleration * GAIN + 12_345), RATE_HZ, ONSET, ACCELEROMETER)


def test_known_ground_motion_comes_back_in_its_unit() -> None:
    truth = ground()
    (found,) = correct([raw(truth)])
    assert found.band_hz is not None
    assert found.band_hz[0] < 0.2
    ours, theirs = measure(found.acceleration_m_s2, RATE_HZ), measure(truth, RATE_HZ)
    assert ours.pga_m_s2 == pytest.approx(theirs.pga_m_s2, rel=0.02)
    assert ours.arias_m_s == pytest.approx(theirs.arias_m_s, rel=0.02)
    assert ours.d5_95_s == pytest.approx(theirs.d5_95_s, abs=0.2)
    assert found.velocity_m_s is not None
    assert np.abs(found.velocity_m_s[:ONSET]).max() < 0.05 * np.abs(found.velocity_m_s).max()


def test_a_seismometer_gives_what_an_accelerometer_gives() -> None:
    truth = ground()
    n_fft = 2 * len(truth)
    f = np.fft.rfftfreq(n_fft, 1 / RATE_HZ)
    omega = 2j * np.pi * np.maximum(f, 1e-9)
    counts = np.fft.irfft(np.fft.rfft(truth, n_fft) / omega**2 * SEISMOMETER.counts_per_metre(f), n_fft)[: len(truth)]
    (theirs,) = correct([raw(truth)])
    (ours,) = correct([replace(raw(truth), counts=counts, response=SEISMOMETER)])
    assert np.abs(ours.acceleration_m_s2).max() == pytest.approx(np.abs(theirs.acceleration_m_s2).max(), rel=0.01)
    middle = slice(ONSET - 200, ONSET + 6000)
    assert np.corrcoef(ours.acceleration_m_s2[middle], theirs.acceleration_m_s2[middle])[0, 1] > 0.999


def test_horizontals_share_corners_and_the_vertical_has_its_own() -> None:
    slow_noise = 3e-3 * np.sin(2 * np.pi * 0.15 * np.arange(14_000) / RATE_HZ)
    east, north, up = correct([raw(ground(1)), raw(ground(2) + slow_noise, "HNN", 0.0), raw(ground(3), "HNZ", None)])
    assert east.band_hz == north.band_hz
    assert east.band_hz is not None
    assert up.band_hz is not None
    assert east.band_hz[0] > 0.15 > up.band_hz[0]


def test_drift_of_displacement_is_filtered_out_and_no_more() -> None:
    step = np.zeros(14_000)
    step[ONSET + 500 :] = 2e-4  # a tilt: its displacement is a parabola of metres
    (found,) = correct([raw(ground() + step)])
    assert found.band_hz is not None
    assert 0.02 < found.band_hz[0] <= HIGHEST_LOW_HZ
    assert found.displacement_m is not None
    time = np.linspace(-1, 1, len(found.displacement_m))
    fitted = np.polynomial.legendre.legfit(time, found.displacement_m, 6)
    share = np.abs(np.polynomial.legendre.legval(time, fitted)).max() / np.abs(found.displacement_m).max()
    assert share < 0.03
    assert drift(ground() + step, RATE_HZ, 0.02) > 0.02


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda one: replace(one, counts=np.clip(one.counts, -200_000, 200_000)),
            "XX.AAA HNE: clipped: .* samples in a",
        ),
        (
            lambda one: replace(one, counts=one.counts[ONSET - 300 :], onset=300),
            "too short: 3.0 s before .*, 5 s and",
        ),
        (lambda one: replace(one, counts=one.counts[: ONSET + 500]), "and 5.0 s behind it"),
        (lambda one: replace(one, counts=raw(1e-4 * ground() + NOISE).counts), "signal is .* times noise at"),
    ],
)
def test_what_cannot_be_assessed_is_refused_with_the_reason(spoil: object, said: str) -> None:
    assert callable(spoil)
    with pytest.raises(MotionError, match=said):
        correct([spoil(raw(ground()))])


def test_signal_over_noise_is_one_where_there_is_only_noise() -> None:
    chance = np.random.default_rng(5)
    frequency_hz, ratio = signal_over_noise(chance.normal(size=20_000), RATE_HZ, 4000)
    assert frequency_hz[0] == pytest.approx(0.05)
    assert np.median(ratio) == pytest.approx(1.0, abs=0.1)
