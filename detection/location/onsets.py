"""What a hypocentre is sought from: onsets at stations, and how well a place and depth explain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection.location.geometry import distance_azimuth
from detection.location.traveltime import PHASES, Arrivals, TravelTimes
from detection.plan import Floats
from houfeng.times import NS_PER_S
from stations.inventory import Site

# How far real travel times lie from those of an Earth model: rocks near the station, and the way there.
_NEAR_S = 0.1
_PER_KM_S = 0.002
_MOST_S = 1.5


@dataclass(frozen=True, slots=True)
class Onset:
    """A phase onset at a station.

    Parameters
    ----------
    site : where the station stands
    phase : "P" or "S", the first of its kind
    time_ns : ns UTC
    uncertainty_s : one standard deviation of the reading
    """

    site: Site
    phase: str
    time_ns: int
    uncertainty_s: float


class Onsets:
    """Onsets as arrays, times in seconds after the earliest.

    Parameters
    ----------
    onsets : (n,) at least one
    travel_times : through the Earth model
    """

    def __init__(self, onsets: Sequence[Onset], travel_times: TravelTimes) -> None:
        self._travel_times = travel_times
        self.onsets = tuple(onsets)
        self.start_ns = min(onset.time_ns for onset in onsets)
        self.time_s = np.array([(onset.time_ns - self.start_ns) / NS_PER_S for onset in onsets])
        self._phase = np.array([PHASES.index(onset.phase) for onset in onsets])
        self._lat_deg = np.array([onset.site.latitude_deg for onset in onsets])
        self._lon_deg = np.array([onset.site.longitude_deg for onset in onsets])
        self._elevation_km = np.array([onset.site.elevation_m / 1000 for onset in onsets])
        self._reading_s = np.array([onset.uncertainty_s for onset in onsets])

    @property
    def earth_model(self) -> str:
        """Whose travel times these are."""
        return self._travel_times.model.name

    def seen_from(self, places: Floats) -> tuple[Floats, Floats, Arrivals]:
        """Distance (km), direction (degrees) and travel times to each station.

        Parameters
        ----------
        places : (m, 3) latitude and longitude (degrees), depth (km)

        Returns
        -------
        three times (m, n)
        """
        lat, lon, depth = (places[:, column, np.newaxis] for column in range(3))
        distance_km, azimuth_deg = distance_azimuth(lat, lon, self._lat_deg, self._lon_deg)
        return distance_km, azimuth_deg, self._travel_times(self._phase, depth, distance_km, self._elevation_km)

    def sigma_s(self, distance_km: Floats) -> Floats:
        """Standard deviation of a residual: of the reading, and of the travel time so far away."""
        model_s = np.minimum(_NEAR_S + _PER_KM_S * distance_km, _MOST_S)
        # S waves are as uncertain as they are slow
        return np.asarray(np.hypot(self._reading_s, model_s * np.where(self._phase == 1, 1.7, 1.0)))

    def misfits(self, places: Floats, reach_km: Floats) -> tuple[Floats, Floats]:
        """Negative log-likelihood of each place with residuals of Laplace's distribution, and its origin time.

        The origin time is the weighted median, which an outlier cannot move.

        Parameters
        ----------
        places : (m, 3) latitude and longitude (degrees), depth (km)
        reach_km : (m,) how far each place stands for those around it; their times are its own, as well as can be

        Returns
        -------
        misfit : (m,) infinite where a wave would have come that none can
        origin_s : (m,) after the earliest onset
        """
        distance_km, _, arrivals = self.seen_from(places)
        sigma_s = np.hypot(self.sigma_s(distance_km), arrivals.per_km * reach_km[:, np.newaxis] / 2)
        left_s = self.time_s - arrivals.time_s
        origin_s = weighted_median(left_s, 1 / sigma_s)
        misfit = (np.abs(left_s - origin_s[:, np.newaxis]) / sigma_s + np.log(sigma_s)).sum(axis=1)
        return np.where(np.isfinite(misfit), misfit, np.inf), origin_s


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """The value in each row below which half of the row's weight lies.

    Parameters
    ----------
    values, weights : (m, n)

    Returns
    -------
    median : (m,)
    """
    order = np.argsort(values, axis=1)
    heaped = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    half = np.argmax(heaped >= heaped[:, -1:] / 2, axis=1)
    chosen = np.take_along_axis(order, half[:, np.newaxis], axis=1)
    return np.asarray(np.take_along_axis(values, chosen, axis=1)[:, 0])
