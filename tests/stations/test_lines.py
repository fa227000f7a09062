"""Station text and CSV: as ObsPy reads them, and every fault by its line and column."""

from __future__ import annotations

import io

import pytest
from obspy import read_inventory

from houfeng.errors import InventoryError
from houfeng.times import from_utcdatetime
from stations.inventory import merge
from stations.lines import cards_of_csv, parse_station_csv, parse_station_text
from stations.reading import kind_of, parse_inventory
from tests.stations.check.conftest import DOCUMENT

CHANNELS = """\
#Network | Station | Location | Channel | Latitude | Longitude | Elevation | Depth | Azimuth | Dip | SensorDescription \
| Scale | ScaleFreq | ScaleUnits | SampleRate | StartTime | EndTime
IU|ULN|00|BHZ|47.8651|107.0532|1610.0|0.0|0.0|-90.0|STS-1|2.4e9|0.02|M/S|20.0|1994-11-14T00:00:00|2001-08-01T00:00:00
IU|ULN|00|BHZ|47.8651|107.0532|1610.0|0.0|0.0|-90.0|STS-1|2.5e9|0.02|M/S|20.0|2001-08-01T00:00:00|
IU|ULN|10|HHN|47.8651|107.0532|1610.0|2.0|1.0|0.0|STS-2|6.3e8|1.0|m/s|100.0|2010-01-01T00:00:00.5|2599-12-31T23:59:59
"""
STATIONS = """\
#Network | Station | Latitude | Longitude | Elevation | SiteName | StartTime | EndTime
IU|ULN|47.8651|107.0532|1610.0|Ulaanbaatar, Mongolia|1994-11-14T00:00:00|2599-12-31T23:59:59
II|AAK|42.6375|74.4942|1633.1|Ala Archa, Kyrgyzstan|1990-10-12T00:00:00|
"""
CSV = """\
station,latitude_deg,longitude_deg,elevation_m,name,country,agency,contact,link
KR.AAA,41.5,75.5,2000,"Ала-Арча, станция",KG,KIS,+996 312,VSAT
KR.NRN,,,,,,,,radio
"""


def test_channels_are_as_obspy_reads_them() -> None:
    ours = parse_station_text(CHANNELS.encode(), "iu.txt")
    (network,) = read_inventory(io.BytesIO(CHANNELS.encode()), format="STATIONTXT")
    theirs = [channel for station in network for channel in station]
    assert len(ours.epochs) == len(theirs) == 3
    told = [
        (e.source_id.location, e.start_ns, e.depth_m, e.azimuth_deg, e.dip_deg, e.sample_rate_hz, e.gain, e.gain_unit)
        for e in ours.epochs
    ]
    expected = [
        (
            c.location_code,
            from_utcdatetime(c.start_date),
            *(c.depth, c.azimuth, c.dip, c.sample_rate),
            *(c.response.instrument_sensitivity.value, c.response.instrument_sensitivity.input_units),
        )
        for c in theirs
    ]
    assert sorted(told) == sorted(expected)
    # what lies past 2262 is no int64, and means open
    assert [epoch.end_ns is None for epoch in ours.epochs] == [False, True, True]
    assert (ours.sites["IU.ULN"].latitude_deg, ours.sites["IU.ULN"].elevation_m) == (47.8651, 1610.0)


def test_stations_are_as_obspy_reads_them() -> None:
    ours = parse_station_text(STATIONS.encode(), "stations.txt")
    theirs = {
        f"{network.code}.{station.code}": (station.latitude, station.longitude, station.elevation, station.site.name)
        for network in read_inventory(io.BytesIO(STATIONS.encode()), format="STATIONTXT")
        for station in network
    }
    assert {
        key: (site.latitude_deg, site.longitude_deg, site.elevation_m, site.name) for key, site in ours.sites.items()
    } == theirs


def test_a_list_places_stations_and_says_whom_to_call() -> None:
    inventory = parse_station_csv(CSV.encode(), "list.csv")
    assert {key: (site.name, site.country) for key, site in inventory.sites.items()} == {
        "KR.AAA": ("Ала-Арча, станция", "KG")
    }
    assert cards_of_csv(CSV.encode(), "list.csv") == {
        "KR.AAA": {"agency": "KIS", "contact": "+996 312", "link": "VSAT"},
        "KR.NRN": {"link": "radio"},
    }


