"""S onsets and what they do for real earthquakes: analysts have the answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.geodetics import gps2dist_azimuth

from detection.association.associator import Associator
from detection.detector import Detector
from detection.inspection.inspector import Inspector
from detection.inspection.settings import InspectionSettings
from detection.location.locator import Locator
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Event, Origin, Packet
from houfeng.waveforms import RecordedWaveforms
from stations.inventory import Inventory, Site

PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]

# HYPO71's model in the bulletin of the Corinth Rift Laboratory; Vp / Vs is 1.80.
_TOPS = ((0.0, 4.8), (4.0, 5.2), (7.2, 5.8), (8.2, 6.1), (10.4, 6.3), (15.0, 6.5), (30.0, 8.0))
CORINTH = LocationSettings("Corinth Rift", tuple((top_km, vp, vp / 1.8) for top_km, vp in _TOPS))
BAVARIA = LocationSettings("sediments", ((0.0, 3.5, 1.9), (3.4, 5.8, 3.3)))
SWARM = (48.04707, 11.64554, 4.58)


def looked_at(
    packets: Sequence[Packet], sites: dict[str, Site], location: LocationSettings
) -> list[tuple[Event, Event]]:
    """Every event, earliest first: as its P onsets have it, and after a look."""
    detector, associator = Detector(DetectionSettings()), Associator(AssociationSettings(), sites)
    events: dict[str, Event] = {}
    for batch in (packets[at : at + 500] for at in range(0, len(packets), 500)):
        changes = associator.add(detector.feed(batch))
        for public_id in changes.withdrawn:
            del events[public_id]
        events |= {event.public_id: event for event in changes.events}
    locator = Locator(location, sites)
    inspector = Inspector(InspectionSettings(), locator, Inventory(sites))
    waveforms = RecordedWaveforms(
        lambda ids, start_ns, end_ns: (
            p for p in packets if p.source_id in ids and p.start_ns < end_ns and p.next_ns > start_ns
        )
    )
    located = [locator.locate(event) for event in sorted(events.values(), key=lambda event: event.first_onset_ns)]
    return [(event, inspector.inspect(event, waveforms)) for event in located]


def off_km(origin: Origin | None, latitude_deg: float, longitude_deg: float) -> float:
    assert origin is not None
    metres, _, _ = gps2dist_azimuth(origin.latitude_deg, origin.longitude_deg, latitude_deg, longitude_deg)
    return float(metres / 1000)


def test_s_brings_the_depth_of_the_swarm_and_the_place_of_its_weakest(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf, unterhaching_sites: dict[str, Site]
) -> None:
    """Analysts' NonLinLoc solution of another event half an hour later: obspy/io/nlloc/tests/data/nlloc_custom.hyp."""
    events = looked_at(packets_of(unterhaching), unterhaching_sites, BAVARIA)
    assert len(events) == 3
    for before, after in events:
        assert before.public_id == after.public_id
        assert [pick.phase for pick in after.picks].count("S") == 1  # the other stations have verticals alone
    for before, after in (events[0], events[2]):
        assert off_km(after.origin, *SWARM[:2]) < 0.5
        assert before.origin is not None
        assert after.origin is not None
        assert before.origin.depth_error_km is not None
        assert after.origin.depth_error_km is not None
        assert after.origin.depth_error_km < 0.75 * before.origin.depth_error_km
        assert abs(after.origin.depth_km - SWARM[2]) < 0.5
    before, after = events[1]  # three P onsets, one of them weak; S tells that it is not 10 km deep
    assert before.origin is not None
    assert after.origin is not None
    assert off_km(before.origin, *SWARM[:2]) < 2
    assert off_km(after.origin, *SWARM[:2]) < 1
    assert abs(after.origin.depth_km - SWARM[2]) < 2


def corinth(folder: Path, day: str = "20100120") -> tuple[list[obspy.Trace], dict[str, Site], dict[str, int]]:
    """Records of a day, sites, and the analysts' S onsets (ns UTC, by station) of 2010-01-20."""
    listing = next((folder / "bulletin").glob("*03.51.phs.prt")).read_text(errors="replace")
    row = re.compile(r"^\s+\d+\s+(\w+)\s+(\d\d)(\d\d\.\d\d)N\s+(\d\d)\s*(\d{1,2}\.\d\d)E", re.MULTILINE)
    places = {name: (int(a) + float(b) / 60, int(c) + float(d) / 60) for name, a, b, c, d in row.findall(listing)}
    traces = []
    for file in sorted((folder / f"sac_{day}").glob("*.SAC")):
        (trace,) = obspy.read(str(file))
        header = trace.stats
        header.network, header.station, header.location = "CL", header.station.split()[0], ""
        header.channel = header.channel if len(header.channel) == 3 else f"EH{header.channel}"
        traces += [trace] if header.station in places else []
    sites = {f"CL.{name}": Site(f"CL.{name}", *place, 0.0) for name, place in places.items()}
    cards = (folder / "bulletin" / "2010.01.20-08.10.27.phs").read_text().splitlines()
    minute_ns = parse_ns("2010-01-20T08:10:00")
    s_ns = {
        f"CL.{card[:4].strip()}": minute_ns + round(float(card[31:36]) * NS_PER_S)
        for card in cards
        if card[31:36].strip() and card[39:40] in "0123"
    }
    return traces, sites, s_ns


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:Sample spacing read from SAC")
def test_s_at_corinth_is_where_analysts_read_it(packets_of: PacketsOf, shared_data: Callable[[str], Path]) -> None:
    """CRL's bulletin: 38-24.21N 21-58.25E, 7.11 km, 08:10:41.27, 17 P and their S."""
    traces, sites, s_ns = corinth(shared_data("corinth2010"))
    before, after = max(looked_at(packets_of(traces), sites, CORINTH), key=lambda both: len(both[0].picks))
    found = {pick.source_id.station_id: pick.onset_ns for pick in after.picks if pick.phase == "S"}
    off_s = [abs(found[name] - t_ns) / NS_PER_S for name, t_ns in s_ns.items() if name in found]
    assert len(off_s) >= 8, off_s
    assert np.median(off_s) < 0.05
    place = 38 + 24.21 / 60, 21 + 58.25 / 60
    assert off_km(after.origin, *place) < 1.5 < off_km(before.origin, *place)
    assert after.origin is not None
    assert after.origin.depth_km == pytest.approx(7.11, abs=1.5)
    assert abs(after.origin.time_ns - parse_ns("2010-01-20T08:10:41.27")) < 0.3 * NS_PER_S
