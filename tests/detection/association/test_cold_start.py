"""A network that was only just started: how often its stations trigger is known from all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detection.association.associator import Associator
from detection.association.rates import Rates
from detection.association.stations import Stations
from detection.location.traveltime import published
from detection.settings import AssociationSettings
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Event, Pick, SourceId
from stations.inventory import Site
from tests.detection.association.synthetic import T0_NS

TIMES = published("ak135")
SITES = {
    f"XX.S{number:03}": Site(f"XX.S{number:03}", 40 + number // 10 * 0.3, 70 + number % 10 * 0.4, 0.0)
    for number in range(104)
}
PARTS = Stations(SITES, TIMES).parts()


def noise(per_hour: float, last_s: float) -> list[Pick]:
    rng = np.random.default_rng(5)
    n = rng.poisson(per_hour * len(SITES) * last_s / 3600)
    found = []
    for time_s, station in zip(rng.uniform(0, last_s, n), rng.integers(0, len(SITES), n), strict=True):
        onset_ns = T0_NS + round(float(time_s) * NS_PER_S)
        source_id = SourceId("XX", f"S{station:03}", "", "HHZ")
        found.append(Pick(onset_ns, source_id, "P", "AIC", 1, 0.1, 3.0, "band", onset_ns))
    return sorted(found)


def some_onsets(n: int) -> list[Pick]:
    """Of the stations nearest to a place, when P comes from there."""
    place, stations = np.array([41.5, 72.0, 5.0]), Stations(SITES, TIMES)
    nearest = np.argsort(stations.from_place(place))[:n]
    _, _, arrivals = stations.seen_from(place[np.newaxis], nearest)
    p_s = arrivals.time_s[0, 0] - arrivals.time_s[0, 0].min()
    found = []
    for station, after_s in zip(nearest.tolist(), p_s.tolist(), strict=True):
        onset_ns = T0_NS + round(after_s * NS_PER_S)
        source_id = SourceId("XX", f"S{station:03}", "", "HHZ")
        found.append(Pick(onset_ns, source_id, "P", "AIC", 1, 0.1, 3.0, "band", onset_ns))
    return found


def events_after(batches: Sequence[Sequence[Pick]], settings: AssociationSettings) -> list[Event]:
    """What is left of all that an associator told."""
    associator, live = Associator(settings, SITES, TIMES), dict[str, Event]()
    for batch in batches:
        changes = associator.add(batch)
        for public_id in changes.withdrawn:
            live.pop(public_id, None)
        live |= {event.public_id: event for event in changes.events}
    return sorted(live.values(), key=lambda event: event.picks)


def rates(per_hour: float, last_s: float) -> Rates:
    made = Rates(1.5, PARTS)
    for pick in noise(per_hour, last_s):
        made.add(int(pick.source_id.station[1:]), pick.onset_ns)
    return made


def at_first(of: Rates, now_s: float) -> float:
    of.learn(T0_NS + seconds_ns(now_s))
    return of.per_s(0, T0_NS) * 3600


def test_parts_are_of_stations_near_each_other_and_equally_large() -> None:
    assert sorted(each for part in PARTS for each in part) == list(range(104))
    assert {len(part) for part in PARTS} == {13}
    ids = sorted(SITES)
    for part in PARTS:
        lat = [SITES[ids[each]].latitude_deg for each in part]
        lon = [SITES[ids[each]].longitude_deg for each in part]
        assert max(lat) - min(lat) <= 1.0
        assert max(lon) - min(lon) <= 2.5


def test_stations_of_a_small_network_are_parts_and_very_few_tell_nothing() -> None:
    some = list(SITES.items())
    assert Stations(dict(some[:99]), TIMES).parts() == [[number] for number in range(99)]
    assert Stations(dict(some[:7]), TIMES).parts() == []


def test_the_rate_of_a_small_network_is_known_after_ten_minutes_and_not_before() -> None:
    def of_few() -> Rates:
        made = Rates(1.5, [[number] for number in range(15)])
        for pick in noise(30, 3600):
            if (station := int(pick.source_id.station[1:])) < 15:
                made.add(station, pick.onset_ns)
        return made

    assert at_first(of_few(), 599) == pytest.approx(3)  # records of an earthquake and its aftershocks begin like that
    assert 12 < at_first(of_few(), 660) < 36
    assert at_first(of_few(), 2460) == pytest.approx(28, rel=0.3)


def test_the_rate_of_a_noisy_network_is_known_within_a_minute_and_that_of_a_quiet_one_stays() -> None:
    assert at_first(rates(30, 3600), 3) == pytest.approx(3)  # nothing is known: as ever
    assert at_first(rates(30, 3600), 60) == pytest.approx(30, rel=0.5)
    assert at_first(rates(30, 3600), 301) == pytest.approx(30, rel=0.2)
    assert at_first(rates(2, 3600), 301) == pytest.approx(3)


def test_after_two_hours_a_station_has_the_rate_that_was_heard_of_it() -> None:
    noisy, alone = rates(30, 10800), Rates(1.5)
    for pick in noise(30, 10800):
        alone.add(int(pick.source_id.station[1:]), pick.onset_ns)
    assert noisy.learn(T0_NS + seconds_ns(10800))
    later_ns = T0_NS + seconds_ns(7200 + 400)
    assert [noisy.per_s(each, later_ns) for each in range(104)] == [alone.per_s(each, later_ns) for each in range(104)]


def test_a_shock_that_part_of_the_network_sees_is_not_taken_for_noise() -> None:
    shaken = Rates(1.5, PARTS)
    for part in PARTS[:5]:
        for station in part:
            for after_s in (0, 4, 10):
                shaken.add(station, T0_NS + seconds_ns(after_s))
    assert at_first(shaken, 60) == pytest.approx(3)


def test_what_was_an_event_of_a_quiet_network_is_none_of_a_noisy_one() -> None:
    """Four onsets in the first seconds; the others are heard when no wave of theirs is left, and tell the rates."""
    onsets, others = some_onsets(4), [pick for pick in noise(40, 302) if pick.onset_ns > T0_NS + seconds_ns(200)]
    assert len(events_after([onsets], AssociationSettings())) == 1
    at_once = events_after([[*onsets, *others]], AssociationSettings())
    assert [event for event in at_once if event.first_onset_ns < T0_NS + seconds_ns(60)] == []
    assert events_after([onsets, others[:30], others[30:]], AssociationSettings()) == at_once


def test_noise_of_a_network_that_was_only_just_started_is_no_event() -> None:
    assert events_after([noise(60, 30)], AssociationSettings()) == []
