"""Intensity measures of a record: peaks, energy, duration, Housner's spectrum intensity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid, trapezoid

from engineering.oscillator import Floats, Quantity, check_record
from engineering.spectra import Oscillators, spectrum

G_M_S2 = 9.80665
# Housner (1952) asks for velocity of oscillators of 0.1 to 2.5 s, 20 % damped; 10 ms apart it is exact to 0.01 %.
SI_PERIODS_S: Floats = np.linspace(0.1, 2.5, 241)
SI_DAMPING = 0.20
# Shares of Arias intensity between which strong motion lasts.
BEGIN, MAIN, END = 0.05, 0.75, 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Of each component of a record; every field (...,).

    Parameters
    ----------
    pga_m_s2, pgv_m_s, pgd_m : largest absolute acceleration, velocity, displacement
    arias_m_s : Arias intensity
    cav_m_s : cumulative absolute velocity; divided by g it is in g s
    d5_75_s, d5_95_s : from 5 % of Arias intensity to 75 and to 95 %; 0 where nothing moved
    housner_m_s : spectrum intensity divided by the 2.4 s it is taken over: the mean spectral velocity
    """

    pga_m_s2: Floats
    pgv_m_s: Floats
    pgd_m: Floats
    arias_m_s: Floats
    cav_m_s: Floats
    d5_75_s: Floats
    d5_95_s: Floats
    housner_m_s: Floats


def measure(acceleration_m_s2: Floats, rate_hz: float, oscillators: Oscillators | None = None) -> Measures:
    """Measures of components of one length.

    Parameters
    ----------
    acceleration_m_s2 : (..., n), corrected: velocity and displacement are its integrals from rest
    rate_hz : samples per second
    oscillators : of the spectrum intensity

    Raises
    ------
    MotionError : if a sample is missing

    References
    ----------
    Arias (1970); EPRI (1988) for CAV; Trifunac & Brady (1975) BSSA 65, 581-626 for durations; Housner (1952), as the
    Japan Meteorological Agency divides it.
    """
    check_record(acceleration_m_s2, rate_hz)
    step_s = 1 / rate_hz
    velocity_m_s = integral(acceleration_m_s2, rate_hz)
    energy = cumulative_trapezoid(acceleration_m_s2**2, dx=step_s, initial=0)
    return Measures(
        pga_m_s2=np.abs(acceleration_m_s2).max(axis=-1),
        pgv_m_s=np.abs(velocity_m_s).max(axis=-1),
        pgd_m=np.abs(integral(velocity_m_s, rate_hz)).max(axis=-1),
        arias_m_s=np.pi / (2 * G_M_S2) * energy[..., -1],
        cav_m_s=trapezoid(np.abs(acceleration_m_s2), dx=step_s),
        d5_75_s=_reached(energy, MAIN, step_s) - _reached(energy, BEGIN, step_s),
        d5_95_s=_reached(energy, END, step_s) - _reached(energy, BEGIN, step_s),
        housner_m_s=housner(acceleration_m_s2, rate_hz, oscillators or Oscillators(SI_PERIODS_S, SI_DAMPING)),
    )


def integral(values: Floats, rate_hz: float) -> Floats:
    """From 0 at the first sample, by trapezoids; (..., n)."""
    return np.asarray(cumulative_trapezoid(values, dx=1 / rate_hz, initial=0))


def housner(acceleration_m_s2: Floats, rate_hz: float, oscillators: Oscillators) -> Floats:
    """Mean spectral velocity over the oscillators' periods, m/s; (...,)."""
    velocities_m_s = spectrum(acceleration_m_s2, rate_hz, oscillators, Quantity.VELOCITY)
    periods_s = oscillators.periods_s
    return np.asarray(trapezoid(velocities_m_s, periods_s) / (periods_s[-1] - periods_s[0]))


def _reached(energy: Floats, share: float, step_s: float) -> Floats:
    """When a growing sum passed a share of its end, s from the first sample, between samples by a straight line."""
    flat = energy.reshape(-1, energy.shape[-1])
    index = np.arange(flat.shape[1])
    found = [np.interp(share * one[-1], one, index) if one[-1] > 0 else 0.0 for one in flat]
    return np.reshape(found, energy.shape[:-1]) * step_s
