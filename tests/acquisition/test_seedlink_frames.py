"""Cutting received bytes into packets: however they arrive, the same packets; what is no packet is named."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.mseed_header import ordinary_length, ordinary_start
from acquisition.records import pack
from acquisition.seedlink.frames import InfoPacket, StreamEndError, cut
from acquisition.server.frames import info_packets_v3
from houfeng.errors import AuthError, SourceError
from houfeng.types import SourceId
from tests.acquisition.seedlink_scripted import v4

T_NS = 1_700_000_000_000_000_000
RECORDS = [
    pack(SourceId("XX", "TEST", "00", "HHZ"), T_NS + n * 10**9, 100.0, np.arange(n, n + 40), length)[0]
    for n, length in enumerate((512, 512, 256, 4096, 512))
]
XML = "<seedlink started='x'>" + "y" * 900 + "</seedlink>"
STREAMS = {
    4: b"".join(v4(b"2D", raw, n, b"XX_" + b"T" * n) for n, raw in enumerate(RECORDS, 1))
    + v4(b"JI", b'{"a":1}')
    + v4(b"JE", b"no \xff")
    + v4(b"3D", b"", 9),
    3: b"".join(b"SL%06X" % n + raw for n, raw in enumerate(RECORDS, 1)) + info_packets_v3(XML, "A", "INF", T_NS),
}
INFOS = {4: '{"a":1}no \ufffd', 3: XML}


@settings(max_examples=100, deadline=None)
@given(version=st.sampled_from([3, 4]), cuts=st.lists(st.integers(0, 7000), max_size=12))
def test_however_bytes_arrive_the_same_packets_come_out(version: int, cuts: list[int]) -> None:
    stream = STREAMS[version]
    waiting, needed = b"", 0
    data: list[tuple[int, bytes]] = []
    text = ""
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        waiting += stream[start:stop]
        received = cut(waiting, version, "peer")
        assert received.failure is None
        if len(waiting) < needed:  # to look earlier than it asked for is in vain
            assert received.n_used == 0
        data += received.data
        text += "".join(part.text for part in received.infos)
        waiting, needed = waiting[received.n_used :], received.n_needed
    assert waiting == b""
    expected = list(enumerate(RECORDS, 1))
    assert data == (expected if version == 3 else [*expected, (9, b"")])
    assert text == INFOS[version]


def test_a_large_packet_is_not_looked_at_before_it_is_there() -> None:
    packet = v4(b"2D", bytes(100_000), 1)
    assert cut(packet[:5000], 4, "peer").n_needed == len(packet)
    assert cut(RECORDS[0][:5], 4, "peer").n_needed == 17


def test_a_refusal_of_info_is_told_from_an_answer() -> None:
    received = cut(v4(b"JE", b"not here"), 4, "peer")
    assert received.infos == [InfoPacket("not here", is_refusal=True)]
    assert received.failure is None


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (b"END", StreamEndError, "peer: the server ended the stream with END"),
        (b"ERROR LIMIT too many\r\n", SourceError, "'END' was answered with 'ERROR LIMIT too many', OK was expected"),
        (b"ERROR AUTH who are you\r\n", AuthError, "ERROR AUTH who are you"),
        (b"HTTP/1.1 400 Bad Request\r\n", SourceError, "Unrecognized"),
        (b"SE2D" + b"\xff" * 13, SourceError, "exceeds sanity limit"),
    ],
)
def test_what_is_no_packet_is_named_behind_those_that_came_whole(
    text: bytes, kind: type[Exception], message: str
) -> None:
    received = cut(v4(b"2D", RECORDS[0], 7) + text, 4, "peer")
    assert received.data == [(7, RECORDS[0])]
    assert type(received.failure) is kind
    assert message in str(received.failure)


@pytest.mark.parametrize("text", [b"E", b"EN", b"ERR", b"ERROR LIMIT", b"S"])
@pytest.mark.parametrize("version", [3, 4])
def test_half_a_text_is_waited_for(text: bytes, version: int) -> None:
    received = cut(text, version, "peer")
    assert (received.data, received.failure, received.n_used) == ([], None, 0)


def test_a_packet_of_version_3_that_holds_no_record_is_named() -> None:
    received = cut(b"SL000001" + bytes(5000), 3, "peer")
    assert received.failure is not None
    assert "peer: " in str(received.failure)


@pytest.mark.parametrize("version", [3, 4])
def test_a_packet_that_lacks_one_byte_is_waited_for(version: int) -> None:
    packet = v4(b"2D", RECORDS[0], 1) if version == 4 else b"SL000001" + RECORDS[0]
    found = [cut(packet[:n], version, "peer").data for n in range(len(packet) + 1)]
    assert found == [[]] * len(packet) + [[(1, RECORDS[0])]]


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 62), byte=st.integers(0, 255), n_bytes=st.integers(40, 700))
def test_the_quick_look_at_version_3_tells_what_the_careful_one_does(at: int, byte: int, n_bytes: int) -> None:
    spoilt = bytearray(RECORDS[0])
    spoilt[at] = byte
    head = bytes(spoilt)[:n_bytes]
    found = re.compile(ordinary_start(), re.DOTALL).match(head)
    length = ordinary_length(head, 0)
    assert (1 << head[found.end() - 1] if found else None) == length
