"""Events with their origins, as far as their picks tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from detection.location.hypocentre import locate
from detection.location.model import EarthModel
from detection.location.onsets import Onset
from detection.location.traveltime import TravelTimes, published
from detection.settings import LocationSettings
from houfeng.types import Event
from stations.inventory import Site


class Locator:
    """Gives events their origins. The same picks give the same origin, whenever and in whatever order they came.

    Parameters
    ----------
    settings : Earth model and depth
    sites : by station id; onsets of other stations are left out

    Raises
    ------
    ModelError : if the settings' layers make no sense
    """

    def __init__(self, settings: LocationSettings, sites: Mapping[str, Site]) -> None:
        self._sites = dict(sites)
        self._default_depth_km = settings.default_depth_km
        if settings.layers:
            self._travel_times = TravelTimes(EarthModel.layered(settings.model, settings.layers))
        else:
            self._travel_times = published(settings.model)

    def locate(self, event: Event) -> Event:
        """The event with its origin; as it is where fewer than three stations with known places have onsets."""
        onsets = [
            Onset(site, pick.phase, pick.onset_ns, pick.uncertainty_s)
            for pick in event.picks
            if (site := self._sites.get(pick.source_id.station_id)) is not None
        ]
        located = locate(onsets, self._travel_times, default_depth_km=self._default_depth_km) if onsets else None
        if located is None:
            return event
        return replace(event, origin=located.origin, arrivals=located.arrivals)
