"""Travel times looked up in a table, for thousands of places at once."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection.location.model import EarthModel
from detection.location.rays import Rays
from detection.plan import Floats

PHASES = ("P", "S")
Indices = NDArray[np.int64]


def _steps(*parts: tuple[float, float, float]) -> Floats:
    return np.concatenate([np.arange(start, stop, step) for start, stop, step in parts])


# Where times bend most with distance and depth the nodes are close: the first kilometres, and the way to Pn.
_DEPTHS_KM = _steps((0, 40, 1), (40, 100, 2.5), (100, 720, 10))
_DISTANCES_KM = _steps((0, 20, 0.5), (20, 300, 1), (300, 1500, 4), (1500, 4000, 20), (4000, 11000, 70))
_HEIGHTS_KM, _WIDTHS_KM = np.diff(_DEPTHS_KM), np.diff(_DISTANCES_KM)
DEEPEST_KM = float(_DEPTHS_KM[-1])


class Arrivals(NamedTuple):
    """When waves arrive after they set out.

    Parameters
    ----------
    time_s : NaN where no P or S wave arrives (further than about 98 degrees)
    per_km : change with distance, s/km
    per_depth_km : change with the depth of the source, s/km
    """

    time_s: Floats
    per_km: Floats
    per_depth_km: Floats


class TravelTimes:
    """First P and S waves of one Earth model.

    Between the table's distances times follow a cubic that has the rays' slownesses at both ends, between its depths
    a straight line: within 3 ms of the rays themselves below 2 km depth.

    Parameters
    ----------
    model : to tabulate
    """

    def __init__(self, model: EarthModel) -> None:
        self.model = model
        shape = (len(PHASES), len(_DEPTHS_KM), len(_DISTANCES_KM))
        time_s, slowness = np.empty(shape), np.empty(shape)
        for phase, name in enumerate(PHASES):
            rays = Rays(model, name, _DEPTHS_KM)
            for row in range(len(_DEPTHS_KM)):
                time_s[phase, row], slowness[phase, row] = rays.first(row, _DISTANCES_KM)
        # of each cell together, as they are looked up: time, its rise, and how that bends at both ends
        rise = np.diff(time_s)
        bends = slowness[..., :-1] * _WIDTHS_KM - rise, rise - slowness[..., 1:] * _WIDTHS_KM
        self._cells = np.stack((time_s[..., :-1], rise, *bends), axis=-1).reshape(-1, 4)
        # velocity at the surface, for the way up to a station on a mountain
        self._surface_s_km = np.array([1 / model.velocities(name)[0][0] for name in PHASES])

    def __call__(self, phases: Indices, depth_km: Floats, distance_km: Floats, elevation_km: Floats) -> Arrivals:
        """Times of waves from places to stations; the arguments are broadcast against each other.

        Parameters
        ----------
        phases : index into PHASES
        depth_km : of the source below sea level, 0 to DEEPEST_KM
        distance_km : along the surface
        elevation_km : of the station above sea level
        """
        low = _cell(_DEPTHS_KM, depth_km)
        height = _HEIGHTS_KM[low]
        deep = (depth_km - _DEPTHS_KM[low]) / height
        near = _cell(_DISTANCES_KM, distance_km)
        width = _WIDTHS_KM[near]
        far = np.where(distance_km <= _DISTANCES_KM[-1], (distance_km - _DISTANCES_KM[near]) / width, np.nan)
        cell = (phases * len(_DEPTHS_KM) + low) * len(_WIDTHS_KM) + near
        (upper, lower), (slope_upper, slope_lower) = self._along(np.add.outer((0, len(_WIDTHS_KM)), cell), far)
        deeper = lower - upper
        slowness = slope_upper / width
        slowness += deep * (slope_lower / width - slowness)
        climb = np.sqrt(np.maximum(self._surface_s_km[phases] ** 2 - slowness**2, 0.0))
        return Arrivals(upper + deep * deeper + elevation_km * climb, slowness, deeper / height)

    def _along(self, cells: Indices, far: Floats) -> tuple[Floats, Floats]:
        """Time, and its change over the whole width, so far across cells of the table."""
        start, rise, bend0, bend1 = np.moveaxis(self._cells.take(cells, axis=0), -1, 0)
        rest = 1 - far
        time = start + far * (rise + rest * (rest * bend0 + far * bend1))
        return time, rise + rest * (1 - 3 * far) * bend0 + far * (2 - 3 * far) * bend1


def _cell(nodes: Floats, at: Floats) -> Indices:
    """Number of the step between nodes that a value lies in; of the last or first, beyond the ends."""
    number = np.searchsorted(nodes[1:-1], at, side="right")
    return np.asarray(number, np.int64)


@cache
def published(name: str) -> TravelTimes:
    """Travel times of a published model, made once: that takes about a second.

    Raises
    ------
    ModelError : if there is no such model
    """
    return TravelTimes(EarthModel.published(name))
