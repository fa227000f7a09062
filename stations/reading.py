"""Any document that describes stations, told apart by how it begins."""

from __future__ import annotations

from stations.inventory import Inventory, parse_stationxml
from stations.lines import parse_station_csv, parse_station_text

KINDS = ("StationXML", "FDSN station text", "CSV")


def kind_of(content: bytes) -> str:
    """One of `KINDS`: XML begins with `<`, station text has `|` in its first line, and anything else must be CSV."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"<" or content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4] or not start:
        return "StationXML"
    return "FDSN station text" if b"|" in start.partition(b"\n")[0] else "CSV"


def parse_inventory(content: bytes, name: str) -> Inventory:
    """Sites and channel epochs of a document of any of `KINDS`.

    Raises
    ------
    InventoryError : what was needed and what came, with file, line and column, or station and channel
    """
    readers = {"StationXML": parse_stationxml, "FDSN station text": parse_station_text, "CSV": parse_station_csv}
    return readers[kind_of(content)](content, name)
