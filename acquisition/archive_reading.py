"""Archived records read again, beside the writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acquisition import mseed
from acquisition.archive import day_path
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId

_DAY_NS = 86_400 * NS_PER_S
# A record that begins this long before a wanted time may still reach into it.
_MAX_RECORD_NS = 3600 * NS_PER_S


def read_from(root: Path, source_id: SourceId, since_ns: int) -> Iterator[Packet]:
    """Archived packets of one stream that hold samples at or after a time, in the order they were archived."""
    last_ns = now_ns() + _DAY_NS
    for start_ns in range((since_ns - _MAX_RECORD_NS) // _DAY_NS * _DAY_NS, last_ns, _DAY_NS):
        path = day_path(root, source_id, start_ns)
        if not path.exists():
            continue
        for record in mseed.split(path.read_bytes(), _ignore_damage):
            if record.start_ns < since_ns - _MAX_RECORD_NS:
                continue
            try:
                packet = mseed.decode(record.raw)
            except RecordError:
                continue  # it was archived as it came; the writer reported it then
            if packet.next_ns > since_ns:
                yield packet


def _ignore_damage(offset: int, length: int, reason: str) -> None:
    """A reader beside the writer may see half of the record being written: it comes through the stream as well."""
