"""Events as a bulletin has them, and the Ridgecrest records around the main shock."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.geodetics import gps2dist_azimuth

from detection.location.traveltime import published
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Arrival, Event, Origin, Pick, SourceId
from stations.inventory import Inventory, Site, merge, parse_stationxml
from stations.responsexml import Responses

Waveforms = dict[SourceId, tuple[Stretch, ...]]


def make_origin(time_ns: int, latitude_deg: float, longitude_deg: float, depth_km: float) -> Origin:
    """An origin of which only place and time matter."""
    return Origin(
        time_ns, latitude_deg, longitude_deg, depth_km, 1.0, 0.1, 1.0, 1.0, 0.0, 0.1, 60.0, 5.0, "ak135", "SOMEWHERE"
    )


def make_pick(source_id: SourceId, onset_ns: int, phase: str = "P") -> Pick:
    """A clear pick."""
    return Pick(onset_ns, source_id, phase, "test", 1, 0.05, 20.0, "local", onset_ns)


def make_event(origin: Origin, channels: Mapping[SourceId, Site]) -> Event:
    """An event whose picks are where ak135 has P, one on each channel."""
    picks, arrivals = [], []
    for source_id, site in channels.items():
        metres, azimuth_deg, _ = gps2dist_azimuth(
            origin.latitude_deg, origin.longitude_deg, site.latitude_deg, site.longitude_deg
        )
        km = metres / 1000
        numbers = (np.array([value]) for value in (origin.depth_km, km, site.elevation_m / 1000))
        p_s = published("ak135")(np.array([0]), *numbers).time_s[0]
        picks.append(make_pick(source_id, origin.time_ns + round(p_s * NS_PER_S)))
        arrivals.append(Arrival(site.station_id, "P", km, azimuth_deg, 0.0, 1.0))
    return Event(tuple(sorted(picks)), origin, tuple(sorted(arrivals, key=lambda each: each.distance_km)))


def stretches(traces: Iterable[obspy.Trace]) -> Waveforms:
    """Records as an archive gives them."""
    found: Waveforms = {}
    for trace in traces:
        stats = trace.stats
        stretch = Stretch(stats.starttime.ns, float(stats.sampling_rate), trace.data.astype(np.float64))
        key = SourceId(stats.network, stats.station, stats.location, stats.channel)
        found[key] = (*found.get(key, ()), stretch)
    return found


@dataclass(frozen=True)
class Ridgecrest:
    """Ten accelerometers within 80 km, 390 s around the M 7.1, and what the catalogue says."""

    stream: obspy.Stream
    metadata: obspy.Inventory
    inventory: Inventory
    responses: Responses
    waveforms: Waveforms
    rows: dict[str, dict[str, str]]

    def event(self, time: str) -> Event:
        """The catalogued event that begins in this second."""
        row = self.rows[time]
        latitude, longitude, depth = (float(row[key]) for key in ("latitude", "longitude", "depth"))
        origin = make_origin(parse_ns(row["time"]), latitude, longitude, depth)
        sites = self.inventory.sites.items()
        return make_event(origin, {SourceId.parse(f"{station_id}..HNZ"): site for station_id, site in sites})


@pytest.fixture(scope="session")
def ridgecrest(shared_data: Callable[[str], Path]) -> Ridgecrest:
    """Records, responses and catalogue."""
    folder = shared_data("ridgecrest2019")
    documents = sorted(folder.glob("*.xml"))
    inventory = merge(parse_stationxml(path.read_bytes(), path.name) for path in documents)
    metadata = obspy.Inventory()
    for path in documents:
        metadata += obspy.read_inventory(str(path))
    stream = obspy.Stream()
    for path in sorted(folder.glob("*.mseed")):
        stream += obspy.read(str(path))
    with (folder / "catalog.csv").open() as file:
        rows = {row["time"][:19]: row for row in csv.DictReader(file)}
    return Ridgecrest(stream, metadata, inventory, Responses(inventory), stretches(stream), rows)
