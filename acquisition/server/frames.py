"""Packets as they go over the wire.

Version 3: `SL`, six hexadecimal digits, one 512-byte miniSEED 2 record. Version 4: `SE` and a binary header (FDSN
SeedLink 4.0).
"""

from __future__ import annotations

import struct

from acquisition.server.stored import LEGACY_RECORD_BYTES, StoredRecord
from houfeng.times import NS_PER_S, to_utcdatetime

SEQUENCE_MASK_V3 = 0xFFFFFF

_HEAD_V4 = struct.Struct("<2sccIQB")
# Fixed header of a miniSEED 2 record up to blockette 1000, big endian (SEED Reference Manual 2.4, chapter 8).
_LOG_HEAD = struct.Struct(">6s2s5s2s3s2sHHBBBBHHhhBBBBiHHHHBBBB")
_LOG_TEXT_BYTES = LEGACY_RECORD_BYTES - _LOG_HEAD.size


def packet_v3(record: StoredRecord) -> bytes:
    """A data packet of version 3; the sequence number wraps at 24 bits."""
    return b"SL%06X" % (record.sequence & SEQUENCE_MASK_V3) + record.raw


def packet_v4(record: StoredRecord) -> bytes:
    """A data packet of version 4."""
    return frame_v4(record.key.kind, record.sequence, record.key.station, record.raw)


def frame_v4(kind: str, sequence: int, station: str, payload: bytes) -> bytes:
    """Header of version 4, station id and payload."""
    code = kind.encode("ascii")
    name = station.encode("ascii")
    return _HEAD_V4.pack(b"SE", code[:1], code[1:], len(payload), sequence, len(name)) + name + payload


def info_packets_v3(text: str, station: str, channel: str, t_ns: int) -> bytes:
    """An XML document cut into miniSEED log records, headed `SLINFO *` and at last `SLINFO  `."""
    data = text.encode("ascii", "xmlcharrefreplace")
    pieces = [data[start : start + _LOG_TEXT_BYTES] for start in range(0, len(data), _LOG_TEXT_BYTES)]
    out = bytearray()
    for number, piece in enumerate(pieces, 1):
        out += b"SLINFO *" if number < len(pieces) else b"SLINFO  "
        out += _log_record(number, piece, station, channel, t_ns)
    return bytes(out)


def _log_record(number: int, text: bytes, station: str, channel: str, t_ns: int) -> bytes:
    t = to_utcdatetime(t_ns)
    head = _LOG_HEAD.pack(
        b"%06d" % (number % 1_000_000),
        b"D ",
        station.ljust(5).encode("ascii"),
        b"  ",
        channel.ljust(3).encode("ascii"),
        b"SL",
        t.year,
        t.julday,
        t.hour,
        t.minute,
        t.second,
        0,
        t_ns % NS_PER_S // 100_000,
        len(text),
        0,  # sampling rate factor and multiplier: text has no rate
        0,
        0,
        0,
        0,
        1,  # one blockette follows
        0,
        _LOG_HEAD.size,  # data begin here
        48,  # blockette 1000 begins here
        1000,
        0,
        0,  # encoding: text
        1,  # big endian
        9,  # record length 2**9
        0,
    )
    return head + text.ljust(_LOG_TEXT_BYTES, b"\0")
