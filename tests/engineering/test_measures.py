"""Intensity measures against published values, and the laws they obey."""

from __future__ import annotations

import numpy as np
import pytest

from engineering.measures import G_M_S2, SI_DAMPING, SI_PERIODS_S, measure
from engineering.oscillator import Between, Floats
from engineering.spectra import Oscillators

from .conftest import RATE_HZ


def test_a_strong_record_has_its_published_measures(record_m_s2: Floats) -> None:
    found = measure(record_m_s2, RATE_HZ, Oscillators(SI_PERIODS_S, SI_DAMPING, Between.LINEAR))
    assert found.pga_m_s2 * 100 == pytest.approx([461.965, 555.708, 354.196], abs=1e-3)
    assert found.pgv_m_s * 100 == pytest.approx([87.228, 41.650, 16.704], abs=1e-3)
    assert found.arias_m_s == pytest.approx([3.34084, 2.42234, 1.30736], abs=1e-5)
    assert found.cav_m_s / G_M_S2 == pytest.approx([1.79823, 1.51519, 1.13456], abs=1e-5)
    assert found.d5_75_s == pytest.approx([8.616, 9.002, 9.614], abs=2e-3)
    assert found.d5_95_s == pytest.approx([11.282, 11.388, 11.897], abs=2e-3)
    assert found.housner_m_s * 100 == pytest.approx([57.623, 46.302, 19.089], abs=2e-3)


def test_measures_of_a_sine_are_known() -> None:
    # 10 s of 2 m/s^2 at 1 Hz, which begins and ends at 0
    rate_hz = 1000.0
    seconds = np.arange(10_001) / rate_hz
    found = measure(2 * np.sin(2 * np.pi * seconds), rate_hz)
    assert found.pga_m_s2 == pytest.approx(2.0)
    assert found.pgv_m_s == pytest.approx(2 * 2 / (2 * np.pi), rel=1e-5)
    assert found.arias_m_s == pytest.approx(np.pi / (2 * G_M_S2) * 4 / 2 * 10, rel=1e-6)
    assert found.cav_m_s == pytest.approx(2 * 2 / np.pi * 10, rel=1e-5)
    assert found.d5_75_s == pytest.approx(7.0, abs=0.05)
    assert found.d5_95_s == pytest.approx(9.0, abs=0.05)


def test_where_nothing_moves_every_measure_is_zero() -> None:
    found = measure(np.zeros((2, 500)), 100.0)
    for name in found.__slots__:
        assert getattr(found, name).tolist() == [0.0, 0.0], name


def test_measures_grow_with_the_record_as_their_units_say(record_m_s2: Floats) -> None:
    once, twice = measure(record_m_s2, RATE_HZ), measure(2 * record_m_s2, RATE_HZ)
    for name in ("pga_m_s2", "pgv_m_s", "pgd_m", "cav_m_s", "housner_m_s"):
        assert getattr(twice, name) == pytest.approx(2 * getattr(once, name)), name
    assert twice.arias_m_s == pytest.approx(4 * once.arias_m_s)
    assert twice.d5_95_s == pytest.approx(once.d5_95_s)
