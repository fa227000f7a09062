"""StationXML in, sites and epochs out; hostile and broken documents give one clear line."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy import read_inventory

from houfeng.errors import InventoryError
from houfeng.times import from_utcdatetime, parse_ns
from houfeng.types import SourceId
from stations import safexml
from stations.inventory import ChannelEpoch, Inventory, Site, merge, parse_stationxml

CHANNEL = """<Channel code="BHZ" locationCode="00" startDate="2010-01-01T00:00:00" {dates}>
<Latitude>47.8</Latitude><Longitude>107.0</Longitude><Elevation>1600</Elevation><Depth>5</Depth>
<Azimuth>0</Azimuth><Dip>-90</Dip><SampleRate>20</SampleRate>
<Response><InstrumentSensitivity><Value>{gain}</Value><InputUnits><Name>m/s</Name></InputUnits>
</InstrumentSensitivity></Response></Channel>"""

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.1"><Network code="XX">
<Station code="ULN" startDate="2009-01-01T00:00:00"><Latitude>47.9</Latitude><Longitude>107.05</Longitude>
<Elevation>1610</Elevation><Site><Name>Улаанбаатар</Name><Country>MN</Country></Site>
{channels}</Station></Network></FDSNStationXML>"""


def document(dates: str = "", gain: str = "3.4e9") -> str:
    return DOCUMENT.format(channels=CHANNEL.format(dates=dates, gain=gain))


def test_a_document_gives_its_site_its_epoch_and_itself() -> None:
    xml = document().encode()
    inventory = parse_stationxml(xml, "uln.xml")
    assert inventory.sites == {"XX.ULN": Site("XX.ULN", 47.9, 107.05, 1610.0, "Улаанбаатар", "MN")}
    assert inventory.epochs == (
        ChannelEpoch(
            SourceId("XX", "ULN", "00", "BHZ"), parse_ns("2010-01-01"), None,
            47.8, 107.0, 1600.0, 5.0, 0.0, -90.0, 20.0, 3.4e9, "m/s",
        ),
    )  # fmt: skip
    (kept,) = inventory.documents
    assert (kept.name, kept.sha256, kept.content) == ("uln.xml", hashlib.sha256(xml).hexdigest(), xml)


@pytest.mark.data
@pytest.mark.parametrize("name", ["asia_gsn/IU_ULN.xml", "ridgecrest2019/CI.WNM.xml", "ridgecrest2019/CI.CCC.xml"])
def test_every_epoch_is_as_obspy_reads_it(name: str, shared_data: Callable[[str], Path]) -> None:
    folder, file = name.split("/")
    xml = (shared_data(folder) / file).read_bytes()
    expected = []
    for network in read_inventory(io.BytesIO(xml), format="STATIONXML"):
        for station in network:
            for channel in station:
                end_ns = None if channel.end_date is None else from_utcdatetime(channel.end_date)
                sensitivity = channel.response.instrument_sensitivity
                expected.append(
                    ChannelEpoch(
                        SourceId(network.code, station.code, channel.location_code, channel.code),
                        from_utcdatetime(channel.start_date),
                        None if end_ns is not None and end_ns > 2**63 else end_ns,
                        float(channel.latitude),
                        float(channel.longitude),
                        float(channel.elevation),
                        float(channel.depth),
                        None if channel.azimuth is None else float(channel.azimuth),
                        None if channel.dip is None else float(channel.dip),
                        float(channel.sample_rate),
                        sensitivity.value,
                        sensitivity.input_units if sensitivity.value else "",
                    )
                )
    inventory = parse_stationxml(xml, file)
    assert len(expected) >= 3
    assert inventory.epochs == tuple(sorted(expected, key=lambda epoch: (epoch.source_id, epoch.start_ns)))


# The rule that a file breaks is in its name; these are the ones that would spoil coordinates, codes or epochs.
REFUSED = {
    "F1_110": "endDate", "F1_201": "#TPASS", "F1_210": "endDate", "F1_223": "Elevation '10000001'",
    "F1_301": "channel exactly 3", "F1_310": "endDate", "F1_330": "Azimuth '361'", "F1_331": "Dip '-91'",
    "P1_301": "'___'",
}  # fmt: skip


