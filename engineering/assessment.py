"""Everything that is said of one record."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engineering.intensity import china, jma
from engineering.measures import Measures, measure
from engineering.motion import Motion
from engineering.oscillator import Floats
from engineering.spectra import Oscillators, psa, rotated_psa
from houfeng.errors import MotionError


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Of the components of a record.

    Parameters
    ----------
    motion : the record
    oscillators : of its spectra
    measures : arrays in the order of the components
    psa_m_s2 : (components, k)
    rotd50_m_s2, rotd100_m_s2 : (k,) of the horizontal pair; None where there is none
    jma, china : of three components; None where there are not three, or the scale has nothing to say
    remarks : what was not computed, and why
    """

    motion: Motion
    oscillators: Oscillators
    measures: Measures
    psa_m_s2: Floats
    rotd50_m_s2: Floats | None
    rotd100_m_s2: Floats | None
    jma: float | None
    china: float | None
    remarks: tuple[str, ...]


def assess(motion: Motion, oscillators: Oscillators) -> Assessment:
    """Measures, spectra and intensities of a record.

    Peaks of velocity and displacement are those of the series that came with the record, where they did: integrals of
    acceleration that was rounded to 0.1 mm/s^2 drift by a millimetre in two minutes.

    Raises
    ------
    MotionError : if it has no spectrum
    """
    acceleration_m_s2, rate_hz = motion.acceleration_m_s2, motion.rate_hz
    remarks: list[str] = []
    rotated: Floats | None = None
    if motion.horizontals_m_s2 is None:
        remarks.append("no RotD50 and RotD100: it has no two horizontal components at right angles")
    else:
        rotated = rotated_psa(motion.horizontals_m_s2, rate_hz, oscillators)
    found: list[float | None] = []
    for scale, of in (("JMA", jma), ("GB/T 17742", china)):
        try:
            found.append(of(acceleration_m_s2, rate_hz))
        except MotionError as error:
            found.append(None)
            remarks.append(f"no intensity of {scale}: {error}")
    return Assessment(
        motion=motion,
        oscillators=oscillators,
        measures=_with_own_series(motion, measure(acceleration_m_s2, rate_hz)),
        psa_m_s2=psa(acceleration_m_s2, rate_hz, oscillators),
        rotd50_m_s2=None if rotated is None else rotated[0],
        rotd100_m_s2=None if rotated is None else rotated[1],
        jma=found[0],
        china=found[1],
        remarks=tuple(remarks),
    )


def _with_own_series(motion: Motion, measures: Measures) -> Measures:
    velocities = [component.velocity_m_s for component in motion.components]
    displacements = [component.displacement_m for component in motion.components]
    return replace(
        measures,
        pgv_m_s=_peaks(velocities, measures.pgv_m_s),
        pgd_m=_peaks(displacements, measures.pgd_m),
    )


def _peaks(series: list[Floats | None], integrated: Floats) -> Floats:
    peaks = [otherwise if own is None else np.abs(own).max() for own, otherwise in zip(series, integrated, strict=True)]
    return np.array(peaks)
