"""Regions whose network can be simulated: which stations, where the earth breaks, and what is wrong with whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from houfeng.synthetic.truth import Shock
from houfeng.times import seconds_ns


@dataclass(frozen=True, slots=True)
class Region:
    """A network of several countries and its earthquakes, which come again and again.

    Parameters
    ----------
    name : as a command takes it
    countries : ISO 3166 alpha-2, whose stations take part
    south_deg, north_deg, west_deg, east_deg : stations must lie between them
    zones : places of earthquakes (latitude, longitude, deg), each with stations around it
    loop_s : length after which everything comes again
    first_s, every_s : when the first earthquake happens, and how much later the next does
    smallest, largest : ML
    rate_hz : samples per second
    flat_station : its vertical channel is dead: one value for ever
    spiky_station : its vertical channel has single wild samples
    gappy_station : it loses records
    link : name of a link that goes silent now and then, with all stations of ...
    link_country : ... this country
    """

    name: str
    countries: tuple[str, ...]
    south_deg: float
    north_deg: float
    west_deg: float
    east_deg: float
    zones: tuple[tuple[float, float], ...]
    loop_s: float
    first_s: float
    every_s: float
    smallest: float
    largest: float
    rate_hz: float
    flat_station: str
    spiky_station: str
    gappy_station: str
    link: str
    link_country: str


# Where earthquakes are made is where there are three stations within 300 km; real ones happen there as well: round
# figures, of no catalogue.
CENTRAL_ASIA = Region(
    name="central-asia",
    countries=("CN", "KG", "KZ", "TJ", "TM", "UZ"),
    south_deg=35.0,
    north_deg=51.0,
    west_deg=57.0,
    east_deg=90.0,
    zones=((42.5, 75.6), (41.8, 77.0), (39.6, 71.0), (42.2, 74.2), (38.6, 69.9), (41.6, 73.6)),
    # five minutes after the last earthquake its waves have left the network
    loop_s=1260.0,
    first_s=45.0,
    every_s=180.0,
    smallest=3.6,
    largest=5.2,
    rate_hz=40.0,
    flat_station="KDJ",
    spiky_station="WMQ",
    gappy_station="TAS",
    link="satellite hub (made up)",
    link_country="TJ",
)
REGIONS = {region.name: region for region in (CENTRAL_ASIA,)}


def regional_shocks(region: Region, start_ns: int, seed: int) -> list[Shock]:
    """The earthquakes of one turn: one in each zone in turn, within 20 km of its middle, sizes by the seed.

    Parameters
    ----------
    start_ns : begin of the turn, ns UTC
    """
    rng = np.random.default_rng([seed, 3])
    found = []
    for k, (latitude_deg, longitude_deg) in enumerate(region.zones):
        found.append(
            Shock(
                time_ns=start_ns + seconds_ns(region.first_s + k * region.every_s),
                latitude_deg=round(latitude_deg + float(rng.uniform(-0.18, 0.18)), 4),
                longitude_deg=round(longitude_deg + float(rng.uniform(-0.22, 0.22)), 4),
                depth_km=round(float(rng.uniform(6.0, 18.0)), 1),
                magnitude=round(float(rng.uniform(region.smallest, region.largest)), 2),
            )
        )
    return found
