"""Distances and directions on the Earth's ellipsoid, for many places at once."""

from __future__ import annotations

import numpy as np

from detection.plan import Floats

# WGS 84
_EQUATOR_KM = 6378.137
_FLATTENING = 1 / 298.257223563


def distance_azimuth(lat_deg: Floats, lon_deg: Floats, to_lat_deg: Floats, to_lon_deg: Floats) -> tuple[Floats, Floats]:
    """Distance along the ellipsoid and direction from one place to another; the arguments are broadcast.

    Parameters
    ----------
    lat_deg, lon_deg : from here, WGS 84
    to_lat_deg, to_lon_deg : to there

    Returns
    -------
    distance_km : within 60 m of Karney's geodesic up to 10,000 km
    azimuth_deg : clockwise from north, 0 to 360; within 0.2 degrees

    References
    ----------
    Lambert (1942) J. Washington Acad. Sci. 32, 125-130.
    """
    lat1, lat2 = (np.arctan((1 - _FLATTENING) * np.tan(np.radians(each))) for each in (lat_deg, to_lat_deg))
    dlon = np.radians(np.asarray(to_lon_deg) - lon_deg)
    mean, half = (lat1 + lat2) / 2, (lat2 - lat1) / 2
    cos1, cos2, sin_half = np.cos(lat1), np.cos(lat2), np.sin(half)
    chord2 = np.minimum(sin_half**2 + cos1 * cos2 * np.sin(dlon / 2) ** 2, 1.0)
    angle = 2 * np.arcsin(np.sqrt(chord2))
    # the corrections tend to 0 / 0 at the ends: both places the same, or opposite
    near, far = np.maximum(chord2, 1e-18), np.maximum(1 - chord2, 1e-18)
    sin_angle = np.sin(angle)
    x = (angle - sin_angle) * (np.sin(mean) * np.cos(half)) ** 2 / far
    y = (angle + sin_angle) * (np.cos(mean) * sin_half) ** 2 / near
    azimuth = np.degrees(np.arctan2(np.sin(dlon) * cos2, cos1 * np.sin(lat2) - np.sin(lat1) * cos2 * np.cos(dlon)))
    # the same as the remainder of 360, to the bit, without a division
    return _EQUATOR_KM * (angle - _FLATTENING / 2 * (x + y)), np.where(azimuth < 0, azimuth + 360, azimuth) + 0.0


def displaced(lat_deg: Floats, lon_deg: Floats, north_km: Floats, east_km: Floats) -> tuple[Floats, Floats]:
    """The place so far north and east of another along a great circle: for searching, 0.5 % from the ellipsoid's.

    Returns
    -------
    lat_deg, lon_deg : longitude from -180 to 180
    """
    angle = np.hypot(north_km, east_km) / 6371.0
    azimuth = np.arctan2(east_km, north_km)
    lat = np.radians(lat_deg)
    to = np.arcsin(np.clip(np.sin(lat) * np.cos(angle) + np.cos(lat) * np.sin(angle) * np.cos(azimuth), -1, 1))
    dlon = np.arctan2(np.sin(azimuth) * np.sin(angle) * np.cos(lat), np.cos(angle) - np.sin(lat) * np.sin(to))
    return np.degrees(to), (np.asarray(lon_deg) + np.degrees(dlon) + 180) % 360 - 180
