"""The earthquakes of a simulation: where, when and how large they are, and when their waves arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.location.traveltime import TravelTimes, published
from detection.plan import Floats
from houfeng.synthetic.settings import EDGE_S, SimulationSettings
from houfeng.times import NS_PER_S, seconds_ns
from stations.distance import EARTH_RADIUS_KM, great_circle_km
from stations.inventory import Site

SHALLOWEST_KM, DEEPEST_KM = 4.0, 25.0
# As far beyond the outermost station as this share of its distance from the middle.
BEYOND = 0.1


@dataclass(frozen=True, slots=True)
class Shock:
    """One earthquake.

    Parameters
    ----------
    time_ns : origin time, ns UTC
    depth_km : below sea level
    magnitude : ML, as a network whose amplitudes fall off as Hutton & Boore (1987) have it would measure
    """

    time_ns: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float


def shocks(settings: SimulationSettings, sites: list[Site]) -> list[Shock]:
    """Earthquakes among the stations, earliest first.

    Times are even, places even over a disc around the stations' middle, magnitudes exponential with b = 1.
    """
    rng = np.random.default_rng([settings.seed, 1])
    n = settings.n_events
    middle = (float(np.mean([s.latitude_deg for s in sites])), float(np.mean([s.longitude_deg for s in sites])))
    radius_km = (1 + BEYOND) * max(great_circle_km(middle, (s.latitude_deg, s.longitude_deg)) for s in sites)
    time_s = np.sort(rng.uniform(EDGE_S, settings.hours * 3600 - EDGE_S, n))
    away_km, azimuth = radius_km * np.sqrt(rng.uniform(size=n)), rng.uniform(0, 2 * np.pi, n)
    latitude = middle[0] + np.degrees(away_km * np.cos(azimuth) / EARTH_RADIUS_KM)
    longitude = middle[1] + np.degrees(away_km * np.sin(azimuth) / EARTH_RADIUS_KM) / np.cos(np.radians(latitude))
    depth_km = rng.uniform(SHALLOWEST_KM, DEEPEST_KM, n)
    most = 1 - 10 ** (settings.smallest - settings.largest)
    magnitude = settings.smallest - np.log10(1 - most * rng.uniform(size=n))
    return [
        Shock(
            time_ns=settings.start_ns + seconds_ns(float(time_s[k])),
            latitude_deg=round(float(latitude[k]), 5),
            longitude_deg=round(float(longitude[k]), 5),
            depth_km=round(float(depth_km[k]), 2),
            magnitude=round(float(magnitude[k]), 2),
        )
        for k in range(n)
    ]


def distances_km(found: list[Shock], site: Site) -> Floats:
    """Of the epicentres from a station."""
    place = (site.latitude_deg, site.longitude_deg)
    return np.array([great_circle_km((each.latitude_deg, each.longitude_deg), place) for each in found], np.float64)


def arrivals_s(found: list[Shock], site: Site, start_ns: int, model: TravelTimes | None = None) -> Floats:
    """(2, n) when P and S of ak135 arrive at a station, seconds after a time; NaN where none does."""
    times = model or published("ak135")
    depth_km = np.array([each.depth_km for each in found], np.float64)
    elevation_km = np.full(len(found), site.elevation_m / 1000)
    origin_s = np.array([(each.time_ns - start_ns) / NS_PER_S for each in found], np.float64)
    km = distances_km(found, site)
    return np.array(
        [origin_s + times(np.full(len(found), phase), depth_km, km, elevation_km).time_s for phase in (0, 1)]
    )
