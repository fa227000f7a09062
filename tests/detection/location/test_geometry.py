"""Distances and directions against Karney's geodesics."""

from __future__ import annotations

import numpy as np
from obspy.geodetics import gps2dist_azimuth

from detection.location.geometry import displaced, distance_azimuth


def test_distances_and_directions_are_the_geodesics() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        lat, lon = rng.uniform(-85, 85), rng.uniform(-180, 180)
        length_km, azimuth = 10 ** rng.uniform(-1, 4), rng.uniform(0, 2 * np.pi)
        to_lat, to_lon = map(float, displaced(lat, lon, length_km * np.cos(azimuth), length_km * np.sin(azimuth)))
        distance_km, azimuth_deg = distance_azimuth(lat, lon, to_lat, to_lon)
        metres, there_deg, _ = gps2dist_azimuth(lat, lon, to_lat, to_lon)
        assert abs(distance_km - metres / 1000) < 0.06
        assert abs((azimuth_deg - there_deg + 180) % 360 - 180) < 0.2
        assert abs(distance_km / length_km - 1) < 0.007


def test_the_same_place_is_no_distance_away() -> None:
    assert distance_azimuth(np.array(42.0), np.array(75.0), np.array(42.0), np.array(75.0))[0] == 0.0


def test_the_date_line_is_no_border() -> None:
    lat, lon = displaced(np.array(10.0), np.array(179.9), np.array(0.0), np.array(50.0))
    assert -180 <= lon < -179
    assert abs(distance_azimuth(np.array(10.0), np.array(179.9), lat, lon)[0] - 50) < 0.3
