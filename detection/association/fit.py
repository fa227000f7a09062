"""The place and time that onsets of known phases agree on best, near where they are sought (Geiger's method)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detection.location.geometry import displaced
from detection.location.traveltime import DEEPEST_KM
from detection.plan import Floats

_ROUNDS = 3
# A residual beyond this many standard deviations counts no more than one of that size (Huber 1964).
_BOUND = 1.5
_LEAST_KM = 2.0


class Hypocentre(NamedTuple):
    """Latitude and longitude (degrees) and depth (km), and the origin time, s after the first onset."""

    place: Floats
    origin_s: float


def moved(at: Hypocentre, residual_s: Floats, sigma_s: Floats, design: Floats, off_km: float) -> Hypocentre:
    """The hypocentre after one step; what the onsets leave open stays as it was.

    The travel times are taken to change evenly on the way. Onsets that do not fit are bounded in their influence.

    Parameters
    ----------
    at : where the travel times were taken
    residual_s, sigma_s : (n,) of the onsets
    design : (n, 4) change of each arrival with time (s), north, east and depth (km)
    off_km : how far off the place may be
    """
    prior = np.array(
        [1e-6, *np.full(2, (2 * off_km + _LEAST_KM) ** -2), (off_km + 0.3 * at.place[2] + _LEAST_KM) ** -2]
    )
    rows, size = design / sigma_s[:, np.newaxis], residual_s / sigma_s
    step: Floats = np.zeros(4)
    bound = np.diag(prior)
    for _ in range(_ROUNDS):
        left = np.abs(size - rows @ step)
        weighted = rows * np.minimum(1.0, _BOUND / np.maximum(left, 1e-9))[:, np.newaxis]
        step = np.asarray(np.linalg.solve(weighted.T @ rows + bound, weighted.T @ size))
    longest = max(float(np.hypot(step[1], step[2])), abs(float(step[3]))) / (2 * off_km + _LEAST_KM)
    if longest > 1:  # so far away the travel times change otherwise
        step[1:] /= longest
        step[0] = float(np.median(residual_s - design[:, 1:] @ step[1:]))
    depth_km = min(max(float(at.place[2] + step[3]), 0.0), DEEPEST_KM)
    lat, lon = displaced(at.place[0], at.place[1], step[1], step[2])
    return Hypocentre(np.array([lat, lon, depth_km]), at.origin_s + float(step[0]))
