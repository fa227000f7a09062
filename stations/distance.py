"""How far apart two stations are."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from stations.inventory import Site

EARTH_RADIUS_KM = 6371.0


def distance_km(one: Site, other: Site) -> float:
    """Great-circle distance on a sphere of 6371 km; within 0.6 % of the ellipsoid's (haversine formula)."""
    lat1, lat2 = radians(one.latitude_deg), radians(other.latitude_deg)
    east = sin(radians(other.longitude_deg - one.longitude_deg) / 2)
    north = sin((lat2 - lat1) / 2)
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(north**2 + cos(lat1) * cos(lat2) * east**2)))
