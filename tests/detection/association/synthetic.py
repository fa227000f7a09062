"""A network that is known to the last pick: events, their waves, what stations miss, and what they invent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection.location.geometry import distance_azimuth
from detection.location.traveltime import TravelTimes
from houfeng.types import Event, Pick, SourceId
from stations.inventory import Site

T0_NS = 1_700_000_000_000_000_000
_MIN_STATIONS, _MIN_PICKS = 4, 6


@dataclass(frozen=True, slots=True)
class Shock:
    """An event that was: time (s after the day's start), place, and the picks there are of it."""

    time_s: float
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float
    picks: frozenset[str]
    n_stations: int

    @property
    def is_detectable(self) -> bool:
        """Whether there are enough picks of it, at enough stations."""
        return self.n_stations >= _MIN_STATIONS and len(self.picks) >= _MIN_PICKS


def network_day(
    sites: Sequence[Site],
    travel_times: TravelTimes,
    *,
    seed: int,
    n_shocks: int = 150,
    false_per_hour: float = 10.0,
    hours: float = 24.0,
    s_as_p: float = 0.25,
) -> tuple[list[Shock], list[Pick]]:
    """Events with Gutenberg and Richter's sizes among the stations, and the picks of P a detector would have.

    A quarter of the S picks are labelled P, and only those come to association. Detection falls with distance by
    size; onsets are late or early with heavy tails; every station has false picks and an hour or two of gap.
    """
    rng = np.random.default_rng(seed)
    lat = np.array([site.latitude_deg for site in sites])
    lon = np.array([site.longitude_deg for site in sites])
    elevation_km = np.array([site.elevation_m / 1000 for site in sites])
    gap_s = rng.uniform(0, hours * 3600, len(sites))[:, np.newaxis] + np.array([0.0, 5400.0])
    shocks, picks = [], []

    def pick(station: int, time_s: float, snr: float) -> Pick | None:
        if gap_s[station, 0] <= time_s < gap_s[station, 1]:
            return None
        onset_ns = T0_NS + round(time_s * 1e9)
        network, code = sites[station].station_id.split(".")
        made = Pick(onset_ns, SourceId(network, code, "", "HHZ"), "P", "AIC", 1, 0.1, snr, "band", onset_ns)
        picks.append(made)
        return made

    for time_s in np.sort(rng.uniform(600, hours * 3600 - 900, n_shocks)).tolist():
        at = (rng.uniform(lat.min() + 0.1, lat.max() + 0.1), rng.uniform(lon.min(), lon.max()))
        depth_km = rng.uniform(3, 30) if rng.random() < 0.85 else rng.uniform(30, 200)
        magnitude = 1.6 + rng.exponential(0.6)
        distance_km = distance_azimuth(np.array(at[0]), np.array(at[1]), lat, lon)[0]
        times = [
            travel_times(np.full(len(sites), phase), np.full(len(sites), depth_km), distance_km, elevation_km).time_s
            for phase in (0, 1)
        ]
        chance = 0.95 / (1 + np.exp((np.log10(np.hypot(distance_km, depth_km)) - (1.05 + 0.62 * magnitude)) / 0.09))
        mine, stations = [], set()
        for station in range(len(sites)):
            if rng.random() >= chance[station]:
                continue
            off = rng.normal(0, 0.15 + 0.15 * distance_km[station] / 333) + rng.standard_t(3) * 0.1
            snr = 3 * 10 ** (0.5 * (magnitude - 1.6)) * 30 / (30 + distance_km[station]) + 2
            found = pick(station, time_s + times[0][station] + off, snr)
            if found is not None:
                mine.append(found)
                stations.add(station)
            if rng.random() < 0.6:
                off = rng.normal(0, 0.4) + rng.standard_t(3) * 0.2
                found = (
                    pick(station, time_s + times[1][station] + off, 2 + rng.exponential(2))
                    if rng.random() < s_as_p
                    else None
                )
                if found is not None:
                    mine.append(found)
        ids = frozenset(each.public_id for each in mine)
        shocks.append(Shock(time_s, *at, depth_km, magnitude, ids, len(stations)))
    n_false = rng.poisson(false_per_hour * hours * len(sites))
    for time_s, station in zip(
        rng.uniform(0, hours * 3600, n_false), rng.integers(0, len(sites), n_false), strict=True
    ):
        pick(int(station), float(time_s), float(2 + rng.exponential(2)))
    return shocks, sorted(picks)


def score(shocks: Sequence[Shock], events: Sequence[Event]) -> tuple[int, int, int]:
    """Detectable shocks, those of them that were found, and events that are none.

    An event is a shock's if most of its picks are.
    """
    whose = {public_id: n for n, shock in enumerate(shocks) for public_id in shock.picks}
    found, n_false = set(), 0
    for event in events:
        owners = [whose[p.public_id] for p in event.picks if p.public_id in whose]
        best = max(set(owners), key=owners.count, default=None)
        if best is None or owners.count(best) * 2 <= len(event.picks) or best in found:
            n_false += 1
        else:
            found.add(best)
    good = {n for n, shock in enumerate(shocks) if shock.is_detectable}
    return len(good), len(good & found), n_false
