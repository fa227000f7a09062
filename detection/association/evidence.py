"""How much more likely onsets are with an event than without it.

The chance that a pick at a station is noise is the rate of its triggers; the chance that it is a wave's follows from
its residual. Their ratio is the evidence; its logarithm is summed over the stations (in the spirit of Arora, Russell &
Sudderth (2013) BSSA 103, 709-729).
"""

from __future__ import annotations

import numpy as np

from detection.plan import Floats

# Share of the onsets that a station in reach of the event has a pick of. Of S it is less: the trigger that P began is
# often still on.
_DETECTED = 0.92
S_SHARE = 0.2
# A missing pick tells less than a station that is always there: it may have been away.
_MISSED = 0.97
# A station is in reach up to this many times the distance that four of five with an onset lie within.
_REACH = 1.35
_NEAR_SHARE = 0.8
# Real travel times lie off those of a model the more the further: (s per km, at most s).
_PER_KM_S, _MOST_S = 0.0012, 2.0
_S_FACTOR = 1.6
# Of the tolerance, this part is left right above an event; from this distance on it is whole.
_NEAR_SHARE_S, _NEAR_KM = 0.4, 100.0
# So many stations are as likely to find chance for an event as the threshold is meant for.
_MANY_STATIONS = 15
# Each pick is a chance to begin an event of noise. The threshold is meant for picks so frequent; where they are rarer
# it falls with the logarithm of their rate, so far at most.
_BUSY_PER_S, _MOST_EASE = 12 / 3600, 1.1
# Student's distribution with three degrees of freedom: area below (1 + u**2 / 3)**-2.
_AREA = np.sqrt(3.0) * np.pi / 2


def sigma_s(distance_km: Floats, tolerance_s: float) -> Floats:
    """(2, ...) standard deviation of residuals of P and S at distances, seconds."""
    near = _NEAR_SHARE_S + (1 - _NEAR_SHARE_S) * np.minimum(distance_km / _NEAR_KM, 1.0)
    p_s = tolerance_s * near + np.minimum(_PER_KM_S * distance_km, _MOST_S)
    return np.stack((p_s, _S_FACTOR * p_s))


def reach_km(distance_km: Floats) -> float:
    """The distance that four of five stations with an onset lie within.

    Parameters
    ----------
    distance_km : (n,) of the stations with an onset, n > 0
    """
    return float(np.sort(distance_km)[max(int(_NEAR_SHARE * len(distance_km)) - 1, 0)])


def detected(distance_km: Floats, far_km: float, spacing_km: float) -> Floats:
    """Chance that stations have a pick of the first P, from what distance has most of the onsets.

    Parameters
    ----------
    distance_km : (n,)
    far_km : from `reach_km`
    spacing_km : between stations; where the reach is no sharper known
    """
    steep = np.clip((distance_km - _REACH * far_km) / (0.2 * far_km + 0.1 * spacing_km + 1.0), -50, 50)
    return np.asarray(_DETECTED / (1 + np.exp(steep)))


def gain(chance: Floats, residual_s: Floats, sigma_s: Floats, per_s: Floats) -> Floats:
    """Logarithm of how much more likely a pick is with the wave than by chance.

    Parameters
    ----------
    chance : that the wave is picked
    residual_s, sigma_s : of the pick against the wave
    per_s : picks a second by chance
    """
    density = (1 + (residual_s / sigma_s) ** 2 / 3) ** -2 / (_AREA * sigma_s)
    return np.asarray(np.log(chance * density / per_s + 1 - chance))


def loss(chance: Floats) -> float:
    """Logarithm of how much less likely it is with the wave that stations have no pick.

    Parameters
    ----------
    chance : (n,) that they work and have one of P
    """
    return float(np.log1p(-_MISSED * chance).sum())


def loss_of_s(chance: Floats) -> float:
    """The same of stations with P that have no pick of S.

    Parameters
    ----------
    chance : (n,) that they have one of P
    """
    return float(np.log1p(-S_SHARE * chance).sum())


def needed(threshold: float, n_stations: int) -> float:
    """Evidence that an event of a network needs.

    Each station begins as many chance events as each of a smaller network: a thousand had 8 in 100 seconds with 30
    picks of noise an hour and station, of 16.3 to 19.6. With the threshold raised by the logarithm of how many more
    there are, all of them have as few as fifteen have.

    Parameters
    ----------
    threshold : for fifteen stations or fewer
    n_stations : with known places
    """
    return threshold + max(float(np.log(max(n_stations, 1) / _MANY_STATIONS)), 0.0)


def ease(per_s: Floats) -> float:
    """How much less evidence is needed where chance seldom makes a pick.

    Parameters
    ----------
    per_s : (n,) picks a second by chance, of some picks, n > 0
    """
    return float(np.clip(np.log(_BUSY_PER_S / per_s).mean(), 0.0, _MOST_EASE))
