"""Broadband P-wave moment magnitude Mwp: displacement of P waves, integrated once more."""

from __future__ import annotations

from math import log10, pi

import numpy as np
from scipy.signal import butter, decimate, sosfilt

from detection.magnitude.records import Complexes, Record, check_clipping, faded_spectrum
from detection.magnitude.settings import MagnitudeSettings
from detection.plan import Floats
from houfeng.errors import AmplitudeError
from stations.response import N_DERIVATIVES, Response, grid_hz

# What is slower is the drift of two integrations; it takes 8 % of a pulse of 12 s with it, 0.02 units.
LOWEST_HZ = 0.001
N_POLES = 4
# A seismometer must feel 20 s nearly as well as 1 s.
LONG_HZ, MIN_LONG_SHARE = 0.05, 0.5
# P of a shock that is worth an Mwp stands out at periods from this to 100 s; microseisms are shorter.
LONGEST_HZ = 0.01
# Mwp is read where P waves last a second and more; 4 Hz are enough, and 25 times faster than 100 Hz.
ENOUGH_HZ = 4.0
RADIATION = 0.2


def check_long_periods(response: Response) -> None:
    """Refuse a seismometer that does not feel long waves.

    Raises
    ------
    AmplitudeError : if it is half as sensitive to ground velocity at 20 s as at 1 s, or less
    """
    at_hz = np.array([LONG_HZ, 1.0])
    felt = np.abs(response.counts_per_unit(at_hz))
    if N_DERIVATIVES[response.unit] == 1 and felt[0] < MIN_LONG_SHARE * felt[1]:
        raise AmplitudeError("the seismometer is of short period, 20 s are needed")


def amplitude(record: Record, response: Response) -> tuple[float, float]:
    """Largest absolute value of the integral of vertical displacement over the P waves.

    The filter that keeps drift out looks back only: S waves behind the window change nothing.

    Returns
    -------
    amplitude_m_s : metres times seconds, from its value at the onset
    snr : that over the largest excursion of the noise from its own beginning, or what ground velocity at 20 to 100 s
        has over that of the noise if this is less. Noise that is integrated twice wanders: on synthetic records it went
        three to thirty times as far behind the onset as before it, and five stations told an Mw of 7 of an ML of 4.7

    Raises
    ------
    AmplitudeError : if the record is clipped
    """
    check_clipping(record)
    slow = _decimated(record)
    spectrum, n_fft = faded_spectrum(slow, 3 / LOWEST_HZ)
    frequency_hz = grid_hz(n_fft, slow.rate_hz)[1:]
    spectrum[0] = 0
    spectrum[1:] *= _highpass(frequency_hz) / response.on_grid(n_fft, slow.rate_hz)[1:] / (2j * pi * frequency_hz)
    spectrum[1:] *= np.clip((0.5 * slow.rate_hz - frequency_hz) / (0.2 * slow.rate_hz), 0, 1)
    largest, snr = _excursion(slow, np.fft.irfft(spectrum, n_fft))
    spectrum[1:] *= (2j * pi * frequency_hz) ** 2
    velocity = np.fft.irfft(spectrum, n_fft)[: len(slow.samples)]
    long_waves = butter(2, (LONGEST_HZ, LONG_HZ), "bandpass", fs=slow.rate_hz, output="sos")
    _, long_snr = _excursion(slow, sosfilt(long_waves, velocity))  # looks back only, as above
    return largest, min(snr, long_snr)


def _excursion(record: Record, trace: Floats) -> tuple[float, float]:
    """How far a trace goes from its value at the onset, and that over how far the noise goes from its beginning."""
    signal, noise = record.signal(trace), record.noise(trace)
    largest, quiet = (float(np.abs(part - part[0]).max()) for part in (signal, noise))
    return largest, largest / max(quiet, np.finfo(float).tiny)


def _highpass(frequency_hz: Floats) -> Complexes:
    """Butterworth of four poles: it outgrows the four times that counts are integrated at long periods."""
    angles = pi * (2 * np.arange(1, N_POLES + 1) + N_POLES - 1) / (2 * N_POLES)
    s = 1j * frequency_hz / LOWEST_HZ
    passed: Complexes = np.prod(s[:, None] / (s[:, None] - np.exp(-1j * angles)), axis=1)
    return passed


def _decimated(record: Record) -> Record:
    n = int(record.rate_hz // ENOUGH_HZ)
    if n < 2:
        return record
    mean = record.samples[: record.n_signal].mean()
    samples = decimate(record.samples - mean, n, ftype="fir")
    return Record(
        samples=samples,
        rate_hz=record.rate_hz / n,
        n_fade_in=record.n_fade_in // n,
        n_fade_out=record.n_fade_out // n,
        n_signal=record.n_signal // n,
        n_end=min(record.n_end // n, len(samples)),
    )


def magnitude(amplitude_m_s: float, epicentral_km: float, settings: MagnitudeSettings) -> float:
    """Mwp = (log10 M0 - 9.1) / 1.5 + 0.2, where M0 = 4 pi density velocity**3 distance amplitude.

    Parameters
    ----------
    amplitude_m_s : largest integral of displacement
    epicentral_km : along the surface

    References
    ----------
    Tsuboi, Abe, Takano & Yamanaka (1995) BSSA 85, 606-613: 7.9 km/s, 3.4 g/cm3, and 0.2 for the mean radiation pattern;
    M0 in N m.
    """
    spreading = 4 * pi * settings.mwp_density_kg_m3 * (settings.mwp_p_km_s * 1000) ** 3
    return (log10(spreading * epicentral_km * 1000 * amplitude_m_s) - 9.1) / 1.5 + RADIATION


def moment_magnitude(mwp: float) -> float:
    """Mw(Mwp) = 1.186 Mwp - 1.222.

    References
    ----------
    Whitmore, Tsuboi, Hirshorn & Sokolowski (2002) Science of Tsunami Hazards 20, 187-192.
    """
    return 1.186 * mwp - 1.222
