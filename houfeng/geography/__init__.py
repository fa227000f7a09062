"""Land on a map: Natural Earth's outlines, and in Mercator's projection cut to what the map shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Mercator's map ends where it would become too tall.
HIGHEST_DEG = 84.0
# Points nearer to the one before than this are left out, pixels.
_NEAREST_PX = 0.7


def mercator_deg(latitude_deg: Floats | float) -> Floats:
    """How far north a latitude is drawn, in degrees of longitude.

    References
    ----------
    Snyder (1987) Map projections, USGS Professional Paper 1395, equation 7-2.
    """
    latitude = np.radians(np.clip(latitude_deg, -HIGHEST_DEG, HIGHEST_DEG))
    north: Floats = np.degrees(np.log(np.tan(np.pi / 4 + latitude / 2)))
    return north


def latitude_of(north_deg: float) -> float:
    """The latitude that is drawn there."""
    return float(np.degrees(2 * np.arctan(np.exp(np.radians(north_deg))) - np.pi / 2))


@lru_cache(maxsize=64)
def land(west_deg: float, east_deg: float, south_deg: float, north_deg: float, width_px: int) -> str:
    """The land of a box as `d` of an SVG path, in pixels from its north-west corner.

    Parameters
    ----------
    west_deg, east_deg : longitudes; east is east of west, and may be above 180
    south_deg, north_deg : as `mercator_deg` has them
    width_px : of the map
    """
    scale = width_px / (east_deg - west_deg)
    north_west = np.array((west_deg, north_deg))
    pieces = within(_projected(), (west_deg, south_deg, east_deg, north_deg))
    return "".join(_path((piece - north_west) * np.array((scale, -scale))) for piece in pieces)


def within(rings: Iterable[Floats], box: tuple[float, float, float, float]) -> Iterator[Floats]:
    """The parts of closed rings inside a box, also of those that are a turn of the Earth east or west of it.

    Parameters
    ----------
    rings : (n, 2) each, longitude in degrees and how far north
    box : west, south, east, north
    """
    for ring in rings:
        for turn_deg in (-360.0, 0.0, 360.0):
            shifted = ring + np.array((turn_deg, 0.0))
            low, high = shifted.min(axis=0), shifted.max(axis=0)
            if low[0] >= box[2] or high[0] <= box[0] or low[1] >= box[3] or high[1] <= box[1]:
                continue
            kept = _cut(shifted, box)
            if len(kept) > 2:
                yield kept


@lru_cache(maxsize=1)
def outlines() -> tuple[Floats, ...]:
    """Every outline of land and of lakes in it: (n, 2) longitude and latitude, degrees; its last point is its first.

    References
    ----------
    TopoJSON format specification 1.0: arcs of differences, quantized; ~k is arc k the other way round.
    """
    file = resources.files("houfeng.geography") / "world-atlas" / "land-50m.json"
    topology: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc, np.float64), axis=0) * scale + translate for arc in topology["arcs"]]
    return tuple(
        np.concatenate([arcs[k] if k >= 0 else arcs[~k][::-1] for k in numbers])
        for geometry in topology["objects"]["land"]["geometries"]
        for polygon in geometry["arcs"]
        for numbers in polygon
    )


@lru_cache(maxsize=1)
def _projected() -> list[Floats]:
    """The outlines with Mercator's north for latitude."""
    return [np.column_stack((ring[:, 0], mercator_deg(ring[:, 1]))) for ring in outlines()]


def _cut(ring: Floats, box: tuple[float, float, float, float]) -> Floats:
    """The part of a ring inside a box.

    References
    ----------
    Sutherland & Hodgman (1974) Communications of the ACM 17, 32-42, one side of the box after the other.
    """
    for axis, bound, sign in ((0, box[0], 1), (0, box[2], -1), (1, box[1], 1), (1, box[3], -1)):
        if len(ring) == 0:
            break
        ahead = np.roll(ring, -1, axis=0)
        inside, inside_ahead = (sign * (points[:, axis] - bound) >= 0 for points in (ring, ahead))
        crosses = inside != inside_ahead
        step = np.where(crosses, ahead[:, axis] - ring[:, axis], 1.0)
        crossing = ring + ((bound - ring[:, axis]) / step)[:, None] * (ahead - ring)
        # of each side in turn its crossing, then its end if that is inside
        both = np.stack((crossing, ahead), axis=1).reshape(-1, 2)
        ring = both[np.stack((crosses, inside_ahead), axis=1).ravel()]
    return ring


def _path(points: Floats) -> str:
    kept = [points[0]]
    for point in points[1:]:
        if np.abs(point - kept[-1]).max() >= _NEAREST_PX:
            kept.append(point)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + "Z"
