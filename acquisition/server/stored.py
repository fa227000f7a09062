"""One record as the server keeps it: its bytes, and what a client may select it by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from pymseed import MS3Record
from pymseed.exceptions import MiniSEEDError

from houfeng.errors import RecordError, SourceIdError
from houfeng.times import samples_ns
from houfeng.types import SourceId

# Version 3 packets carry no length: every client reads 512 bytes of miniSEED 2 behind the header.
LEGACY_RECORD_BYTES = 512

_TEXT_ENCODING = 0
# Where libmseed keeps the blockettes that make a miniSEED 2 record without samples something special.
_SPECIAL = (("Event", "Detection", "E"), ("Calibration", "Sequence", "C"), ("Time", "Exception", "T"))


@dataclass(frozen=True, slots=True)
class StreamKey:
    """What one stream of records is called on the wire.

    Parameters
    ----------
    source_id : network, station, location and channel
    station : station id of version 4, NET_STA
    stream : stream id of version 4, LOC_B_S_SS
    kind : format and subformat codes of version 4, such as "2D"
    legacy : whether version 3 can carry it (miniSEED 2, 512 bytes)
    """

    source_id: SourceId
    station: str
    stream: str
    kind: str
    legacy: bool


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record in the backlog.

    Parameters
    ----------
    sequence : its number, strictly increasing over all stations
    key : the stream it belongs to
    start_ns : time of the first sample, ns UTC
    end_ns : time of the sample after its last, ns UTC
    raw : the record's bytes
    """

    sequence: int
    key: StreamKey
    start_ns: int
    end_ns: int
    raw: bytes


def describe(sequence: int, raw: bytes) -> StoredRecord:
    """Read a record's header; the samples stay packed.

    Raises
    ------
    RecordError : if the bytes are not one whole miniSEED record with codes SeedLink can carry
    """
    try:
        record = MS3Record.parse(raw)
    except (MiniSEEDError, ValueError) as error:
        raise RecordError(f"not a miniSEED record that can be served: {error}") from error
    if record.reclen != len(raw):
        raise RecordError(f"{record.sourceid}: the record says {record.reclen} bytes, {len(raw)} came")
    version = record.formatversion
    legacy = version == 2 and len(raw) == LEGACY_RECORD_BYTES
    start_ns = record.starttime
    rate_hz = float(record.samprate) if record.samplecnt and record.encoding != _TEXT_ENCODING else 0.0
    end_ns = start_ns + samples_ns(record.samplecnt, rate_hz) if rate_hz > 0 else start_ns
    kind = f"{version}{'D' if rate_hz > 0 or version == 3 else _subformat(record)}"
    return StoredRecord(sequence, _stream_key(record.sourceid, kind, legacy), start_ns, end_ns, bytes(raw))


def _subformat(record: MS3Record) -> str:
    """Subformat code of a miniSEED 2 record without a sampling rate."""
    if record.samplecnt and record.encoding == _TEXT_ENCODING:
        return "L"
    headers = json.loads(record.extra).get("FDSN", {}) if record.extra else {}
    for group, name, code in _SPECIAL:
        if name in headers.get(group, {}):
            return code
    return "O"


@lru_cache(maxsize=65536)
def _stream_key(text: str, kind: str, legacy: bool) -> StreamKey:
    try:
        source_id = SourceId.parse(text)
    except SourceIdError as error:
        raise RecordError(str(error)) from error
    channel = "_".join(source_id.channel)
    return StreamKey(
        source_id=source_id,
        station=f"{source_id.network}_{source_id.station}",
        stream=f"{source_id.location}_{channel}",
        kind=kind,
        legacy=legacy,
    )
