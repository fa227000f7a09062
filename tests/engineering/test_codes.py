"""Design spectra of a project file."""

from __future__ import annotations

import numpy as np
import pytest

from engineering.codes import Code, SpectrumTable
from engineering.zoning import Gb18306, Motion, site_factor
from houfeng.errors import ConfigError, MotionError


def test_the_zoning_map_gives_the_shape_of_the_building_code() -> None:
    # GB 18306-2015: Fa of class IV at 0.10 g is 1.20; 2.5 times the peak between 0.1 s and Tg
    assert site_factor("IV", 0.10) == pytest.approx(1.20)
    assert site_factor("IV", 0.175) == pytest.approx(1.05)
    spectrum = Gb18306(0.10, 1, "IV", Motion.BASIC, 1.0)
    assert spectrum.at(np.array([0.0, 0.1, 0.65])) == pytest.approx([0.45 * 0.30, 0.30, 0.30])
    assert not spectrum.confirmed
    # rare motion: its own peak chooses the site factor, and the plateau is 0.05 s longer
    rare = Gb18306(0.10, 1, "IV", Motion.RARE, 2.0)
    assert rare.at(np.array([0.7])) == pytest.approx([2.5 * 0.20 * 1.00])
    with pytest.raises(MotionError, match=r"factor of rare motion is 1.60 to 2.30 of basic, came 2.5"):
        Gb18306(0.10, 1, "II", Motion.RARE, 2.5)


def test_a_spectrum_has_the_keys_of_its_code_and_no_other() -> None:
    with pytest.raises(ConfigError) as caught:
        SpectrumTable("a", Code.EUROCODE8, alpha_max=0.16, group=1)
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["ag_g", "alpha_max", "group"]
    assert "Eurocode 8 needs it, the key is missing" in lines[0]
    with pytest.raises(ConfigError, match="groups 1 to 3, came 'I0' in group 4"):
        SpectrumTable("a", Code.GB50011, alpha_max=0.16, group=4)
    with pytest.raises(ConfigError, match="level: GB 50011 has frequent and rare earthquakes, came very rare"):
        SpectrumTable("a", Code.GB50011, alpha_max=0.16, group=1, level=Motion.VERY_RARE)
    with pytest.raises(ConfigError, match="needs two and more periods that grow"):
        SpectrumTable("a", Code.TABLE, periods_s=(1.0, 0.5), psa_g=(1.0, 1.0))


def test_every_code_makes_its_spectrum_on_a_ground() -> None:
    at_s = np.array([0.5])
    # reference answers of GB 50011 (alpha_max .16, Tg .40) and Eurocode 8 (type 1, B, .25 g)
    assert SpectrumTable("a", Code.GB50011, alpha_max=0.16, group=2).on("II").at(at_s) == pytest.approx(
        0.13089, abs=1e-5
    )
    assert SpectrumTable("b", Code.EUROCODE8, ag_g=0.25).on("B").at(at_s) == pytest.approx(0.75)
    assert SpectrumTable("c", Code.ASCE7, sds_g=1.0, sd1_g=0.6, tl_s=8.0).on("").at(at_s) == pytest.approx(1.0)
    table = SpectrumTable("d", Code.TABLE, periods_s=(0.1, 0.9), psa_g=(1.0, 0.0), source="a study")
    assert table.on("").at(at_s) == pytest.approx(0.5)
    assert table.on("").title == "d: a study"
    rare = SpectrumTable("e", Code.GB50011, alpha_max=0.16, group=2, level=Motion.RARE).on("II")
    assert rare.at(np.array([0.45])) == pytest.approx(0.16)
