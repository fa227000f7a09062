"""Instrumental intensities against published values."""

from __future__ import annotations

import numpy as np
import pytest

from engineering.intensity import china, china_of, jma, jma_published, mcs, mercalli
from engineering.oscillator import Floats
from houfeng.errors import MotionError

from .conftest import RATE_HZ


def test_japans_of_a_strong_record(record_m_s2: Floats) -> None:
    found = jma(record_m_s2, RATE_HZ)
    assert found == pytest.approx(5.775146, abs=1e-6)
    assert jma_published(found) == 5.7


@pytest.mark.parametrize(
    ("value", "published"), [(4.994, 4.9), (4.996, 5.0), (0.049, 0.0), (-1.3, 0.0), (-np.inf, 0.0)]
)
def test_japans_is_rounded_and_then_cut(value: float, published: float) -> None:
    assert jma_published(value) == published


def test_japans_of_a_long_sine_of_one_second() -> None:
    # The three filters at 1 Hz: 1 times 0.99655 times sqrt(1 - exp(-8)); 100 gal on one component
    seconds = np.arange(12_000) / 100
    ground = np.zeros((3, 12_000))
    ground[1] = np.sin(2 * np.pi * seconds)
    high = 1 / np.sqrt(1 + 0.694e-2 + 0.241e-4 + 0.0557e-6)
    assert jma(ground, 100.0) == pytest.approx(2 * np.log10(100 * high * np.sqrt(1 - np.exp(-8))) + 0.94, abs=1e-3)


@pytest.mark.parametrize(("pga_m_s2", "pgv_m_s", "intensity"), [(0.965, 0.055, 6.3), (1.0, 0.056, 6.0)])
def test_chinas_rule_is_kept_where_more_shaking_gives_less(pga_m_s2: float, pgv_m_s: float, intensity: float) -> None:
    assert china_of(pga_m_s2, pgv_m_s) == intensity


def test_chinas_is_bounded_and_reads_vectors(record_m_s2: Floats) -> None:
    assert china_of(1e-6, 1e-8) == 1.0
    assert china_of(1e4, 1e3) == 12.0
    assert china_of(0.0, 0.0) == 1.0
    # 2 Hz on all three axes: the vector is sqrt(3) times one of them
    seconds = np.arange(6000) / 100
    one = np.sin(2 * np.pi * 2 * seconds) * np.hanning(6000)
    expected = china_of(np.sqrt(3), np.sqrt(3) / (4 * np.pi))
    assert china(np.stack([one] * 3), 100.0) == pytest.approx(expected, abs=0.1)
    assert 9.0 < china(record_m_s2, RATE_HZ) < 10.5


def test_mercallis_lines_meet_published_points() -> None:
    by_acceleration, by_velocity = mercalli(np.array([1.0, 0.0]), np.array([0.1, 0.0]))
    assert by_acceleration == pytest.approx([5.80, 1.0])
    assert by_velocity == pytest.approx([6.05, 1.0])
    by_acceleration, by_velocity = mcs(np.array(1.0), np.array(0.1))
    assert float(by_acceleration) == pytest.approx(1.68 + 2 * 2.58)
    assert float(by_velocity) == pytest.approx(5.11 + 2.35)


def test_what_has_no_intensity_is_refused() -> None:
    with pytest.raises(MotionError, match="three components"):
        jma(np.zeros((2, 1000)), 100.0)
    with pytest.raises(MotionError, match=r"needs 0\.3 s"):
        jma(np.zeros((3, 20)), 100.0)
    with pytest.raises(MotionError, match="more than 20 samples a second"):
        china(np.zeros((3, 1000)), 20.0)
