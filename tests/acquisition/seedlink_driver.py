"""Moves bytes in and out of a server session without a socket, and takes the answers apart."""

from __future__ import annotations

import struct

import numpy as np

from acquisition.records import pack
from acquisition.server import Ring
from acquisition.server.info import Identity
from acquisition.server.session import Session
from houfeng.types import SourceId

START_NS = 1_274_977_443_000_000_000  # 2010-05-27T16:24:03Z
IDENTITY = Identity("Houfeng/test", "Test network", START_NS)
V4 = b"SLPROTO 4.0\r\n"

_HEAD_V4 = struct.Struct("<2sccIQB")


def raw(station: str, channel: str = "SHZ", second: int = 0, location: str = "", **options: int) -> bytes:
    source_id = SourceId("BW", station, location, channel)
    (record,) = pack(source_id, START_NS + second * 1_000_000_000, 50.0, np.arange(50), **options)
    return record


def drive(session: Session, data: bytes) -> bytes:
    """Everything a session answers to some bytes, until it waits."""
    session.receive(data)
    session.notice()
    out = bytearray()
    while not session.idle and not session.closing:
        out += session.step()
    return bytes(out)


def open_session(ring: Ring, now_ns: int = START_NS + 3_600_000_000_000) -> Session:
    return Session(ring, IDENTITY, "test", clock=lambda: now_ns)


def sequences_v3(stream: bytes) -> list[int]:
    body = stream.removesuffix(b"END")
    assert len(body) % 520 == 0
    heads = [body[n : n + 8] for n in range(0, len(body), 520)]
    assert all(head.startswith(b"SL") for head in heads)
    return [int(head[2:], 16) for head in heads]


def packets_v4(stream: bytes) -> list[tuple[str, int, str, bytes]]:
    """(kind, sequence, station, payload) of every packet that has come whole."""
    found = []
    at = 0
    while at + _HEAD_V4.size <= len(stream) and stream[at : at + 3] != b"END":
        mark, kind, sub, length, sequence, n_name = _HEAD_V4.unpack_from(stream, at)
        assert mark == b"SE"
        name_at = at + _HEAD_V4.size
        at = name_at + n_name + length
        if at > len(stream):
            break
        name = stream[name_at : name_at + n_name].decode()
        found.append(((kind + sub).decode(), sequence, name, stream[at - length : at]))
    return found


def sequences_v4(stream: bytes) -> list[int]:
    return [sequence for _, sequence, _, _ in packets_v4(stream)]


def filled_ring() -> Ring:
    """Three stations, four channels, five seconds: sequence numbers 1 to 20."""
    ring = Ring()
    for second in range(5):
        ring.append(raw("UH1", second=second))
        ring.append(raw("UH2", second=second))
        ring.append(raw("UH3", "SHZ", second, "00"))
        ring.append(raw("UH3", "SHN", second, "10"))
    return ring
