"""Events are a function of the set of picks: of nothing else, and the one that physics allows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.geodetics import gps2dist_azimuth

from detection.association.associator import Associator
from detection.distance import longest_s
from detection.settings import AssociationSettings
from houfeng.types import Event, Pick, SourceId
from stations.distance import distance_km
from stations.inventory import Site

SETTINGS = AssociationSettings()
T0_NS = 1_700_000_000_000_000_000

# A square of 20 km with a station in its middle, and one 100 km to the north.
SITES = {
    f"XX.{code}": Site(f"XX.{code}", 42 + north / 111.2, 75 + east / 82.6, 0.0)
    for code, north, east in [
        ("A", 10, 10),
        ("B", 10, -10),
        ("C", -10, 10),
        ("D", -10, -10),
        ("M", 0, 0),
        ("N", 100, 0),
    ]
}


def pick(code: str, t_s: float, *, snr: float = 20.0, channel: str = "HHZ", phase: str = "P") -> Pick:
    onset_ns = T0_NS + round(t_s * 1e9)
    source_id = SourceId("XX", code, "", channel)
    return Pick(onset_ns, source_id, phase, "AIC", 1, 0.02, snr, "7-20 Hz", onset_ns)


def shock(t_s: float, codes: str = "MABCD", *, snr: float = 20.0) -> list[Pick]:
    """Below the middle station: 0.6 s later at the corners."""
    return [pick(code, t_s + (0.0 if code == "M" else 0.6), snr=snr) for code in codes]


def events_of(batches: Iterable[Iterable[Pick]], settings: AssociationSettings = SETTINGS) -> dict[str, Event]:
    """What a listener knows who applies every change."""
    associator = Associator(settings, SITES)
    known: dict[str, Event] = {}
    for batch in batches:
        changes = associator.add(batch)
        for public_id in changes.withdrawn:
            del known[public_id]
        for event in changes.events:
            assert known.get(event.public_id) != event, "unchanged events are not announced"
            known[event.public_id] = event
    return known


def stations(events: dict[str, Event]) -> list[str]:
    """Stations of each event in order of their codes, events by time."""
    found = sorted(events.values(), key=lambda event: event.first_onset_ns)
    return ["".join(sorted(station_id[3:] for station_id in event.station_ids)) for event in found]


def test_distances_are_those_of_the_ellipsoid_within_half_a_per_cent() -> None:
    for one, other in itertools.combinations(SITES.values(), 2):
        metres, _, _ = gps2dist_azimuth(one.latitude_deg, one.longitude_deg, other.latitude_deg, other.longitude_deg)
        assert distance_km(one, other) == pytest.approx(metres / 1000, rel=5e-3)


def test_the_network_and_its_waves_are_no_longer_than_is_looked() -> None:
    widest_km = max(distance_km(*pair) for pair in itertools.combinations(SITES.values(), 2))
    assert longest_s(SETTINGS, SITES.values()) > widest_km / 3.3
    assert longest_s(replace(SETTINGS, unlocated_window_s=1000.0), SITES.values()) == 1000
    assert longest_s(SETTINGS, []) >= SETTINGS.unlocated_window_s


def test_three_stations_are_an_event_and_two_are_not() -> None:
    assert events_of([shock(0, "MA")]) == {}
    (event,) = events_of([shock(0, "MAB")]).values()
    assert event.picks == tuple(sorted(shock(0, "MAB")))
    assert events_of([shock(0, "MAB")], replace(SETTINGS, min_stations=4)) == {}


def test_times_that_no_place_explains() -> None:
    """A and B are 20 km apart, M between them: P crosses that in 3.5 s, and not in any order."""
    assert stations(events_of([[pick("A", 0), pick("M", 2.0), pick("B", 3.5)]])) == ["ABM"]
    assert events_of([[pick("A", 0), pick("M", 8.0), pick("B", 16.0)]]) == {}
    assert events_of([[pick("A", 0), pick("C", 0), pick("M", 4.5)]]) == {}


def test_stations_without_coordinates_use_a_fixed_window() -> None:
    assert stations(events_of([[pick("X", 0), pick("Y", 9.9), pick("Z", 5)]])) == ["XYZ"]
    assert events_of([[pick("X", 0), pick("Y", 10.1), pick("Z", 5)]]) == {}


def test_three_channels_of_one_station_are_one_station() -> None:
    assert (
        events_of([[pick("M", 0), pick("M", 0.1, channel="HNZ"), pick("A", 0.6), pick("A", 0.7, channel="EHZ")]]) == {}
    )


def test_both_sensors_of_every_station_make_one_event() -> None:
    second = [replace(p, source_id=SourceId("XX", p.source_id.station, "", "HNZ")) for p in shock(0.05)]
    (event,) = events_of([[*shock(0), *second]]).values()
    assert event.picks == tuple(sorted(shock(0)))


def test_only_p_counts() -> None:
    assert events_of([[replace(p, phase="S") for p in shock(0)]]) == {}


def test_s_and_coda_are_no_event_of_their_own() -> None:
    """S at all stations 2-4 s after P, and coda later, each with the amplitude of such a phase."""
    s = [pick(code, 2.0 + 0.4 * number, snr=5.0) for number, code in enumerate("MABCD")]
    coda = [pick(code, 9.0 + 0.3 * number, snr=2.0) for number, code in enumerate("MABCD")]
    assert stations(events_of([[*shock(0), *s, *coda]])) == ["ABCDM"]


def test_a_main_shock_in_the_coda_of_its_foreshock_is_an_event() -> None:
    events = events_of([[*shock(0), *shock(8, snr=300.0)]])
    assert stations(events) == ["ABCDM", "ABCDM"]
    (small,) = events_of([[*shock(0), *shock(8, snr=5.0)]]).values()
    assert set(small.picks) <= set(shock(0))
    assert stations(events_of([[*shock(0), *shock(20, snr=5.0)]])) == ["ABCDM", "ABCDM"]


def test_a_false_pick_just_before_does_not_take_a_stations_place() -> None:
    noise = pick("C", -1.5, snr=3.0)
    (event,) = events_of([[noise, *shock(0)]]).values()
    assert event.picks == tuple(sorted(shock(0)))


def test_a_late_earlier_pick_renames_the_event() -> None:
    associator = Associator(SETTINGS, SITES)
    (old,) = associator.add(shock(0, "ABC")).events
    changes = associator.add(shock(0, "M"))
    (new,) = changes.events
    assert changes.withdrawn == (old.public_id,)
    assert new.picks == tuple(sorted(shock(0, "MABC")))
    (grown,) = associator.add(shock(0, "D")).events
    assert grown.public_id == new.public_id
    assert len(grown.picks) == 5


def test_a_pick_counts_once() -> None:
    associator = Associator(SETTINGS, SITES)
    associator.add(shock(0))
    assert associator.add(shock(0)).events == ()
    assert associator.add([]).withdrawn == ()


picks = st.lists(
    st.builds(
        pick,
        st.sampled_from("ABCDMNX"),
        st.integers(0, 600).map(lambda tenths: tenths / 10),
        snr=st.sampled_from([2.0, 8.0, 50.0]),
        channel=st.sampled_from(["HHZ", "HNZ"]),
    ),
    max_size=50,
    unique_by=lambda p: p.public_id,
)


@settings(max_examples=50, deadline=None)
@given(picks, st.randoms(use_true_random=False), st.integers(1, 30))
def test_any_order_in_any_batches_gives_the_same_events(found: list[Pick], rng: random.Random, n_batch: int) -> None:
    at_once = events_of([found])
    shuffled = found[:]
    rng.shuffle(shuffled)
    assert events_of(shuffled[i : i + n_batch] for i in range(0, len(found), n_batch)) == at_once
    assert events_of([p] for p in sorted(found)) == at_once


@pytest.mark.parametrize(
    "found",
    [
        "B10.6 M12.0 C16.0 A16.6 B19.2 B29.8 A28.4:50 M47.4 A0.0",
        "N10.6 C16.4 B19.2 A16.6 A0.0 M13.0 B30.4 M48.5",
    ],
)
def test_a_station_that_is_first_heard_late_counts_as_one_that_missed_an_event(found: str) -> None:
    """M tells at last that it works: what it had no part in is worth less, and another event is better."""
    texts = [text.partition(":") for text in found.split()]
    some = [pick(text[0], float(text[1:]), snr=float(snr or 2.0)) for text, _, snr in texts]
    assert events_of([p] for p in sorted(some)) == events_of([some])
    assert events_of([p] for p in some) == events_of([some])


@settings(max_examples=100, deadline=None)
@given(picks)
def test_what_holds_for_every_event(found: list[Pick]) -> None:
    events = events_of([found]).values()
    members = [p.public_id for event in events for p in event.picks]
    assert len(members) == len(set(members)), "a pick is of one event"
    for event in events:
        assert len(event.station_ids) == len(event.picks) >= SETTINGS.min_stations
        assert event.picks == tuple(sorted(event.picks))
        located = [SITES[name] for name in event.station_ids if name in SITES]
        widest_km = max((distance_km(*pair) for pair in itertools.combinations(located, 2)), default=0.0)
        span_s = (event.picks[-1].onset_ns - event.picks[0].onset_ns) / 1e9
        # the last may be S, which an event as far away as N sends so long behind P
        assert span_s <= max(widest_km / 3.3 + 3, SETTINGS.unlocated_window_s) + 100 / 3.3 - 100 / 6


def busy_day(seed: int, n_hours: float, false_per_hour: float) -> tuple[list[Pick], int]:
    rng = random.Random(seed)
    found, t_s, n_shocks = [], 0.0, 0
    while (t_s := t_s + rng.expovariate(1 / 600)) < n_hours * 3600:
        found += shock(round(t_s, 3), snr=30.0)
        n_shocks += 1
    for code in "ABCDMN":
        for _ in range(round(n_hours * false_per_hour)):
            found.append(pick(code, round(rng.uniform(0, n_hours * 3600), 3), snr=3.0))
    return found, n_shocks


def test_memory_is_bounded_and_forgetting_changes_nothing() -> None:
    """With ten minutes of memory the same events as one that forgets nothing, whatever comes up to 8 minutes late."""
    found, n_shocks = busy_day(5, 3, 20)
    short = replace(SETTINGS, memory_s=600.0)
    rng = random.Random(6)
    late = sorted(found, key=lambda p: p.onset_ns + rng.random() * 480e9)
    associator = Associator(short, SITES)
    known: dict[str, Event] = {}
    largest = 0
    for p in late:
        changes = associator.add([p])
        for public_id in changes.withdrawn:
            del known[public_id]
        known |= {event.public_id: event for event in changes.events}
        largest = max(largest, associator.n_remembered)
    assert known == events_of([found])
    assert sum(len(event.picks) >= 5 for event in known.values()) >= 0.95 * n_shocks
    assert largest < len(found) / 2


def test_a_pick_that_comes_too_late_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    short = replace(SETTINGS, memory_s=600.0)
    assert len(events_of([shock(0, "MA"), shock(500), shock(0, "B")], short)) == 2
    assert len(events_of([shock(0, "MA"), shock(700), shock(0, "B")], short)) == 1
    assert "comes too late" in caplog.text


def test_a_clock_years_ahead_stops_nobody_else() -> None:
    ahead = pick("N", 3e8)
    assert stations(events_of([[ahead], shock(0), [replace(ahead, onset_ns=ahead.onset_ns + 1)], shock(100)])) == [
        "ABCDM",
        "ABCDM",
    ]
