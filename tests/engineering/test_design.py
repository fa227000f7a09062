"""Design spectra and pipes against the codes' own figures."""

from __future__ import annotations

import numpy as np
import pytest

from engineering.design import Asce7, DesignSpectrum, Eurocode8, Gb50011, Table, characteristic_period_s
from engineering.pipelines import (
    Wave,
    axial_strain,
    repairs_by_displacement,
    repairs_by_shaking,
    strain_gb_t_50470,
)
from houfeng.errors import MotionError


def test_china_at_the_corners_of_its_branches() -> None:
    found = Gb50011(0.16, 0.40).at(np.array([0.0, 0.5, 1.0, 3.0, 6.0]))
    assert found == pytest.approx([0.072, 0.13089, 0.07014, 0.03439, 0.02479], abs=1e-5)
    assert Gb50011(0.16, 0.40, damping=0.02).at(np.array([1.0])) == pytest.approx([0.0833], abs=1e-4)
    assert np.isnan(Gb50011(0.16, 0.40).at(np.array([6.1]))[0])  # the code ends at 6 s
    assert characteristic_period_s("II", 2) == 0.40
    assert characteristic_period_s("IV", 3) == 0.90


def test_europe_at_the_corners_of_its_branches() -> None:
    found = Eurocode8(0.25, "B").at(np.array([0.0, 0.1, 0.3, 1.0, 3.0]))
    assert found == pytest.approx([0.30, 0.60, 0.75, 0.375, 0.0833], abs=1e-4)


@pytest.mark.parametrize(
    "code",
    [
        Gb50011(0.16, 0.35),
        Gb50011(0.9, 0.65, damping=0.10),
        *(Eurocode8(0.3, ground, kind) for ground in "ABCDE" for kind in (1, 2)),
        Asce7(1.0, 0.6, 8.0),
    ],
    ids=lambda code: code.title,
)
def test_branches_meet_and_fall(code: DesignSpectrum) -> None:
    periods_s = np.linspace(0, 4, 40_001)
    values = code.at(periods_s)
    assert np.abs(np.diff(values)).max() < 0.003 * values.max()
    behind = values[values.argmax() :]
    assert np.all(np.diff(behind) <= 1e-12)
    assert values[0] < values.max()


def test_america_has_a_plateau_of_a_second_branch() -> None:
    code = Asce7(1.0, 0.5, 6.0)
    assert code.at(np.array([0.0, 0.3, 1.0, 6.0, 12.0])) == pytest.approx([0.4, 1.0, 0.5, 0.5 / 6, 0.5 * 6 / 144])


def test_a_table_of_ones_own_ends_where_it_ends() -> None:
    code = Table("dam", np.array([0.1, 1.0]), np.array([1.0, 0.1]))
    assert code.at(np.array([0.55])) == pytest.approx([0.55])
    assert np.isnan(code.at(np.array([0.05, 2.0]))).all()


@pytest.mark.parametrize("make", [
    lambda: Gb50011(0.0, 0.4),
    lambda: Eurocode8(0.2, "F"),
    lambda: Eurocode8(0.2, "A", 3),
    lambda: Asce7(1.0, -1.0, 8.0),
    lambda: Table("x", np.array([1.0, 0.5]), np.array([1.0, 1.0])),
    lambda: characteristic_period_s("V", 1),
])  # fmt: skip
def test_what_no_code_has_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(MotionError):
        make()


def test_pipes_strain_and_break_as_published() -> None:
    assert repairs_by_shaking(np.array(0.50)) * 0.3048 == pytest.approx(0.03681, abs=1e-5)  # per 1,000 ft
    assert repairs_by_displacement(np.array(0.30)) * 0.3048 == pytest.approx(2.3301, abs=1e-4)
    assert axial_strain(np.array([1.0]), Wave.S) == pytest.approx([2.5e-4])
    assert axial_strain(np.array([1.0]), Wave.RAYLEIGH) == pytest.approx([2e-3])
    with pytest.raises(MotionError, match="more than 0 m/s"):
        axial_strain(np.array([1.0]), Wave.S, speed_m_s=0.0)


def test_strain_after_gb_t_50470_is_the_larger_of_two() -> None:
    """By hand, Tg 0.4 s and Vse 200 m/s: 2 · 0.4 / (4 · 3.1416 · 200) = 3.183e-4 and 0.2 / 400 = 5e-4; 5: 7.958e-4."""
    strain = strain_gb_t_50470(np.array([2.0, 5.0]), np.array([0.2, 0.2]), 0.4, 200.0)
    assert strain == pytest.approx([5.0e-4, 7.958e-4], rel=1e-4)
    with pytest.raises(MotionError, match=r"more than 0, came 0\.4 s and 0 m/s"):
        strain_gb_t_50470(np.array(1.0), np.array(1.0), 0.4, 0)
