"""First arrivals at the surface, by tracing rays of every slowness through spherical shells.

In a shell where velocity is a power of the radius, u = r / v gives the angle and time of a ray of slowness p in closed
form: with g = d ln u / d ln r, the angle is [arccos(p / u)] / g and the time [sqrt(u² - p²)] / g between the ends.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from detection.location.model import EARTH_RADIUS_KM, EarthModel
from detection.plan import Floats

# Rays that graze each shell, closest together near its boundaries, where distance changes fastest with slowness.
_N_RAYS = 8
_N_OTHERS = 500
_EDGE = 1e-9


class Rays:
    """All rays of one kind of wave from some depths to the surface.

    Parameters
    ----------
    model : to trace through
    phase : "P" or "S"
    depths_km : (n,) of sources, increasing, above the bottom of the model

    References
    ----------
    Bullen & Bolt (1985) An Introduction to the Theory of Seismology, chapter 7.
    """

    def __init__(self, model: EarthModel, phase: str, depths_km: Floats) -> None:
        top, bottom, v_top, v_bottom = _cut(model, phase, depths_km)
        r_top, r_bottom = EARTH_RADIUS_KM - top, EARTH_RADIUS_KM - bottom
        self._u_top, self._u_bottom = r_top / v_top, r_bottom / v_bottom
        # how many shells lie above each source
        self._n_above = np.searchsorted(top, depths_km)
        lowest = np.minimum.accumulate(self._u_bottom)[:-1]
        # rays of less slowness go through a slow shell, those of more turn above it; nothing arrives in between
        self._shadows = lowest[self._u_top[1:] > lowest * (1 + _EDGE)]
        self._p = self._slownesses()
        gradient = np.log(self._u_top / self._u_bottom) / np.log(r_top / r_bottom)
        self._trace(np.where(np.abs(gradient) < _EDGE, _EDGE, gradient))

    def first(self, source: int, distance_km: Floats) -> tuple[Floats, Floats]:
        """Time and slowness of the first wave.

        Parameters
        ----------
        source : number of its depth
        distance_km : (n,) along the surface, increasing

        Returns
        -------
        time_s : (n,) NaN where no ray arrives that stays in the model
        slowness_s_km : (n,) change of the time with distance
        """
        best, slope = np.full(len(distance_km), np.inf), np.full(len(distance_km), np.nan)
        for x, t, p in (self._upward(source), *self._downward(source)):
            _keep_earliest(x * EARTH_RADIUS_KM, t, p / EARTH_RADIUS_KM, distance_km, best, slope)
        return np.where(np.isfinite(best), best, np.nan), slope

    def _slownesses(self) -> Floats:
        """From level rays in the slowest shell to vertical ones (s), largest first."""
        steps = (1 - np.cos(np.linspace(0, np.pi, _N_RAYS))) / 2
        grazing = self._u_top[:, None] + (self._u_bottom - self._u_top)[:, None] * steps
        # where velocity jumps no ray grazes anything, and upward rays from above have those slownesses, too
        others = np.linspace(0, self._u_top.max(), _N_OTHERS)
        edges = np.concatenate((self._shadows * (1 + _EDGE), self._shadows * (1 - _EDGE)))
        return -np.unique(-np.concatenate((grazing.ravel(), others, edges)))

    def _trace(self, gradient: Floats) -> None:
        """Angle and time of every ray, one way, down to the top of each shell and down to where it turns."""
        p = self._p
        q_top = np.sqrt(np.maximum(self._u_top[:, None] ** 2 - p**2, 0.0))
        q_bottom = np.sqrt(np.maximum(self._u_bottom[:, None] ** 2 - p**2, 0.0))
        angle = (np.arctan2(q_top, p) - np.arctan2(q_bottom, p)) / gradient[:, None]
        time = (q_top - q_bottom) / gradient[:, None]
        start = np.zeros((1, len(p)))
        self._angle = np.vstack((start, np.cumsum(angle, axis=0)))
        self._time = np.vstack((start, np.cumsum(time, axis=0)))
        # a ray goes no deeper than where it turned, or where it could not enter the next shell
        turns = q_bottom == 0.0
        stops = turns | np.vstack((self._u_top[1:, None] <= p, np.ones((1, len(p)), dtype=bool)))
        self._stop = np.argmax(stops, axis=0)
        self._returns = (self._stop < len(self._u_top) - 1) | turns[-1]

    def _upward(self, source: int) -> tuple[Floats, Floats, Floats]:
        """Rays that leave upwards; along the surface from a source there."""
        n_above = self._n_above[source]
        if n_above == 0:
            angle = np.array([0.0, 1e-6])
            return angle, angle * self._u_top[0], np.full(2, self._u_top[0])
        # a flatter ray than the slowest shell above allows is turned back down
        open_ = self._p <= min(self._u_top[:n_above].min(), self._u_bottom[:n_above].min())
        return self._angle[n_above, open_], self._time[n_above, open_], self._p[open_]

    def _downward(self, source: int) -> list[tuple[Floats, Floats, Floats]]:
        """Rays that leave downwards and come back, without the gaps that slow shells make."""
        n_above = int(self._n_above[source])
        level = min(self._u_top[: n_above + 1].min(), self._u_bottom[:n_above].min(initial=np.inf))
        chosen = np.flatnonzero(self._returns & (self._p <= level))
        p, below = self._p[chosen], self._stop[chosen] + 1
        x = 2 * self._angle[below, chosen] - self._angle[n_above, chosen]
        t = 2 * self._time[below, chosen] - self._time[n_above, chosen]
        cuts = [int(np.searchsorted(-p, -shadow)) for shadow in self._shadows]
        bounds = sorted({0, *cuts, len(p)})
        return [(x[a:b], t[a:b], p[a:b]) for a, b in pairwise(bounds) if b - a > 1]


def _cut(model: EarthModel, phase: str, depths_km: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The model's shells cut at the sources: top and bottom (km), velocities at both (km/s)."""
    v_top, v_bottom = model.velocities(phase)
    ends = np.unique(np.concatenate((model.top_km, model.bottom_km, depths_km)))
    top, bottom = ends[:-1], ends[1:]
    at = np.searchsorted(model.top_km, top, side="right") - 1
    r_top, r_bottom = EARTH_RADIUS_KM - model.top_km, EARTH_RADIUS_KM - model.bottom_km
    power = np.log(v_bottom / v_top) / np.log(r_bottom / r_top)

    def velocity(depth_km: Floats) -> Floats:
        return np.asarray(v_top[at] * ((EARTH_RADIUS_KM - depth_km) / r_top[at]) ** power[at])

    return top, bottom, velocity(top), velocity(bottom)


