"""Md against a coda that is known, HYPO71's listing and an analyst's durations."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detection.magnitude import duration
from detection.magnitude.records import Record
from detection.magnitude.settings import MagnitudeSettings
from houfeng.errors import AmplitudeError

RATE_HZ = 100.0


def coda(decay_s: float, level: float = 1e4, noise: float = 20.0, length_s: float = 150.0) -> Record:
    """Noise of 3 Hz, and from 25 s on a coda of 5 Hz that decays by e in `decay_s`."""
    t_s = np.arange(0, 25 + length_s, 1 / RATE_HZ)
    carrier = np.sin(2 * np.pi * 5 * t_s)
    height = np.where(t_s >= 25, level * np.exp(-(t_s - 25) / decay_s), 0.0)
    samples = carrier * height + noise * np.sqrt(2) * np.sin(2 * np.pi * 3.1 * t_s)
    return Record(samples, RATE_HZ, 500, 500, 2450, len(samples) - 500)


@pytest.mark.parametrize("decay_s", [3.0, 6.0, 12.0])
def test_a_coda_of_known_decay(decay_s: float) -> None:
    """With the noise it has twice the noise's amplitude when its own is sqrt(3) times that; averages are of 2 s."""
    expected_s = decay_s * np.log(1e4 / (20 * np.sqrt(2) * np.sqrt(3)))
    found_s, snr = duration.coda(coda(decay_s), MagnitudeSettings())
    assert found_s == pytest.approx(expected_s, abs=3 + 0.05 * expected_s)
    assert snr > 50


def test_a_coda_that_does_not_end() -> None:
    with pytest.raises(AmplitudeError, match=r"the coda has not ended after 14\d s"):
        duration.coda(coda(60.0), MagnitudeSettings())


def test_no_event() -> None:
    with pytest.raises(AmplitudeError, match=r"signal 1\.\d times the noise, 10 needed"):
        duration.coda(coda(3.0, level=0.0), MagnitudeSettings())


def test_a_dead_channel_has_no_infinite_signal() -> None:
    silent = Record(np.zeros(10000), RATE_HZ, 500, 500, 2450, 9500)
    with pytest.raises(AmplitudeError, match=r"signal 0\.0 times the noise"):
        duration.coda(silent, MagnitudeSettings())


def test_the_formula_gives_hypo71s_magnitude(shared_data: Callable[[str], Path]) -> None:
    """HYPO71 printed 2.40 with a deviation of 0.22 for these durations and distances, with Lee's coefficients."""
    listing = (shared_data("corinth2010") / "bulletin/2010.01.20-08.10.27.phs.v").read_text()
    rows = re.findall(r"^ \w{3,4} +(\d+\.\d) +\d+ +\d+ .* (\d+)\.$", listing, re.MULTILINE)
    assert len(rows) == 18
    values = [duration.magnitude(float(s), float(km), MagnitudeSettings()) for km, s in rows]
    assert np.mean(values) == pytest.approx(2.40, abs=0.005)
    assert np.std(values) == pytest.approx(0.22, abs=0.01)
