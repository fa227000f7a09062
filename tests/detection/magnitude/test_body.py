"""mb against ground motion that is known, and Q against the published table."""

from __future__ import annotations

from math import log10

import numpy as np
import pytest
from obspy.signal.invsim import paz_to_freq_resp

from detection.magnitude import body
from detection.magnitude.records import Record
from houfeng.errors import AmplitudeError
from stations.response import Analog, Response, complexes

RATE_HZ = 20.0


def broadband(gain: float = 2e9) -> Response:
    """A 120-s seismometer, counts per m/s."""
    pole = 2 * np.pi / 120 * (-0.7 + 1j * 0.51**0.5)
    stage = Analog(complexes([0, 0]), complexes([pole, pole.conjugate()]), gain, 1.0)
    return Response("test", "M/S", (stage,), gain, gain, 1.0)


def record(displacement_m: np.ndarray, response: Response) -> Record:
    """Counts of a displacement whose first 40 s are noise."""
    n_fft = 4 * len(displacement_m)
    spectrum = np.fft.rfft(displacement_m, n_fft) * response.on_grid(n_fft, RATE_HZ)
    counts = np.fft.irfft(spectrum, n_fft)[: len(displacement_m)]
    return Record(counts, RATE_HZ, 100, 100, round(40 * RATE_HZ), len(counts) - 100)


@pytest.mark.parametrize(("period_s", "micrometres"), [(0.6, 0.01), (1.0, 0.25), (2.0, 4.0)])
def test_a_wave_of_known_height_and_period(period_s: float, micrometres: float) -> None:
    t_s = np.arange(0, 160, 1 / RATE_HZ)
    grown = np.exp(-(((t_s - 80) / (8 * period_s)) ** 2))
    wave = micrometres * 1e-6 * grown * np.sin(2 * np.pi * (t_s - 80) / period_s)
    response = broadband()
    amplitude_nm, found_s, snr = body.amplitude(record(wave, response), response)
    assert found_s == pytest.approx(period_s, rel=0.01)
    # log10(A / T), all that enters the magnitude
    assert log10(amplitude_nm / found_s) == pytest.approx(log10(micrometres * 1000 / period_s), abs=0.01)
    assert snr > 10


def test_waves_of_3_s_and_more_are_refused() -> None:
    t_s = np.arange(0, 160, 1 / RATE_HZ)
    wave = 1e-5 * np.exp(-(((t_s - 80) / 20) ** 2)) * np.sin(2 * np.pi * (t_s - 80) / 5)
    response = broadband()
    with pytest.raises(AmplitudeError, match=r"period 4\.9 s, less than 3 s needed"):
        body.amplitude(record(wave, response), response)


def test_the_seismograph_is_obspys_of_the_same_poles() -> None:
    poles = [-3.367788 + 3.731514j, -3.367788 - 3.731514j, -7.037168 + 4.545562j, -7.037168 - 4.545562j]
    wanted, frequency_hz = paz_to_freq_resp(poles, [0j, 0j, 0j], 1.0, 0.05, 256, freq=True)
    ours = body.wwssn_sp(frequency_hz[1:])
    assert abs(body.wwssn_sp(np.array([1.0]))[0]) == pytest.approx(1.0)
    ratio = np.abs(wanted[1:] / ours)
    assert ratio == pytest.approx(np.full(len(ratio), ratio[0]))
    # NMSOP: the standard seismograph magnifies most near 0.6 s
    grid = np.linspace(0.5, 5, 451)
    assert grid[np.abs(body.wwssn_sp(grid)).argmax()] == pytest.approx(1 / 0.6, abs=0.3)


@pytest.mark.parametrize(
    ("deg", "km", "q"),
    [  # read off Gutenberg & Richter's table for PZ
        (20, 0, 6.1),
        (30, 0, 6.6),
        (60, 0, 6.9),
        (100, 0, 7.3),
        (40, 100, 6.6),
        (80, 300, 6.6),
        (90, 600, 6.7),
        (100, 700, 7.1),
    ],
)
def test_q_of_the_table(deg: float, km: float, q: float) -> None:
    assert body.attenuation(deg, km) == pytest.approx(q)


def test_q_between_nodes_and_beyond_the_deepest() -> None:
    assert body.attenuation(20.5, 0) == pytest.approx(6.1)
    assert body.attenuation(23.5, 0) == pytest.approx(6.35)
    assert body.attenuation(60, 12.5) == pytest.approx(6.85, abs=0.06)
    assert body.attenuation(50, 720) == body.attenuation(50, 700)
    assert body.attenuation(50, -2) == body.attenuation(50, 0)


def test_magnitude_5_is_what_the_definition_says() -> None:
    """100 nm of 1 s at 60 degrees: 2 + 6.9 - 3."""
    assert body.magnitude(100.0, 1.0, 60.0, 0.0) == pytest.approx(5.9)
    assert body.magnitude(100.0, 2.0, 60.0, 0.0) == pytest.approx(5.9 - log10(2))


def test_what_never_swings() -> None:
    with pytest.raises(AmplitudeError, match="no swing"):
        body.largest_swing(np.arange(100.0), RATE_HZ)
