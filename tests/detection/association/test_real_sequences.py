"""Shocks that follow each other closely, from the records to located events: what catalogues and analysts have."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import obspy
import pytest
from obspy.geodetics import gps2dist_azimuth

from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from houfeng.times import NS_PER_S, format_ns, parse_ns
from houfeng.types import Event, Packet
from stations.inventory import Site
from tests.detection.inspection.test_inspector import CORINTH, corinth

pytestmark = [pytest.mark.data, pytest.mark.filterwarnings("ignore:Sample spacing read from SAC")]

PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]

# In the coda of a magnitude 7 few stations have an onset of an aftershock, and depth and time trade off: within these
# an event is taken for a catalogued shock's, and the next catalogued one is seldom as near.
_MATCH_S, _MATCH_KM = 2.0, 15.0


class Shock(NamedTuple):
    """One of a catalogue's."""

    time_ns: int
    latitude_deg: float
    longitude_deg: float
    magnitude: float


def located(packets: Sequence[Packet], sites: dict[str, Site], location: LocationSettings) -> list[Event]:
    """Events of the records as the product finds them, by their P alone; earliest first."""
    locator, detector = Locator(location, sites), Detector(DetectionSettings())
    associator = Associator(AssociationSettings(), sites, locator.travel_times)
    changes = associator.add(pick for packet in packets for pick in detector.feed([packet]))
    return [locator.locate(event) for event in changes.events]


def off(event: Event, shock: Shock) -> tuple[float, float]:
    """How far an event is from a shock: seconds after its origin, km."""
    assert event.origin is not None
    place = (event.origin.latitude_deg, event.origin.longitude_deg)
    metres, _, _ = gps2dist_azimuth(*place, shock.latitude_deg, shock.longitude_deg)
    return (event.origin.time_ns - shock.time_ns) / NS_PER_S, float(metres / 1000)


def is_of(event: Event, shock: Shock) -> bool:
    """Whether an event is taken for a shock's."""
    after_s, away_km = off(event, shock)
    return abs(after_s) <= _MATCH_S and away_km <= _MATCH_KM


def why_none(event: Event, shocks: Sequence[Shock]) -> str:
    """What speaks for an event that no catalogued shock explains, and how far the nearest in time is."""
    assert event.origin is not None
    nearest = min(shocks, key=lambda shock: abs(off(event, shock)[0]))
    after_s, away_km = off(event, nearest)
    stations = ", ".join(f"{pick.source_id.station} (SNR {pick.snr:.0f})" for pick in event.picks)
    return (
        f"{format_ns(event.origin.time_ns)}: class {event.quality}, rms {event.origin.rms_s:.2f} s, {stations}; "
        f"{after_s:+.1f} s and {away_km:.0f} km from M {nearest.magnitude:.2f}"
    )


def ridgecrest(folder: Path) -> tuple[list[obspy.Trace], dict[str, Site], list[Shock]]:
    """Records, sites, and what the ANSS catalogue has from the main shock to their end: it first."""
    traces = [trace for file in sorted(folder.glob("*.mseed")) for trace in obspy.read(str(file))]
    sites = {}
    for file in folder.glob("*.xml"):
        network = obspy.read_inventory(str(file))[0]
        station_id = f"{network.code}.{network[0].code}"
        sites[station_id] = Site(station_id, network[0].latitude, network[0].longitude, network[0].elevation)
    start_ns, end_ns = parse_ns("2019-07-06T03:19:53Z"), max(trace.stats.endtime.ns for trace in traces)
    shocks = []
    with (folder / "catalog.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            shock = Shock(parse_ns(row["time"]), float(row["latitude"]), float(row["longitude"]), float(row["mag"]))
            shocks += [shock] if start_ns <= shock.time_ns <= end_ns else []
    return traces, sites, sorted(shocks)


def test_aftershocks_of_ridgecrest_in_the_coda_of_the_main_shock(
    packets_of: PacketsOf, shared_data: Callable[[str], Path]
) -> None:
    """Sixteen of M 3.9 to 4.8 are catalogued in six minutes after M 7.1; `pytest -s` prints what is none of them."""
    traces, sites, (main, *aftershocks) = ridgecrest(shared_data("ridgecrest2019"))
    assert len(aftershocks) == 16
    events = located(packets_of(traces), sites, LocationSettings())
    assert sum(is_of(event, main) for event in events) == 1
    found = [shock for shock in aftershocks if any(is_of(event, shock) for event in events)]
    for shock in found:
        print(f"found: M {shock.magnitude:.2f} {format_ns(shock.time_ns)}")
    assert len(found) >= 5
    others = [event for event in events if not any(is_of(event, shock) for shock in (main, *aftershocks))]
    for event in others:
        print(f"none of the catalogue: {why_none(event, (main, *aftershocks))}")
    before = [event for event in others if event.picks[-1].onset_ns < main.time_ns]
    assert len(before) == 1  # eleven stations: a shock that the catalogue lacks
    assert len(others) - 1 <= 6


def test_two_events_at_corinth_seven_seconds_apart(packets_of: PacketsOf, shared_data: Callable[[str], Path]) -> None:
    """CRL's bulletin of 2010-01-18: the first poor (8 onsets on one side), the second with 17 P; and one later."""
    minute_ns = parse_ns("2010-01-18T17:00:00Z")
    first = Shock(minute_ns + 239_450_000_000, 38 + 28.85 / 60, 21 + 56.50 / 60, 0.0)
    second = Shock(minute_ns + 246_390_000_000, 38 + 24.81 / 60, 21 + 54.66 / 60, 0.0)
    traces, sites, _ = corinth(shared_data("corinth2010"), "20100118")
    one, other, later = located(packets_of(traces), sites, CORINTH)
    assert one.origin is not None
    after_s, away_km = off(one, first)
    assert abs(after_s) < 2
    assert away_km < 10
    assert len(one.picks) >= 7
    after_s, away_km = off(other, second)
    assert abs(after_s) < 0.5
    assert away_km < 2
    assert len(other.picks) >= 10
    assert len(later.picks) >= 12  # a minute on, in no bulletin


def test_the_third_event_at_corinth(packets_of: PacketsOf, shared_data: Callable[[str], Path]) -> None:
    """CRL's bulletin of 2010-01-20, by P alone."""
    third = Shock(parse_ns("2010-01-20T08:10:41.27Z"), 38 + 24.21 / 60, 21 + 58.25 / 60, 2.4)
    traces, sites, _ = corinth(shared_data("corinth2010"))
    (event,) = located(packets_of(traces), sites, CORINTH)
    after_s, away_km = off(event, third)
    assert abs(after_s) < 1
    assert away_km < 5
