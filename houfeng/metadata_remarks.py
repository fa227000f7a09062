"""Remarks on a configuration that need its StationXML: positions and sampling rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from configs import Settings
from configs.patterns import station_of
from configs.remarks import Level, Remark
from detection.distance import longest_s
from houfeng.codes import is_wild
from houfeng.errors import WindowError
from houfeng.network import Network, read_network
from houfeng.types import SourceId
from stations.health.status import MAX_STATUS_AGE_S


def metadata(settings: Settings) -> Iterator[Remark]:
    """What the StationXML, and the positions of the configured stations, say about the other settings."""
    network = read_network(settings)
    for warning in network.warnings:
        yield _of_warning(settings, warning)
    yield from positions(settings, network)
    yield from bands(settings, network)
    yield from memory(settings, network)
    if settings.daemon.report_interval_s > MAX_STATUS_AGE_S:
        text = f"a status older than {MAX_STATUS_AGE_S} s is shown as UNKNOWN: between two reports every station is"
        yield Remark(Level.WARNING, "daemon.report_interval_s", text)


def positions(settings: Settings, network: Network) -> Iterator[Remark]:
    """Stations that are asked for by name and stand nowhere."""
    known = {*network.inventory.sites, *(site.code for site in settings.station)}
    for server in settings.seedlink:
        names = dict.fromkeys(map(station_of, server.streams))
        lost = [name for name in names if not is_wild(name) and name not in known]
        if lost:
            text = (
                f"no [[station]] and no StationXML gives a position of {', '.join(lost)}: onsets there are matched by "
                "association.unlocated_window_s alone"
            )
            yield Remark(Level.WARNING, f"seedlink[{server.name}].streams", text)


def bands(settings: Settings, network: Network) -> Iterator[Remark]:
    """The bands of detection against the sampling rates of the channels that are watched."""
    by_rate = defaultdict(list)
    for source_id, rate_hz in watched_rates(settings, network).items():
        by_rate[rate_hz].append(str(source_id))
    if not by_rate:
        return
    from detection.plan import plan_for  # here: SciPy takes two seconds, and most checks need none

    for rate_hz, channels in sorted(by_rate.items()):
        some = f"{len(channels)} channels of {rate_hz:g} Hz ({channels[0]}, ...)" if channels[1:] else channels[0]
        try:
            served = [band.name for band in plan_for(settings.detection, rate_hz).bands]
        except WindowError as error:
            yield Remark(Level.WARNING, "detection", f"nothing is detected on {some}: {error}")
            continue
        if served != [f"{low_hz:g}-{high_hz:g} Hz" for low_hz, high_hz in sorted(settings.detection.bands)]:
            text = f"of the bands only {', '.join(served)} can be searched on {some}"
            yield Remark(Level.NOTE, "detection.bands", text)


def memory(settings: Settings, network: Network) -> Iterator[Remark]:
    """How long picks are remembered against the time that a wave takes across the network."""
    reach_s = longest_s(settings.association, network.inventory.sites.values())
    if settings.association.memory_s < reach_s:
        text = (
            f"{settings.association.memory_s:g} s are less than the {reach_s:.0f} s that two onsets of one event may "
            "be apart: picks that belong to it are taken for late"
        )
        yield Remark(Level.WARNING, "association.memory_s", text)


def watched_rates(settings: Settings, network: Network) -> dict[SourceId, float]:
    """Sampling rates, Hz, of the channels that are wanted and watched and that StationXML describes."""
    return {
        epoch.source_id: epoch.sample_rate_hz
        for epoch in network.inventory.epochs
        if epoch.end_ns is None
        and epoch.sample_rate_hz > 0
        and epoch.source_id in network.wanted
        and any(fnmatchcase(str(epoch.source_id), pattern) for pattern in settings.detection.channels)
    }


def _of_warning(settings: Settings, warning: str) -> Remark:
    subject, _, text = warning.partition(": ")
    if subject in {site.code for site in settings.station}:
        return Remark(Level.WARNING, f"station[{subject}]", text)
    return Remark(Level.WARNING, "inventory.files", text if subject == "inventory.files" else warning)
