"""The handshake word by word: what SeedLink 3 and 4 answer, and that no bytes break it.

The expected answers are those of the FDSN SeedLink 4.0 specification, and of SeisComP and ringserver for version 3.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.server import Ring
from acquisition.server.commands import MAX_LINE_BYTES, LineReader
from acquisition.server.session import MAX_FAULTS, Session

from .seedlink_driver import V4, drive, filled_ring, open_session, raw, sequences_v3


@pytest.fixture
def ring() -> Ring:
    return filled_ring()


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_every_line_end_is_taken_in_any_case(ring: Ring, end: bytes) -> None:
    assert drive(open_session(ring), b"hello" + end).startswith(b"SeedLink v4.0 (Houfeng/test) :: SLPROTO:3.1")


def test_nothing_is_said_before_the_first_command_and_to_empty_lines(ring: Ring) -> None:
    assert drive(open_session(ring), b"") == b""
    assert drive(open_session(ring), b"\r\n\n\r \r\n") == b""


def test_hello_answers_two_lines_with_the_protocols(ring: Ring) -> None:
    first, second, rest = drive(open_session(ring), b"HELLO\r\n").split(b"\r\n")
    assert {b"SLPROTO:3.1", b"SLPROTO:4.0"} <= set(first.split())
    assert (second, rest) == (b"Test network", b"")


@given(cuts=st.lists(st.integers(0, 120), max_size=12))
@settings(max_examples=50, deadline=None)
def test_commands_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    data = b"HELLO\r\nSLPROTO 4.0\r\nSTATION BW_UH1\rSELECT *\rDATA ALL\rENDFETCH\r\nINFO ID\r\n"
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    whole, pieces = LineReader(), LineReader()
    expected = whole.feed(data)
    got = [command for a, b in pairwise(edges) for command in pieces.feed(data[a:b])]
    assert len(expected) == 7
    assert got == expected


def test_a_long_line_is_dropped_and_the_next_is_heard() -> None:
    reader = LineReader()
    longest = b"STATION " + b"A" * (MAX_LINE_BYTES - 9)
    assert reader.feed(longest + b"\n")[0].verb == "STATION"
    commands = reader.feed(b"B" * 100_000 + b"\r\nHELLO\r\n")
    assert [command.verb for command in commands] == ["", "HELLO"]
    assert "255 bytes" in commands[0].fault


def test_version_4_is_spoken_after_slproto(ring: Ring) -> None:
    session = open_session(ring)
    answers = drive(session, V4 + b"USERAGENT slinktool/5 libslink/4\r\nSTATION BW_UH1\r\nSELECT *\r\nDATA\r\n")
    assert answers == b"OK\r\n" * 5


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (b"SLPROTO 5.0\r\n", None),
        (V4 + V4, "UNEXPECTED"),
        (V4 + b"NONSENSE\r\n", "UNSUPPORTED"),
        (V4 + b"FETCH\r\n", "UNSUPPORTED"),
        (V4 + b"STATION\r\n", "ARGUMENTS"),
        (V4 + b"STATION UH1 BW\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_[A]\r\n", "ARGUMENTS"),
        (V4 + b"SELECT *\r\n", "UNEXPECTED"),
        (V4 + b"DATA\r\n", "UNEXPECTED"),
        (V4 + b"END\r\n", "UNEXPECTED"),
        (V4 + b"STATION BW_*\r\nSELECT\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_*\r\nSELECT (x)\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_*\r\nSELECT *:3\r\n", "UNSUPPORTED"),
        (V4 + b"STATION BW_*\r\nDATA 0x10\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_*\r\nDATA 1 yesterday\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_*\r\nDATA 1 2010-02-30T00:00:00Z\r\n", "ARGUMENTS"),
        (V4 + b"STATION BW_*\r\nDATA 1 2 3 4\r\n", "ARGUMENTS"),
        (V4 + b"\xff\xfe\x01\r\n", "UNSUPPORTED"),
        (V4 + b"A" * 300 + b"\r\n", "LIMIT"),
    ],
)
def test_a_refused_command_is_answered_with_its_code(ring: Ring, commands: bytes, code: str | None) -> None:
    last = drive(open_session(ring), commands).split(b"\r\n")[-2].decode()
    assert last.startswith(f"ERROR {code} " if code else "ERROR")


def test_after_a_refused_station_its_commands_do_not_go_to_another(ring: Ring) -> None:
    session = open_session(ring)
    answers = drive(session, V4 + b"STATION BW_UH1\r\nDATA ALL\r\nSTATION (\r\nDATA 1\r\nSELECT *\r\n")
    assert [line.split(b" ")[0] for line in answers.split(b"\r\n")] == [b"OK", b"OK", b"OK", *[b"ERROR"] * 3, b""]


def test_version_3_errors_are_bare_unless_reasons_were_asked_for(ring: Ring) -> None:
    session = open_session(ring)
    assert drive(session, b"BATCH\r\n") == b"ERROR\r\n"
    assert drive(session, b"CAPABILITIES EXTREPLY\r\n") == b"OK\r\n"
    assert drive(session, b"BATCH\r\n") == b"ERROR\rUNSUPPORTED BATCH is not offered in version 3\r\n"


@pytest.mark.parametrize(
    "command",
    [b"STATION", b"STATION A B C", b"SELECT BHZZ", b"SELECT !", b"SELECT BHZ.X", b"DATA xyz", b"DATA 1 2010", b"TIME"],
)
def test_version_3_refuses_what_it_does_not_understand(ring: Ring, command: bytes) -> None:
    assert drive(open_session(ring), command + b"\r\n") == b"ERROR\r\n"


def test_uni_station_starts_at_once_without_an_answer(ring: Ring) -> None:
    assert sequences_v3(drive(open_session(ring), b"DATA 000003\r\n")) == list(range(3, 21))


def test_multi_station_answers_ok_and_waits_for_end(ring: Ring) -> None:
    session = open_session(ring)
    assert drive(session, b"STATION UH1 BW\r\nSELECT SHZ.D\r\nDATA 1\r\n") == b"OK\r\nOK\r\nOK\r\n"
    assert sequences_v3(drive(session, b"END\r\n")) == [1, 5, 9, 13, 17]


def test_a_peer_that_sends_only_noise_is_let_go(ring: Ring) -> None:
    session = open_session(ring)
    drive(session, b"GET / HTTP/1.1\r\n" * (MAX_FAULTS - 1))
    assert not session.closing
    drive(session, b"x\r\n")
    assert session.closing


def is_sound(session: Session, said: bytes) -> bool:
    """Whether it says who it is when it is asked, unless it has said END or parted from a peer without sense."""
    return session.closing or said.endswith(b"END") or b"Houfeng" in drive(session, b"\r\nINFO ID\r\n")


@given(data=st.lists(st.binary(max_size=400), max_size=8))
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_a_session(data: list[bytes]) -> None:
    ring = Ring()
    ring.append(raw("UH1"))
    session = open_session(ring)
    said = b"".join(drive(session, piece) for piece in data)
    assert is_sound(session, said)


_WORDS = st.sampled_from(
    [
        *("HELLO", "SLPROTO", "4.0", "3.1", "CAPABILITIES", "EXTREPLY", "USERAGENT", "BYE"),
        *("STATION", "BW_UH1", "*", "UH1", "BW", "SELECT", "!SHZ", "SHZ"),
        *("DATA", "ALL", "1", "FFFFFF", "FETCH", "TIME", "2010,5,27,16,24,3", "2010-05-27T16:24:03Z"),
        *("END", "ENDFETCH", "INFO", "STREAMS", "ID"),
    ]
)


@given(lines=st.lists(st.lists(_WORDS, min_size=1, max_size=5), max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_order_of_commands_breaks_a_session(lines: list[list[str]]) -> None:
    ring = Ring()
    ring.append(raw("UH1"))
    session = open_session(ring)
    said = b"".join(drive(session, " ".join(words).encode() + b"\r\n") for words in lines)
    assert is_sound(session, said)
