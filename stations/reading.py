"""Any document that describes stations, told apart by how it begins."""

from __future__ import annotations

from stations.dataless import as_stationxml, is_dataless, parse_dataless
from stations.inventory import Inventory, parse_stationxml
from stations.lines import parse_station_csv, parse_station_text

_READERS = {
    "StationXML": parse_stationxml,
    "dataless SEED": parse_dataless,
    "FDSN station text": parse_station_text,
    "CSV": parse_station_csv,
}


# Kinds whose document is StationXML in the end, and says what instruments make of ground motion.
WITH_RESPONSES = frozenset({"StationXML", "dataless SEED"})


def kind_of(content: bytes) -> str:
    """What a document is.

    Returns
    -------
    kind : "StationXML" of what begins with `<`, "dataless SEED" of a volume's header, "FDSN station text" where the
        first line has `|`, and "CSV" of anything else
    """
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"<" or content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4] or not start:
        return "StationXML"
    if is_dataless(content):
        return "dataless SEED"
    return "FDSN station text" if b"|" in start.partition(b"\n")[0] else "CSV"


def parse_inventory(content: bytes, name: str) -> Inventory:
    """Sites and channel epochs of a document of any kind that `kind_of` tells.

    Raises
    ------
    InventoryError : what was needed and what came, with file, line and column, or station and channel
    """
    return _READERS[kind_of(content)](content, name)


def stationxml_of(content: bytes, name: str) -> bytes:
    """What the rules for StationXML are asked about: a volume of SEED as StationXML, anything else as it came.

    Raises
    ------
    InventoryError : if a volume of SEED cannot be read
    """
    return as_stationxml(content, name) if kind_of(content) == "dataless SEED" else content
