"""Duration magnitude Md: how long the coda stands out of the noise. It needs no response."""

from __future__ import annotations

from math import log10

import numpy as np
from scipy.signal import butter, sosfilt

from detection.magnitude.records import Record
from detection.magnitude.settings import MagnitudeSettings
from detection.magnitude.station import GUARD_S
from detection.plan import Floats
from houfeng.errors import AmplitudeError

# Averages of the absolute amplitude over 2 s, as Earthworm's coda measurements.
AVERAGE_S = 2.0
BAND_HZ = (1.0, 10.0)


def coda(record: Record, settings: MagnitudeSettings) -> tuple[float, float]:
    """How long the amplitude stays above `md_coda_ratio` times the noise's, from P on.

    It is the average of the absolute value over 2 s, band-passed 1-10 Hz; the coda ends where two averages in a row,
    behind the largest, are below.

    Returns
    -------
    duration_s : from P to the end of the coda
    snr : largest over the noise's average

    Raises
    ------
    AmplitudeError : if the signal stands out too little, or the coda has not ended where the record or the window does
    """
    sos = butter(2, [BAND_HZ[0], min(BAND_HZ[1], 0.4 * record.rate_hz)], "bandpass", fs=record.rate_hz, output="sos")
    trace = np.abs(sosfilt(sos, record.samples - record.samples[: record.n_signal].mean()))
    # Half a count: what a converter that moves between two values has.
    noise = max(float(record.noise(trace).mean()), 0.5)
    averages = _averages(record.signal(trace), round(AVERAGE_S * record.rate_hz))
    if not len(averages):
        raise AmplitudeError("no record of the coda")
    top = int(averages.argmax())
    below = averages[top:] < settings.md_coda_ratio * noise
    ends = np.flatnonzero(below[:-1] & below[1:])
    snr = float(averages[top]) / noise
    if snr < settings.md_min_snr:
        raise AmplitudeError(f"signal {snr:.1f} times the noise, {settings.md_min_snr:g} needed")
    if not len(ends):
        raise AmplitudeError(f"the coda has not ended after {len(averages) * AVERAGE_S:.0f} s")
    return (top + int(ends[0])) * AVERAGE_S - GUARD_S, snr


def _averages(trace: Floats, n: int) -> Floats:
    whole = len(trace) // n
    means: Floats = trace[: whole * n].reshape(whole, n).mean(axis=1)
    return means


def magnitude(duration_s: float, epicentral_km: float, settings: MagnitudeSettings) -> float:
    """Md = -0.87 + 2.00 log10 t + 0.0035 D, where the settings say nothing else.

    Parameters
    ----------
    duration_s : t, from P to the end of the coda
    epicentral_km : D

    References
    ----------
    Lee, Bennett & Meagher (1972) USGS Open-File Report 72-223, of central California; the default of HYPO71.
    """
    return settings.md_constant + settings.md_log * log10(duration_s) + settings.md_per_km * epicentral_km
