"""Stations that say nothing: one that works speaks against an event beside it, one that may be away does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from detection.association.associator import Associator
from detection.association.stations import Stations
from detection.location.geometry import displaced
from detection.location.traveltime import published
from detection.settings import AssociationSettings
from houfeng.times import seconds_ns
from houfeng.types import Event, Pick, SourceId
from stations.inventory import Site
from tests.detection.association.synthetic import T0_NS

TIMES = published("ak135")
PLACE = (41.0, 75.0, 8.0)
RING = [(120.0, azimuth_deg) for azimuth_deg in range(0, 360, 45)]
INNER = [(30.0, azimuth_deg) for azimuth_deg in range(20, 380, 60)]


def site(number: int, distance_km: float, azimuth_deg: float) -> Site:
    angle = np.radians(azimuth_deg)
    lat, lon = np.array(PLACE[:1]), np.array(PLACE[1:2])
    lat, lon = displaced(lat, lon, distance_km * np.cos(angle), distance_km * np.sin(angle))
    return Site(f"XX.S{number:02}", float(lat[0]), float(lon[0]), 0.0)


SITES = {each.station_id: each for each in (site(number, *at) for number, at in enumerate((*RING, *INNER)))}
NOISE_S = 7200.0  # before the shock


def pick(station: int, time_s: float) -> Pick:
    onset_ns = T0_NS + seconds_ns(time_s)
    return Pick(onset_ns, SourceId("XX", f"S{station:02}", "", "HHZ"), "P", "AIC", 1, 0.1, 5.0, "band", onset_ns)


def noise(stations: Iterable[int], seed: int, per_hour: float = 6.0, until_s: float = NOISE_S - 30) -> list[Pick]:
    """Picks of each station at random times."""
    rng = np.random.default_rng(seed)
    n = round(per_hour * until_s / 3600)
    return [pick(station, float(time_s)) for station in stations for time_s in rng.uniform(0, until_s, n)]


def shock_of_the_ring(before: Sequence[Pick]) -> list[Event]:
    """The events with onsets since when P of a shock in the middle comes to the ring and to nobody nearer."""
    stations = np.arange(len(RING))
    _, _, arrivals = Stations(SITES, TIMES).seen_from(np.array([PLACE]), stations)
    after_s = arrivals.time_s[0, 0].tolist()
    onsets = [pick(station, NOISE_S + time_s) for station, time_s in zip(stations.tolist(), after_s, strict=True)]
    events = Associator(AssociationSettings(), SITES, TIMES).add(sorted((*before, *onsets))).events
    return [event for event in events if event.picks[-1].onset_ns >= T0_NS + seconds_ns(NOISE_S)]


@pytest.mark.parametrize("seed", range(5))
def test_a_shock_that_nearer_stations_do_not_see_is_none_as_long_as_they_work(seed: int) -> None:
    ring, inner = range(len(RING)), range(len(RING), len(SITES))
    assert shock_of_the_ring(noise([*ring, *inner], seed)) == []
    never_heard = shock_of_the_ring(noise(ring, seed))
    silent_for_an_hour = shock_of_the_ring([*noise(ring, seed), *noise(inner, seed, 30.0, NOISE_S - 3600)])
    for (event,) in (never_heard, silent_for_an_hour):
        assert len(event.picks) == len(event.station_ids) == len(RING)
