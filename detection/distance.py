"""How far apart in time two stations may see the first onset of one event."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi

from detection.settings import AssociationSettings
from houfeng.times import seconds_ns
from stations.distance import EARTH_RADIUS_KM, distance_km
from stations.inventory import Site


class TimeLimits:
    """Largest time between the first onsets of one event at two stations.

    Parameters
    ----------
    settings : of association
    sites : by station id; pairs with an unknown station get the settings' fixed window
    """

    def __init__(self, settings: AssociationSettings, sites: Mapping[str, Site]) -> None:
        self._settings = settings
        self._sites = dict(sites)
        self._rows: dict[str, dict[str, int]] = {}
        self.longest_ns = self._longest_ns()

    def row(self, station_id: str) -> dict[str, int]:
        """The limits already known between this station and others, ns."""
        return self._rows.setdefault(station_id, {})

    def between(self, one: str, other: str) -> int:
        """Limit between two stations, ns."""
        row = self.row(one)
        limit = row.get(other)
        if limit is None:
            limit = row[other] = self._between(one, other)
        return limit

    def _between(self, one: str, other: str) -> int:
        if one not in self._sites or other not in self._sites:
            return seconds_ns(self._settings.unlocated_window_s)
        return self._within(distance_km(self._sites[one], self._sites[other]))

    def _within(self, km: float) -> int:
        return seconds_ns(km / self._settings.slowest_p_km_s + self._settings.tolerance_s)

    def _longest_ns(self) -> int:
        """No limit is longer: the network is no wider than twice the way from one station to its farthest."""
        places = list(self._sites.values())
        farthest_km = max((distance_km(places[0], place) for place in places), default=0.0) if places else 0.0
        widest_km = min(2 * farthest_km, pi * EARTH_RADIUS_KM)
        return max(self._within(widest_km), seconds_ns(self._settings.unlocated_window_s))
