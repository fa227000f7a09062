"""`houfeng archive check` and `repair`: every fault is found where it is, and mending loses no byte."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.archive_check import MENDABLE, Report
from acquisition.archive_check import check as check_archive
from acquisition.archive_files import Kind
from acquisition.archive_repair import repair
from acquisition.records import pack
from houfeng.cli import main
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

MakePacket = Callable[[int, list[int]], Packet]

NOW_NS = 1_700_100_000 * NS_PER_S


def check(root: Path) -> Report:
    return check_archive(root, NOW_NS, 24.0)


def place(root: Path, packet: Packet, content: bytes) -> Path:
    """The file of a packet, holding these bytes."""
    path = day_path(root, packet.source_id, packet.start_ns)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


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


@st.composite
def damaged_archives(draw: st.DrawFn) -> dict[int, list[tuple[str, int, int]]]:
    """For each of three files, what stands in it: records of any of the three streams, cut records, garbage."""
    piece = st.tuples(st.sampled_from(["record", "record", "cut", "garbage"]), st.integers(0, 2), st.integers(0, 9))
    return {n: draw(st.lists(piece, max_size=12)) for n in range(3)}


def records_of_three() -> list[list[bytes]]:
    return [
        [
            pack(SourceId("XX", station, "", "HHZ"), (1_700_000_000 + n) * NS_PER_S, 100.0, np.arange(n, n + 100))[0]
            for n in range(10)
        ]
        for station in ("AAA", "BBB", "CCC")
    ]


RECORDS = records_of_three()
KNOWN = {raw for stream in RECORDS for raw in stream}


def build(root: Path, plan: dict[int, list[tuple[str, int, int]]]) -> None:
    for n, plans in plan.items():
        content = b""
        for what, stream, index in plans:
            raw = RECORDS[stream][index]
            content += {"record": raw, "cut": raw[: 60 + 40 * index], "garbage": bytes([200 + index]) * 33}[what]
        place(root, mseed.decode(RECORDS[n][0]), content)


def records_in(files: list[Path]) -> Counter[bytes]:
    return Counter(
        record.raw
        for path in files
        for record in mseed.split(path.read_bytes(), lambda *_: None)
        if record.raw in KNOWN
    )


def archived(root: Path) -> list[Path]:
    return sorted(root.glob("2*/*/*/*/*"))


def quarantined(root: Path) -> list[Path]:
    return sorted((root / "quarantine").glob("*.bin"))


def byte_counts(files: list[Path]) -> list[int]:
    content = b"".join(path.read_bytes() for path in files)
    return np.bincount(np.frombuffer(content, np.uint8), minlength=256).tolist()


@settings(max_examples=60, deadline=None)
@given(plan=damaged_archives())
def test_repair_mends_everything_and_loses_no_byte(
    tmp_path_factory: pytest.TempPathFactory, plan: dict[int, list[tuple[str, int, int]]]
) -> None:
    root = tmp_path_factory.mktemp("archive")
    build(root, plan)
    before = archived(root)
    bytes_before, records_before = byte_counts(before), records_in(before)
    repair(root)
    after = archived(root)
    assert byte_counts(after + quarantined(root)) == bytes_before
    assert records_in(after) + records_in(quarantined(root)) == records_before
    assert records_in(after) == Counter(set(records_before))
    assert not {finding.kind for finding in check(root).findings} & MENDABLE
    assert repair(root).files == []


def repair_and_die(root: Path, at: int) -> bool:
    """Repair in a process that is killed at the given fsync or rename; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        calls = [0]
        real_fsync, real_replace = os.fsync, Path.replace

        def count() -> None:
            calls[0] += 1
            if calls[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

        def fsync(number: int) -> None:
            count()
            real_fsync(number)

        def replace(path: Path, target: Path) -> Path:
            count()
            return real_replace(path, target)

        os.fsync = fsync  # type: ignore[assignment]
        Path.replace = replace  # type: ignore[method-assign]
        repair(root)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_kill_in_the_middle_of_repair_loses_nothing(tmp_path: Path) -> None:
    plan = {
        0: [("record", 0, 0), ("record", 0, 0), ("cut", 0, 3), ("record", 1, 5), ("record", 2, 1)],
        1: [("garbage", 0, 1), ("record", 1, 5), ("record", 0, 4)],
        2: [("record", 2, 0), ("record", 0, 9), ("cut", 2, 7)],
    }
    at, killed = 0, True
    while killed:
        at += 1
        root = tmp_path / f"killed{at}"
        root.mkdir()
        build(root, plan)
        before = records_in(archived(root))
        killed = repair_and_die(root, at)
        assert records_in(archived(root) + quarantined(root)) >= before
        repair(root)
        assert records_in(archived(root)) == Counter(set(before))
        assert not list(root.rglob("*.rewriting"))
    assert at > 15


def test_repair_keeps_mode_and_refuses_a_running_daemons_archive(tmp_path: Path, packets: list[Packet]) -> None:
    path = place(tmp_path, packets[0], packets[0].raw * 2)
    path.chmod(0o640)
    daemon = Archive(tmp_path)
    with pytest.raises(ArchiveError, match="another process is writing to this archive"):
        repair(tmp_path)
    daemon.close()
    repair(tmp_path)
    assert path.read_bytes() == packets[0].raw
    assert path.stat().st_mode & 0o777 == 0o640


def test_records_moved_to_a_file_that_is_itself_rewritten_stay(tmp_path: Path) -> None:
    # ten for BBB lie with AAA and are appended to BBB's file; that file is then rewritten; CCC's brings two more
    build(tmp_path, {0: [("record", 1, n) for n in range(5)], 1: [("garbage", 0, 0)], 2: [("record", 1, 7)]})
    assert repair(tmp_path).refiled == 6
    assert records_in(archived(tmp_path)) == Counter(RECORDS[1][n] for n in (0, 1, 2, 3, 4, 7))


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
