"""The network as the configuration names it: StationXML read from files, joined with the configured stations."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path

from acquisition.fdsn.documents import fetched_files, imported_files
from configs import Settings
from configs.patterns import station_of
from houfeng.errors import InventoryError
from houfeng.types import SourceId
from stations.card import Card, make_cards
from stations.inventory import Inventory, Site, merge
from stations.reading import parse_inventory
from stations.registry import register

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Network:
    """What is known about the stations: the documents, and the registry that was made from them.

    Parameters
    ----------
    inventory : sites (StationXML with the configuration's corrections), channel epochs and documents
    wanted : channels that the servers are asked for by full name, or by a pattern that an open epoch matches
    usages : usage level of every station that is configured or asked for
    warnings : documents that were left out, and contradictions; one line each
    cards : agency, contact, link and servers of every station that is known or asked for
    """

    inventory: Inventory
    wanted: frozenset[SourceId]
    usages: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    cards: Mapping[str, Card] = field(default_factory=dict)


def load_network(
    settings: Settings, more_files: Iterable[Path] = (), places: Mapping[str, Site] | None = None
) -> Network:
    """Read the documents that the configuration names, and log what is wrong with them.

    A document that cannot be used is reported in one line and left out; the others count.

    Parameters
    ----------
    more_files : StationXML or dataless SEED found elsewhere, such as beside replayed records
    places : where stations stand as long as nothing else says so, by station id
    """
    network = read_network(settings, more_files, places=places)
    for warning in network.warnings:
        _log.warning("%s", warning)
    return network


def read_network(
    settings: Settings,
    more_files: Iterable[Path] = (),
    pending: Mapping[Path, bytes | None] | None = None,
    places: Mapping[str, Site] | None = None,
) -> Network:
    """As `load_network`, which logs the warnings as well.

    Parameters
    ----------
    pending : imported documents that are not there yet, by their path; None of those that are about to go
    places : as of `load_network`
    """
    pending = pending or {}
    inventories, warnings = [Inventory(places or {})], []
    named, unmatched = _named(settings.inventory.files)
    warnings += unmatched
    fetched = fetched_files(Path(settings.archive.path), settings.fdsn)
    present = dict.fromkeys(imported_files(Path(settings.archive.path)), b"")
    imported = sorted(path for path, content in (present | dict(pending)).items() if content is not None)
    for path in [*fetched, *named, *imported, *more_files]:
        try:
            inventories.append(parse_inventory(pending.get(path) or path.read_bytes(), str(path)))
        except InventoryError as error:
            warnings.append(f"{error}; this document is left out")
        except OSError as error:
            warnings.append(f"{path}: cannot be read: {error.strerror}; this document is left out")
    inventory = merge(inventories)
    registry = register(settings.station, inventory)
    warnings += registry.warnings
    wanted = _wanted(settings, inventory)
    stations = {source_id.station_id for source_id in wanted} | {station.code for station in settings.station}
    usages = {station_id: registry.usages.get(station_id, "full") for station_id in sorted(stations)}
    servers = _servers(settings, {*registry.sites, *usages}, wanted)
    cards = make_cards(registry.sites, usages, servers, settings.station, settings.network, settings.agency)
    return Network(replace(inventory, sites=registry.sites), wanted, usages, tuple(warnings), cards)


def _servers(settings: Settings, stations: Iterable[str], wanted: Iterable[SourceId]) -> dict[str, tuple[str, ...]]:
    """Names of the servers that are asked for each station, by their patterns and by the channels that are wanted."""
    by_channel: dict[str, set[str]] = {}
    for source_id in wanted:
        asking = (server.name for server in settings.seedlink if server.wants(source_id))
        by_channel.setdefault(source_id.station_id, set()).update(asking)
    asked = [(server.name, {station_of(pattern) for pattern in server.streams}) for server in settings.seedlink]
    found = {}
    for station_id in stations:
        names = by_channel.get(station_id, set())
        names |= {name for name, patterns in asked if any(fnmatchcase(station_id, each) for each in patterns)}
        found[station_id] = tuple(server.name for server in settings.seedlink if server.name in names)
    return found


def _wanted(settings: Settings, inventory: Inventory) -> frozenset[SourceId]:
    patterns = [pattern for server in settings.seedlink for pattern in server.streams]
    named = {SourceId.parse(pattern) for pattern in patterns if "*" not in pattern and "?" not in pattern}
    listed = {epoch.source_id for epoch in inventory.epochs if epoch.end_ns is None}
    return frozenset(named | {source_id for source_id in listed if any(s.wants(source_id) for s in settings.seedlink)})


def _named(patterns: Iterable[str]) -> tuple[list[Path], list[str]]:
    """Files that patterns stand for, and a warning for each that stands for none."""
    paths: list[Path] = []
    warnings = []
    for pattern in patterns:
        found = sorted(Path(name) for name in glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns
        if not found:
            warnings.append(f"inventory.files: {pattern} matches no file")
        paths += found
    return paths, warnings
