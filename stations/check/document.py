"""Networks, stations and their epochs: rules up to 223."""

from __future__ import annotations

import re
from typing import Any

from houfeng.errors import InventoryError
from stations.check.channel import check_channel
from stations.check.findings import Finding
from stations.check.scope import Scope, Span, covers, overlap, shown
from stations.distance import distance_km
from stations.inventory import Site
from stations.safexml import read_root
from stations.stationxml import NS

# Temporary networks have 6: two characters and the year they began (FDSN network codes, 2022).
_NETWORK = re.compile(r"[A-Z0-9]{1,2}|[0-9XYZ][A-Z0-9][0-9]{4}", re.ASCII)
_STATION = re.compile(r"[A-Z0-9-]{1,8}", re.ASCII)
_MAX_APART_KM = 1.0
_MAX_APART_M = 1000.0


def check_stationxml(xml: bytes, name: str) -> list[Finding]:
    """What is wrong with a document, in its order; nothing where all rules hold. Never raises for what is in it.

    Parameters
    ----------
    xml : the document as it came
    name : file name or address, for messages
    """
    findings: list[Finding] = []
    try:
        root = read_root(xml, name, drop=f"{NS}Comment")
    except InventoryError as error:
        return [Finding("001", "", "", "", str(error).removeprefix(f"{name}: "), "well-formed StationXML")]
    if root.tag != f"{NS}FDSNStationXML":
        return [Finding("001", "", "", "", f"root element {root.tag}"[:90], f"FDSNStationXML of {NS[1:-1]}")]
    networks = list(Scope(root, findings).children("Network"))
    if not networks:
        Scope(root, findings).say("004", "Network", "none", "at least one")
    for network in networks:
        _check_network(network.named(network.code()))
    return findings


def _check_network(network: Scope) -> None:
    if not _NETWORK.fullmatch(network.code()):
        expected = "1-2 capital letters or digits, or such as 7F2024 for a temporary network"
        network.say("101", "@code", repr(network.code()), expected)
    span = network.span("110")
    seen: dict[str, list[Span]] = {}
    for element in network.children("Station"):
        station = element.named(f"{network.path}.{element.code()}")
        own = station.span("210", needed=True)
        _within(station, own, span, "112", f"network {network.path}")
        _apart(station, own, seen.setdefault(station.code(), []), "111")
        _check_station(station, own)
    if not seen:
        network.say("004", "Station", "none", "at least one")


def _check_station(station: Scope, span: Span) -> None:
    if not _STATION.fullmatch(station.code()):
        station.say("201", "@code", repr(station.code()), "1-8 capital letters, digits or '-'")
    place = position(station, "220")
    seen: dict[tuple[str, str], list[Span]] = {}
    for element in station.children("Channel"):
        location = element.code("locationCode")
        code = element.code()
        channel = element.named(f"{station.path}.{'' if location == '--' else location}.{code}")
        own = channel.span("310", needed=span[0] is None)
        own = (span[0] if own[0] is None else own[0], own[1])
        _within(channel, own, span, "212", f"station {station.path}")
        _apart(channel, own, seen.setdefault((location, code), []), "211")
        _near(channel, position(channel, "323"), place)
        check_channel(channel)


def position(scope: Scope, rule: str) -> tuple[float, float, float] | None:
    """Latitude, longitude and elevation; None, and a finding, where one is none."""
    # the deepest trench and the highest summit: 10 000 001 m has been seen where 1 m was meant
    limits = {"Latitude": (-90.0, 90.0, "deg"), "Longitude": (-180.0, 180.0, "deg"), "Elevation": (-11e3, 9e3, "m")}
    values: list[Any] = []
    for tag, (low, high, unit) in limits.items():
        value = scope.number(tag, unit, needed=True)
        if value is not None and not low <= value <= high:
            scope.say(rule, tag, f"{value:.9g} {unit}", f"{low:.9g} to {high:.9g} {unit}")
            # an elevation that cannot be is still compared with the station's
            value = value if tag == "Elevation" else None
        values.append(value)
    return None if None in values else (values[0], values[1], values[2])


def _near(channel: Scope, at: tuple[float, float, float] | None, station: tuple[float, float, float] | None) -> None:
    if at is None or station is None:
        return
    apart_km = distance_km(Site("", *at), Site("", *station))
    if apart_km > _MAX_APART_KM:
        expected = f"at most {_MAX_APART_KM:g} km from the station's {station[0]:.9g}, {station[1]:.9g}"
        channel.say("222", "Latitude, Longitude", f"{at[0]:.9g}, {at[1]:.9g}, {apart_km:.1f} km away", expected)
    if abs(at[2] - station[2]) > _MAX_APART_M:
        expected = f"at most {_MAX_APART_M:g} m from the station's {station[2]:.9g} m"
        channel.say("223", "Elevation", f"{at[2]:.9g} m", expected)


def _within(scope: Scope, own: Span, outer: Span, rule: str, what: str) -> None:
    if not covers(outer, own):
        scope.say(rule, "@startDate, @endDate", shown(own), f"within {shown(outer)} of {what}")


def _apart(scope: Scope, own: Span, seen: list[Span], rule: str) -> None:
    for other in seen:
        if overlap(own, other):
            scope.say(rule, "@startDate, @endDate", shown(own), f"no time in common with its epoch {shown(other)}")
    seen.append(own)
