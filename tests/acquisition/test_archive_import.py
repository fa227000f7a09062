"""`houfeng archive import`: any miniSEED, each record once, again and again."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.archive_import import Imported, import_files, wanted_files
from acquisition.dayfile import Verdict
from acquisition.records import pack
from houfeng.cli import main
from houfeng.errors import ArchiveError, SourceError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId

START_NS = 1_700_000_000 * NS_PER_S


def records(station: str, n: int, **kind: int) -> list[bytes]:
    source_id = SourceId("XX", station, "00", "HHZ")
    return [pack(source_id, START_NS + i * NS_PER_S, 100.0, np.arange(i, i + 100), **kind)[0] for i in range(n)]


def fill(root: Path, *paths: Path) -> Imported:
    archive = Archive(root, future_limit_h=24.0)
    try:
        return import_files(archive, wanted_files(paths))
    finally:
        archive.close()


def archived(root: Path) -> Counter[bytes]:
    return Counter(
        record.raw
        for path in root.glob("2*/*/*/*/*")
        for record in mseed.split(path.read_bytes(), lambda *damage: pytest.fail(str(damage)))
    )


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Path, Counter[bytes]]:
    """A folder of miniSEED 2 and 3 of several lengths, shuffled, some twice; and the records in it, each once."""
    groups = [
        *(records("AAA", 20), records("BBB", 20, record_length=4096), records("CCC", 20, version=3)),
        *(records("DDD", 20, record_length=128, max_samples=30), records("EEE", 20, record_length=1 << 16)),
    ]
    everything = [raw for group in groups for raw in group]
    shuffled = everything + everything[::7]
    random.Random(1).shuffle(shuffled)
    folder = tmp_path / "mixed"
    folder.mkdir()
    for n in range(0, len(shuffled), 13):
        (folder / f"part{n}").write_bytes(b"".join(shuffled[n : n + 13]))
    return folder, Counter(everything)


def test_any_miniseed_is_imported_once_however_often(tmp_path: Path, mixed: tuple[Path, Counter[bytes]]) -> None:
    folder, expected = mixed
    first = fill(tmp_path / "archive", folder)
    assert first.verdicts == {Verdict.WRITTEN: len(expected), Verdict.DUPLICATE: 15}
    assert archived(tmp_path / "archive") == expected
    again = fill(tmp_path / "archive", folder, folder / "part0")
    assert again.verdicts == {Verdict.DUPLICATE: len(expected) + 15 + 13}
    assert archived(tmp_path / "archive") == expected


def test_what_is_rejected_is_counted_with_its_reason(tmp_path: Path) -> None:
    good = records("AAA", 3)
    conflict = pack(SourceId("XX", "AAA", "00", "HHZ"), START_NS, 100.0, np.arange(7, 50))[0]
    future = pack(SourceId("XX", "AAA", "00", "HHZ"), now_ns() + 48 * 3600 * NS_PER_S, 100.0, np.arange(9))[0]
    (tmp_path / "a").write_bytes(good[0] + b"\xff" * 70 + good[1] + future + conflict + good[2][:100])
    (tmp_path / "empty").write_bytes(b"")
    done = fill(tmp_path / "archive", tmp_path / "a", tmp_path / "empty")
    assert done.verdicts == {Verdict.WRITTEN: 2, Verdict.CONFLICT: 1}
    a, empty = done.rejections
    assert (a.path.name, a.count, a.n_bytes) == ("a", 3, 70 + 512 + 100)
    assert a.reason.startswith("byte 512: ")
    assert (empty.count, empty.reason) == (1, "the file is empty")
    assert archived(tmp_path / "archive") == Counter([good[0], good[1], conflict])
    assert not (tmp_path / "archive" / "quarantine").exists()  # the file it came from still has it


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing: a miniSEED file or a folder of them is needed"):
        wanted_files([tmp_path / "nothing"])


@pytest.mark.root
def test_a_disk_without_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    (tmp_path / "a").write_bytes(b"".join(records("AAA", 300)))
    (tmp_path / "b").write_bytes(b"".join(records("AAA", 100)))
    root = tmp_path / "archive"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=140k", "tmpfs", str(root)], check=True)
    try:
        with pytest.raises(ArchiveError, match="153600 bytes are to be imported, the disk has room for 14"):
            fill(root, tmp_path / "a")
        assert archived(root) == Counter()
        assert fill(root, tmp_path / "b").verdicts[Verdict.WRITTEN] == 100
        # more than fits, but nearly all of it is there already
        assert fill(root, tmp_path / "b", tmp_path / "b").verdicts == {Verdict.DUPLICATE: 200}
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


def test_a_killed_import_is_completed_by_the_same_command(tmp_path: Path, shared_source: Path) -> None:
    command = [sys.executable, "-m", "houfeng", "archive", "import", str(shared_source), "--into", str(tmp_path / "a")]
    expected = Counter(record.raw for record in mseed.split(shared_source.read_bytes(), lambda *_: None))
    n_killed = 0
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        n_before = sum(path.stat().st_size for path in (tmp_path / "a").glob("2*/*/*/*/*"))
        while process.poll() is None and time.monotonic() < until:
            if sum(path.stat().st_size for path in (tmp_path / "a").glob("2*/*/*/*/*")) > n_before:
                break
            time.sleep(0.005)
        process.kill()
        n_killed += process.wait() == -signal.SIGKILL
    assert n_killed == 2
    assert 0 < archived(tmp_path / "a").total() < expected.total()
    subprocess.run(command, check=True, capture_output=True)
    assert archived(tmp_path / "a") == expected


def test_more_streams_than_files_may_be_open(tmp_path: Path) -> None:
    raws = [pack(SourceId("XX", f"S{n:03}", "", "HHZ"), START_NS, 100.0, np.arange(100))[0] for n in range(300)]
    (tmp_path / "a").write_bytes(b"".join(raws + raws))
    subprocess.run(
        [sys.executable, "-m", "houfeng", "archive", "import", str(tmp_path / "a"), "--into", str(tmp_path / "b")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)),
        check=True,
        capture_output=True,
    )
    assert archived(tmp_path / "b") == Counter(raws)


@pytest.fixture(scope="module")
def shared_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of 10,000 records."""
    path = tmp_path_factory.mktemp("source") / "long.mseed"
    path.write_bytes(
        b"".join(pack(SourceId("XX", "AAA", "", "HHZ"), START_NS, 100.0, np.arange(1_000_000) % 977, max_samples=100))
    )
    return path


