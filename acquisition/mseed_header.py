"""The header of an ordinary miniSEED 2 record, read where it stands.

libmseed, called from Python, takes ten times as long for the same. Whatever is out of the ordinary is left to it: what
is read here is what libmseed reads, and what is refused is refused there, in its words.

References
----------
SEED Reference Manual 2.4, FDSN (2012), chapter 8: fixed section of data header; blockettes 100, 1000 and 1001.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct

from houfeng.errors import SourceIdError
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

# Source id, start (ns UTC), number of samples or characters, rate (samples a second, not checked), timing quality of
# blockette 1001 (None without it), encoding. A plain tuple: one with names took as long to make as all of it to read.
QuickHeader = tuple[SourceId, int, int, float, int | None, int]

TEXT_ENCODING = 0

# Read as big-endian, the years of a little-endian header lie elsewhere (1799 and 2056 are the nearest that do not).
FIRST_YEAR, LAST_YEAR = 1900, 2055
# sequence number | quality, blank, station, location, channel, network | year, day, hour, minute, second, 0.1 ms |
# samples, rate factor, multiplier | activity flags, number of blockettes, time correction |
# data, first blockette, blockette 1000, type and next of 1001 | timing quality, microseconds
_FIELDS = "6s14sHHBBBxHHhhBxxBi16sBb"
_FIRST_BLOCKETTES = "HHHHBBBxHH"  # the 16s of it
_BLOCKETTE = "HHBBBB"  # type, next; 1000: encoding, byte order, length; 1001: timing quality, microseconds
_FIXED_BYTES = 48
LEAST_BYTES = 64
_LONGEST_BLOCKETTE = 12
_BIG, _LITTLE = (
    tuple(Struct(order + fields) for fields in (_FIELDS, _FIRST_BLOCKETTES, _BLOCKETTE, "f")) for order in "><"
)
_STEIM = (10, 11)
_BIG_ENDIAN_DATA = 1
FIRST_IS_1000 = b"\x00\x30\x03\xe8"  # at byte 48
QUALITIES = (b"D", b"R", b"Q", b"M")
TIME_IS_CORRECTED = 0x02
NS_PER_TICK = 100_000  # of the start time and its correction, 0.1 ms
_NAME = re.compile(rb"[DRQM][ \0][A-Z0-9 ]{12}")


def quick_header(raw: bytes) -> QuickHeader | None:
    """The header of one whole miniSEED 2 record; None for one that libmseed must judge.

    Parameters
    ----------
    raw : the record's bytes, nothing behind them
    """
    n_bytes = len(raw)
    if n_bytes < LEAST_BYTES:
        return None
    order = _BIG
    fields = order[0].unpack_from(raw)
    if not FIRST_YEAR <= fields[2] <= LAST_YEAR:
        order = _LITTLE
        fields = order[0].unpack_from(raw)
    number, name, year, day, hour, minute, second, ticks, n_samples, factor, multiplier, flags = fields[:12]
    n_blockettes, correction, first_blockettes, quality, offset_us = fields[12:]
    source_id, minute_ns = read_source_id(name), _minute_ns(year, day, hour, minute)
    if source_id is None or minute_ns is None or second > 59 or ticks > 9999 or not number.isdigit():
        return None
    rate_hz = read_rate_hz(factor, multiplier)
    ordinary = ordinary_shape(first_blockettes, n_blockettes, n_bytes, order is _BIG)
    if ordinary is not None:
        encoding, has_timing = ordinary
        if not has_timing:
            quality, offset_us = None, 0
    else:
        found = with_rate(raw[44:72], n_blockettes, n_bytes, order is _BIG, n_samples > 0)
        found = found or _blockettes(raw, order, n_blockettes, n_samples)
        if found is None:
            return None
        encoding, own_rate_hz, quality, offset_us = found
        rate_hz = rate_hz if own_rate_hz is None else own_rate_hz
    if correction and not flags & TIME_IS_CORRECTED:
        ticks += correction
    start_ns = minute_ns + second * NS_PER_S + ticks * NS_PER_TICK + offset_us * 1000
    return source_id, start_ns, n_samples, rate_hz, quality, encoding


def ordinary_length(content: bytes, at: int) -> int | None:
    """Bytes of the miniSEED 2 record that begins at a place, when its blockette 1000 is where most records have it.

    Whether the rest of it is a record is not looked at. None leaves the question to libmseed.
    """
    if content[at + 46 : at + 50] != FIRST_IS_1000 or content[at + 6 : at + 7] not in QUALITIES:
        return None
    exponent = content[at + 54] if len(content) > at + 54 else 0
    return 1 << exponent if 7 <= exponent <= 16 else None


def ordinary_start() -> bytes:
    """Regular expression of what `ordinary_length` asks of the first 55 bytes, the last of which is the exponent."""
    return b".{6}[" + b"".join(QUALITIES) + b"].{39}" + re.escape(FIRST_IS_1000) + rb".{4}[\x07-\x10]"


def steim_payload(raw: bytes) -> tuple[int, int, int] | None:
    """Encoding, first byte and number of samples of the packed data of most records; None leaves it to libmseed.

    Parameters
    ----------
    raw : a record whose header is sound
    """
    if raw[46:50] != FIRST_IS_1000 or raw[52] not in _STEIM or raw[53] != _BIG_ENDIAN_DATA:
        return None
    data_at, n_samples = raw[44] << 8 | raw[45], raw[30] << 8 | raw[31]
    return (raw[52], data_at, n_samples) if n_samples and LEAST_BYTES <= data_at < len(raw) else None


@lru_cache(maxsize=4096)
def ordinary_shape(first: bytes, n_blockettes: int, n_bytes: int, is_big: bool) -> tuple[int, bool] | None:
    """Encoding, and whether blockette 1001 is behind blockette 1000, of a record with these alone; None for others.

    Parameters
    ----------
    first : bytes 44 to 60 of the record
    """
    shape = (_BIG if is_big else _LITTLE)[1].unpack(first)
    data_at, at, kind, following, encoding, _, exponent, second_kind, last = shape
    has_timing = following != 0
    if (at, kind) != (_FIXED_BYTES, 1000) or (has_timing and (following, second_kind, last) != (56, 1001, 0)):
        return None
    if n_blockettes != 1 + has_timing or 1 << exponent != n_bytes or not LEAST_BYTES <= data_at < n_bytes:
        return None
    return encoding, has_timing


@lru_cache(maxsize=4096)
def with_rate(
    first: bytes, n_blockettes: int, n_bytes: int, is_big: bool, has_samples: bool
) -> tuple[int, float | None, int | None, int] | None:
    """What `_blockettes` finds in bytes 44 to 72 of a record with blockettes 1000 and 100 alone; None for others."""
    order = _BIG if is_big else _LITTLE
    _, at, kind, following, _, _, _, second_kind, last = order[1].unpack(first[:16])
    if (at, kind, following, second_kind, last) != (_FIXED_BYTES, 1000, 56, 100, 0) or n_bytes < 72:
        return None
    return _blockettes(bytes(44) + first + bytes(n_bytes - 72), order, n_blockettes, int(has_samples))


def _blockettes(
    raw: bytes, order: tuple[Struct, ...], n_blockettes: int, n_samples: int
) -> tuple[int, float | None, int | None, int] | None:
    """Encoding, rate of blockette 100, timing quality and microseconds of 1001; None when anything is unusual."""
    encoding, rate_hz, timing_quality, offset_us = -1, None, None, 0
    data_at, at = order[1].unpack_from(raw, 44)[:2]
    n_found, behind = 0, _FIXED_BYTES
    while at:
        if at < behind or at + _LONGEST_BLOCKETTE > len(raw):
            return None
        kind, following, first, second, third, _ = order[2].unpack_from(raw, at)
        behind = at + 8
        if kind == 1000 and encoding < 0 and 1 << third == len(raw):
            encoding = first
        elif kind == 1001 and timing_quality is None:
            timing_quality, offset_us = first, second - 256 if second > 127 else second
        elif kind == 100 and rate_hz is None:
            (rate_hz,) = order[3].unpack_from(raw, at + 4)
            if not rate_hz > 0:
                return None
            behind = at + _LONGEST_BLOCKETTE
        else:
            return None
        n_found += 1
        at = following
    if encoding < 0 or n_found != n_blockettes or (n_samples and not behind <= data_at < len(raw)):
        return None
    return encoding, rate_hz, timing_quality, offset_us


@lru_cache(maxsize=65536)
def read_source_id(name: bytes) -> SourceId | None:
    """From quality, blank, station, location, channel and network as they stand in the header."""
    if not _NAME.fullmatch(name):
        return None
    text = name.decode("ascii")
    station, location, channel, network = (text[a:b].replace(" ", "") for a, b in ((2, 7), (7, 9), (9, 12), (12, 14)))
    try:
        return SourceId(network, station, location, channel)
    except SourceIdError:
        return None


@lru_cache(maxsize=16384)
def _minute_ns(year: int, day: int, hour: int, minute: int) -> int | None:
    """Beginning of a minute of a day of the year, ns UTC; None when there is no such minute."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= day <= 366 and hour < 24 and minute < 60):
        return None
    new_year, next_year = (int(datetime(each, 1, 1, tzinfo=UTC).timestamp()) for each in (year, year + 1))
    seconds = new_year + ((day - 1) * 24 + hour) * 3600 + minute * 60
    return seconds * NS_PER_S if seconds < next_year else None


@lru_cache(maxsize=4096)
def read_rate_hz(factor: int, multiplier: int) -> float:
    """Samples per second: both are samples a second when positive, seconds a sample when negative."""
    rate_hz = float(factor) if factor > 0 else -1.0 / factor if factor else 0.0
    if multiplier > 0:
        return rate_hz * multiplier
    return -1.0 * rate_hz / multiplier if multiplier else rate_hz
