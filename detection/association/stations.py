"""The stations of a network as arrays, and how a wave travels from places to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detection.location.geometry import distance_azimuth
from detection.location.traveltime import PHASES, Arrivals, Indices, TravelTimes
from detection.plan import Floats
from stations.inventory import Site

_PHASES = np.arange(len(PHASES))[:, np.newaxis, np.newaxis]
# A network is halved so often into parts of stations near each other; in one with fewer stations each is a part, and
# with fewer still some that are quiet tell nothing.
_HALVINGS, _LARGE, _SOME = 3, 100, 8


class Stations:
    """Stations with a known place, by index in the order of their ids.

    Parameters
    ----------
    sites : by station id
    travel_times : through the Earth model
    """

    def __init__(self, sites: Mapping[str, Site], travel_times: TravelTimes) -> None:
        self.ids = tuple(sorted(sites))
        self.index = {station_id: number for number, station_id in enumerate(self.ids)}
        self._times = travel_times
        self.lat_deg = np.array([sites[name].latitude_deg for name in self.ids])
        self.lon_deg = np.array([sites[name].longitude_deg for name in self.ids])
        self._elevation_km = np.array([sites[name].elevation_m / 1000 for name in self.ids])

    def __len__(self) -> int:
        return len(self.ids)

    def from_station(self, station: int) -> Floats:
        """Distance of every station from one of them, km."""
        return distance_azimuth(self.lat_deg[station], self.lon_deg[station], self.lat_deg, self.lon_deg)[0]

    def from_place(self, place: Floats) -> Floats:
        """Distance of every station from a place (latitude and longitude, degrees), km."""
        return distance_azimuth(place[0], place[1], self.lat_deg, self.lon_deg)[0]

    def seen_from(self, places: Floats, some: Indices) -> tuple[Floats, Floats, Arrivals]:
        """Distances, directions and travel times of P and S from places to some stations.

        Parameters
        ----------
        places : (g, 3) latitude, longitude (degrees), depth (km)
        some : (m,) stations

        Returns
        -------
        distance_km, azimuth_deg : (g, m)
        arrivals : (2, g, m)
        """
        lat, lon, depth = (places[:, column, np.newaxis] for column in range(3))
        distance_km, azimuth_deg = distance_azimuth(lat, lon, self.lat_deg[some], self.lon_deg[some])
        arrivals = self._times(_PHASES, depth[np.newaxis], distance_km[np.newaxis], self._elevation_km[some])
        return distance_km, azimuth_deg, arrivals

    def parts(self) -> list[list[int]]:
        """Stations of each part of a network, by index: single ones of a small network, none of very few."""
        if len(self) < _LARGE:
            return [[number] for number in range(len(self))] if len(self) >= _SOME else []
        parts = [np.arange(len(self))]
        for number in range(_HALVINGS):
            degrees = (self.lat_deg, self.lon_deg)[number % 2]
            ordered = [part[np.argsort(degrees[part], kind="stable")] for part in parts]
            parts = [half for part in ordered for half in np.array_split(part, 2)]
        return [part.tolist() for part in parts]
