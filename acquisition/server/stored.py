"""One record as the server keeps it: its bytes, and what a client may select it by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from acquisition.mseed import read_header
from houfeng.types import SourceId

# Version 3 packets carry no length: every client reads 512 bytes of miniSEED 2 behind the header.
LEGACY_RECORD_BYTES = 512


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
    """A record under its number.

    Raises
    ------
    RecordError : if the bytes are not one whole miniSEED record with codes SeedLink can carry
    """
    header = read_header(raw)
    legacy = header.version == 2 and len(raw) == LEGACY_RECORD_BYTES
    key = stream_key(header.source_id, f"{header.version}{header.content}", legacy)
    return StoredRecord(sequence, key, header.start_ns, header.end_ns, bytes(raw))


@lru_cache(maxsize=65536)
def stream_key(source_id: SourceId, kind: str, legacy: bool) -> StreamKey:
    """What records of one stream, format and length are called on the wire."""
    return StreamKey(
        source_id=source_id,
        station=f"{source_id.network}_{source_id.station}",
        stream=f"{source_id.location}_{'_'.join(source_id.channel)}",
        kind=kind,
        legacy=legacy,
    )
