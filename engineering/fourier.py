"""Fourier amplitude spectra of ground acceleration, smoothed."""

from __future__ import annotations

import numpy as np

from engineering.corners import SMOOTHING, smoothed
from engineering.oscillator import Floats, check_record

N_FREQUENCIES = 60
LOWEST_HZ = 0.05
METHOD = f"modulus of the Fourier transform, Konno & Ohmachi (1998) smoothing, b = {SMOOTHING:g}"


def frequencies_hz(rate_hz: float) -> Floats:
    """Those of a spectrum: equal steps of the logarithm from 0.05 Hz to 90 % of the Nyquist frequency."""
    return np.geomspace(LOWEST_HZ, 0.9 * rate_hz / 2, N_FREQUENCIES)


def fourier_amplitudes(acceleration_m_s2: Floats, rate_hz: float, frequency_hz: Floats) -> Floats:
    """Smoothed modulus of the Fourier transform of each component.

    Parameters
    ----------
    acceleration_m_s2 : (..., n)
    rate_hz : samples per second
    frequency_hz : (k,) centres of the windows

    Returns
    -------
    amplitudes : (..., k) m/s: acceleration times time

    Raises
    ------
    MotionError : if a sample is missing
    """
    check_record(acceleration_m_s2, rate_hz)
    n = acceleration_m_s2.shape[-1]
    flat = acceleration_m_s2.reshape(-1, n)
    found = np.stack([smoothed(one, rate_hz, frequency_hz) for one in flat]) * np.sqrt(n) / rate_hz
    return np.asarray(found.reshape(*acceleration_m_s2.shape[:-1], len(frequency_hz)))
