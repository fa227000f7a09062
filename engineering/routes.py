"""Routes of pipelines: points in order, kilometre posts, segments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from obspy.geodetics import gps2dist_azimuth

from houfeng.errors import ConfigError

# A pipe follows the ground and bends between points: posts may be farther apart than a straight line, never nearer.
POSTS_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Point:
    """Of a route.

    Parameters
    ----------
    latitude_deg, longitude_deg : WGS 84
    km : its kilometre post
    """

    latitude_deg: float
    longitude_deg: float
    km: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Of a route, between two posts.

    Parameters
    ----------
    from_km, to_km : posts
    latitude_deg, longitude_deg : of its middle
    """

    from_km: float
    to_km: float
    latitude_deg: float
    longitude_deg: float


def route_points(points: Sequence[Sequence[float]], where: str) -> tuple[Point, ...]:
    """Points as a project file has them: latitude, longitude, and a post for each of them or for none.

    Raises
    ------
    ConfigError : a line for each fault
    """
    faults = [
        f"{where}[{n}]: [latitude, longitude] or [latitude, longitude, km] is needed, came {list(point)}"
        for n, point in enumerate(points, 1)
        if len(point) not in (2, 3) or not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180)
    ]
    if len(points) < 2:
        faults.append(f"{where}: two points and more are needed, {len(points)} came")
    elif not faults and len({len(point) for point in points}) > 1:
        faults.append(f"{where}: all points have a kilometre post, or none has")
    if faults:
        raise ConfigError("\n".join(faults))
    steps_km = [distance_km(a[0], a[1], b[0], b[1]) for a, b in pairwise(points)]
    given = len(points[0]) == 3
    posts = [float(point[2]) for point in points] if given else [0.0]
    for n, step_km in enumerate(steps_km):
        if not given:
            posts.append(posts[-1] + step_km)
        if step_km == 0:
            faults.append(f"{where}[{n + 2}]: is where the point before it is")
        elif posts[n + 1] - posts[n] < step_km * (1 - POSTS_TOLERANCE):
            apart = f"{posts[n]:g} and {posts[n + 1]:g} are {posts[n + 1] - posts[n]:g} km apart"
            faults.append(
                f"{where}[{n + 2}]: posts must grow by the distance at least: {apart}, points {step_km:.2f} km"
            )
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(Point(float(p[0]), float(p[1]), post) for p, post in zip(points, posts, strict=True))


def geojson_points(content: bytes, name: str) -> list[list[float]]:
    """Latitude and longitude of the one LineString of a GeoJSON document (RFC 7946).

    Raises
    ------
    ConfigError : if it is not GeoJSON, or holds no LineString or several
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise ConfigError(f"{name}: is no JSON: {error}") from error
    geometries = _geometries(document)
    lines = [line for line in geometries if line.get("type") == "LineString"]
    if len(lines) != 1:
        came = ", ".join(str(one.get("type")) for one in geometries) or "no geometry"
        raise ConfigError(f"{name}: one LineString is needed, came {came}")
    coordinates = lines[0].get("coordinates")
    if not isinstance(coordinates, list) or not all(_is_position(one) for one in coordinates):
        raise ConfigError(f"{name}: coordinates must be positions of [longitude, latitude]")
    return [[float(one[1]), float(one[0])] for one in coordinates]


def segments(points: Sequence[Point], longest_km: float) -> tuple[Segment, ...]:
    """Equal pieces of a route, none longer than asked."""
    first, last = points[0].km, points[-1].km
    n = max(ceil((last - first) / longest_km - 1e-9), 1)
    edges = [first + (last - first) * k / n for k in range(n + 1)]
    return tuple(Segment(a, b, *place_at(points, (a + b) / 2)) for a, b in pairwise(edges))


def place_at(points: Sequence[Point], km: float) -> tuple[float, float]:
    """Latitude and longitude of a post, on straight lines between points."""
    number = next((n for n, point in enumerate(points[1:], 1) if km <= point.km), len(points) - 1)
    a, b = points[number - 1], points[number]
    share = (km - a.km) / (b.km - a.km)
    east = (b.longitude_deg - a.longitude_deg + 180) % 360 - 180  # the short way, over the date line too
    longitude = (a.longitude_deg + share * east + 180) % 360 - 180
    return a.latitude_deg + share * (b.latitude_deg - a.latitude_deg), longitude


def distance_km(latitude_deg: float, longitude_deg: float, to_latitude_deg: float, to_longitude_deg: float) -> float:
    """Along the surface of WGS 84."""
    found = gps2dist_azimuth(latitude_deg, longitude_deg, to_latitude_deg, to_longitude_deg)[0]
    return float(found) / 1000


def _geometries(document: object) -> list[dict[str, object]]:
    if not isinstance(document, dict):
        return []
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return [found for feature in document["features"] for found in _geometries(feature)]
    if kind == "Feature":
        return _geometries(document.get("geometry"))
    if kind == "GeometryCollection" and isinstance(document.get("geometries"), list):
        return [found for part in document["geometries"] for found in _geometries(part)]
    return [document]


def _is_position(one: object) -> bool:
    if not isinstance(one, list) or len(one) < 2:
        return False
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in one[:2])
