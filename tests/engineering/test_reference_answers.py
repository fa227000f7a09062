"""Every reference answer beside ours: `pytest -s tests/engineering/test_reference_answers.py` prints the table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engineering.design import Eurocode8, Gb50011
from engineering.directions import over_directions
from engineering.intensity import china_of, jma, mercalli
from engineering.measures import G_M_S2, SI_DAMPING, SI_PERIODS_S, measure
from engineering.oscillator import Between, Floats
from engineering.pipelines import repairs_by_displacement, repairs_by_shaking
from engineering.spectra import Oscillators, psa, rotated_psa
from engineering.zoning import site_factor

from .conftest import RATE_HZ

# What it is, reference, ours, tolerance: at most half of the last digit of what is published, but where it says why.
Row = tuple[str, float, float, float]


def named(what: str, references: list[float], ours: Floats, tolerance: float) -> Iterator[Row]:
    for number, (reference, found) in enumerate(zip(references, ours.tolist(), strict=True), 1):
        yield f"{what} ({number})", reference, found, tolerance


def measures(record: Floats) -> Iterator[Row]:
    found = measure(record, RATE_HZ, Oscillators(SI_PERIODS_S, SI_DAMPING, Between.LINEAR))
    yield from named("PGA cm/s²", [461.965, 555.708, 354.196], found.pga_m_s2 * 100, 5e-4)
    yield from named("PGV cm/s", [87.228, 41.650, 16.704], found.pgv_m_s * 100, 5e-4)
    yield from named("Arias m/s", [3.34084, 2.42234, 1.30736], found.arias_m_s, 5e-6)
    yield from named("CAV g s", [1.79823, 1.51519, 1.13456], found.cav_m_s / G_M_S2, 5e-6)
    yield from named("D5-75 s", [8.616, 9.002, 9.614], found.d5_75_s, 5e-4)
    yield from named("D5-95 s", [11.282, 11.388, 11.897], found.d5_95_s, 5e-4)
    yield from named("SI cm/s", [57.623, 46.302, 19.089], found.housner_m_s * 100, 2e-3)  # steps of the integral


def spectra(record: Floats) -> Iterator[Row]:
    exact = Oscillators(np.array([0.1, 0.2, 0.5, 1.0, 3.0]), between=Between.LINEAR)
    percent = 100 / G_M_S2
    references = [85.6746, 102.1503, 113.8036, 72.2382, 19.2079]
    yield from named("PSA exact %g", references, psa(record[0], RATE_HZ, exact) * percent, 1e-4)
    limited = psa(record[0], RATE_HZ, Oscillators(np.array([0.1, 0.2, 0.5, 1.0]))) * percent
    yield from named(
        "PSA band-limited %g", [91.43, 103.30, 113.96, 72.267], limited, 0.02
    )  # 2e-4 of what it converges to
    pair = Oscillators(np.array([0.2, 1.0]), between=Between.LINEAR)
    median, largest = rotated_psa(record[:2], RATE_HZ, pair) * percent
    yield from named("RotD50 %g", [80.500, 52.681], median, 5e-4)
    yield from named("RotD100 %g", [110.168, 74.502], largest, 5e-4)
    around = np.percentile(over_directions(record[:2]) * percent, [50, 100])
    yield from named("RotD50, RotD100 of PGA %g", [52.046, 56.673], around, 5e-4)
    yield from named("GB/T 17742", [6.266, 6.015], np.array([china_of(0.965, 0.055), china_of(1.0, 0.056)]), 0.05)
    yield "JMA", 5.775146, jma(record, RATE_HZ), 5e-7


def codes() -> Iterator[Row]:
    at_s = np.array([0.0, 0.5, 1.0, 3.0, 6.0])
    yield from named("GB 50011 g", [0.072, 0.13089, 0.07014, 0.03439, 0.02479], Gb50011(0.16, 0.40).at(at_s), 5e-6)
    yield "GB 50011, 2 % g", 0.0833, float(Gb50011(0.16, 0.40, 0.02).at(np.array([1.0]))[0]), 5e-5
    at_s = np.array([0.0, 0.1, 0.3, 1.0, 3.0])
    yield from named("EC8 1 B g", [0.30, 0.60, 0.75, 0.375, 0.0833], Eurocode8(0.25, "B").at(at_s), 5e-5)
    yield "GB 18306 Fa(IV, 0.10 g)", 1.20, site_factor("IV", 0.10), 5e-3
    yield "ALA 50 cm/s, per 1000 ft", 0.03681, float(repairs_by_shaking(np.array(0.50))) * 0.3048, 5e-6
    yield "ALA 30 cm, per 1000 ft", 2.3301, float(repairs_by_displacement(np.array(0.30))) * 0.3048, 5e-5
    by_acceleration, by_velocity = mercalli(np.array(1.0), np.array(0.1))
    yield "WGRW12 PGA 100", 5.80, float(by_acceleration), 5e-3
    yield "WGRW12 PGV 10", 6.05, float(by_velocity), 5e-3


def test_every_reference_answer_is_within_its_tolerance(record_m_s2: Floats) -> None:
    rows = [*measures(record_m_s2), *spectra(record_m_s2), *codes()]
    print("\n| | reference | ours | difference | tolerance |\n|---|---|---|---|---|")
    for what, reference, found, tolerance in rows:
        print(f"| {what} | {reference:g} | {found:.7g} | {found - reference:+.1e} | {tolerance:g} |")
    assert len(rows) == 55
    off = [what for what, reference, found, tolerance in rows if not abs(found - reference) <= tolerance]
    assert off == []
