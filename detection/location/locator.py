"""Events with their origins, as far as their picks tell them, and what these are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from detection.judgement.judge import judge
from detection.judgement.settings import JudgementSettings
from detection.location.geometry import distance_azimuth
from detection.location.hypocentre import locate
from detection.location.model import EarthModel
from detection.location.onsets import Onset
from detection.location.traveltime import TravelTimes, published
from detection.settings import LocationSettings
from houfeng.types import Event, Origin
from stations.inventory import Site


class Locator:
    """Gives events their origins, and judges them: there is no origin without its quality class.

    The same picks give the same event, whenever and in whatever order they came.

    Parameters
    ----------
    settings : Earth model and depth
    sites : by station id; onsets of other stations are left out
    judgement : when an event is said to look like a teleseism or a blast

    Attributes
    ----------
    travel_times : through the Earth model

    Raises
    ------
    ModelError : if the settings' layers make no sense
    """

    def __init__(
        self, settings: LocationSettings, sites: Mapping[str, Site], judgement: JudgementSettings | None = None
    ) -> None:
        self._sites = dict(sites)
        self._judgement = judgement or JudgementSettings()
        self._default_depth_km = settings.default_depth_km
        if settings.layers:
            self.travel_times = TravelTimes(EarthModel.layered(settings.model, settings.layers))
        else:
            self.travel_times = published(settings.model)

    def knows(self, station_id: str) -> bool:
        """Whether the place of a station is known."""
        return station_id in self._sites

    def travel_times_s(self, origin: Origin, station_id: str) -> tuple[float, float] | None:
        """How long P and S take from an origin to a station; None where its place is not known or one never arrives."""
        site = self._sites.get(station_id)
        if site is None:
            return None
        distance_km, _ = distance_azimuth(
            *(np.array([value]) for value in (origin.latitude_deg, origin.longitude_deg)),
            *(np.array([value]) for value in (site.latitude_deg, site.longitude_deg)),
        )
        depth_km, elevation_km = np.array([origin.depth_km]), np.array([site.elevation_m / 1000])
        p_s, s_s = self.travel_times(np.array([0, 1]), depth_km, distance_km, elevation_km).time_s.tolist()
        return (p_s, s_s) if np.isfinite(p_s) and np.isfinite(s_s) else None

    def locate(self, event: Event) -> Event:
        """The event with its origin, class and hints; without one where fewer than three known stations have onsets."""
        onsets = [
            Onset(site, pick.phase, pick.onset_ns, pick.uncertainty_s)
            for pick in event.picks
            if (site := self._sites.get(pick.source_id.station_id)) is not None
        ]
        located = locate(onsets, self.travel_times, default_depth_km=self._default_depth_km) if onsets else None
        if located is not None:
            event = replace(event, origin=located.origin, arrivals=located.arrivals)
        return judge(event, self._judgement, self._sites)
