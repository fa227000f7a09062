"""Archived records found again: from a time on, in any day's file, in files of any kind."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.archive_reading import read_from
from acquisition.mseed_header import quick_header
from acquisition.mseed_rows import rough_starts
from acquisition.records import pack
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId

STREAM = SourceId("XX", "AAA", "00", "HHZ")
SAMPLES = np.arange(20_000, dtype=np.int32) % 977


def test_reading_starts_at_the_wanted_sample(tmp_path: Path, packets: list[Packet]) -> None:
    archive = Archive(tmp_path)
    archive.append(packets)
    archive.close()
    since_ns = packets[40].start_ns + 1
    read = list(read_from(tmp_path, packets[0].source_id, since_ns))
    assert [packet.raw for packet in read] == [packet.raw for packet in packets[40:]]
    assert not list(read_from(tmp_path, packets[0].source_id, packets[-1].next_ns))


def test_reading_goes_by_the_files_there_are_and_not_by_the_clock(tmp_path: Path) -> None:
    days = ("2024-12-30", "2024-12-31", "2025-01-01", "2099-06-01")
    starts_ns = [parse_ns(f"{day}T12:00:00Z") for day in days]
    packets = [mseed.decode(raw) for start_ns in starts_ns for raw in pack(STREAM, start_ns, 100.0, SAMPLES)]
    archive = Archive(tmp_path)
    archive.append(packets)
    archive.close()
    expected = [packet.raw for packet in packets if packet.start_ns >= starts_ns[1]]
    assert 0 < len(expected) < len(packets)
    assert [packet.raw for packet in read_from(tmp_path, STREAM, starts_ns[1] - 3600 * NS_PER_S)] == expected


def little_endian(start_ns: int) -> list[bytes]:
    file = BytesIO()
    header = {"network": "XX", "station": "AAA", "location": "00", "channel": "HHZ", "sampling_rate": 100.0}
    trace = obspy.Trace(SAMPLES, header | {"starttime": obspy.UTCDateTime(ns=start_ns)})
    trace.write(file, "MSEED", byteorder="<", reclen=512, encoding="STEIM2")
    return [record.raw for record in mseed.split(file.getvalue(), lambda *damage: None)]


@pytest.mark.parametrize("kind", ["ordinary", "torn", "little-endian", "other length", "garbage inside", "miniSEED 3"])
def test_reading_finds_the_same_records_in_files_of_any_kind(tmp_path: Path, kind: str) -> None:
    start_ns = parse_ns("2026-03-01T12:00:00Z")
    raws = pack(STREAM, start_ns, 100.0, SAMPLES, version=3 if kind == "miniSEED 3" else 2)
    if kind == "little-endian":
        raws = little_endian(start_ns)
    if kind == "other length":
        raws[6:] = pack(STREAM, mseed.decode(raws[5]).next_ns, 100.0, SAMPLES[:9000], 1024)
    content = b"".join(raws)
    if kind == "garbage inside":
        content = content[: 512 * 5] + bytes(100) + b"garbage" * 64 + content[512 * 5 :]
    path = day_path(tmp_path, STREAM, start_ns)
    path.parent.mkdir(parents=True)
    path.write_bytes(content + (raws[-1][:100] if kind == "torn" else b""))
    assert len(raws) > 8
    assert [p.raw for p in read_from(tmp_path, STREAM, mseed.decode(raws[4]).start_ns + 1)] == raws[4:]
    assert (rough_starts(path.read_bytes()) is not None) == (kind in ("ordinary", "torn"))


def test_rough_starts_are_the_starts_to_the_second() -> None:
    raws = [
        raw
        for day in ("1999-12-31T23:59:58Z", "2024-02-29T00:00:00Z", "2026-12-31T23:00:00Z")
        for raw in pack(STREAM, parse_ns(day), 20.0, SAMPLES)
    ]
    found = rough_starts(b"".join(raws))
    assert found is not None
    length, starts_ns = found
    assert (length, len(starts_ns)) == (512, len(raws))
    for raw, start_ns in zip(raws, starts_ns.tolist(), strict=True):
        header = quick_header(raw)
        assert header is not None
        assert start_ns == header[1] // NS_PER_S * NS_PER_S
