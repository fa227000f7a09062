"""Catalogues as data centres write them, and what is wrong with them, by line and column."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from obspy import UTCDateTime
from obspy.core.event import Catalog, Event, Magnitude, Origin

from detection.tuning.catalogue import KnownEvent, parse_catalogue
from houfeng.errors import CatalogueError
from houfeng.times import parse_ns

COMCAT = b"""time,latitude,longitude,depth,mag,magType,place
2019-07-06T03:19:53.040Z,35.7695,-117.5993,8.0,7.1,mw,"18km W of Searles Valley, CA"
2019-07-06T03:16:32.480Z,35.773,-117.605,-0.5,,ml,
"""
FDSN = b"""#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|By|ById|MagType|Magnitude|MagAuthor|Place
a1|2019-07-06T03:19:53.040000|35.7695|-117.5993|8.0|ci|ci|ci|1|mw|7.1|ci|CALIFORNIA
a2|2019-07-06T03:16:32.480000|35.773|-117.605||ci|ci|ci|1|||ci|CALIFORNIA
"""
MAIN = KnownEvent(parse_ns("2019-07-06T03:19:53.040Z"), 35.7695, -117.5993, 8.0, 7.1)
BEFORE = parse_ns("2019-07-06T03:16:32.480Z")


def test_comcat() -> None:
    assert parse_catalogue(COMCAT, "c.csv") == (KnownEvent(BEFORE, 35.773, -117.605, 0.0, None), MAIN)


def test_fdsn_text() -> None:
    assert parse_catalogue(FDSN, "c.txt") == (KnownEvent(BEFORE, 35.773, -117.605, 10.0, None), MAIN)


def test_a_table_of_ones_own() -> None:
    """As a spreadsheet writes it: byte order mark, CRLF, names with units, an empty line at the end, a row twice."""
    row = b"2019-07-06 03:19:53.04,35.7695,-117.5993,8,7.1\r\n"
    content = b"\xef\xbb\xbfTime,Latitude,Longitude,Depth_km,Magnitude\r\n" + row + row + b"\r\n"
    assert parse_catalogue(content, "c.csv") == (MAIN,)


def test_quakeml_by_obspy() -> None:
    origins = [Origin(time=UTCDateTime(2019, 7, 6), latitude=0, longitude=0, depth=1e4) for _ in range(2)]
    origins[1].time, origins[1].latitude, origins[1].longitude = UTCDateTime(ns=MAIN.time_ns), 35.7695, -117.5993
    origins[1].depth = 8000.0
    event = Event(origins=origins, magnitudes=[Magnitude(mag=7.1)])
    event.preferred_origin_id = origins[1].resource_id
    text = io.BytesIO()
    Catalog([event]).write(text, "QUAKEML")
    assert parse_catalogue(text.getvalue(), "c.xml") == (MAIN,)
    text = io.BytesIO()
    Catalog([Event()]).write(text, "QUAKEML")
    with pytest.raises(CatalogueError, match=r"c\.xml, event 1: an origin with time"):
        parse_catalogue(text.getvalue(), "c.xml")
    with pytest.raises(CatalogueError, match=r"c\.xml: is no QuakeML"):
        parse_catalogue(b"<html></html>", "c.xml")
    with pytest.raises(CatalogueError, match=r"c\.xml: is no QuakeML: [^<]*$"):
        parse_catalogue(b"<q:quakeml>", "c.xml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (COMCAT.replace(b"35.7695", b"95.2"), "line 2, column latitude: degrees from -90 to 90 is needed, '95.2' came"),
        (COMCAT.replace(b"-117.605", b"west"), "line 3, column longitude: degrees from -180 to 180 is needed, 'west'"),
        (COMCAT.replace(b"8.0", b"8000"), "line 2, column depth: km from -10 to 800 is needed, '8000' came"),
        (COMCAT.replace(b"7.1", b"71"), "line 2, column mag: a magnitude from -5 to 10 is needed, '71' came"),
        (COMCAT.replace(b"7.1", b"nan"), "line 2, column mag: a magnitude"),
        (COMCAT.replace(b"2019-07-06T03:16", b"yesterday 3:16"), "line 3, column time: a UTC time as 2019-07-06T03:19"),
        (FDSN.replace(b"|35.773|", b"||"), "line 3, column Latitude: degrees from -90 to 90 is needed, '' came"),
        (
            COMCAT.replace(b"latitude", b"breadth"),
            "line 1: columns time, latitude, longitude are needed, time, breadth",
        ),
        (COMCAT + b"2019-07-06T03:16:32Z,1,2\n", "line 4: 7 columns are needed as in line 1, 3 came"),
        (COMCAT + b'"2019\n', "line 4: no row of a table"),
        (COMCAT + b"\xff", "line 4: UTF-8 text is needed"),
        (b"", "line 1: columns time, latitude, longitude are needed, none came"),
        (COMCAT.splitlines()[0], "holds no event"),
    ],
)
def test_mistakes_are_named_by_line_and_column(content: bytes, message: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        parse_catalogue(content, "cat.csv")
    assert str(raised.value).startswith((f"cat.csv, {message}", f"cat.csv: {message}"))


def test_ten_faults_are_told_and_the_others_counted() -> None:
    content = b"time,latitude,longitude\n" + b"now,1,2\n" * 13
    with pytest.raises(CatalogueError) as raised:
        parse_catalogue(content, "c.csv")
    lines = str(raised.value).splitlines()
    assert [line.split(",")[1] for line in lines[:2]] == [" line 2", " line 3"]
    assert len(lines) == 11
    assert lines[-1] == "c.csv: and 3 more faults"


@pytest.mark.data
def test_ridgecrest_has_an_event_a_line(shared_data: Callable[[str], Path]) -> None:
    content = (shared_data("ridgecrest2019") / "catalog.csv").read_bytes()
    events = parse_catalogue(content, "catalog.csv")
    assert len(events) == content.count(b"\n") - 1 == 2197
    assert {event.magnitude for event in events if event.time_ns == MAIN.time_ns} == {7.1}
    assert min(event.magnitude for event in events if event.magnitude is not None) == 2.5
