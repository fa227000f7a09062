"""`houfeng archive repair`: mending loses no byte, whenever it is killed."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.archive_check import MENDABLE
from acquisition.archive_repair import repair
from acquisition.records import pack
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from tests.acquisition.archive_damage import check, place


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
