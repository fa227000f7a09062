"""Where a SeedLink session resumes, and what it says: pure, so every case can be tried."""

from __future__ import annotations

import pytest

from acquisition.seedlink.session import RESUME_MARGIN_NS, Request, StationRange, commands, parse_stations, plan
from houfeng.types import Cursor

LAST_NS = 1_700_000_000_000_000_000
SINCE_NS = LAST_NS - RESUME_MARGIN_NS
CURSOR = {"BW.UH1": Cursor(sequence=100, last_ns=LAST_NS)}


@pytest.mark.parametrize(
    ("held", "sequence"),
    [
        (StationRange(1, 500), 101),
        (StationRange(101, 500), 101),
        (StationRange(50, 100), 101),  # nothing new yet
        (StationRange(102, 500), None),  # expired: 101 is gone
        (StationRange(1, 99), None),  # reset: the server numbers anew
        (StationRange(None, None), None),  # the server does not say
        (None, None),  # the station is not there yet
    ],
)
def test_resume_expired_or_reset(held: StationRange | None, sequence: int | None) -> None:
    stations = {} if held is None else {"BW_UH1": held}
    assert plan(["BW.UH1..?HZ"], CURSOR, stations, version=4) == [Request("BW_UH1", ("_?_H_Z",), sequence, SINCE_NS)]


def test_a_new_station_is_taken_from_the_oldest_record() -> None:
    (request,) = plan(["BW.UH1.*.*"], {}, {"BW_UH1": StationRange(5, 9)}, version=4)
    assert list(commands([request], version=4, has_time=True)) == ["STATION BW_UH1", "SELECT *_*", "DATA ALL"]
    (request,) = plan(["BW.UH1.*.*"], {}, {"BW_UH1": StationRange(5, 9)}, version=3)
    assert list(commands([request], version=3, has_time=False)) == ["STATION UH1 BW", "SELECT ?????", "DATA 000005"]


def test_wildcards_are_spelled_out_and_kept_for_stations_that_appear_later() -> None:
    held = {"BW_UH1": StationRange(1, 200), "BW_UH2": StationRange(1, 9), "GE_WLF": StationRange(1, 9)}
    requests = plan(["BW.UH*..SHZ", "GE.KBU..BHZ"], CURSOR, held, version=4)
    assert [(r.station, r.sequence) for r in requests] == [
        ("BW_UH1", 101),
        ("BW_UH2", None),
        ("GE_KBU", None),
        ("BW_UH*", None),
    ]
    assert [r.station for r in plan(["BW.UH*..SHZ"], {}, held, version=3)] == ["BW_UH1", "BW_UH2"]


def test_a_time_goes_with_a_start_that_is_not_a_sequence() -> None:
    request = Request("BW_UH1", ("_S_H_Z",), None, LAST_NS)
    assert list(commands([request], version=4, has_time=True))[-1] == "DATA ALL 2023-11-14T22:13:20.000Z"
    assert list(commands([request], version=4, has_time=False))[-1] == "DATA ALL"


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
    held = {"GE_KBU": StationRange(1, 2)}
    assert plan([pattern], {}, held, version=4)[0].selectors == (v4,)
    assert plan([pattern], {}, held, version=3)[0].selectors == (v3,)


def test_station_ranges_of_both_versions() -> None:
    v4 = {"station": [{"id": "IU_ANMO", "start_seq": 7, "end_seq": 9}, {"id": "IU_ULN"}]}
    assert parse_stations(v4, version=4) == {"IU_ANMO": StationRange(7, 9), "IU_ULN": StationRange(None, None)}
    v3 = {"seedlink": {"station": [{"network": "GE", "name": "KBU", "begin_seq": "00000A", "end_seq": "0000FF"}]}}
    assert parse_stations(v3, version=3) == {"GE_KBU": StationRange(10, 255)}
