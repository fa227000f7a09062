"""miniSEED 2 and 3: record bytes to Packet; but for `acquisition.steim` the only decoder (pymseed, on libmseed)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap
from typing import NamedTuple

import numpy as np
from pymseed import MS3Record
from pymseed.clib import ffi
from pymseed.exceptions import MiniSEEDError

from acquisition import steim
from acquisition.memory import SampleMemory
from acquisition.mseed_header import TEXT_ENCODING, QuickHeader, quick_header, steim_payload
from houfeng.errors import RecordError, SourceIdError
from houfeng.times import format_ns, samples_ns
from houfeng.types import Packet, Samples, SourceId, Unpack, readonly

# Decoders accept any rate a header claims, up to 1e9 Hz; the fastest seismic digitisers sample at some kHz.
MAX_SAMPLE_RATE_HZ = 20_000.0
# Years a seismogram can come from: the first were digitised from paper of the 1880s.
MIN_START_NS = -2_840_140_800_000_000_000  # 1880-01-01
MAX_START_NS = 4_102_444_800_000_000_000  # 2100-01-01

_TIMING_QUALITY = "/FDSN/Time/Quality"
# Where a record may begin: miniSEED 2 has six digits, a quality letter and a blank; miniSEED 3 says MS.
_RECORD_START = re.compile(rb"[0-9 ]{6}[DRQM][ \0]|MS\x03")
_NO_SAMPLES: Samples = readonly(np.empty(0, dtype=np.int32))

# Where libmseed keeps the blockettes that make a miniSEED 2 record without samples something special.
_SPECIAL = (("Event", "Detection", "E"), ("Calibration", "Sequence", "C"), ("Time", "Exception", "T"))

Buffer = bytes | memoryview | mmap
Damage = Callable[[int, int, str], None]


def decode(raw: bytes, *, received_ns: int = 0) -> Packet:
    """One whole miniSEED record as a Packet, its samples unpacked.

    Parameters
    ----------
    raw : the record's bytes, header included, nothing behind it
    received_ns : when it arrived, ns UTC

    Raises
    ------
    RecordError : if the bytes are not exactly one sound record with plausible codes, time and rate

    References
    ----------
    SEED Reference Manual 2.4, FDSN (2012); FDSN miniSEED 3 (2021).
    """
    packet = open_record(raw, received_ns)
    _ = packet.samples
    return packet


def open_record(raw: bytes, received_ns: int = 0, sequence: int | None = None, server_start: str = "") -> Packet:
    """One whole miniSEED record as a Packet whose samples stay packed until they are asked for.

    What is received is archived by its header; to unpack the samples takes three times as long as all the rest.

    Parameters
    ----------
    raw : the record's bytes, header included, nothing behind it
    received_ns : when it arrived, ns UTC
    sequence, server_start : where the server had it, see `Packet`

    Raises
    ------
    RecordError : if the bytes do not begin as one record of their length with plausible codes, time and rate
    """
    header = quick_header(raw) or _full_header(raw)
    source_id, start_ns, n_samples, rate_hz, timing_quality, encoding = header
    if not MIN_START_NS <= start_ns < MAX_START_NS:
        raise RecordError(f"{source_id}: start time {start_ns} ns is not between the years 1880 and 2100")
    samples: Samples | Unpack = unpack_samples
    if encoding == TEXT_ENCODING or not n_samples:
        samples, n_samples, rate_hz = _NO_SAMPLES, 0, 0.0
    elif not 0 < rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise RecordError(
            f"{source_id}: {rate_hz:g} Hz at {format_ns(start_ns)} is not a sampling rate "
            f"(more than 0, at most {MAX_SAMPLE_RATE_HZ:g} Hz)"
        )
    return Packet(
        source_id, start_ns, rate_hz, samples, raw, timing_quality, sequence, server_start, received_ns, n_samples
    )


@dataclass(frozen=True, slots=True)
class Header:
    """What a record says of itself; its samples stay packed.

    Parameters
    ----------
    start_ns : time of the first sample, ns UTC
    end_ns : time of the sample after the last, ns UTC; the start when it has no samples
    content : D data, L log, E event detection, C calibration, T timing exception, O opaque (SeedLink's letters)
    """

    source_id: SourceId
    start_ns: int
    end_ns: int
    version: int
    content: str


def read_header(raw: bytes) -> Header:
    """The header of one whole record.

    Raises
    ------
    RecordError : if the bytes are not exactly one miniSEED record with codes that FDSN source identifiers allow
    """
    record = _parse(raw, unpack_data=False)
    version, start_ns, n_samples = int(record.formatversion), int(record.starttime), int(record.samplecnt)
    rate_hz = float(record.samprate) if n_samples and record.encoding != TEXT_ENCODING else 0.0
    end_ns = start_ns + samples_ns(n_samples, rate_hz) if rate_hz > 0 else start_ns
    content = "D" if rate_hz > 0 or version == 3 else _content(record)
    return Header(_stream(record), start_ns, end_ns, version, content)


class RawRecord(NamedTuple):
    """A record that was found but not decoded: the time of its first sample (ns UTC) and its bytes."""

    start_ns: int
    raw: bytes


def split(buffer: Buffer, damage: Damage) -> Iterator[RawRecord]:
    """Records of a file or buffer, in file order; what is no record is reported and stepped over.

    Parameters
    ----------
    buffer : (n,) bytes of records one behind the other
    damage : called with offset, number of bytes and the reason for every stretch that is no record
    """
    view = memoryview(buffer)
    offset = 0
    held: RawRecord | None = None
    while offset < len(view):
        try:
            for record in MS3Record.from_buffer(view[offset:]):
                if held is not None:
                    yield held
                held = RawRecord(record.starttime, record.record)
                offset += len(held.raw)
        except MiniSEEDError as error:
            begun = offset - len(held.raw) if held is not None else offset
            resumed = _next_record(view, begun + 1)
            if resumed < offset:
                # The header of a record that was cut off took the beginning of the next one for its own data.
                damage(begun, resumed - begun, "a record was cut off, another begins inside it")
            else:
                if held is not None:
                    yield held
                resumed = _next_record(view, offset + 1)
                damage(offset, resumed - offset, _first_line(error))
            held, offset = None, resumed
    if held is not None:
        yield held


def is_miniseed(head: bytes) -> bool:
    """Whether a file that begins with these bytes (64 or more) looks like miniSEED 2 or 3."""
    return _RECORD_START.match(head) is not None


def _parse(raw: bytes, *, unpack_data: bool) -> MS3Record:
    try:
        record = MS3Record.parse(raw, unpack_data=unpack_data)
    except (MiniSEEDError, ValueError) as error:
        raise RecordError(f"not a miniSEED record: {_first_line(error)}") from error
    if record.reclen != len(raw):
        raise RecordError(f"{_stream(record)}: the record says {record.reclen} bytes, {len(raw)} came")
    return record


def _stream(record: MS3Record) -> SourceId:
    try:
        return _source_id(record.sourceid)
    except UnicodeDecodeError as error:  # from pymseed; it comes through libmseed unseen
        raise RecordError("not a miniSEED record: its codes are not text") from error


def _content(record: MS3Record) -> str:
    """What a miniSEED 2 record without a sampling rate holds."""
    if record.samplecnt and record.encoding == TEXT_ENCODING:
        return "L"
    headers = json.loads(record.extra).get("FDSN", {}) if record.extra else {}
    for group, name, code in _SPECIAL:
        if name in headers.get(group, {}):
            return code
    return "O"


def _next_record(view: memoryview, start: int) -> int:
    for match in _RECORD_START.finditer(view, start):
        try:
            next(MS3Record.from_buffer(view[match.start() :]))
        except (MiniSEEDError, StopIteration):
            continue
        return match.start()
    return len(view)


@lru_cache(maxsize=65536)
def _source_id(text: str) -> SourceId:
    try:
        return SourceId.parse(text)
    except SourceIdError as error:
        raise RecordError(str(error)) from error


def _full_header(raw: bytes) -> QuickHeader:
    """What libmseed reads, which checks the CRC of miniSEED 3 as well."""
    record = _parse(raw, unpack_data=False)
    quality = record.get_extra_header(_TIMING_QUALITY) if record.extra else None
    timing_quality = int(quality) if isinstance(quality, (int, float)) else None
    source_id, rate_hz = _stream(record), float(record.samprate)
    return source_id, int(record.starttime), int(record.samplecnt), rate_hz, timing_quality, int(record.encoding)


def unpack_samples(raw: bytes) -> Samples:
    """The samples of a record whose header is sound; RecordError if they cannot be unpacked."""
    samples = steim.unpack_steim(raw)
    if samples is not None:
        return samples
    try:
        record = MS3Record.parse(raw, unpack_data=True)
    except (MiniSEEDError, ValueError) as error:
        raise RecordError(f"{_name(raw)}: the samples cannot be unpacked: {_first_line(error)}") from error
    samples = readonly(record.np_datasamples) if record.numsamples else _NO_SAMPLES
    if len(samples) != record.samplecnt:
        raise RecordError(f"{_name(raw)}: the header says {record.samplecnt} samples, {len(samples)} were packed")
    return samples


def unpack_adjoining(content: memoryview, length: int, memory: SampleMemory) -> Samples:
    """The samples of some records of one length and stream, one behind the other and all behind `ROOM` of anything.

    Raises
    ------
    RecordError : if those of any cannot be unpacked; each by itself tells which
    """
    samples = steim.unpack_adjoining(content, length, memory)
    if samples is None:
        raise RecordError(f"{_name(bytes(content[:length]))} or one behind it: the samples cannot be unpacked")
    return samples


def unpack(packets: Iterable[Packet]) -> Iterator[tuple[Packet, RecordError]]:
    """Unpack many records from `open_record` into one piece of memory, at half the cost of one after the other.

    Yields
    ------
    packet, error : of every record whose samples cannot be unpacked
    """
    ordinary, others, n = [], [], 0
    for packet in packets:
        payload = steim_payload(packet.raw)
        if payload is not None and payload[2] == packet.n_samples:
            ordinary.append((packet, payload, n))
            n += packet.n_samples
        else:
            others.append(packet)
    samples = np.empty(n, dtype=np.int32)
    memory, kept = ffi.from_buffer(samples), samples.view()
    kept.flags.writeable = False
    for packet, payload, begin in ordinary:
        if steim.unpack_into(packet.raw, payload, memory + 4 * begin):
            packet.keep(kept[begin : begin + packet.n_samples])
        else:
            others.append(packet)
    for packet in others:
        try:
            _ = packet.samples
        except RecordError as error:
            yield packet, error


def _name(raw: bytes) -> str:
    """Stream and time of a record whose header is sound."""
    packet = open_record(raw)
    return f"{packet.source_id}: record of {format_ns(packet.start_ns)}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
