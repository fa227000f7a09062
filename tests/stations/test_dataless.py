"""Dataless SEED: places and epochs as ObsPy has them, and nothing of a damaged volume is taken for the whole."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import obspy
import pytest

from houfeng.errors import InventoryError
from stations.dataless import as_stationxml, parse_dataless
from stations.reading import kind_of, parse_inventory, stationxml_of

VOLUMES = Path(obspy.__file__).parent / "io/xseed/tests/data"
AIO = VOLUMES / "CL.AIO.dataless"
# Of AIO, by the bytes of its blockette 10: log2 of the length of its records.
RECORD = 4096


@pytest.mark.parametrize(
    "name", ["CL.AIO.dataless", "dataless.seed.BW_DHFO", "AI.ESPZ._.BH_.dataless", "bug165.dataless"]
)
def test_sites_and_epochs_are_as_obspy_has_them(name: str) -> None:
    content = (VOLUMES / name).read_bytes()
    assert kind_of(content) == "dataless SEED"
    found = parse_inventory(content, name)
    wanted = {
        (network.code, station.code, channel.location_code, channel.code, channel.start_date.ns): (
            channel.latitude,
            channel.longitude,
            channel.elevation,
            channel.sample_rate,
            channel.response.instrument_sensitivity.value,
        )
        for network in obspy.read_inventory(str(VOLUMES / name))
        for station in network
        for channel in station
    }
    assert {
        (*str(each.source_id).split("."), each.start_ns): (
            each.latitude_deg,
            each.longitude_deg,
            each.elevation_m,
            each.sample_rate_hz,
            each.gain,
        )
        for each in found.epochs
    } == wanted
    (document,) = found.documents
    assert document.sha256 == sha256(content).hexdigest()
    assert document.content.lstrip().startswith(b"<?xml")


def test_the_same_volume_is_the_same_document_at_any_time() -> None:
    content = AIO.read_bytes()
    assert as_stationxml(content, "AIO") == as_stationxml(content, "AIO") == stationxml_of(content, "AIO")
    assert b"1970-01-01T00:00:00" in as_stationxml(content, "AIO")


def test_no_part_of_a_volume_is_taken_for_the_whole() -> None:
    """Its length must be whole records, and the records must be there that its index of stations speaks of.

    Between the records of the last station's own header a cut cannot be told, unless it goes through a response.
    """
    content = AIO.read_bytes()
    last = max(at for at in range(0, len(content), RECORD) if content[at + 6 : at + 8] == b"S ")
    cuts = [*range(RECORD, last + 1, RECORD), last + RECORD + 100, len(content) - 1, 50]
    refused = []
    for n_bytes in cuts:
        try:
            parse_dataless(content[:n_bytes], "AIO")
        except InventoryError as error:
            assert str(error).startswith("AIO: ")
            refused.append(n_bytes)
    assert refused == cuts


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"000001V 010009999.9920", "records of 256 bytes to 32 KiB"),
        (b"000001V 005", "blockette 010"),
        ((VOLUMES / "dataless.seed.newline_between_blockettes").read_bytes(), "header of a station"),
        (AIO.read_bytes()[:RECORD] + b"\xff" * RECORD * 15, "no sound dataless SEED|header of a station"),
    ],
)
def test_what_is_no_volume_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(InventoryError, match=f"^some: .*(?:{why})"):
        parse_dataless(content, "some")


def test_a_response_that_cannot_be_made_is_named() -> None:
    """One number of a response's list spoiled: ObsPy would leave the response out with a warning."""
    content = bytearray(AIO.read_bytes())
    at = content.index(b"053") + 8
    broken = content[: at + 1] + b"9" + content[at + 2 :]
    with pytest.raises(InventoryError, match=r"^AIO: .*AIO"):
        parse_dataless(bytes(broken), "AIO")
