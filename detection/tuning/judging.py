"""What detectors of some combinations heard, compared with a catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detection.association.associator import Associator
from detection.location.locator import Locator
from detection.location.model import EarthModel
from detection.location.traveltime import TravelTimes, published
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from detection.tuning.catalogue import KnownEvent
from detection.tuning.network import Together, together
from detection.tuning.scoring import Score, Truth, score
from detection.tuning.sweep import Heard
from detection.tuning.windows import Reach, Window, windows
from houfeng.times import seconds_ns
from houfeng.types import Event, Pick
from stations.inventory import Site

# The noise level is known after so many times the long average.
_LEARNT = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a sweep brought.

    Parameters
    ----------
    combinations : as they were tried, those of today first
    scores : of each combination by station; stations without a place or without data are not there
    networks : of each combination, what these stations triggered on together
    unlisted : events that the settings of today find and the catalogue does not have
    n_matched : events that both have
    unplaced : stations with data whose place is not known
    """

    combinations: tuple[DetectionSettings, ...]
    scores: tuple[dict[str, Score], ...]
    networks: tuple[Together, ...]
    unlisted: tuple[Event, ...]
    n_matched: int
    unplaced: tuple[str, ...]


def judge(
    heard: Heard,
    sites: Mapping[str, Site],
    events: Sequence[KnownEvent],
    reach: Reach,
    association: AssociationSettings,
    location: LocationSettings,
) -> Found:
    """Compare what was heard with a catalogue.

    What today's settings, the first, associate and the catalogue lacks is an unlisted event for all combinations the
    same, so that a low ratio cannot excuse its noise by noise.

    Parameters
    ----------
    heard : by a sweep
    sites : where stations stand, by station id
    events : of the catalogue
    reach : which of them a station should see
    association, location : how events of today's picks are found that are not in it
    """
    times = published(location.model)
    if location.layers:
        times = TravelTimes(EarthModel.layered(location.model, location.layers))
    with_data = [sites[station_id] for station_id in sorted(heard.spans) if station_id in sites]
    known = windows(events, with_data, times, reach)
    associated = _associated(heard.picks[0], sites, association, location)
    others = [event for event in associated if not _is_known(event, known)]
    truths = _truths(heard, known, _excused(others, with_data, times, reach))
    scores = tuple(_scores(picks, truths) for picks in heard.picks)
    least, window_s = association.min_stations, association.unlocated_window_s
    networks = tuple(together(picks, truths, least, window_s) for picks in heard.picks)
    unplaced = tuple(sorted(set(heard.spans) - set(sites)))
    return Found(heard.combinations, scores, networks, tuple(others), len(associated) - len(others), unplaced)


def _associated(
    picks: Sequence[Pick], sites: Mapping[str, Site], association: AssociationSettings, location: LocationSettings
) -> list[Event]:
    """Events of the picks of today's settings, located where that is possible."""
    locator = Locator(location, dict(sites))
    associator = Associator(association, dict(sites), locator.travel_times)
    found: dict[str, Event] = {}
    for event in associator.add(picks).events:
        found[event.public_id] = locator.locate(event)
    return sorted(found.values(), key=lambda event: event.first_onset_ns)


def _truths(
    heard: Heard, known: Mapping[str, tuple[Window, ...]], unlisted: Mapping[str, tuple[Window, ...]]
) -> dict[str, Truth]:
    lead_ns = seconds_ns(_LEARNT * max(settings.lta_s for settings in heard.combinations))
    return {
        station_id: Truth.of(known[station_id], unlisted.get(station_id, ()), heard.spans[station_id], lead_ns)
        for station_id in known
    }


def _scores(picks: Sequence[Pick], truths: Mapping[str, Truth]) -> dict[str, Score]:
    by_station: dict[str, list[Pick]] = {station_id: [] for station_id in truths}
    for pick in picks:
        if pick.source_id.station_id in by_station:
            by_station[pick.source_id.station_id].append(pick)
    return {station_id: score(found, truths[station_id]) for station_id, found in by_station.items()}


def _is_known(event: Event, known: Mapping[str, tuple[Window, ...]]) -> bool:
    """Whether most of an event's picks lie where catalogued events explain them."""
    explained = [
        any(window.start_ns <= pick.onset_ns < window.end_ns for window in known.get(pick.source_id.station_id, ()))
        for pick in event.picks
    ]
    return 2 * sum(explained) >= len(explained)


def _excused(
    events: Sequence[Event], sites: Sequence[Site], times: TravelTimes, reach: Reach
) -> dict[str, tuple[Window, ...]]:
    """Windows of events that are not in the catalogue: where they are located at all stations, else where picked."""
    located = [
        KnownEvent(origin.time_ns, origin.latitude_deg, origin.longitude_deg, origin.depth_km, None)
        for event in events
        if (origin := event.origin) is not None
    ]
    found = {station_id: list(rows) for station_id, rows in windows(located, sites, times, reach).items()}
    for event in events:
        for pick in event.picks:
            tolerance_ns = seconds_ns(reach.tolerance_s)
            end_ns = pick.onset_ns + seconds_ns(60.0)
            window = Window(pick.onset_ns, tolerance_ns, end_ns, counts=False)
            found.setdefault(pick.source_id.station_id, []).append(window)
    return {station_id: tuple(rows) for station_id, rows in found.items()}
