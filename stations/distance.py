"""How far apart two stations, or two places, are."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from stations.inventory import Site

EARTH_RADIUS_KM = 6371.0


def distance_km(one: Site, other: Site) -> float:
    """Great-circle distance of two stations, as `great_circle_km`."""
    return great_circle_km((one.latitude_deg, one.longitude_deg), (other.latitude_deg, other.longitude_deg))


def great_circle_km(one_deg: tuple[float, float], other_deg: tuple[float, float]) -> float:
    """Distance of two places on a sphere of 6371 km; within 0.6 % of the ellipsoid's (haversine formula).

    Parameters
    ----------
    one_deg, other_deg : latitude and longitude
    """
    lat1, lat2 = radians(one_deg[0]), radians(other_deg[0])
    east = sin(radians(other_deg[1] - one_deg[1]) / 2)
    north = sin((lat2 - lat1) / 2)
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(north**2 + cos(lat1) * cos(lat2) * east**2)))
