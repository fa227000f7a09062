"""Which records flow: patterns, windows in time and sequence numbers of SeedLink 3 and 4."""

from __future__ import annotations

import pytest

from acquisition.server import Ring
from acquisition.server.demand import MAX_SCAN
from acquisition.server.handshake import widen_v3

from .seedlink_driver import (
    START_NS,
    V4,
    drive,
    filled_ring,
    open_session,
    packets_v4,
    raw,
    sequences_v3,
    sequences_v4,
)


@pytest.fixture
def ring() -> Ring:
    return filled_ring()


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SHZ", [3, 7]),
        ("SH?", [3, 4, 7, 8]),
        ("00SHZ", [3, 7]),
        ("00SH?", [3, 7]),
        ("??SHN.D", [4, 8]),
        ("--SHZ", []),
        ("SHZ.L", []),
        ("D", [3, 4, 7, 8]),
        ("!SHZ", [4, 8]),
        ("*", [3, 4, 7, 8]),
    ],
)
def test_version_3_selectors(ring: Ring, select: str, expected: list[int]) -> None:
    commands = f"STATION UH3 BW\r\nSELECT {select}\r\nFETCH 1\r\nEND\r\n".encode()
    stream = drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 3)
    assert [n for n in sequences_v3(stream) if n <= 8] == expected


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("*_S_H_Z", [3, 7]),
        ("00_S_H_Z", [3, 7]),
        ("0?_*", [3, 7]),
        ("_S_H_Z", []),
        ("*Z", [3, 7]),
        ("*_H", []),
        ("*.2D", [3, 4, 7, 8]),
        ("*.2", [3, 4, 7, 8]),
        ("*.D", []),
        ("*.3", []),
        ("* !*_N", [3, 7]),
        ("!*_S_H_N", [3, 7]),
        ("!*.2L", [3, 4, 7, 8]),
        ("*_Z:native", [3, 7]),
        ("*_E *_N", [4, 8]),
    ],
)
def test_version_4_selectors(ring: Ring, select: str, expected: list[int]) -> None:
    commands = V4 + f"STATION BW_UH3\r\nSELECT {select}\r\nDATA ALL\r\nENDFETCH\r\n".encode()
    stream = drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 4)
    assert [n for n in sequences_v4(stream) if n <= 8] == expected
    assert stream.endswith(b"END")


def test_select_without_a_pattern_cancels_the_selectors_of_version_3(ring: Ring) -> None:
    commands = b"STATION UH3 BW\r\nSELECT SHN\r\nSELECT\r\nDATA 1\r\nEND\r\n"
    assert len(sequences_v3(drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 4))) == 10


@pytest.mark.parametrize(
    ("stations", "expected"),
    [
        (["BW_UH1"], ["BW_UH1"]),
        (["*"], ["BW_UH1", "BW_UH2", "BW_UH3"]),
        (["*_UH?"], ["BW_UH1", "BW_UH2", "BW_UH3"]),
        (["BW_UH2", "BW_UH9"], ["BW_UH2"]),
        (["UH1"], []),
        (["BW_U"], []),
    ],
)
def test_station_patterns_are_anchored(ring: Ring, stations: list[str], expected: list[str]) -> None:
    commands = V4 + b"".join(f"STATION {name}\r\nDATA ALL\r\n".encode() for name in stations) + b"ENDFETCH\r\n"
    stream = drive(open_session(ring), commands).removeprefix(b"OK\r\n" * (1 + 2 * len(stations)))
    assert sorted({station for _, _, station, _ in packets_v4(stream)}) == expected


def test_a_station_belongs_to_the_first_pattern_that_matches(ring: Ring) -> None:
    commands = V4 + b"STATION BW_UH3\r\nSELECT *_N\r\nDATA ALL\r\nSTATION BW_*\r\nDATA 17\r\nENDFETCH\r\n"
    stream = drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 6)
    assert sequences_v4(stream) == [4, 8, 12, 16, 17, 18, 20]


