"""Whom to call about a station, and what it depends on.

Who runs which network, and how to reach them, is configuration: [[agency]], [[network]] and `agency` of [[station]], in
files under version control that neighbours share (configs/networks). StationXML says it where the configuration does
not. What an operator corrects on the way, an agency, a telephone number or the link that a station hangs on, is in the
database, audited, and counts before both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from stations.inventory import Site
from stations.settings import AgencySettings, NetworkSettings, SiteSettings


@dataclass(frozen=True, slots=True)
class Corrections:
    """What an operator set; "" where the configuration counts."""

    agency: str = ""
    contact: str = ""
    link: str = ""


FIELDS = ("agency", "contact", "link")


@dataclass(frozen=True, slots=True)
class Card:
    """One station beside its seismology.

    Parameters
    ----------
    usage : level that the configuration has for it
    agency : that runs it, by name
    contact : of the agency: telephone, mail, in one line
    link : what its data come over, as people call it: a satellite hub, a radio relay
    servers : names of the SeedLink servers that are asked for it
    network : name of its network
    """

    usage: str = "full"
    agency: str = ""
    contact: str = ""
    link: str = ""
    servers: tuple[str, ...] = ()
    network: str = ""

    def corrected(self, by: Corrections) -> Card:
        """The card with what an operator set; a contact goes with the agency that it was of."""
        if by.agency and by.agency != self.agency and not by.contact:
            return replace(self, agency=by.agency, contact="", link=by.link or self.link)
        return replace(self, **{name: getattr(by, name) or getattr(self, name) for name in FIELDS})


def resolved(values: Mapping[str, str], agencies: Iterable[AgencySettings]) -> dict[str, str]:
    """What an operator sets, with the name and contact of an agency that is given by its code."""
    agency = next((each for each in agencies if each.code == values.get("agency")), None)
    if agency is None:
        return dict(values)
    return {**values, "agency": agency.name, "contact": values.get("contact") or agency.contact}


def make_cards(
    sites: Mapping[str, Site],
    usages: Mapping[str, str],
    servers: Mapping[str, tuple[str, ...]],
    stations: Iterable[SiteSettings],
    networks: Iterable[NetworkSettings],
    agencies: Iterable[AgencySettings],
) -> dict[str, Card]:
    """Cards of all stations that are known or asked for.

    Parameters
    ----------
    sites : of the registry
    usages : configured levels; `full` for stations that are not in it
    servers : that are asked for each station
    stations, networks, agencies : of the configuration
    """
    configured = {station.code: station for station in stations}
    by_network = {network.code: network for network in networks}
    by_code = {agency.code: agency for agency in agencies}
    cards = {}
    for station_id in sorted({*sites, *usages}):
        site, station = sites.get(station_id), configured.get(station_id)
        network = by_network.get(station_id.partition(".")[0])
        code = (station.agency if station else "") or (network.agency if network else "")
        agency = by_code.get(code)
        named = (agency.name if agency else code), (agency.contact if agency else "")
        known = named if code else (site.agency if site else "", site.contact if site else "")
        cards[station_id] = Card(
            usage=usages.get(station_id, "full"),
            agency=known[0],
            contact=known[1],
            link=station.link if station else "",
            servers=servers.get(station_id, ()),
            network=network.name if network else "",
        )
    return cards
