"""`houfeng archive check`: every fault is found where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition import mseed
from acquisition.archive_files import Kind
from acquisition.records import pack
from houfeng.cli import main
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from tests.acquisition.archive_damage import NOW_NS, check, place

MakePacket = Callable[[int, list[int]], Packet]


def found(root: Path) -> dict[Kind, tuple[int, int, int]]:
    """Count, bytes and first offset of each kind in an archive of one file."""
    return {finding.kind: (finding.count, finding.n_bytes, finding.offset) for finding in check(root).findings}


def other_stream(packet: Packet, version: int = 2) -> Packet:
    source_id = SourceId("XX", "ELSE", "10", "BHN")
    return mseed.decode(pack(source_id, packet.start_ns, 100.0, np.arange(100, dtype=np.int32), version=version)[0])


def test_a_sound_archive_is_sound(tmp_path: Path, packets: list[Packet]) -> None:
    place(tmp_path, packets[0], b"".join(packet.raw for packet in packets))
    report = check(tmp_path)
    assert (report.n_files, report.n_records, report.n_bytes) == (1, 100, 51_200)
    assert report.findings == []
    assert report.is_sound


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (Kind.TORN, lambda a, b, c: a + b + c[:300], (1, 300, 1024)),
        (Kind.TORN, lambda a, b, c: a + b[:300] + c, (1, 300, 512)),
        (Kind.FOREIGN, lambda a, b, c: a + b"\xff" * 77 + b + c, (1, 77, 512)),
        (Kind.DUPLICATE, lambda a, b, c: a + b + a + c + b, (2, 1024, 1024)),
        (Kind.UNORDERED, lambda a, b, c: a + c + b, (1, 512, 1024)),
    ],
)
def test_each_fault_is_found_where_it_is(
    tmp_path: Path,
    packets: list[Packet],
    kind: Kind,
    content: Callable[[bytes, bytes, bytes], bytes],
    expected: tuple[int, int, int],
) -> None:
    place(tmp_path, packets[0], content(*(packet.raw for packet in packets[:3])))
    assert found(tmp_path) == {kind: expected}
    assert check(tmp_path).is_sound == (kind is Kind.UNORDERED)


def test_records_of_another_stream_or_day_are_misplaced(tmp_path: Path, packets: list[Packet]) -> None:
    tomorrow = mseed.decode(
        pack(packets[0].source_id, packets[0].start_ns + 86_400 * NS_PER_S, 100.0, np.arange(100))[0]
    )
    place(tmp_path, packets[0], packets[0].raw + other_stream(packets[0]).raw + tomorrow.raw)
    assert found(tmp_path) == {Kind.MISPLACED: (2, 1024, 512)}
    (finding,) = check(tmp_path).findings
    assert finding.reason == "belongs in XX.ELSE.10.BHN.D.2023.318"


def test_conflicts_and_overlaps_are_found_and_told_apart(
    tmp_path: Path, packets: list[Packet], make_packet: MakePacket
) -> None:
    conflict = make_packet(packets[0].start_ns, list(range(50)))
    overlap = make_packet(packets[1].next_ns - 350_000_000, list(range(100)))
    rounding = make_packet(overlap.next_ns - 4_000_000, list(range(100)))  # less than half a sample of 10 ms
    place(tmp_path, packets[0], b"".join(p.raw for p in (packets[0], conflict, packets[1], overlap, rounding)))
    findings = {finding.kind: finding for finding in check(tmp_path).findings}
    assert set(findings) == {Kind.CONFLICT, Kind.OVERLAP}
    assert findings[Kind.OVERLAP].count == 1
    assert findings[Kind.OVERLAP].reason == "begins 0.350 s before the end of an earlier one (100 Hz)"


def test_an_overlap_across_midnight_is_found(tmp_path: Path, make_packet: MakePacket) -> None:
    midnight_ns = 1_700_006_400 * NS_PER_S
    before = make_packet(midnight_ns - NS_PER_S // 2, list(range(100)))
    after = make_packet(midnight_ns + NS_PER_S // 4, list(range(100)))
    place(tmp_path, before, before.raw)
    path = place(tmp_path, after, after.raw)
    (finding,) = check(tmp_path).findings
    assert (finding.kind, finding.path) == (Kind.OVERLAP, path)


def test_a_record_from_the_future_is_found(tmp_path: Path, make_packet: MakePacket) -> None:
    near = make_packet(NOW_NS + 23 * 3600 * NS_PER_S, list(range(100)))
    far = make_packet(NOW_NS + 48 * 3600 * NS_PER_S, list(range(100)))
    place(tmp_path, near, near.raw)
    place(tmp_path, far, far.raw)
    assert found(tmp_path) == {Kind.FUTURE: (1, 512, 0)}


def test_changed_samples_are_found_by_the_crc_of_miniseed_3(tmp_path: Path, packets: list[Packet]) -> None:
    packet = other_stream(packets[0], version=3)
    flipped = bytearray(packet.raw)
    flipped[-3] ^= 1
    place(tmp_path, packet, bytes(flipped) + other_stream(packets[1], version=3).raw)
    (finding,) = check(tmp_path).findings
    assert (finding.kind, finding.offset, finding.n_bytes) == (Kind.CORRUPT, 0, len(packet.raw))
    assert "CRC" in finding.reason


def test_samples_that_cannot_be_unpacked_are_found(tmp_path: Path, packets: list[Packet]) -> None:
    broken = bytearray(packets[1].raw)
    broken[64:512] = b"\xff" * 448  # Steim frames whose every word claims an impossible width
    place(tmp_path, packets[0], packets[0].raw + bytes(broken) + packets[2].raw)
    assert found(tmp_path)[Kind.CORRUPT][::2] == (1, 512)


def test_other_files_are_told_and_allowed(tmp_path: Path, packets: list[Packet]) -> None:
    path = place(tmp_path, packets[0], packets[0].raw)
    (path.parent / "notes.txt").write_text("sensor replaced")
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "x.bin").write_bytes(b"torn")
    assert found(tmp_path) == {Kind.STRAY: (1, 15, 0)}
    assert check(tmp_path).is_sound


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="nowhere: an archive is needed, there is no folder of this name"):
        check(tmp_path / "nowhere")


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])
    return result.exit_code, result.stdout


def test_the_commands_tell_a_sound_archive_from_a_damaged_one(tmp_path: Path, packets: list[Packet]) -> None:
    path = place(tmp_path, packets[0], packets[0].raw + packets[1].raw[:100])
    status, out = run("archive", "check", tmp_path, "--format", "json")
    assert status == 1
    (row,) = json.loads(out)["findings"]
    assert (row["kind"], row["bytes"], row["offset"]) == ("torn", 100, 512)
    assert row["file"] == str(path.relative_to(tmp_path))
    status, out = run("archive", "check", tmp_path)
    assert status == 1
    assert "1 torn; `houfeng archive repair` mends torn" in out
    status, out = run("archive", "repair", tmp_path)
    assert status == 0
    assert "1 files mended; to quarantine: 1 torn" in out
    status, out = run("archive", "check", tmp_path)
    assert (status, out) == (0, "No findings.\n1 day files, 1 records, 512 bytes: all is well\n")
