"""Real earthquakes, from packets to events, with the default settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.geodetics import gps2dist_azimuth, locations2degrees
from obspy.signal.trigger import coincidence_trigger
from obspy.taup import TauPyModel

from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from houfeng.times import parse_ns
from houfeng.types import Event, Origin, Packet
from stations.inventory import Site

PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]

LOOP_S = 230.32  # the records' common length


def events_of(packets: Sequence[Packet], sites: dict[str, Site]) -> list[Event]:
    """Packet by packet, as live data come; earliest event first."""
    detector = Detector(DetectionSettings())
    associator = Associator(AssociationSettings(), sites)
    events: dict[str, Event] = {}
    for packet in packets:
        changes = associator.add(detector.feed([packet]))
        for public_id in changes.withdrawn:
            del events[public_id]
        events |= {event.public_id: event for event in changes.events}
    return sorted(events.values(), key=lambda event: event.first_onset_ns)


def looped(traces: Sequence[obspy.Trace], n_loops: int) -> list[obspy.Trace]:
    """The records, end to start without a gap: at each seam the values step."""
    found = []
    for trace in traces:
        n = round(LOOP_S * trace.stats.sampling_rate)
        found.append(obspy.Trace(np.tile(trace.data[:n], n_loops), trace.stats))
    return found


def test_three_earthquakes_at_unterhaching(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf, unterhaching_sites: dict[str, Site]
) -> None:
    """The three of ObsPy's own network coincidence (its tutorial's band and windows), and no fourth."""
    stream = obspy.Stream(trace.copy() for trace in unterhaching if trace.stats.channel.endswith("Z"))
    stream.filter("bandpass", freqmin=10, freqmax=20)
    expected = coincidence_trigger("recstalta", 3.5, 1, stream, 3, sta=0.5, lta=10)
    events = events_of(packets_of(unterhaching), unterhaching_sites)
    assert len(events) == len(expected) == 3
    for event, obspy_event in zip(events, expected, strict=True):
        assert abs(event.first_onset_ns - obspy_event["time"].ns) < 1_000_000_000
        assert len(event.station_ids) >= 3


def test_events_of_four_onsets_are_where_the_swarm_is(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf, unterhaching_sites: dict[str, Site]
) -> None:
    """Analysts' NonLinLoc solution of another event half an hour later: obspy/io/nlloc/tests/data/nlloc_custom.hyp."""
    locator = Locator(LocationSettings("sediments", ((0.0, 3.5, 1.9), (3.4, 5.8, 3.3))), unterhaching_sites)
    events = [locator.locate(event) for event in events_of(packets_of(unterhaching), unterhaching_sites)]
    assert [len(event.arrivals) for event in events] == [4, 3, 4]
    assert [event.quality for event in events] == ["C", "D", "C"]
    assert ["3 stations" in event.quality_reasons for event in events] == [False, True, False]
    assert [event.type_hint for event in events] == [""] * 3
    for event in (events[0], events[2]):
        assert event.origin is not None
        assert off_km(event.origin, 48.04707, 11.64554) < 2
        assert event.origin.depth_error_km is not None
        assert abs(event.origin.depth_km - 4.58) < event.origin.depth_error_km < 5
    vague = events[1].origin
    assert vague is not None
    assert vague.depth_error_km is None
    assert off_km(vague, 48.04707, 11.64554) < vague.semi_major_km


def off_km(origin: Origin, latitude_deg: float, longitude_deg: float) -> float:
    metres, _, _ = gps2dist_azimuth(origin.latitude_deg, origin.longitude_deg, latitude_deg, longitude_deg)
    return float(metres / 1000)


@pytest.mark.parametrize("n_loops", [2, 3])
def test_records_in_a_loop_give_the_same_three_each_time(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf, unterhaching_sites: dict[str, Site], n_loops: int
) -> None:
    once = events_of(packets_of(unterhaching), unterhaching_sites)
    events = events_of(packets_of(looped(unterhaching, n_loops)), unterhaching_sites)
    assert len(events) == 3 * n_loops
    for number, event in enumerate(events):
        same, loop = once[number % 3], number // 3
        assert abs(event.first_onset_ns - same.first_onset_ns - round(loop * LOOP_S * 1e9)) < 50_000_000
        assert event.station_ids == same.station_ids


def test_without_coordinates_the_fixed_window_finds_them_too(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf
) -> None:
    assert len(events_of(packets_of(unterhaching), {})) == 3


@pytest.mark.data
def test_the_main_shock_of_ridgecrest_is_one_event(packets_of: PacketsOf, shared_data: Callable[[str], Path]) -> None:
    """M7.1 of 2019-07-06 at eleven stations, ten of which trigger on a small shock 11 s before it.

    Hypocentre: ANSS ComCat ci38457511. Expected times: iasp91 (Kennett & Engdahl 1991) by TauP.
    """
    folder = shared_data("ridgecrest2019")
    traces = [trace for file in sorted(folder.glob("*.mseed")) for trace in obspy.read(str(file))]
    sites = {}
    for file in folder.glob("*.xml"):
        network = obspy.read_inventory(str(file))[0]
        station = network[0]
        station_id = f"{network.code}.{station.code}"
        sites[station_id] = Site(station_id, station.latitude, station.longitude, station.elevation)
    assert len(sites) == 11
    origin_ns = parse_ns("2019-07-06T03:19:53.040Z")
    model = TauPyModel("iasp91")
    expected_ns = {}
    for station_id, site in sites.items():
        distance_deg = locations2degrees(35.7695, -117.5993, site.latitude_deg, site.longitude_deg)
        first = model.get_travel_times(8.0, distance_deg, ["p", "P", "Pg", "Pn"])[0]
        expected_ns[station_id] = origin_ns + round(first.time * 1e9)

    events = events_of(packets_of(traces), sites)

    window = [e for e in events if -2e9 < e.first_onset_ns - origin_ns < 30e9]
    (main,) = window
    assert len(main.picks) >= 10
    origin = Locator(LocationSettings(), sites).locate(main).origin
    assert origin is not None
    assert off_km(origin, 35.7695, -117.5993) < 3
    assert abs(origin.time_ns - origin_ns) < 1e9
    assert origin.region == "CENTRAL CALIFORNIA"
    residuals_s = [(pick.onset_ns - expected_ns[pick.source_id.station_id]) / 1e9 for pick in main.picks]
    assert sum(abs(residual) <= 1.0 for residual in residuals_s) >= 10
    (before,) = [e for e in events if e.first_onset_ns - origin_ns <= -2e9]
    assert before.picks[-1].onset_ns < origin_ns