@pytest.mark.data
def test_no_document_of_the_validator_crashes(shared_data: Callable[[str], Path]) -> None:
    refused = {}
    files = sorted(shared_data("stationxml_rules").glob("*.xml"))
    for file in files:
        try:
            assert parse_stationxml(file.read_bytes(), file.name).epochs
        except InventoryError as error:
            refused[file.stem] = str(error)
    assert len(files) == 64
    assert refused.keys() == REFUSED.keys()
    for stem, needed in REFUSED.items():
        assert needed in refused[stem]
        assert refused[stem].startswith(f"{stem}.xml: ") and "\n" not in refused[stem]


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (b"", "empty document"),
        (b"hello", "expected StationXML, came 'hello'"),
        (b"<html></html>", "expected root element FDSNStationXML"),
        (b"<FDSNStationXML/>", "expected root element FDSNStationXML"),
        (document().encode()[:-40], "damaged or cut off"),
        (document().replace("47.9", "97.9").encode(), "Latitude '97.9' is not -90 to 90 deg"),
        (document().replace("107.05", "nan").encode(), "Longitude 'nan'"),
        (document().replace("<Depth>5</Depth>", "").encode(), "Depth is missing"),
        (document().replace("<SampleRate>20", "<SampleRate>-20").encode(), "SampleRate '-20'"),
        (document('endDate="2009-01-01"').encode(), "endDate 2009-01-01 is not after startDate 2010"),
        (document('endDate="2009-31-01"').encode(), "endDate must be a UTC time"),
        (document().replace("2010-01-01T", "2400-01-01T").encode(), "not between 1678 and 2262"),
        (document().replace('code="ULN"', 'code="../etc"').encode(), "each code must be capital letters"),
        (document().encode("utf-8").replace("У".encode(), b"\xff"), "expected utf-8 text, byte"),
        (document().replace("UTF-8", "idna").encode(), "encoding 'idna' is not read"),
        (b"\xff\xfe\x00\x00" + document().encode("utf-32-le"), "expected StationXML, came"),
    ],
)
def test_a_broken_document_gives_one_line_that_names_it(xml: bytes, expected: str) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_stationxml(xml, "broken.xml")
    assert str(caught.value).startswith("broken.xml: ") and "\n" not in str(caught.value)
    assert expected in str(caught.value)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_doctype_is_refused_in_every_encoding(encoding: str) -> None:
    declared = document().replace("Улаанбаатар", "&b;").replace("UTF-8", encoding.removesuffix("-sig"))
    xml = declared.replace("?>", f"?>{BOMB}", 1).encode(encoding)
    with pytest.raises(InventoryError, match="DOCTYPE"):
        parse_stationxml(xml, "bomb.xml")


def test_an_undefined_entity_is_an_error_not_a_file_read() -> None:
    with pytest.raises(InventoryError, match="damaged"):
        parse_stationxml(document().replace("Улаанбаатар", "&secret;").encode(), "x.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso8859-5", "gb18030"])
def test_a_name_survives_its_encoding(encoding: str) -> None:
    xml = document().replace("UTF-8", encoding.removesuffix("-sig")).encode(encoding)
    assert parse_stationxml(xml, "x.xml").sites["XX.ULN"].name == "Улаанбаатар"


def test_a_document_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safexml, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(InventoryError, match="at most 100 are read"):
        parse_stationxml(document().encode(), "x.xml")


@given(st.data())
def test_no_damage_raises_anything_but_inventory_error(data: st.DataObject) -> None:
    xml = bytearray(document().encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(xml) - 1))
        xml[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    try:
        parse_stationxml(bytes(xml), "x.xml")
    except InventoryError as error:
        assert str(error).startswith("x.xml: ")


def test_a_date_past_2262_means_open_for_it_does_not_fit_int64() -> None:
    assert parse_stationxml(document('endDate="2599-12-31T23:59:59"').encode(), "x").epochs[0].end_ns is None


def test_a_sensitivity_of_zero_is_no_gain() -> None:
    (epoch,) = parse_stationxml(document(gain="0").encode(), "x").epochs
    assert (epoch.gain, epoch.gain_unit) == (None, "")


def test_epochs_are_found_by_time() -> None:
    xml = DOCUMENT.format(
        channels=CHANNEL.format(dates='endDate="2012-01-01"', gain=1)
        + CHANNEL.format(dates="", gain=2).replace("2010-01-01", "2013-01-01")
    )
    inventory = parse_stationxml(xml.encode(), "x")
    source_id = SourceId.parse("XX.ULN.00.BHZ")
    gains = {
        day: None if (epoch := inventory.epoch_at(source_id, parse_ns(day))) is None else epoch.gain
        for day in ("2009-12-31", "2010-01-01", "2011-12-31", "2012-01-01", "2012-06-01", "2013-01-01", "2030-01-01")
    }
    assert list(gains.values()) == [None, 1.0, 1.0, None, None, 2.0, 2.0]
    assert inventory.epoch_at(SourceId.parse("XX.ULN.00.BHN"), parse_ns("2011-01-01")) is None


def test_merging_keeps_the_last_word_on_an_epoch_and_the_newest_site() -> None:
    old = parse_stationxml(document(gain="1").encode(), "old")
    closed = parse_stationxml(document('endDate="2015-01-01"', gain="2").encode(), "closed")
    moved = document(gain="3").replace("2010-01-01", "2015-01-01").replace("47.9", "48.9")
    new = parse_stationxml(moved.encode(), "new")
    merged = merge([new, old, closed, old])
    assert [epoch.gain for epoch in merge([old, closed]).epochs] == [2.0]
    assert [epoch.gain for epoch in merged.epochs] == [1.0, 3.0]
    assert merged.sites["XX.ULN"].latitude_deg == 48.9
    assert [document.name for document in merged.documents] == ["new", "old", "closed"]
    assert merge([]) == Inventory({})


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_station_that_moved_stands_where_its_last_epoch_says(newest_first: bool) -> None:
    one = document()
    start, end = one.index("<Station "), one.index("</Network>")
    old = one[start:end]
    new = old.replace("2009-01-01", "2014-01-01").replace("47.9", "48.5").replace("2010-01-01", "2014-01-01")
    both = new + old if newest_first else old + new
    inventory = parse_stationxml((one[:start] + both + one[end:]).encode(), "x")
    assert inventory.sites["XX.ULN"].latitude_deg == 48.5
    assert len(inventory.epochs) == 2
