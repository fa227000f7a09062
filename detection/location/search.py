"""Places to begin from: a search that no wrong onset leads astray, from beneath the first station to the far Earth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detection.location.geometry import displaced
from detection.location.onsets import Onsets
from detection.location.traveltime import DEEPEST_KM
from detection.plan import Floats

_DEPTHS_KM = (5.0, 15.0, 40.0, 120.0, 300.0, 600.0)
# Rings about the station with the first onset, each with as many places; each ring is this many times the one before.
_NEAREST_KM, _FARTHEST_KM, _RATIO = 3.0, 10_500.0, 1.6
_N_DIRECTIONS = 12
# The best places are searched around in steps that shrink to less than the errors of the best networks.
_N_KEPT = 3
# One more is always far: rings there are so wide that the best of them lay behind 500 places near by which fitted worse
# (onsets of 20 to 70 degrees away at nine stations within 150 km; they were located among the stations, 2.6 s rms).
_FAR_KM = 1500.0
_SHRINK = 0.6
_SMALLEST_KM = 0.5
_AROUND = np.array([(n, e, d) for n in (-1, 0, 1) for e in (-1, 0, 1) for d in (-1, 0, 1)], dtype=np.float64)


def search(read: Onsets, depths_km: Sequence[float] = _DEPTHS_KM) -> list[tuple[Floats, float]]:
    """The best places, each with its origin time (s after the earliest onset), best first.

    Parameters
    ----------
    read : the onsets
    depths_km : to look at; a single one is kept
    """
    places, reach_km = _rings(read, depths_km)
    misfit, _ = read.misfits(places, reach_km)
    best = _apart(places, misfit, reach_km)
    is_free = len(depths_km) > 1
    found = [_narrow(read, places[index], reach_km[index], is_free=is_free) for index in best]
    found += [
        far
        for index in _far(misfit, reach_km)
        if index not in best and _stays_far(read, far := _narrow(read, places[index], reach_km[index], is_free=is_free))
    ]
    return [(place, origin_s) for place, origin_s, _ in sorted(found, key=lambda one: one[2])]


def _rings(read: Onsets, depths_km: Sequence[float]) -> tuple[Floats, Floats]:
    """(m, 3) places about the first station, and how far apart they are there, km."""
    first = read.onsets[int(np.argmin(read.time_s))].site
    n_rings = int(np.log(_FARTHEST_KM / _NEAREST_KM) / np.log(_RATIO)) + 1
    radii = np.append(0.0, _NEAREST_KM * _RATIO ** np.arange(n_rings))
    azimuth = np.arange(_N_DIRECTIONS) * (2 * np.pi / _N_DIRECTIONS)
    # neighbouring rings are turned by half a step
    turn = np.arange(len(radii))[:, np.newaxis] % 2 * (np.pi / _N_DIRECTIONS)
    lat, lon = displaced(
        np.array(first.latitude_deg),
        np.array(first.longitude_deg),
        radii[:, np.newaxis] * np.cos(azimuth + turn),
        radii[:, np.newaxis] * np.sin(azimuth + turn),
    )
    reach = np.broadcast_to(np.maximum(radii, _NEAREST_KM)[:, np.newaxis] * (_RATIO - 1), lat.shape)
    depth = np.repeat(depths_km, lat.size)
    n = len(depths_km)
    return np.column_stack((np.tile(lat.ravel(), n), np.tile(lon.ravel(), n), depth)), np.tile(reach.ravel(), n)


def _apart(places: Floats, misfit: Floats, reach_km: Floats) -> list[int]:
    """The best places that are not neighbours of a better one."""
    kept: list[int] = []
    for index in np.argsort(misfit, kind="stable")[: 20 * _N_KEPT].tolist():
        if not np.isfinite(misfit[index]):
            break
        lat, lon, depth = places[index]
        near = any(
            abs(lat - places[k, 0]) * 111 + abs(lon - places[k, 1]) * 111 * np.cos(np.radians(lat))
            < 2 * reach_km[index]
            and abs(depth - places[k, 2]) < 0.5 * max(depth, 20.0)
            for k in kept
        )
        if not near:
            kept.append(index)
        if len(kept) == _N_KEPT:
            break
    return kept


def _far(misfit: Floats, reach_km: Floats) -> list[int]:
    """The best of the places far away, if a wave comes from any."""
    far = np.where(reach_km > _FAR_KM * (_RATIO - 1), misfit, np.inf)
    index = int(np.argmin(far))
    return [index] if np.isfinite(far[index]) else []


def _stays_far(read: Onsets, found: tuple[Floats, float, float]) -> bool:
    """Whether a walk ended far from all stations: one that came back would bring the errors of far travel times."""
    return float(read.seen_from(found[0][np.newaxis])[0].min()) > _FAR_KM


def _narrow(read: Onsets, place: Floats, reach_km: float, *, is_free: bool) -> tuple[Floats, float, float]:
    """Walk to the least misfit with shrinking steps; the place, its origin time and misfit."""
    around = _AROUND if is_free else _AROUND[_AROUND[:, 2] == 0]
    step_km, depth_km = reach_km, max(0.5 * float(place[2]), 5.0)
    while True:
        lat, lon = displaced(place[0], place[1], around[:, 0] * step_km, around[:, 1] * step_km)
        depth = np.clip(place[2] + around[:, 2] * min(depth_km, step_km), 0.0, DEEPEST_KM)
        places = np.column_stack((lat, lon, depth))
        misfit, origin_s = read.misfits(places, np.full(len(places), step_km))
        best = int(np.argmin(misfit))
        if step_km < _SMALLEST_KM:
            return places[best], float(origin_s[best]), float(misfit[best])
        place = places[best]
        step_km *= _SHRINK
        depth_km *= _SHRINK
