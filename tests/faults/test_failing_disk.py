"""A disk that refuses, tears and forgets: what the archive then holds, and what it says to be stored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.failing_archive import packet
from tests.plugins.strace import need_strace

pytestmark = pytest.mark.strace

_SCRIPT = Path(__file__).with_name("failing_archive.py")


def told(folder: Path, story: str, *injections: str) -> tuple[list[str], list[str]]:
    """What the story printed, and the syncs it made."""
    need_strace()
    command = ["strace", "-f", "-o", str(folder / "calls"), "-e", "trace=syncfs,fdatasync,ftruncate"]
    for injection in injections:
        command += ["-e", f"inject={injection}"]
    environment = os.environ | {"PYTHONPATH": str(_SCRIPT.parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    command += [sys.executable, str(_SCRIPT), str(folder / "archive"), story]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    calls = (folder / "calls").read_text().splitlines()
    return done.stdout.splitlines(), [call for call in calls if "sync" in call]


def day_file(folder: Path) -> Path:
    (path,) = (folder / "archive").glob("2*/*/*/*/*")
    return path


def test_a_torn_record_that_cannot_be_cut_at_once_is_cut_before_the_next(tmp_path: Path) -> None:
    said, _ = told(tmp_path, "half_a_record", "ftruncate:error=EIO:when=1")
    assert said == [f"{day_file(tmp_path)}: record not written, File too large", "written 2", "duplicate 3"]
    assert day_file(tmp_path).read_bytes() == b"".join(packet(second).raw for second in range(3))


def test_records_that_a_failed_sync_lost_do_not_pass_for_stored(tmp_path: Path) -> None:
    said, syncs = told(tmp_path, "failed_sync", "syncfs:error=EIO:when=2")
    assert said == [f"{tmp_path / 'archive'}: the disk failed to store records: Input/output error"]
    assert len(syncs) == 2, "a failed sync is not tried again"
    assert day_file(tmp_path).read_bytes() == packet(0).raw


def test_a_record_whose_writer_was_killed_is_synced_when_it_comes_again(tmp_path: Path) -> None:
    told(tmp_path, "again")
    said, syncs = told(tmp_path, "again")
    assert said == ["duplicate 1", "duplicate 1"]
    assert len(syncs) == 1


def test_a_sync_that_fails_in_the_middle_of_a_batch_ends_the_recorder(tmp_path: Path) -> None:
    said, syncs = told(tmp_path, "many_files", "syncfs:error=EIO:when=1")
    assert said == ["SyncError", f"{tmp_path / 'archive'}: the disk failed to store records: Input/output error"]
    assert len(syncs) == 1
