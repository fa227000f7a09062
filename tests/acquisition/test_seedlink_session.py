"""What is said to a SeedLink server, in both versions, and what its INFO replies mean."""

from __future__ import annotations

import pytest

from acquisition.seedlink.resume import FLOOR_NS, Request, StationRange
from acquisition.seedlink.session import commands, parse_start, parse_stations, selectors

SINCE_NS = 1_700_000_000_900_000_000  # 2023-11-14T22:13:20.9Z
END_NS = SINCE_NS + 60_000_000_000


@pytest.mark.parametrize(
    ("sequence", "has_time", "end_ns", "data"),
    [
        (101, True, None, "DATA 101 2023-11-14T22:13:20.900Z"),
        (None, True, None, "DATA ALL 2023-11-14T22:13:20.900Z"),
        (None, True, END_NS, "DATA ALL 2023-11-14T22:13:20.900Z 2023-11-14T22:14:20.900Z"),
        (101, False, None, "DATA 101"),
        (None, False, None, "DATA ALL"),
    ],
)
def test_data_of_version_4(sequence: int | None, has_time: bool, end_ns: int | None, data: str) -> None:
    request = Request("BW_UH1", ("_S_H_Z", "00_*"), sequence, SINCE_NS)
    lines = commands(request, version=4, has_time=has_time, end_ns=end_ns)
    assert lines == ["STATION BW_UH1", "SELECT _S_H_Z", "SELECT 00_*", data]


@pytest.mark.parametrize(
    ("sequence", "end_ns", "data"),
    [
        (0x10, None, "DATA 000010 2023,11,14,22,13,20"),
        (None, None, "TIME 2023,11,14,22,13,20"),
        (0x10, END_NS, "TIME 2023,11,14,22,13,20 2023,11,14,22,14,20"),
    ],
)
def test_data_of_version_3(sequence: int | None, end_ns: int | None, data: str) -> None:
    request = Request("BW_UH1", ("--SHZ",), sequence, SINCE_NS)
    assert commands(request, version=3, has_time=True, end_ns=end_ns) == ["STATION UH1 BW", "SELECT --SHZ", data]


def test_everything_is_a_time_that_every_server_can_read() -> None:
    request = Request("BW_UH1", (), None, FLOOR_NS)
    assert commands(request, version=4, has_time=True)[-1] == "DATA ALL 1980-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("pattern", "v4", "v3"),
    [
        ("GE.KBU..BHZ", "_B_H_Z", "--BHZ"),
        ("GE.KBU.00.BH?", "00_B_H_?", "00BH?"),
        ("GE.KBU.*.?HZ", "*_?_H_Z", "???HZ"),
        ("GE.KBU.10.BH*", "10_B_H_*", "10BH?"),
        ("GE.KBU..*", "_*", "--???"),
    ],
)
def test_selectors_of_both_versions(pattern: str, v4: str, v3: str) -> None:
    assert selectors([pattern], version=4) == {"GE_KBU": [v4]}
    assert selectors([pattern], version=3) == {"GE_KBU": [v3]}


def test_station_ranges_and_start_of_both_versions() -> None:
    v4 = {
        "server_start": "2026-01-31T12:00:00Z",
        "station": [{"id": "IU_ANMO", "start_seq": 7, "end_seq": 9}, {"id": "IU_ULN"}],
    }
    assert parse_stations(v4, version=4) == {"IU_ANMO": StationRange(7, 9), "IU_ULN": StationRange(None, None)}
    assert parse_start(v4, version=4) == "2026-01-31T12:00:00Z"
    v3 = {
        "seedlink": {
            "started": "2014/05/23 13:38:36.0246",
            "station": [{"network": "GE", "name": "KBU", "begin_seq": "00000A", "end_seq": "0000FF"}],
        }
    }
    assert parse_stations(v3, version=3) == {"GE_KBU": StationRange(10, 255)}
    assert parse_start(v3, version=3) == "2014/05/23 13:38:36.0246"
    assert parse_start({}, version=4) == parse_start({}, version=3) == ""
