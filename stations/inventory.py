"""What stations are: sites, channel epochs and the StationXML documents that say so."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from houfeng.errors import InventoryError, SourceIdError
from houfeng.types import SourceId
from stations.safexml import read_root
from stations.stationxml import NS, Node, code

# Before the name of a place whose records a simulator made.
SIMULATED = "synthetic: "

_LONG_AGO_NS = -(2**63)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CONTACT = ("Operator/Contact/Name", "Operator/Contact/Email", "Operator/WebSite")


@dataclass(frozen=True, slots=True)
class Site:
    """Where one station stands.

    Parameters
    ----------
    station_id : network and station code, `KR.NRN`
    latitude_deg, longitude_deg : WGS 84, -90..90 and -180..180
    elevation_m : ground surface above sea level, metres
    name : as the owner writes it, in its own script; "" when unknown
    country : ISO 3166 alpha-2; "" when unknown
    agency, contact : who runs it and how to reach them, as the document says; "" when it does not
    """

    station_id: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    name: str = ""
    country: str = ""
    agency: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class ChannelEpoch:
    """One channel while nothing about it changed: from `start_ns` (inclusive) to `end_ns` (exclusive).

    Parameters
    ----------
    source_id : channel
    start_ns : ns UTC
    end_ns : ns UTC; None while the epoch is open
    latitude_deg, longitude_deg : of the sensor
    elevation_m : of the ground above the sensor, metres above sea level
    depth_m : of the sensor below the ground, metres
    azimuth_deg : 0..360 clockwise from north; None when the document has none
    dip_deg : -90 (up) to 90 (down); None when the document has none
    sample_rate_hz : samples per second; 0 when the document has none (log channels)
    gain : counts per `gain_unit` at the frequency of the stated sensitivity; None when none is stated
    gain_unit : unit of the ground motion or quantity, as written (`M/S`, `m/s**2`, `V`); "" without a gain
    """

    source_id: SourceId
    start_ns: int
    end_ns: int | None
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    depth_m: float
    azimuth_deg: float | None
    dip_deg: float | None
    sample_rate_hz: float
    gain: float | None = None
    gain_unit: str = ""

    def covers(self, t_ns: int) -> bool:
        """Whether the epoch holds at this time."""
        return self.start_ns <= t_ns and (self.end_ns is None or t_ns < self.end_ns)


@dataclass(frozen=True, slots=True)
class InventoryDocument:
    """One StationXML document as it came: responses are read from it when somebody needs them.

    Parameters
    ----------
    name : file name or address it came from
    sha256 : 64 hexadecimal digits of the content
    content : the whole document, unchanged
    """

    name: str
    sha256: str
    content: bytes


def _key(epoch: ChannelEpoch) -> tuple[SourceId, int]:
    return epoch.source_id, epoch.start_ns


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sites, channel epochs and the documents they come from.

    Parameters
    ----------
    sites : by station id; where a station moved, where it stands now
    epochs : in any order; kept sorted by channel, then start
    documents : in order of reading
    """

    sites: Mapping[str, Site]
    epochs: tuple[ChannelEpoch, ...] = ()
    documents: tuple[InventoryDocument, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", tuple(sorted(self.epochs, key=_key)))

    def epoch_at(self, source_id: SourceId, t_ns: int) -> ChannelEpoch | None:
        """The epoch that holds at a time, the latest to start where several do; None where none does."""
        at = bisect_right(self.epochs, (source_id, t_ns), key=_key)
        while at and self.epochs[at - 1].source_id == source_id:
            at -= 1
            if self.epochs[at].covers(t_ns):
                return self.epochs[at]
        return None


def merge(inventories: Iterable[Inventory]) -> Inventory:
    """One inventory of several. Where two describe the same epoch, the later in order has the last word.

    A station's site is taken from the inventory whose newest epoch of that station started last; one that knows sites
    alone, a list, has the last word of those before it. What a site leaves open an earlier one may say.
    """
    sites: dict[str, Site] = {}
    newest: dict[str, int] = {}
    epochs: dict[tuple[SourceId, int], ChannelEpoch] = {}
    documents: dict[str, InventoryDocument] = {}
    for inventory in inventories:
        starts: dict[str, int] = {}
        for epoch in inventory.epochs:
            epochs[_key(epoch)] = epoch
            station_id = epoch.source_id.station_id
            starts[station_id] = max(starts.get(station_id, _LONG_AGO_NS), epoch.start_ns)
        for station_id, site in inventory.sites.items():
            known_ns = newest.get(station_id, _LONG_AGO_NS)
            start_ns = starts.get(station_id, known_ns)
            if start_ns >= known_ns:
                sites[station_id], newest[station_id] = _filled(site, sites.get(station_id)), start_ns
        documents.update((document.sha256, document) for document in inventory.documents)
    return Inventory(dict(sorted(sites.items())), tuple(epochs.values()), tuple(documents.values()))


def _filled(site: Site, by: Site | None) -> Site:
    if by is None:
        return site
    texts = ("name", "country", "agency", "contact")
    return replace(site, **{key: getattr(by, key) for key in texts if not getattr(site, key)})


def is_country(text: str) -> bool:
    """Whether it looks like a country of ISO 3166 alpha-2."""
    return _COUNTRY.fullmatch(text) is not None


def parse_stationxml(xml: bytes, name: str) -> Inventory:
    """Sites and channel epochs of one StationXML document.

    Read with lxml, not obspy.read_inventory: the index of IU.ULN's history (2.8 MB, 64 epochs) takes 0.11 s of
    CPU instead of 0.5 s, and obspy refuses or keeps what it likes (an azimuth of 361 stops it, a DOCTYPE doesn't).
    At 64 MB it holds 240 MB for 3 s. Responses are not indexed; whoever needs one reads it from the document.

    Parameters
    ----------
    xml : the document, in any encoding it declares
    name : file name or address, for messages

    Raises
    ------
    InventoryError : one line that names the document, the station or channel, what was needed and what came

    References
    ----------
    FDSN StationXML 1.2, https://docs.fdsn.org/projects/stationxml
    """
    root = read_root(xml, name, drop=f"{NS}Stage")
    if root.tag != f"{NS}FDSNStationXML":
        raise InventoryError(f"{name}: expected root element FDSNStationXML ({NS[1:-1]}), came {root.tag[:80]}")
    sites: dict[str, tuple[int, Site]] = {}
    epochs: list[ChannelEpoch] = []
    for network in root.iterfind(f"{NS}Network"):
        default_ns, _ = Node(network, f"{name}: network {code(network)}").span()
        for element in network.iterfind(f"{NS}Station"):
            station = Node(element, f"{name}: {code(network)}.{code(element)}")
            site = _site(station, code(network))
            start_ns = _first(station.span()[0], default_ns)
            began_ns = _LONG_AGO_NS if start_ns is None else start_ns
            if sites.get(site.station_id, (began_ns, site))[0] <= began_ns:
                sites[site.station_id] = (began_ns, site)
            epochs += [
                _epoch(channel, code(network), station, start_ns) for channel in element.iterfind(f"{NS}Channel")
            ]
    document = InventoryDocument(name, hashlib.sha256(xml).hexdigest(), xml)
    return Inventory({key: site for key, (_, site) in sorted(sites.items())}, tuple(epochs), (document,))


def _first(value: int | None, otherwise: int | None) -> int | None:
    return otherwise if value is None else value


def _source_id(node: Node, *codes: str) -> SourceId:
    try:
        return SourceId(*codes)
    except SourceIdError as error:
        raise InventoryError(f"{node.label}: {error}") from error


def _position(node: Node) -> tuple[float, float, float]:
    return (
        node.number("Latitude", -90, 90, "deg"),
        node.number("Longitude", -180, 180, "deg"),
        # The deepest trench and the highest summit: 10 000 001 m has been seen where 1 m was meant.
        node.number("Elevation", -11_000, 9_000, "m"),
    )


def _site(node: Node, network: str) -> Site:
    # Any channel code serves to have network and station checked by the one rule.
    station_id = _source_id(node, network, code(node.element), "", "HHZ").station_id
    country = node.text("Site/Country")
    latitude, longitude, elevation = _position(node)
    return Site(
        station_id,
        latitude,
        longitude,
        elevation,
        name=node.text("Site/Name"),
        country=country if is_country(country) else "",
        agency=node.text("Operator/Agency"),
        contact=", ".join(filter(None, map(node.text, _CONTACT))),
    )


def _epoch(element: Any, network: str, station: Node, default_ns: int | None) -> ChannelEpoch:
    location = code(element, "locationCode")
    location = "" if location == "--" else location
    node = Node(element, f"{station.label}.{location}.{code(element)}")
    source_id = _source_id(node, network, code(station.element), location, code(element))
    start_ns, end_ns = node.span()
    start_ns = _first(start_ns, default_ns)
    if start_ns is None:
        raise InventoryError(f"{node.label}: startDate is missing; a UTC time is needed")
    latitude, longitude, elevation = _position(node)
    # A sensitivity of zero is a form left empty: the counts are still worth having, without a unit.
    gain = node.optional_number("Response/InstrumentSensitivity/Value", -1e30, 1e30, "") or None
    return ChannelEpoch(
        source_id,
        start_ns,
        end_ns,
        latitude,
        longitude,
        elevation,
        depth_m=node.number("Depth", -9_000, 11_000, "m"),
        azimuth_deg=node.optional_number("Azimuth", 0, 360, "deg"),
        dip_deg=node.optional_number("Dip", -90, 90, "deg"),
        sample_rate_hz=node.optional_number("SampleRate", 0, 1e6, "Hz") or 0.0,
        gain=gain,
        gain_unit=node.text("Response/InstrumentSensitivity/InputUnits/Name") if gain else "",
    )