def test_the_command_sums_up_and_tells_by_its_status(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"".join(records("AAA", 5)) + b"\xff" * 100)
    words = ["archive", "import", str(tmp_path / "a"), "--into", str(tmp_path / "archive")]
    result = CliRunner(catch_exceptions=False).invoke(main, words)
    assert result.exit_code == 1
    assert "a: 1 rejected, 100 bytes: byte 2560: " in result.stdout
    assert result.stdout.endswith("1 files: 5 written, 0 duplicate, 0 conflict, 1 rejected\n")
    (tmp_path / "a").write_bytes(b"".join(records("AAA", 6)))
    result = CliRunner(catch_exceptions=False).invoke(main, words)
    assert (result.exit_code, result.stdout) == (0, "1 files: 1 written, 5 duplicate, 0 conflict, 0 rejected\n")


@pytest.mark.data
def test_real_folders_are_imported_whole(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    source = shared_data("continuous_day")
    done = fill(tmp_path / "archive", source)
    expected: Counter[bytes] = Counter()
    for path in source.rglob("*"):
        if path.is_file() and mseed.is_miniseed(path.read_bytes()[:64]):
            expected.update({r.raw for r in mseed.split(path.read_bytes(), lambda *_: None)})
    assert done.verdicts.total() >= expected.total() > 500
    assert set(archived(tmp_path / "archive")) == set(expected)


def test_a_packet_is_held_only_when_its_bytes_are(tmp_path: Path, packets: list[Packet]) -> None:
    archive = Archive(tmp_path)
    archive.append(packets[:1])
    assert archive.holds(packets[0])
    assert not archive.holds(packets[1])
    archive.close()
