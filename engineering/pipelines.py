"""What ground motion does to a buried pipe: strain of waves that pass, and a screening rate of repairs.

For straight continuous pipe away from fault crossings and slides; neither is a design.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from engineering.oscillator import Floats
from houfeng.errors import MotionError

_INCH_M = 0.0254
_THOUSAND_FEET_KM = 0.3048


class Wave(StrEnum):
    """Which wave strains the pipe."""

    S = "S"
    RAYLEIGH = "Rayleigh"


# Apparent speed along the pipe, and the coefficient of the strain; ALA (2001).
_SPEED_M_S = {Wave.S: 2000.0, Wave.RAYLEIGH: 500.0}
_COEFFICIENT = {Wave.S: 2.0, Wave.RAYLEIGH: 1.0}


def axial_strain(pgv_m_s: Floats, wave: Wave, speed_m_s: float | None = None) -> Floats:
    """Largest axial strain of the ground, which the pipe takes on at most.

    Parameters
    ----------
    pgv_m_s : along the ground
    wave : S waves at 45 degrees strain most, hence their coefficient of 2
    speed_m_s : apparent, of the wave along the pipe; 2,000 m/s for S and 500 m/s for Rayleigh waves if not known

    Raises
    ------
    MotionError : if the speed is not positive

    References
    ----------
    Newmark (1967); American Lifelines Alliance (2001), Guidelines for the design of buried steel pipe.
    """
    speed = _SPEED_M_S[wave] if speed_m_s is None else speed_m_s
    if not speed > 0:
        raise MotionError(f"the apparent speed of waves must be more than 0 m/s, came {speed}")
    return pgv_m_s / (_COEFFICIENT[wave] * speed)


def strain_gb_t_50470(
    pga_m_s2: Floats, pgv_m_s: Floats, characteristic_period_s: float, shear_speed_m_s: float
) -> Floats:
    """Largest axial strain of a straight buried pipe: a Tg / (4 pi Vse) or v / (2 Vse), whichever is more.

    Parameters
    ----------
    pga_m_s2, pgv_m_s : of the ground
    characteristic_period_s : Tg of the site
    shear_speed_m_s : Vse, the equivalent speed of shear waves in the ground of the site

    Raises
    ------
    MotionError : if period or speed is not positive

    References
    ----------
    GB/T 50470-2017, seismic technical code for oil and gas transmission pipelines. Unconfirmed: the text of the
    standard was not at hand.
    """
    if not (characteristic_period_s > 0 and shear_speed_m_s > 0):
        came = f"{characteristic_period_s} s and {shear_speed_m_s} m/s"
        raise MotionError(f"characteristic period and speed of shear waves must be more than 0, came {came}")
    by_acceleration = pga_m_s2 * characteristic_period_s / (4 * np.pi * shear_speed_m_s)
    return np.asarray(np.maximum(by_acceleration, pgv_m_s / (2 * shear_speed_m_s)))


def apparent_speed_m_s(wave: Wave) -> float:
    """Of a wave along the pipe, where it is not known: ALA (2001)."""
    return _SPEED_M_S[wave]


def repairs_by_shaking(pgv_m_s: Floats, k1: float = 1.0) -> Floats:
    """Repairs per kilometre that shaking makes: screening, from water mains.

    Parameters
    ----------
    pgv_m_s : largest velocity
    k1 : of material, joint, soil and diameter; 1 is cast iron with cement joints, welded steel is 0.15 to 0.6

    References
    ----------
    American Lifelines Alliance (2001), Seismic fragility formulations for water systems, part 1.
    """
    return k1 * 0.00187 * (pgv_m_s / _INCH_M) / _THOUSAND_FEET_KM


def repairs_by_displacement(pgd_m: Floats, k2: float = 1.0) -> Floats:
    """The same for ground that is displaced for good, by slides or faults: a seismogram does not tell it."""
    return k2 * 1.06 * (pgd_m / _INCH_M) ** 0.319 / _THOUSAND_FEET_KM
