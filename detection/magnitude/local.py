"""Local magnitude ML: the largest swing of a Wood-Anderson seismograph."""

from __future__ import annotations

from math import log10

import numpy as np

from detection.magnitude.followers import ebbed
from detection.magnitude.records import Complexes, Record, check_clipping, restored
from detection.magnitude.settings import MagnitudeSettings
from detection.plan import Floats
from stations.response import Response

NM_PER_M = 1e9
# Uhrhammer & Collins (1990): period 0.8 s, damping 0.7 of critical.
WOOD_ANDERSON_S, WOOD_ANDERSON_DAMPING = 0.8, 0.7


def wood_anderson(frequency_hz: Floats) -> Complexes:
    """Trace amplitude of a Wood-Anderson seismograph of static gain 1 per ground displacement.

    The instrument's own gain, 2080, is in the constant of `magnitude`: the form that IASPEI recommends.

    References
    ----------
    Uhrhammer & Collins (1990) BSSA 80, 702-716: gain 2080, damping 0.7, not the 2800 and 0.8 of the maker.
    """
    s = 2j * np.pi * frequency_hz
    natural = 2 * np.pi / WOOD_ANDERSON_S
    shaped: Complexes = s * s / (s * s + 2 * WOOD_ANDERSON_DAMPING * natural * s + natural**2)
    return shaped


def amplitude(
    record: Record, response: Response, settings: MagnitudeSettings, own_s: float = np.inf
) -> tuple[float, float]:
    """Largest Wood-Anderson amplitude of one horizontal component, zero to peak.

    Parameters
    ----------
    own_s : so long the event's own waves last at least, seconds from where the signal begins. Behind that it ends
        where the amplitude is down to the largest of the noise: what rises then is another event's

    Returns
    -------
    amplitude_nm : of gain 1
    snr : that over the largest amplitude of the noise

    Raises
    ------
    AmplitudeError : if the record is clipped
    """
    check_clipping(record)
    trace = restored(record, response, wood_anderson, (settings.ml_lowest_hz, np.inf))
    signal, before = np.abs(record.signal(trace)), np.abs(record.noise(trace))
    noise = float(before.max())
    largest = float(signal[: ebbed(signal, noise, record.rate_hz, own_s)].max())
    return largest * NM_PER_M, largest / max(noise, np.finfo(float).tiny)


def magnitude(amplitude_nm: float, hypocentral_km: float, settings: MagnitudeSettings) -> float:
    """ML = log10 A + 1.11 log10 R + 0.00189 R - 2.09, where the settings say nothing else.

    Parameters
    ----------
    amplitude_nm : A, zero to peak, of a Wood-Anderson seismograph of gain 1
    hypocentral_km : R, 10 to 700 km

    References
    ----------
    Hutton & Boore (1987) BSSA 77, 2074-2094; the form for gain 1: IASPEI (2013) Summary of Magnitude Working Group
    recommendations, eq. 1. It takes each horizontal component for a datum of its own.
    """
    attenuation = settings.ml_log * log10(hypocentral_km) + settings.ml_per_km * hypocentral_km
    return log10(amplitude_nm) + attenuation + settings.ml_constant
