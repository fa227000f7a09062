"""Headers of a file's records all at once, as columns: what most files hold are records alike in all but time.

References
----------
SEED Reference Manual 2.4, FDSN (2012), chapter 8: fixed section of data header; blockettes 1000 and 1001.
"""

from __future__ import annotations

from mmap import mmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition import mseed_header as header
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

# Bytes in which records of a stream differ: number; time and number of samples; of blockette 1001, all but its kind.
_RATE_END = 72  # of blockette 100 behind blockette 1000
_NUMBER, _TIME, _TIMING = slice(6), slice(20, 32), slice(60, 64)


def rough_starts(content: bytes | memoryview | mmap) -> tuple[int, NDArray[np.int64]] | None:
    """Length of the records of a file and when each begins, without corrections and microseconds; all of it at once.

    A file of a day took 30 us a record to walk through, and this takes 0.1. What is cut off at the end is left out.

    Returns
    -------
    length : bytes
    start_ns : (n,) ns UTC
    None unless all are ordinary miniSEED 2 records of one length, big-endian, blockette 1000 first
    """
    rows = _ordinary_rows(content)
    return None if rows is None else (rows.shape[1], _whole_seconds_ns(rows))


class RoughSpans(NamedTuple):
    """Ordinary records at a glance.

    Parameters
    ----------
    length : bytes of each record
    start_ns, end_ns : (n,) ns UTC, of the sample after the last; right to a millisecond, as long as blockette 100 does
        not say a rate that differs from the header's
    source_ids : streams that occur
    """

    length: int
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    source_ids: frozenset[SourceId]


def rough_spans(content: bytes | mmap) -> RoughSpans | None:
    """When each record begins and ends, and whose they are; what is cut off at the end is left out.

    None unless all are ordinary miniSEED 2 records of one length with codes that source identifiers allow, big-endian,
    blockette 1000 first.
    """
    rows = _ordinary_rows(content)
    if rows is None:
        return None
    codes = rows[:, 8:20]
    unique = codes[:1] if (codes == codes[0]).all() else np.unique(codes, axis=0)
    found = [header.read_source_id(b"D " + row.tobytes()) for row in unique]
    source_ids = frozenset(source_id for source_id in found if source_id is not None)
    if len(source_ids) < len(unique):
        return None
    ticks = _number(rows, 28, ">u2") + np.where(rows[:, 36] & header.TIME_IS_CORRECTED, 0, _number(rows, 40, ">i4"))
    start_ns = _whole_seconds_ns(rows) + ticks * header.NS_PER_TICK
    factor, multiplier = _number(rows, 32, ">i2"), _number(rows, 34, ">i2")
    pairs = np.stack((factor, multiplier), axis=1)
    rates = pairs[:1] if (pairs == pairs[0]).all() else np.unique(pairs, axis=0)
    interval_ns = np.zeros(len(rows))
    for pair in rates.tolist():
        rate_hz = header.read_rate_hz(*pair)
        interval_ns[(factor == pair[0]) & (multiplier == pair[1])] = NS_PER_S / rate_hz if rate_hz else 0.0
    n_ns = np.rint(_number(rows, 30, ">u2") * interval_ns).astype(np.int64)
    return RoughSpans(rows.shape[1], start_ns, start_ns + n_ns, source_ids)


class Alike(NamedTuple):
    """Records of a file that differ from its first one in nothing but time, number of samples and timing quality.

    Parameters
    ----------
    source_id, rate_hz, encoding : of all of them
    length : bytes of every record
    are_alike : (n,) of the file's records, which of them are
    start_ns, n_samples, timing_quality : (n,) of these; of the others there is anything. No quality without blockette
        1001
    """

    source_id: SourceId
    rate_hz: float
    encoding: int
    length: int
    are_alike: NDArray[np.bool_]
    start_ns: NDArray[np.int64]
    n_samples: NDArray[np.int64]
    timing_quality: list[int] | None

    def part(self, first: int, stop: int) -> Alike:
        """Of some of the records, by their numbers."""
        return self._replace(
            are_alike=self.are_alike[first:stop],
            start_ns=self.start_ns[first:stop],
            n_samples=self.n_samples[first:stop],
            timing_quality=None if self.timing_quality is None else self.timing_quality[first:stop],
        )


