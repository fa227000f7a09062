"""Which way horizontal components point, from Rayleigh waves: MUSTANG's orientation_check."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from obspy.geodetics import gps2dist_azimuth
from scipy.signal import butter, hilbert, sosfiltfilt

from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Origin

Floats = NDArray[np.float64]

# Whose surface waves are large and simple enough, as MUSTANG chooses them.
LEAST_MAGNITUDE = 7.0
DEEPEST_KM = 100.0
_NEAREST_DEG, _FURTHEST_DEG = 5.0, 115.0
_KM_PER_DEG = 111.195
BAND_HZ = 0.02, 0.04
_RAYLEIGH_KM_S = 4.0
_BEFORE_S, _AFTER_S = 20.0, 600.0
# The filter's beginning and end, s.
_MARGIN_S = 300.0


class Bearing(NamedTuple):
    """What a Rayleigh wave says.

    Parameters
    ----------
    azimuth_deg : of the first horizontal (N or 1), clockwise from north; the second is taken to be 90 degrees on
    correlation : of the radial component with the vertical one a quarter of a period on, up to 1
    """

    azimuth_deg: float
    correlation: float


class Wave(NamedTuple):
    """A Rayleigh wave that is to be expected at a station: times in ns UTC, and where it comes from, degrees."""

    start_ns: int
    end_ns: int
    back_azimuth_deg: float


def rayleigh_wave(origin: Origin, latitude_deg: float, longitude_deg: float) -> Wave | None:
    """The wave of an event at a place; None where it is too deep, too near or too far."""
    metres, _, back_deg = gps2dist_azimuth(origin.latitude_deg, origin.longitude_deg, latitude_deg, longitude_deg)
    distance_km = metres / 1000
    is_far = _NEAREST_DEG <= distance_km / _KM_PER_DEG <= _FURTHEST_DEG
    if origin.depth_km >= DEEPEST_KM or not is_far:
        return None
    arrival_ns = origin.time_ns + seconds_ns(distance_km / _RAYLEIGH_KM_S)
    return Wave(arrival_ns - seconds_ns(_BEFORE_S), arrival_ns + seconds_ns(_AFTER_S), back_deg)


def needed(wave: Wave) -> tuple[int, int]:
    """Between which times samples are needed, ns UTC."""
    return wave.start_ns - seconds_ns(_MARGIN_S), wave.end_ns + seconds_ns(_MARGIN_S)


def bearing(vertical: Stretch, first: Stretch, second: Stretch, wave: Wave) -> Bearing | None:
    """Which way the first horizontal points.

    The radial component of a Rayleigh wave is the vertical one a quarter of a period off. What of each horizontal goes
    with that is the cosine and the sine of the angle between the first one and the station's view of the event.

    Parameters
    ----------
    vertical, first, second : of one rate, each with all samples that are `needed`; gains of the horizontals alike

    Returns
    -------
    bearing : None where samples are missing, or all alike

    References
    ----------
    Stachnik et al. (2012) Seismological Research Letters 83, 704-712.
    """
    if len({each.rate_hz for each in (vertical, first, second)}) > 1:
        return None
    cut = [_window(each, wave) for each in (vertical, first, second)]
    if any(each is None for each in cut):
        return None
    n = min(len(each) for each in cut if each is not None)
    z, one, two = (each[:n] for each in cut if each is not None)
    turned = np.imag(hilbert(z))
    along, across = float(turned @ one), float(turned @ two)
    angle = np.arctan2(across, along)
    radial = np.cos(angle) * one + np.sin(angle) * two
    norm = np.sqrt((turned @ turned) * (radial @ radial))
    if not norm:
        return None
    azimuth_deg = (wave.back_azimuth_deg - np.degrees(angle)) % 360
    return Bearing(float(azimuth_deg), float(turned @ radial / norm))


def _window(stretch: Stretch, wave: Wave) -> Floats | None:
    start_ns, end_ns = needed(wave)
    begin, end = stretch.index(start_ns), stretch.index(end_ns)
    if begin < 0 or end > len(stretch.samples) or 2.5 * BAND_HZ[1] > stretch.rate_hz:
        return None
    samples = stretch.samples[begin:end]
    sos = butter(4, BAND_HZ, "bandpass", fs=stretch.rate_hz, output="sos")
    filtered = sosfiltfilt(sos, samples - samples.mean())
    margin = round((wave.start_ns - start_ns) * stretch.rate_hz / NS_PER_S)
    return np.asarray(filtered[margin : len(filtered) - margin])


def off_deg(azimuth_deg: float, stated_deg: float) -> float:
    """How far an azimuth is clockwise from a stated one, -180 to 180 degrees."""
    return (azimuth_deg - stated_deg + 180) % 360 - 180