def _keep_earliest(
    x_km: Floats, time_s: Floats, p_s_km: Floats, at_km: Floats, best_s: Floats, slowness: Floats
) -> None:
    """Enter what arrives between each two neighbouring rays, where it is earlier than what was entered before."""
    first = np.searchsorted(at_km, np.minimum(x_km[:-1], x_km[1:]))
    n = np.searchsorted(at_km, np.maximum(x_km[:-1], x_km[1:]), side="right") - first
    ray = np.repeat(np.arange(len(n)), n)
    index = np.arange(len(ray)) - np.repeat(np.cumsum(n) - n - first, n)
    width = x_km[ray + 1] - x_km[ray]
    part = (at_km[index] - x_km[ray]) / np.where(width == 0, 1.0, width)
    time = _hermite(part, time_s[ray], time_s[ray + 1], p_s_km[ray] * width, p_s_km[ray + 1] * width)
    earliest = np.lexsort((time, index))
    earliest = earliest[np.diff(index[earliest], prepend=-1) > 0]
    earliest = earliest[time[earliest] < best_s[index[earliest]]]
    at, ray, part = index[earliest], ray[earliest], part[earliest]
    best_s[at] = time[earliest]
    slowness[at] = p_s_km[ray] + part * (p_s_km[ray + 1] - p_s_km[ray])


def _hermite(part: Floats, t0: Floats, t1: Floats, slope0: Floats, slope1: Floats) -> Floats:
    """Cubic through both ends with the slopes there; `part` runs from 0 to 1."""
    rest = 1 - part
    return rest**2 * ((1 + 2 * part) * t0 + part * slope0) + part**2 * ((1 + 2 * rest) * t1 - rest * slope1)