def test_documents_are_told_apart() -> None:
    assert [kind_of(text.encode()) for text in (DOCUMENT, CHANNELS, CSV)] == ["StationXML", "FDSN station text", "CSV"]
    assert kind_of(b"000001V 0100162 2.412") == "dataless SEED"
    assert parse_inventory(CHANNELS.encode(), "iu.txt").sites.keys() == {"IU.ULN"}


def test_a_list_has_the_last_word_and_leaves_the_rest() -> None:
    known = parse_inventory(DOCUMENT.encode(), "a.xml")
    later = parse_station_csv(b"station,latitude_deg,longitude_deg,elevation_m,country\nKR.AAA,41.6,75.5,1,KG\n", "l")
    site = merge([known, later]).sites["KR.AAA"]
    assert (site.latitude_deg, site.country, site.name) == (41.6, "KG", "A")
    assert len(merge([known, later]).epochs) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("47.8651|107", "x|107", "line 2: latitude: -90 to 90 deg is needed, 'x' came"),
        ("107.0532", "181", "line 2: longitude: -180 to 180 deg is needed, '181' came"),
        ("|1610.0|", "||", "line 2: elevation: -11000 to 9000 m is needed, '' came"),
        ("1994-11-14", "14/11/1994", "line 2: starttime: a UTC time such as"),
        ("1994-11-14", "2002-11-14", "line 2: endtime: a time after starttime is needed"),
        ("|BHZ|", "|BH|", "line 2: channel: codes of capital letters and digits is needed, 'BH' came"),
        ("|-90.0|", "|-91|", "line 2: dip: -90 to 90 deg is needed, '-91' came"),
        ("|STS-1|", "|", "line 2: 17 columns are needed, 16 came"),
        (
            "1994-11-14T00:00:00|2001-08-01",
            "2001-08-01T00:00:00|2002-08-01",
            "line 3: starttime: an epoch that",
        ),
        ("| ScaleUnits", "| Units", "line 1: the heading #network | station"),
    ],
)
def test_faults_of_station_text(old: str, new: str, words: str) -> None:
    with pytest.raises(InventoryError) as refused:
        parse_station_text(CHANNELS.replace(old, new, 1).encode(), "iu.txt")
    assert words in str(refused.value) and str(refused.value).startswith("iu.txt: line ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("station,colour\nKR.AAA,red\n", "line 1: a heading with station, and of network, station"),
        ("latitude_deg\n1\n", "line 1: a heading with station"),
        ("station,name\nKR.AAA,A\n", "line 2: name: nothing without latitude_deg"),
        ("station,country,latitude_deg\nKR.AAA,kg,1\n", "line 2: country: two capital letters"),
        ("station,latitude_deg\nKR.AAA,1\n", "line 2: longitude_deg: -180 to 180 deg is needed, '' came"),
        ("station,link\nKRAAA,x\n", "line 2: station: codes of capital letters"),
        ("station,link\nKR.AAA,x\nKR.AAA,y\n", "line 3: station: a station that came in no line before"),
    ],
)
def test_faults_of_a_list(text: str, words: str) -> None:
    with pytest.raises(InventoryError) as refused:
        parse_station_csv(text.encode(), "list.csv")
        cards_of_csv(text.encode(), "list.csv")
    assert words in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    text = "station,latitude_deg,longitude_deg,elevation_m\n" + "KR.AAA,x,y,z\n" * 30
    with pytest.raises(InventoryError) as refused:
        parse_station_csv(text.encode(), "list.csv")
    lines = str(refused.value).splitlines()
    assert len(lines) == 21 and lines[-1] == "... and 70 more"


def test_text_that_is_none() -> None:
    with pytest.raises(InventoryError, match="line 2: UTF-8 text is needed, byte 9 is not"):
        parse_station_csv(b"station\nK\xff", "list.csv")
