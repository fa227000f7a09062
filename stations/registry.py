"""The stations of this house: what StationXML knows, corrected by what the configuration says.

What says what about a station, the later before the earlier:

- documents: places and channel epochs with their responses. Fetched from data centres, named by `inventory.files`,
  imported by operators; all of them are files, because detection needs the places while the database is away.
- configuration, files under version control: which servers are asked ([[seedlink]]), corrections of places and the
  usage level that a station is meant to have ([[station]]), who runs it and what it hangs on ([[agency]], [[network]]).
- operators, in the database with who, when and why: the usage level for now, maintenance above all (`stations.usage`);
  corrections of agency, contact and link (`stations.card`). An audit that only grows has each of them and every import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from stations.distance import distance_km
from stations.inventory import Inventory, Site
from stations.settings import SiteSettings

# Farther apart than this, somebody has mistyped: an array or a moved vault stays well inside.
MAX_CONFLICT_KM = 1.0


@dataclass(frozen=True, slots=True)
class Registry:
    """Stations and how they are used.

    Parameters
    ----------
    sites : by station id
    usages : usage level of each configured station, by station id; others are `full`
    warnings : one line per contradiction or omission, for the operator
    """

    sites: Mapping[str, Site]
    usages: Mapping[str, str]
    warnings: tuple[str, ...]


def register(stations: Iterable[SiteSettings], inventory: Inventory) -> Registry:
    """Sites of the inventory, with what the configuration sets put over them."""
    sites = dict(inventory.sites)
    usages: dict[str, str] = {}
    warnings: list[str] = []
    for station in stations:
        if station.code in usages:
            warnings.append(f"{station.code}: configured more than once; the last entry counts")
        usages[station.code] = station.usage
        known = sites.get(station.code)
        site = _combined(station, known)
        if site is None:
            warnings.append(f"{station.code}: has no coordinates in the configuration and no StationXML")
            continue
        if known is not None and (apart_km := distance_km(known, site)) > MAX_CONFLICT_KM:
            warnings.append(
                f"{station.code}: configuration and StationXML are {apart_km:.1f} km apart; "
                f"{site.latitude_deg:g}, {site.longitude_deg:g} of the configuration is used"
            )
        sites[station.code] = site
    return Registry(dict(sorted(sites.items())), usages, tuple(warnings))


def _combined(station: SiteSettings, known: Site | None) -> Site | None:
    if known is None:
        if station.latitude_deg is None or station.longitude_deg is None:
            return None
        known = Site(station.code, station.latitude_deg, station.longitude_deg, 0.0)
    set_here = {
        key: value
        for key in ("latitude_deg", "longitude_deg", "elevation_m", "name", "country")
        if (value := getattr(station, key)) not in (None, "")
    }
    return replace(known, **set_here)
