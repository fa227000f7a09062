"""Dataless SEED volumes, read as the StationXML that says the same: older stations are often described so alone."""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from dataclasses import replace
from io import BytesIO

from houfeng.errors import InventoryError
from stations.inventory import Inventory, InventoryDocument, parse_stationxml
from stations.safexml import MAX_DOCUMENT_BYTES

_log = logging.getLogger(__name__)

# The first record is the volume's header, and its first blockette is of that header's kinds (SEED 2.4, chapter 5).
_VOLUME = re.compile(rb"000001V[ *]0(?:10|08|05)")
# Blockette 10 after 8 bytes of the record: kind (3), length (4), version (4), log2 of the records' length (2).
_RECORD_LENGTH = slice(19, 21)
_LENGTHS = range(8, 16)


def is_dataless(head: bytes) -> bool:
    """Whether these first bytes, 11 at least, begin a volume of SEED."""
    return _VOLUME.match(head) is not None


def parse_dataless(content: bytes, name: str) -> Inventory:
    """Sites, channel epochs and responses of a dataless SEED volume.

    Its document has the volume's SHA-256, and `as_stationxml` for content.

    Raises
    ------
    InventoryError : as `as_stationxml`, and if no station is described
    """
    xml = as_stationxml(content, name)
    inventory = parse_stationxml(xml, name)
    if not inventory.sites:
        raise InventoryError(f"{name}: a volume with the header of a station is needed, this has none")
    return replace(inventory, documents=(InventoryDocument(name, hashlib.sha256(content).hexdigest(), xml),))


def as_stationxml(content: bytes, name: str) -> bytes:
    """A dataless SEED volume as the StationXML that says the same, made by ObsPy; the same each time.

    Parameters
    ----------
    content : the volume
    name : file name or address, for messages

    Raises
    ------
    InventoryError : if it is too large, cut off, or if ObsPy cannot read it or one of its responses

    References
    ----------
    SEED Reference Manual 2.4 (2012), chapters 4 to 6
    """
    if len(content) > MAX_DOCUMENT_BYTES:
        raise InventoryError(f"{name}: {len(content)} bytes, at most {MAX_DOCUMENT_BYTES} are read")
    _see_that_it_is_whole(content, name)
    return _converted(content, name)


def _see_that_it_is_whole(content: bytes, name: str) -> None:
    """Raise InventoryError if records lack that the volume's own index of stations speaks of: ObsPy reads the rest."""
    power = content[_RECORD_LENGTH]
    if content[8:11] != b"010" or not power.isdigit() or int(power) not in _LENGTHS:
        raise InventoryError(f"{name}: a volume with blockette 010 and records of 256 bytes to 32 KiB is needed")
    n_bytes = 2 ** int(power)
    needed = max((int(record) for record in _indexed(content, n_bytes)), default=1)
    n_records, rest = divmod(len(content), n_bytes)
    if rest or n_records < needed:
        raise InventoryError(
            f"{name}: SEED is cut off: {max(needed, n_records + bool(rest))} or more records of {n_bytes} bytes are "
            f"needed, {len(content)} bytes came"
        )


def _indexed(content: bytes, n_bytes: int) -> list[bytes]:
    """Numbers of the records at which the headers of stations begin: blockette 11, 5 bytes of name before each."""
    starts = range(0, len(content), n_bytes)
    headers = b"".join(content[at + 8 : at + n_bytes] for at in starts if content[at + 6 : at + 7] == b"V")
    found: list[bytes] = []
    at = 0
    while headers[at : at + 7].isdigit() and int(headers[at + 3 : at + 7]) > len(b"0110000"):
        body = headers[at + 7 : at + int(headers[at + 3 : at + 7])]
        if headers[at : at + 3] == b"011":
            found += [body[k + 5 : k + 11] for k in range(3, len(body), 11)]
        at += 7 + len(body)
    return [each for each in found if each.isdigit()]


def _converted(content: bytes, name: str) -> bytes:
    from obspy import UTCDateTime, read_inventory  # takes a second to import, and few have volumes of SEED

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            inventory = read_inventory(BytesIO(content), format="SEED")
            # When it was read would make another document of the same volume each time.
            inventory.created = UTCDateTime(0)
            xml = BytesIO()
            inventory.write(xml, format="STATIONXML")
        except Exception as error:
            raise InventoryError(f"{name}: it is no sound dataless SEED: {_one_line(error)}") from error
    for each in map(_one_line, (warning.message for warning in said)):
        # ObsPy leaves out what it cannot make of a response, and magnitudes would be missed without a word.
        if "response" in each.lower():
            raise InventoryError(f"{name}: {each}; the volume is damaged, or needs to be written anew")
        _log.warning("%s: %s", name, each)
    return xml.getvalue()


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