def alike(content: memoryview) -> Alike | None:
    """The headers of a file of ordinary records, as `mseed_header.quick_header` reads them one by one.

    That takes 9 us a record, and this takes 1.

    Parameters
    ----------
    content : (n,) bytes

    Returns
    -------
    alike : None unless all are ordinary miniSEED 2 records of one length, big-endian, blockette 1000 first
    """
    rows = _ordinary_rows(content)
    if rows is None or rows.size != len(content):
        return None
    first = bytes(rows[0])
    found, shape = header.quick_header(first), header.ordinary_shape(first[44:60], first[39], len(first), True)
    if found is None or (shape is None and header.with_rate(first[44:72], first[39], len(first), True, True) is None):
        return None
    source_id, _, _, rate_hz, _, encoding = found
    has_timing = shape is not None and shape[1]
    heads = np.ascontiguousarray(rows[:, : header.LEAST_BYTES if shape else _RATE_END])
    differ = heads != heads[0]
    for other in (_NUMBER, _TIME, *((_TIMING,) if has_timing else ())):
        differ[:, other] = False
    digits, year, time = heads[:, _NUMBER], _number(heads, 20, ">u2"), heads[:, _TIME]
    day, ticks, n_samples = (_number(heads, at, ">u2") for at in (22, 28, 30))
    is_time = (time[:, 4:7] < np.array([24, 60, 60])).all(axis=1) & (ticks <= 9999) & (day >= 1)
    is_time &= day <= 365 + ((year % 4 == 0) & (year % 100 != 0) | (year % 400 == 0))
    is_number = ((digits >= ord("0")) & (digits <= ord("9"))).all(axis=1)
    corrected, correction = first[36] & header.TIME_IS_CORRECTED, int.from_bytes(first[40:44], "big", signed=True)
    start_ns = _whole_seconds_ns(heads) + (ticks + (0 if corrected else correction)) * header.NS_PER_TICK
    if has_timing:
        start_ns += heads[:, 61].view(np.int8).astype(np.int64) * 1000
    return Alike(
        source_id,
        rate_hz,
        encoding,
        len(first),
        is_time & is_number & ~differ.any(axis=1),
        start_ns,
        n_samples,
        heads[:, 60].tolist() if has_timing else None,
    )


def _ordinary_rows(content: bytes | memoryview | mmap) -> NDArray[np.uint8] | None:
    """(n, length) bytes of the records, if all of them are of one length and ordinary."""
    length = header.ordinary_length(bytes(content[: header.LEAST_BYTES]), 0)
    if length is None or len(content) < length:
        return None
    rows = np.frombuffer(content, np.uint8, len(content) // length * length).reshape(-1, length)
    head = rows[:, 46:55]
    alike = (head[:, :4] == np.frombuffer(header.FIRST_IS_1000, np.uint8)).all() and (head[:, 8] == head[0, 8]).all()
    year = _number(rows, 20, ">u2")
    if not (alike and np.isin(rows[:, 6], list(b"".join(header.QUALITIES))).all()):
        return None
    return rows if year.min() >= header.FIRST_YEAR and year.max() <= header.LAST_YEAR else None


def _number(rows: NDArray[np.uint8], at: int, kind: str) -> NDArray[np.int64]:
    """A field of every record."""
    width = np.dtype(kind).itemsize
    return np.ascontiguousarray(rows[:, at : at + width]).view(kind)[:, 0].astype(np.int64)


def _whole_seconds_ns(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    new_year_s = (_number(rows, 20, ">u2") - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    of_day_s = rows[:, 24:27].astype(np.int64) @ np.array([3600, 60, 1])
    return np.asarray((new_year_s + (_number(rows, 22, ">u2") - 1) * 86_400 + of_day_s) * NS_PER_S)