def test_each_station_resumes_from_its_own_number(ring: Ring) -> None:
    commands = b"STATION UH1 BW\r\nFETCH 0xB\r\nSTATION UH2 BW\r\nFETCH 5\r\nEND\r\n"
    stream = drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 4)
    assert sequences_v3(stream) == [6, 10, 13, 14, 17, 18]
    assert stream.endswith(b"END")


def test_without_a_number_only_what_comes_next_is_sent(ring: Ring) -> None:
    session = open_session(ring)
    assert drive(session, V4 + b"STATION *\r\nDATA\r\nEND\r\n") == b"OK\r\n" * 3
    ring.append(raw("UH1", second=5))
    assert sequences_v4(drive(session, b"")) == [21]


@pytest.mark.parametrize("commands", [b"FETCH\r\n", V4 + b"STATION *\r\nDATA\r\nENDFETCH\r\n"])
def test_dial_up_without_a_number_is_all_that_is_queued(ring: Ring, commands: bytes) -> None:
    stream = drive(open_session(ring), commands)
    assert stream.count(b"BW") >= 20
    assert stream.endswith(b"END")


def test_nothing_follows_the_end_of_dial_up(ring: Ring) -> None:
    session = open_session(ring)
    drive(session, b"FETCH\r\n")
    ring.append(raw("UH1", second=5))
    assert drive(session, b"INFO ID\r\nHELLO\r\n") == b""
    drive(session, b"BYE\r\n")
    assert session.closing


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("2010-05-27T16:24:04Z", [5, 9, 13, 17]),  # record 1 ends at 16:24:04: not after it
        ("2010-05-27T16:24:03.98Z", [1, 5, 9, 13, 17]),
        ("2010-05-27T16:24:04Z 2010-05-27T16:24:06Z", [5, 9]),
        ("2010-05-27T16:24:04Z 2010-05-27T16:24:06.5Z", [5, 9, 13]),
        ("2020-01-01T00:00:00Z", []),
    ],
)
def test_version_4_windows(ring: Ring, window: str, expected: list[int]) -> None:
    commands = V4 + f"STATION BW_UH1\r\nDATA ALL {window}\r\nENDFETCH\r\n".encode()
    assert sequences_v4(drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 3)) == expected


def test_a_window_can_be_resumed(ring: Ring) -> None:
    commands = V4 + b"STATION BW_UH1\r\nDATA 10 2010-05-27T16:24:03Z 2010-05-27T16:24:07Z\r\nENDFETCH\r\n"
    assert sequences_v4(drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 3)) == [13]


def test_a_past_window_of_version_3_ends(ring: Ring) -> None:
    stream = drive(open_session(ring), b"TIME 2010,5,27,16,24,4 2010,05,27,16,24,06\r\n")
    # unlike in version 4, the records that start exactly at the end belong to it
    assert sequences_v3(stream) == list(range(5, 17))
    assert stream.endswith(b"END")


def test_a_window_of_version_3_waits_for_its_end(ring: Ring) -> None:
    session = open_session(ring, now_ns=START_NS + 5_000_000_000)
    commands = b"STATION UH1 BW\r\nTIME 2010,5,27,16,24,7 2010,5,27,16,24,9\r\nEND\r\n"
    assert drive(session, commands) == b"OK\r\n" * 2 + b"SL000011" + raw("UH1", second=4)
    ring.append(raw("UH1", second=5))
    assert drive(session, b"") == b"SL000015" + raw("UH1", second=5)
    ring.append(raw("UH1", second=6))
    assert drive(session, b"") == b"SL000016" + raw("UH1", second=6) + b"END"


def test_a_window_of_version_3_ends_by_the_clock_when_the_stream_is_silent(ring: Ring) -> None:
    commands = b"STATION UH1 BW\r\nTIME 2010,5,27,16,24,7 2010,5,27,16,24,9\r\nEND\r\n"
    assert drive(open_session(ring), commands).endswith(b"END")


