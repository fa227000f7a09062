"""How far apart stations are, and how long waves take from one end of a network to the other."""

from __future__ import annotations

from collections.abc import Collection

from detection.settings import AssociationSettings
from stations.distance import distance_km
from stations.inventory import Site

# S waves cross the network this slowly; nothing of one event is looked for later than the longest.
_SLOWEST_KM_S, _MORE_S, _MOST_S = 3.3, 20.0, 900.0


def longest_s(settings: AssociationSettings, sites: Collection[Site]) -> float:
    """How long after its first onset others are looked for that may be of one event, seconds.

    Parameters
    ----------
    settings : of association
    sites : stations whose place is known
    """
    places = sorted(sites, key=lambda site: site.station_id)
    # the network is no wider than twice the way from one station to its farthest
    widest_km = 2 * max((distance_km(places[0], place) for place in places), default=0.0)
    return max(min(widest_km / _SLOWEST_KM_S + _MORE_S, _MOST_S), settings.unlocated_window_s)
