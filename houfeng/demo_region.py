"""What the demo plays of a region: a synthetic network at the places of real stations, with faults."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.codes import SYNTHETIC_NETWORK, SourceId
from houfeng.demo_records import Recording, Segment
from houfeng.synthetic.ground import COMPONENTS, motion
from houfeng.synthetic.region import Region, regional_shocks
from houfeng.synthetic.settings import SimulationSettings
from houfeng.synthetic.truth import Shock
from houfeng.synthetic.writing import band_code
from houfeng.times import seconds_ns
from stations.distance import great_circle_km
from stations.inventory import SIMULATED, Site
from stations.settings import SiteSettings

# Arrays and stations built beside older ones count once.
_APART_KM = 40.0
# The end of a turn fades into its begin, so that no channel jumps when it comes round.
_FADE_S = 40.0
_SPIKE_EVERY_S, _SPIKE_COUNTS = 37.0, 3_000_000
_SEED = 7


def region_sites(region: Region) -> tuple[SiteSettings, ...]:
    """The region's stations as this network has them: network SY, real places, one link that they may share.

    References
    ----------
    configs/networks/*.toml, which say where their positions come from.
    """
    found: list[SiteSettings] = []
    for each in _published():
        if not _inside(region, each):
            continue
        place = (each["latitude_deg"], each["longitude_deg"])
        apart = all(great_circle_km(place, _place(site)) > _APART_KM for site in found)
        code = f"{SYNTHETIC_NETWORK}.{each['code'].partition('.')[2]}"
        if apart and code not in {site.code for site in found}:
            found.append(_site(region, code, each))
    return tuple(sorted(found, key=lambda site: site.code))


def _published() -> list[dict[str, Any]]:
    """Stations of the configured networks, by their codes."""
    folder = resources.files("configs") / "networks"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    tables = [tomllib.loads(each.read_text(encoding="utf-8")) for each in files]
    return sorted((station for table in tables for station in table.get("station", ())), key=lambda each: each["code"])


def _inside(region: Region, station: dict[str, Any]) -> bool:
    return (
        station.get("country") in region.countries
        and region.south_deg < station.get("latitude_deg", 90.0) < region.north_deg
        and region.west_deg < station["longitude_deg"] < region.east_deg
    )


def _site(region: Region, code: str, station: dict[str, Any]) -> SiteSettings:
    return SiteSettings(
        code=code,
        latitude_deg=station["latitude_deg"],
        longitude_deg=station["longitude_deg"],
        elevation_m=station.get("elevation_m", 0.0),
        name=f"{SIMULATED}{station.get('name') or code.partition('.')[2]}",
        country=station["country"],
        link=region.link if station["country"] == region.link_country else "",
    )


def _place(site: SiteSettings) -> tuple[float, float]:
    # every station of the networks' files has a place: those without one are not inside any region
    return (site.latitude_deg or 0.0, site.longitude_deg or 0.0)


def places(sites: tuple[SiteSettings, ...]) -> list[Site]:
    """The same stations as the simulator takes them."""
    return [
        Site(site.code, *_place(site), elevation_m=site.elevation_m or 0.0, name=site.name, country=site.country)
        for site in sites
    ]


def simulation(region: Region, start_ns: int) -> SimulationSettings:
    """Quiet sites without bursts or gaps: what goes wrong here is decided by the region."""
    hours = (region.loop_s + _FADE_S) / 3600
    return SimulationSettings(start_ns, hours=hours, bursts_per_hour=0.0, gaps_per_hour=0.0, rate_hz=region.rate_hz)


def played_shocks(region: Region, start_ns: int) -> list[Shock]:
    """The earthquakes of one turn that begins at a time, ns UTC."""
    return regional_shocks(region, start_ns, _SEED)


def region_recording(region: Region, sites: tuple[SiteSettings, ...]) -> Recording:
    """One turn of the whole network, made by the computer.

    Returns
    -------
    recording : three channels for each station, to be played in a loop
    """
    settings = simulation(region, start_ns=0)
    # what the codas of the last minutes leave is faded into the begin
    found = played_shocks(region, settings.start_ns)
    n, n_fade = round(region.loop_s * region.rate_hz), round(_FADE_S * region.rate_hz)
    segments = []
    for number, site in enumerate(places(sites)):
        counts = _looped(motion(settings, site, number, found).counts, n, n_fade)
        _spoil(region, site.station_id.partition(".")[2], counts)
        for k, component in enumerate(COMPONENTS):
            source_id = SourceId.parse(f"{site.station_id}..{band_code(region.rate_hz)}{component}")
            segments.append(Segment(source_id, settings.start_ns, region.rate_hz, counts[k]))
    ordered = tuple(sorted(segments, key=lambda segment: segment.source_id))
    return Recording(ordered, loop_ns=seconds_ns(region.loop_s))


def _looped(counts: NDArray[np.int32], n: int, n_fade: int) -> NDArray[np.int32]:
    """(3, n): the samples behind the n-th fade out over the first, with weights whose squares add up to one."""
    angle = np.linspace(0, np.pi / 2, n_fade)
    turn = counts[:, :n].astype(np.float64)
    turn[:, :n_fade] = turn[:, :n_fade] * np.sin(angle) + counts[:, n : n + n_fade] * np.cos(angle)
    return np.rint(turn).astype(np.int32)


def _spoil(region: Region, station: str, counts: NDArray[np.int32]) -> None:
    """What is wrong with the samples of a station's vertical channel."""
    if station == region.flat_station:
        counts[0] = counts[0, 0]
    if station == region.spiky_station:
        counts[0, :: round(_SPIKE_EVERY_S * region.rate_hz)] += _SPIKE_COUNTS