def test_data_with_a_number_and_a_time_needs_both(ring: Ring) -> None:
    commands = b"STATION UH1 BW\r\nDATA 6 2010,5,27,16,24,6\r\nEND\r\n"
    assert sequences_v3(drive(open_session(ring), commands).removeprefix(b"OK\r\n" * 2)) == [13, 17]


def test_version_3_leaves_out_what_it_cannot_carry(ring: Ring) -> None:
    long = raw("UH1", second=5, record_length=4096)
    new = raw("UH1", second=6, version=3)
    ring.append(long)
    ring.append(new)
    assert max(sequences_v3(drive(open_session(ring), b"FETCH 1\r\n"))) == 20
    packets = packets_v4(drive(open_session(ring), V4 + b"STATION *\r\nDATA 21\r\nENDFETCH\r\n")[4 * 3 :])
    assert packets == [("2D", 21, "BW_UH1", long), ("3D", 22, "BW_UH1", new)]


@pytest.mark.parametrize(
    ("sequence", "first", "following", "expected"),
    [
        (0x000005, 1, 21, 5),
        (21, 1, 21, 21),  # all received: what comes next
        (22, 1, 21, 1),  # never given out by this run: all there is
        (0x000005, 0xFFFFF0, 0x1000010, 0x1000005),  # after the wrap
        (0xFFFFFF, 0xFFFFF0, 0x1000010, 0xFFFFFF),  # before the wrap
        (0x000010, 0xFFFFF0, 0x1000010, 0x1000010),
        (0xF00000, 0xFFFFF0, 0x1000010, 0xF00000),  # gone: the ring answers from its oldest
    ],
)
def test_24_bits_are_widened(sequence: int, first: int, following: int, expected: int) -> None:
    assert widen_v3(sequence, first, following) == expected


def test_version_3_numbers_wrap_and_resume_over_the_wrap() -> None:
    ring = Ring(first_sequence=0xFFFFFE)
    for second in range(4):
        ring.append(raw("UH1", second=second))
    assert sequences_v3(drive(open_session(ring), b"FETCH\r\n")) == [0xFFFFFE, 0xFFFFFF, 0, 1]
    # ObsPy adds 1 to the last number without wrapping, and writes 0x before it.
    assert sequences_v3(drive(open_session(ring), b"FETCH 0x1000000\r\n")) == [0, 1]


@pytest.mark.parametrize("number", ["21", "22", "99999999999999999999"])
def test_a_version_4_number_still_to_come_loses_nothing(ring: Ring, number: str) -> None:
    stream = drive(open_session(ring), V4 + f"STATION *\r\nDATA {number}\r\nENDFETCH\r\n".encode())
    assert sequences_v4(stream[4 * 3 :]) == ([] if number == "21" else list(range(1, 21)))


def test_a_slow_client_goes_on_with_the_oldest_held_and_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    ring = Ring(max_bytes=4 * 512)
    session = open_session(ring)
    ring.append(raw("UH1"))
    assert sequences_v3(drive(session, b"DATA 1\r\n")) == [1]
    for second in range(1, 10):
        ring.append(raw("UH1", second=second))
    with caplog.at_level("WARNING"):
        assert sequences_v3(drive(session, b"")) == [7, 8, 9, 10]
    assert "too slow, 5 records left the history" in caplog.text


def test_a_session_that_selects_little_looks_at_the_backlog_in_steps() -> None:
    ring = Ring()
    record = raw("UH1")
    for _ in range(3 * MAX_SCAN):
        ring.append(record)
    session = open_session(ring)
    session.receive(b"STATION UH2 BW\r\nDATA 1\r\nEND\r\n")
    answers = [session.step() for _ in range(3)]
    assert answers == [b"OK\r\n", b"OK\r\n", b""]
    n_steps = 0
    while not session.idle:
        assert session.step() == b""
        n_steps += 1
    assert n_steps == 4
