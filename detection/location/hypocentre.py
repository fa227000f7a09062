"""Where, how deep and when: a hypocentre with its errors, from onsets at three stations or more.

A search over places with a misfit that single wrong onsets cannot lead astray finds where to begin; least squares
with bounded influence (Geiger's method) goes on from there and gives the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from detection.location.geometry import displaced
from detection.location.onsets import Onset, Onsets
from detection.location.regions import region
from detection.location.search import search
from detection.location.traveltime import DEEPEST_KM, TravelTimes
from detection.plan import Floats
from houfeng.times import seconds_ns
from houfeng.types import Arrival, Origin

# A residual beyond this many standard deviations counts no more than one of that size (Huber 1964).
_BOUND = 1.5
_STEPS = 30
# Steps smaller than this change nothing that is printed, km.
_SETTLED_KM = 0.001
# What the onsets are taken to know before they are read: 8 degrees of freedom with the expected variance keep the
# errors of a few onsets that happen to fit from vanishing (Jordan & Sverdrup 1981, BSSA 71, 1105-1130).
_PRIOR_FREEDOM = 8
# Of two dimensions and of one, at 90 %.
_ELLIPSE_90 = 2.146
_LINE_90 = 1.645
# Four onsets tell the depth only with a station no further away than this many depths.
_DEPTH_REACH = 1.5
# A depth is known when its error is less than itself, or than this.
_SHALLOW_KM = 10.0
# So near to the deepest place of the model a fit would go deeper if it could.
_EDGE_KM = 10.0
# The depth that is taken where onsets do not tell it is a guess, so far off with this standard deviation, km. A depth
# that the onsets prefer by more than its square and one standard deviation of theirs is likelier: S 1.2 s after its P
# is not of 10 km deeper, and was brought to fit there by moving the event 5 km away.
_GUESS_KM, _PREFERRED = 10.0, 0.5
_STUCK = 1e8
# Condition of the normal equations beyond which one direction is left open.
_OPEN = 1e10


class Located(NamedTuple):
    """An origin, and what it makes of each onset, nearest station first."""

    origin: Origin
    arrivals: tuple[Arrival, ...]


def locate(onsets: Sequence[Onset], travel_times: TravelTimes, *, default_depth_km: float = 10.0) -> Located | None:
    """The origin that explains the onsets best; None if there are too few of them.

    The depth is left at `default_depth_km` where the onsets say nothing of it: no station near enough, or no more
    onsets than are needed for place and time. Where they cannot be of that depth it is the one that fits best, and
    has no error all the same.

    Parameters
    ----------
    onsets : first P or S waves, of one event, in any order
    travel_times : through the Earth model
    default_depth_km : for events whose depth cannot be told

    Returns
    -------
    located : None with onsets of fewer than 3 stations, or where no place of the model explains them

    References
    ----------
    Geiger (1910) Nachr. Ges. Wiss. Göttingen, 331-349; Huber (1964) Ann. Math. Statist. 35, 73-101.
    """
    ordered = sorted(onsets, key=lambda onset: (onset.time_ns, onset.site.station_id, onset.phase))
    if len({onset.site.station_id for onset in ordered}) < 3:
        return None
    read = Onsets(ordered, travel_times)
    free = _best(read) if len(ordered) > 3 else None
    if free is not None and _knows_depth(read, free):
        return _describe(read, free)
    fit = _best(read, default_depth_km)
    if fit is not None and free is not None and _is_refuted(fit, free):
        fit = _best(read, float(free.place[2])) or fit
    return None if fit is None else _describe(read, fit)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A place and time, and what the onsets say of them.

    Parameters
    ----------
    place : latitude and longitude (degrees), depth (km)
    origin_s : after the earliest onset
    is_free : whether the depth is sought
    residual_s, sigma_s, distance_km, azimuth_deg : (n,) of the onsets
    design : (n, 4 or 3) change of each arrival with time (s), north, east and, where it is free, depth (km)
    """

    place: Floats
    origin_s: float
    is_free: bool
    residual_s: Floats
    sigma_s: Floats
    distance_km: Floats
    azimuth_deg: Floats
    design: Floats

    @classmethod
    def at(cls, read: Onsets, place: Floats, origin_s: float, *, is_free: bool, sigma_s: Floats | None = None) -> Self:
        distance_km, azimuth_deg, arrivals = read.seen_from(place[np.newaxis])
        azimuth, per_km = np.radians(azimuth_deg[0]), arrivals.per_km[0]
        columns = [np.ones_like(per_km), -per_km * np.cos(azimuth), -per_km * np.sin(azimuth)]
        if is_free:
            columns.append(arrivals.per_depth_km[0])
        return cls(
            place,
            origin_s,
            is_free,
            residual_s=read.time_s - arrivals.time_s[0] - origin_s,
            sigma_s=read.sigma_s(distance_km[0]) if sigma_s is None else sigma_s,
            distance_km=distance_km[0],
            azimuth_deg=azimuth_deg[0],
            design=np.column_stack(columns),
        )

    def moved(self, read: Onsets, step: Floats) -> Self:
        """After a step in time, north, east and depth; the depth stays inside the model.

        The standard deviations stay as well: where they shrink with distance they would draw a place to the stations.
        """
        lat, lon = displaced(self.place[0], self.place[1], step[1], step[2])
        depth_km = self.place[2] + (step[3] if self.is_free else 0.0)
        place = np.array([lat, lon, min(max(depth_km, 0.0), DEEPEST_KM)])
        origin_s = self.origin_s + float(step[0])
        return self.at(read, place, origin_s, is_free=self.is_free, sigma_s=self.sigma_s)

    @property
    def weights(self) -> Floats:
        """Huber's: 1 within bounds, and beyond so much less that a residual's influence stays that of the bound."""
        return np.asarray(np.minimum(1.0, _BOUND / np.maximum(np.abs(self.residual_s) / self.sigma_s, 1e-9)))

    @property
    def cost(self) -> float:
        """What is made small; infinite where a wave would have come that none can."""
        size = np.abs(self.residual_s) / self.sigma_s
        huber = np.where(size <= _BOUND, size**2 / 2, _BOUND * (size - _BOUND / 2))
        cost = float((huber + np.log(self.sigma_s)).sum())
        return cost if np.isfinite(cost) else np.inf

    @property
    def covariance(self) -> Floats | None:
        """Of time, north, east and depth; None where the onsets leave one of them open."""
        weights = self.weights
        design = self.design * (np.sqrt(weights) / self.sigma_s)[:, np.newaxis]
        normal = design.T @ design
        scale = np.sqrt(np.diagonal(normal))
        if (scale == 0).any() or np.linalg.cond(normal / np.outer(scale, scale)) > _OPEN:
            return None
        freedom = max(len(weights) - design.shape[1], 0)
        misfit = float((weights * (self.residual_s / self.sigma_s) ** 2).sum())
        variance = (_PRIOR_FREEDOM + misfit) / (_PRIOR_FREEDOM + freedom)
        return np.asarray(np.linalg.inv(normal) * variance)


