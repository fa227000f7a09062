"""INFO: XML in log records for version 3, JSON for version 4."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from acquisition.server import Ring

from .seedlink_driver import V4, drive, filled_ring, open_session, packets_v4, raw, sequences_v3, sequences_v4


@pytest.fixture
def ring() -> Ring:
    return filled_ring()


def info_xml(stream: bytes) -> ET.Element:
    """The document inside the log records, by their headers alone."""
    text = b""
    for at in range(0, len(stream), 520):
        n_text = int.from_bytes(stream[at + 8 + 30 : at + 8 + 32], "big")
        text += stream[at + 8 + 56 : at + 8 + 56 + n_text]
        assert stream[at : at + 8] == (b"SLINFO  " if at + 520 == len(stream) else b"SLINFO *")
    return ET.fromstring(text)


def test_info_streams_of_version_3_lists_what_is_held(ring: Ring) -> None:
    root = info_xml(drive(open_session(ring), b"INFO STREAMS\r\n"))
    assert root.attrib["organization"] == "Test network"
    stations = {station.attrib["name"]: station for station in root}
    assert sorted(stations) == ["UH1", "UH2", "UH3"]
    assert (stations["UH2"].attrib["begin_seq"], stations["UH2"].attrib["end_seq"]) == ("000002", "000012")
    streams = [stream.attrib for stream in stations["UH3"]]
    assert [(s["location"], s["seedname"], s["type"]) for s in streams] == [("00", "SHZ", "D"), ("10", "SHN", "D")]
    assert streams[0]["begin_time"] == "2010/05/27 16:24:03.0000"
    assert streams[0]["end_time"] == "2010/05/27 16:24:08.0000"


@pytest.mark.parametrize("level", ["ID", "CAPABILITIES", "STATIONS"])
def test_other_info_levels_of_version_3(ring: Ring, level: str) -> None:
    children = {"ID": set(), "CAPABILITIES": {"capability"}, "STATIONS": {"station"}}
    root = info_xml(drive(open_session(ring), f"INFO {level}\r\n".encode()))
    assert {child.tag for child in root} == children[level]
    assert all(len(child) == 0 for child in root)


def test_an_unknown_info_level_is_an_error_packet(ring: Ring) -> None:
    stream = drive(open_session(ring), b"INFO GAPS\r\n")
    assert stream[16:21] == b"ERROR"
    assert info_xml(stream)[0].attrib["code"] == "UNSUPPORTED"
    ((kind, _, _, payload),) = packets_v4(drive(open_session(ring), V4 + b"INFO GAPS\r\n")[4:])
    assert (kind, json.loads(payload)["error"]["code"]) == ("JE", "ARGUMENTS")


@pytest.mark.parametrize(
    ("command", "stations", "streams"),
    [
        ("INFO STATIONS", ["BW_UH1", "BW_UH2", "BW_UH3"], []),
        ("INFO STATIONS *3", ["BW_UH3"], []),
        ("INFO STREAMS BW_UH3", ["BW_UH3"], ["00_S_H_Z", "10_S_H_N"]),
        ("INFO STREAMS * *_N", ["BW_UH3"], ["10_S_H_N"]),
        ("INFO STREAMS * *.2L", [], []),
    ],
)
def test_info_of_version_4(ring: Ring, command: str, stations: list[str], streams: list[str]) -> None:
    ((kind, _, _, payload),) = packets_v4(drive(open_session(ring), V4 + command.encode() + b"\r\n")[4:])
    found = json.loads(payload)["station"]
    assert kind == "JI"
    assert [station["id"] for station in found] == stations
    assert [stream["id"] for station in found for stream in station.get("stream", [])] == streams


def test_version_4_tells_sequences_times_and_start(ring: Ring) -> None:
    answers = drive(open_session(ring), V4 + b"INFO STREAMS BW_UH2\r\nINFO ID\r\nINFO FORMATS\r\n")[4:]
    streams, identity, formats = (json.loads(payload) for _, _, _, payload in packets_v4(answers))
    (station,) = streams["station"]
    assert (station["start_seq"], station["end_seq"]) == (2, 18)
    assert station["stream"] == [
        {
            "id": "_S_H_Z",
            "format": "2",
            "subformat": "D",
            "start_time": "2010-05-27T16:24:03.000000Z",
            "end_time": "2010-05-27T16:24:08.000000Z",
        }
    ]
    assert identity["server_start"] == "2010-05-27T16:24:03.000000Z"
    assert {"2", "3"} <= set(formats["format"])


def test_between_records_info_is_answered_and_other_commands_are_refused_in_packets(ring: Ring) -> None:
    session = open_session(ring)
    drive(session, V4 + b"STATION *\r\nDATA\r\nEND\r\n")
    answers = packets_v4(drive(session, b"STATION X\r\nINFO ID\r\nHELLO\r\n" + b"A" * 300 + b"\r\n\x00\r\n"))
    assert [kind for kind, _, _, _ in answers] == ["JE", "JI", "JE", "JE", "JE"]
    errors = [json.loads(payload)["error"] for kind, _, _, payload in answers if kind == "JE"]
    assert [error["code"] for error in errors] == ["UNEXPECTED", "UNEXPECTED", "LIMIT", "UNSUPPORTED"]
    assert errors[0]["message"].startswith("STATION: only INFO and BYE")
    ring.append(raw("UH1", second=5))
    assert sequences_v4(drive(session, b"")) == [21]


def test_after_the_end_of_dial_up_commands_are_ignored(ring: Ring) -> None:
    session = open_session(ring)
    assert drive(session, V4 + b"STATION *\r\nDATA ALL\r\nENDFETCH\r\n").endswith(b"END")
    assert drive(session, b"STATION X\r\nINFO ID\r\n") == b""


def test_version_3_says_nothing_of_a_command_between_records(ring: Ring) -> None:
    session = open_session(ring)
    assert sequences_v3(drive(session, b"DATA 0\r\n"))
    assert drive(session, b"STATION UH1 BW\r\n") == b""
