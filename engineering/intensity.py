"""Seismic intensity that instruments tell: of Japan, of China, modified Mercalli, and Mercalli-Cancani-Sieberg."""

from __future__ import annotations

from math import floor, log10

import numpy as np
from scipy.fft import irfft, rfft
from scipy.signal import butter, sosfiltfilt

from engineering.measures import integral
from engineering.oscillator import Floats, check_record
from houfeng.errors import MotionError

CM_PER_M = 100.0
_LOWEST, _HIGHEST = 1.0, 12.0  # degrees of the scales of twelve
# GB/T 17742-2020 asks for 0.1 to 10 Hz and leaves the filter to the user: two poles, both ways, four in all.
CHINA_HZ = (0.1, 10.0)
CHINA_N_POLES = 2


def jma(acceleration_m_s2: Floats, rate_hz: float) -> float:
    """Instrumental intensity of the Japan Meteorological Agency, not rounded; `jma_published` is.

    Parameters
    ----------
    acceleration_m_s2 : (3, n) three components at right angles
    rate_hz : samples per second

    Returns
    -------
    intensity : of the filtered acceleration that is exceeded for 0.3 s in total; -inf where nothing moved

    Raises
    ------
    MotionError : if there are not three components, or they are shorter than 0.3 s

    References
    ----------
    JMA notification 4 of 1996; Shabestari & Yamazaki (2001) Earthquake Spectra 17, 711-723.
    """
    _check_three(acceleration_m_s2, rate_hz)
    n, n_exceeding = acceleration_m_s2.shape[-1], int(0.3 * rate_hz)
    if n_exceeding < 1 or n < n_exceeding:
        raise MotionError(f"JMA intensity needs 0.3 s of samples, came {n} at {rate_hz:g} Hz")
    frequency_hz: Floats = np.fft.rfftfreq(n, 1 / rate_hz).astype(np.float64)
    filtered = irfft(rfft(acceleration_m_s2 * CM_PER_M) * _jma_filter(frequency_hz), n)
    vector = np.sqrt(np.sum(np.square(filtered), axis=0))
    exceeded_gal = float(np.partition(vector, n - n_exceeding)[n - n_exceeding])
    return 2 * log10(exceeded_gal) + 0.94 if exceeded_gal > 0 else -np.inf


def jma_published(intensity: float) -> float:
    """As the agency writes it: rounded to two decimals, then cut to one; below 0 it is 0."""
    return max(floor(floor(intensity * 100 + 0.5) / 10) / 10, 0.0) if np.isfinite(intensity) else 0.0


def _jma_filter(frequency_hz: Floats) -> Floats:
    """Period effect, high cut and low cut."""
    found = np.zeros_like(frequency_hz)
    above = frequency_hz[1:]
    y = (above / 10) ** 2
    high = 1 + y * (0.694 + y * (0.241 + y * (0.0557 + y * (0.009664 + y * (0.00134 + y * 0.000155)))))
    found[1:] = np.sqrt(1 / above / high * -np.expm1(-((above / 0.5) ** 3)))
    return found


def china(acceleration_m_s2: Floats, rate_hz: float) -> float:
    """Instrumental intensity of the Chinese scale, one decimal, 1 to 12.

    Parameters
    ----------
    acceleration_m_s2 : (3, n) three components at right angles
    rate_hz : samples per second, more than 20

    Raises
    ------
    MotionError : if there are not three components, or 10 Hz are beyond what was sampled

    References
    ----------
    GB/T 17742-2020, appendix A; band and vector sum also in Song et al. (2021) Chinese J. Geophys. 64, 555-568.
    """
    _check_three(acceleration_m_s2, rate_hz)
    if rate_hz <= 2 * CHINA_HZ[1]:
        raise MotionError(f"GB/T 17742-2020 needs motion up to 10 Hz, more than 20 samples a second; came {rate_hz:g}")
    sections = butter(CHINA_N_POLES, CHINA_HZ, "bandpass", fs=rate_hz, output="sos")
    n_pad = min(round(rate_hz / CHINA_HZ[0]), acceleration_m_s2.shape[-1] - 1)
    banded = sosfiltfilt(sections, acceleration_m_s2, padlen=n_pad)
    velocity = integral(banded, rate_hz)
    return china_of(*(float(np.sqrt(np.sum(motion**2, axis=0)).max()) for motion in (banded, velocity)))


def china_of(pga_m_s2: float, pgv_m_s: float) -> float:
    """The same of the peaks of the vector sums of three components in 0.1 to 10 Hz.

    Where both give 6 and more, velocity alone counts, so that a larger acceleration can give less: so it is written.
    """
    if pga_m_s2 <= 0 or pgv_m_s <= 0:
        return _LOWEST
    by_acceleration, by_velocity = 3.17 * log10(pga_m_s2) + 6.59, 3.00 * log10(pgv_m_s) + 9.77
    both = min(by_acceleration, by_velocity) >= 6
    found = by_velocity if both else (by_acceleration + by_velocity) / 2
    return round(min(max(found, _LOWEST), _HIGHEST), 1)


def mercalli(pga_m_s2: Floats, pgv_m_s: Floats) -> tuple[Floats, Floats]:
    """Modified Mercalli intensity by acceleration and by velocity, 1 to 10.

    References
    ----------
    Worden, Gerstenberger, Rhoades & Wald (2012) BSSA 102, 204-221, without terms of magnitude and distance.
    """
    return (
        _two_lines(pga_m_s2, (1.78, 1.55), 1.57, (-1.60, 3.70)),
        _two_lines(pgv_m_s, (3.78, 1.47), 0.53, (2.89, 3.16)),
    )


def mcs(pga_m_s2: Floats, pgv_m_s: Floats) -> tuple[Floats, Floats]:
    """Mercalli-Cancani-Sieberg intensity by acceleration and by velocity, 1 to 12.

    References
    ----------
    Faenza & Michelini (2010) GJI 180, 1138-1152.
    """
    lines = (1.68 + 2.58 * _lg(pga_m_s2), 5.11 + 2.35 * _lg(pgv_m_s))
    by_acceleration, by_velocity = (np.asarray(np.clip(line, _LOWEST, _HIGHEST)) for line in lines)
    return by_acceleration, by_velocity


def _two_lines(value: Floats, low: tuple[float, float], turn: float, high: tuple[float, float]) -> Floats:
    lg = _lg(value)
    found = np.where(lg <= turn, low[0] + low[1] * lg, high[0] + high[1] * lg)
    return np.asarray(np.clip(found, 1.0, 10.0))


def _lg(value: Floats) -> Floats:
    """Of centimetres; -inf where nothing moved."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(np.asarray(value) * CM_PER_M))


def _check_three(acceleration_m_s2: Floats, rate_hz: float) -> None:
    check_record(acceleration_m_s2, rate_hz)
    if acceleration_m_s2.ndim != 2 or len(acceleration_m_s2) != 3:
        raise MotionError(f"intensity needs three components of one length, came {acceleration_m_s2.shape}")