def _refine(read: Onsets, start: tuple[Floats, float], *, is_free: bool) -> _Fit:
    """Damped least squares from a place found by the search (Levenberg-Marquardt)."""
    fit, damping = _Fit.at(read, *start, is_free=is_free), 1e-2
    for _ in range(_STEPS):
        root = np.sqrt(fit.weights) / fit.sigma_s
        design = fit.design * root[:, np.newaxis]
        normal, right = design.T @ design, design.T @ (fit.residual_s * root)
        step = np.asarray(np.linalg.solve(normal + damping * np.diag(np.diagonal(normal) + 1e-12), right), np.float64)
        trial = fit.moved(read, step)
        if trial.cost <= fit.cost:
            fit, damping = trial, damping / 5
            if np.abs(step[1:]).max() < _SETTLED_KM:
                break
        elif (damping := damping * 10) > _STUCK:
            break
    return fit


def _best(read: Onsets, default_depth_km: float | None = None) -> _Fit | None:
    """The best of what the search offers; with the depth given it is kept."""
    is_free = default_depth_km is None
    starts = search(read) if default_depth_km is None else search(read, depths_km=(default_depth_km,))
    fits = [_refine(read, start, is_free=is_free) for start in starts]
    best = min(fits, key=lambda fit: fit.cost, default=None)
    return best if best is not None and np.isfinite(best.cost) else None


def _knows_depth(read: Onsets, fit: _Fit) -> bool:
    """Whether the depth is the onsets' own: not at the edge of the model, and not traded for the origin time."""
    covariance, depth_km = fit.covariance, float(fit.place[2])
    if covariance is None or not 0.0 < depth_km < DEEPEST_KM - _EDGE_KM:
        return False
    if len(read.onsets) == 4 and fit.distance_km.min() > _DEPTH_REACH * depth_km:
        return False
    return _LINE_90 * float(np.sqrt(covariance[3, 3])) < max(depth_km, _SHALLOW_KM)


def _is_refuted(fit: _Fit, free: _Fit) -> bool:
    """Whether the onsets rather have another depth than the one that was guessed, and one inside the model."""
    off_km = float(free.place[2] - fit.place[2])
    likelier = fit.cost - free.cost > _PREFERRED + (off_km / _GUESS_KM) ** 2 / 2
    return likelier and 0.0 < free.place[2] < DEEPEST_KM - _EDGE_KM


def _describe(read: Onsets, fit: _Fit) -> Located | None:
    covariance = fit.covariance
    if covariance is None:
        return None
    weights = fit.weights
    spread, axes = np.linalg.eigh(covariance[1:3, 1:3])
    north, east = axes[:, 1]
    origin = Origin(
        time_ns=read.start_ns + seconds_ns(fit.origin_s),
        latitude_deg=float(fit.place[0]),
        longitude_deg=float(fit.place[1]),
        depth_km=float(fit.place[2]),
        depth_error_km=_LINE_90 * float(np.sqrt(covariance[3, 3])) if fit.is_free else None,
        time_error_s=_LINE_90 * float(np.sqrt(covariance[0, 0])),
        semi_major_km=_ELLIPSE_90 * float(np.sqrt(spread[1])),
        semi_minor_km=_ELLIPSE_90 * float(np.sqrt(spread[0])),
        major_azimuth_deg=float(np.degrees(np.arctan2(east, north)) % 180),
        rms_s=float(np.sqrt((weights * fit.residual_s**2).sum() / weights.sum())),
        gap_deg=gap_deg(fit.azimuth_deg),
        nearest_km=float(fit.distance_km.min()),
        earth_model=read.earth_model,
        region=region(float(fit.place[0]), float(fit.place[1])),
    )
    return Located(origin, _arrivals(read, fit))


def _arrivals(read: Onsets, fit: _Fit) -> tuple[Arrival, ...]:
    columns = [column.tolist() for column in (fit.distance_km, fit.azimuth_deg, fit.residual_s, fit.weights)]
    arrivals = [
        Arrival(onset.site.station_id, onset.phase, *row) for onset, *row in zip(read.onsets, *columns, strict=True)
    ]
    return tuple(sorted(arrivals, key=lambda arrival: (arrival.distance_km, arrival.station_id, arrival.phase)))


def gap_deg(azimuth_deg: Floats) -> float:
    """Largest angle between neighbouring directions, degrees; 360 with one direction."""
    ordered = np.sort(azimuth_deg)
    return float(np.diff(ordered, append=ordered[0] + 360).max())
