"""Quality class of a location, A to D, as HYPO71 defines it, with what keeps it from a better one.

Half of the class is how well the onsets fit, half how the stations stand about the epicentre.

=====  =========================================  ==========================================================
class  fit: rms, epicentre and depth (1 sigma)    stations: onsets, gap, nearest station
=====  =========================================  ==========================================================
A      < 0.15 s, <= 1.0 km, <= 2.0 km             >= 6, <= 90 deg, no further than the depth or 5 km
B      < 0.30 s, <= 2.5 km, <= 5.0 km             >= 6, <= 135 deg, no further than twice the depth or 10 km
C      < 0.50 s, <= 5.0 km                        >= 6, <= 180 deg, <= 50 km
D      else                                       else
=====  =========================================  ==========================================================

The class is the mean of both, and the worse of two that are neighbours. One rule is Houfeng's own: three stations are
class D of stations, because they agree on a place whatever one of them reads wrong.

References
----------
Lee & Lahr (1975) HYPO71 (revised), USGS Open-File Report 75-311, p. 27.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from houfeng.types import Arrival, Origin

CLASSES = ("A", "B", "C", "D")
LEAST_STATIONS = 3
# An origin's errors are of 90 % confidence, in two dimensions and in one; HYPO71's are standard errors.
_ELLIPSE_90 = 2.146
_LINE_90 = 1.645
_RMS_S = (0.15, 0.30, 0.50)
_EPICENTRE_KM = (1.0, 2.5, 5.0)
_DEPTH_KM = (2.0, 5.0, math.inf)
_GAP_DEG = (90.0, 135.0, 180.0)
# Of the nearest station: a distance, or so many depths.
_NEAREST_KM = (5.0, 10.0, 50.0)
_NEAREST_DEPTHS = (1.0, 2.0, 0.0)
_LEAST_ONSETS = 6


class Quality(NamedTuple):
    """A class, and in words what keeps it from a better one.

    Parameters
    ----------
    grade : "A" to "D"; "" for a trigger that was not located
    reasons : empty in class A
    """

    grade: str
    reasons: tuple[str, ...]


def quality(origin: Origin, arrivals: Sequence[Arrival]) -> Quality:
    """The class of an origin.

    Parameters
    ----------
    origin : with its errors
    arrivals : the onsets that it explains
    """
    fit = _ranked(lambda rank: _misfits(origin, rank))
    stations = _ranked(lambda rank: _missing(origin, arrivals, rank))
    # the mean, and of neighbours the worse: A and C make B, A and B make B
    return Quality(CLASSES[(fit[0] + stations[0] + 1) // 2], (*fit[1], *stations[1]))


def not_located(n_stations: int) -> Quality:
    """Of an event without an origin.

    Parameters
    ----------
    n_stations : with an onset and a known place
    """
    if n_stations < LEAST_STATIONS:
        return Quality("", (f"{_counted(n_stations, 'station')} with known place < {LEAST_STATIONS}",))
    return Quality("", ("no place explains the onsets",))


def _ranked(faults: Callable[[int], list[str]]) -> tuple[int, list[str]]:
    """The best class, 0 to 3, that leaves no faults, and the faults of the one above it."""
    kept: list[str] = []
    for rank in range(len(CLASSES) - 1):
        found = faults(rank)
        if not found:
            return rank, kept
        kept = found
    return len(CLASSES) - 1, kept


def _misfits(origin: Origin, rank: int) -> list[str]:
    """How the onsets fit less well than a class needs."""
    epicentre_km = math.hypot(origin.semi_major_km, origin.semi_minor_km) / _ELLIPSE_90
    found = []
    if origin.rms_s >= _RMS_S[rank]:
        found.append(f"rms {_above(origin.rms_s, _RMS_S[rank], 2)} s ≥ {_RMS_S[rank]:g} s")
    if epicentre_km > _EPICENTRE_KM[rank]:
        found.append(f"epicentre ± {_above(epicentre_km, _EPICENTRE_KM[rank], 1)} km > {_EPICENTRE_KM[rank]:g} km")
    if math.isinf(_DEPTH_KM[rank]):
        return found
    if origin.depth_error_km is None:
        found.append("depth fixed")
    elif (depth_km := origin.depth_error_km / _LINE_90) > _DEPTH_KM[rank]:
        found.append(f"depth ± {_above(depth_km, _DEPTH_KM[rank], 1)} km > {_DEPTH_KM[rank]:g} km")
    return found


def _missing(origin: Origin, arrivals: Sequence[Arrival], rank: int) -> list[str]:
    """What a class needs of stations and is not there."""
    n_stations = len({arrival.station_id for arrival in arrivals})
    # a depth that was fixed says nothing of how near a station should be
    depth_km = origin.depth_km if origin.depth_error_km is not None else 0.0
    nearest_km = max(_NEAREST_KM[rank], _NEAREST_DEPTHS[rank] * depth_km)
    found = []
    if n_stations <= LEAST_STATIONS:
        found.append(_counted(n_stations, "station"))
    if len(arrivals) < _LEAST_ONSETS:
        found.append(f"{_counted(len(arrivals), 'onset')} < {_LEAST_ONSETS}")
    if origin.gap_deg > _GAP_DEG[rank]:
        found.append(f"gap {_above(origin.gap_deg, _GAP_DEG[rank], 0)}° > {_GAP_DEG[rank]:g}°")
    if origin.nearest_km > nearest_km:
        found.append(f"nearest station {_above(origin.nearest_km, nearest_km, 0)} km > {nearest_km:.3g} km")
    return found


def _above(value: float, limit: float, n_digits: int) -> str:
    """The value with as many digits as it takes not to look like the limit, to which it is not equal."""
    while n_digits < 4 and float(f"{value:.{n_digits}f}") <= limit < value:
        n_digits += 1
    return f"{value:.{n_digits}f}"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
