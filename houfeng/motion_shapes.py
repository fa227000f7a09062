"""Assessed records as rows for people and programs: plain numbers, units in the names."""

from __future__ import annotations

from typing import Any

from engineering.assessment import Assessment
from engineering.intensity import jma_published, mcs, mercalli
from engineering.measures import G_M_S2
from engineering.oscillator import Floats

_SCALES = ("mmi_pga", "mmi_pgv", "mcs_pga", "mcs_pgv")


def component_rows(assessment: Assessment) -> list[dict[str, Any]]:
    """A row for each component; `published_` columns and differences in percent are None where nothing is published."""
    rows = []
    measures = assessment.measures
    scales = (*mercalli(measures.pga_m_s2, measures.pgv_m_s), *mcs(measures.pga_m_s2, measures.pgv_m_s))
    for number, component in enumerate(assessment.motion.components):
        row: dict[str, Any] = {
            "station": component.station,
            "component": component.name,
            "azimuth_deg": component.azimuth_deg,
            "rate_hz": component.rate_hz,
            "n_samples": len(component.acceleration_m_s2),
            "low_hz": component.band_hz[0] if component.band_hz else None,
            "high_hz": component.band_hz[1] if component.band_hz else None,
            "low_by": component.band_by[0],
            "high_by": component.band_by[1],
        }
        row |= {
            "pga_cm_s2": float(measures.pga_m_s2[number]) * 100,
            "pgv_cm_s": float(measures.pgv_m_s[number]) * 100,
            "pgd_cm": float(measures.pgd_m[number]) * 100,
            "arias_m_s": float(measures.arias_m_s[number]),
            "cav_g_s": float(measures.cav_m_s[number]) / G_M_S2,
            "d5_75_s": float(measures.d5_75_s[number]),
            "d5_95_s": float(measures.d5_95_s[number]),
            "housner_cm_s": float(measures.housner_m_s[number]) * 100,
        } | {name: float(values[number]) for name, values in zip(_SCALES, scales, strict=True)}
        published = component.published
        for name, value in (
            ("pga_cm_s2", published.pga_m_s2),
            ("pgv_cm_s", published.pgv_m_s),
            ("pgd_cm", published.pgd_m),
        ):
            row[f"published_{name}"] = None if value is None else value * 100
            row[f"{name}_off_percent"] = 100 * (row[name] / (value * 100) - 1) if value else None
        rows.append(row)
    return rows


def record_shape(assessment: Assessment) -> dict[str, Any]:
    """One record whole: components, intensities, spectra in g, and how they were computed."""
    oscillators = assessment.oscillators
    return {
        "station": assessment.motion.station,
        "components": component_rows(assessment),
        "jma": None if assessment.jma is None else jma_published(assessment.jma),
        "china_gb_t_17742": assessment.china,
        "spectra": {
            "periods_s": oscillators.periods_s.tolist(),
            "damping": oscillators.damping,
            "between_samples": str(oscillators.between),
            "method": "Nigam & Jennings (1969); records are band-limited unless between_samples says linear",
            "psa_g": {
                component.name: _of_g(values)
                for component, values in zip(assessment.motion.components, assessment.psa_m_s2, strict=True)
            },
            "rotd50_g": None if assessment.rotd50_m_s2 is None else _of_g(assessment.rotd50_m_s2),
            "rotd100_g": None if assessment.rotd100_m_s2 is None else _of_g(assessment.rotd100_m_s2),
        },
        "remarks": list(assessment.remarks),
    }


def spectrum_rows(assessment: Assessment) -> list[dict[str, Any]]:
    """A row for each component and period, and for RotD50 and RotD100 where there are two horizontals: PSA in g."""
    names = [component.name for component in assessment.motion.components]
    spectra: dict[str, Floats | None] = dict(zip(names, assessment.psa_m_s2, strict=True))
    spectra |= {"RotD50": assessment.rotd50_m_s2, "RotD100": assessment.rotd100_m_s2}
    return [
        {"station": assessment.motion.station, "component": name, "period_s": float(period_s), "psa_g": value}
        for name, values in spectra.items()
        if values is not None
        for period_s, value in zip(assessment.oscillators.periods_s, _of_g(values), strict=True)
    ]


def _of_g(values_m_s2: Floats) -> list[float]:
    found: list[float] = (values_m_s2 / G_M_S2).tolist()
    return found
