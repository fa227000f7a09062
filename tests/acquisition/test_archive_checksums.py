"""Closed day files: summed once, and any change but a late record is found."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.archive import Archive, day_path
from acquisition.archive_checksums import Sealed, seal, sealing, verify
from acquisition.archive_files import Kind
from acquisition.archive_repair import repair
from houfeng.cli import main
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet

DAY_NS = 86_400 * NS_PER_S


@pytest.fixture
def day_file(tmp_path: Path, packets: list[Packet]) -> Path:
    """Fifty records of a day of 2023, written long ago."""
    archive = Archive(tmp_path)
    archive.append(packets[:50])
    archive.close()
    path = day_path(tmp_path, packets[0].source_id, packets[0].start_ns)
    age(path)
    return path


def age(path: Path) -> None:
    """Make a file one that was last written thirty days ago."""
    then = now_ns() - 30 * DAY_NS
    os.utime(path, ns=(then, then))


def sealed(root: Path) -> Sealed:
    return seal(root, now_ns(), 7.0)


def found(root: Path) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.reason) for finding in verify(root)]


def test_only_closed_files_are_sealed_and_only_once(tmp_path: Path, day_file: Path, packets: list[Packet]) -> None:
    assert sealed(tmp_path) == Sealed(n_new=1, n_grown=0, n_all=1)
    assert sealed(tmp_path) == Sealed(n_new=0, n_grown=0, n_all=1)
    assert found(tmp_path) == []
    archive = Archive(tmp_path / "new")
    archive.append(packets)
    archive.close()
    assert sealed(tmp_path / "new") == Sealed()  # of 2023, but written just now
    os.utime(day_path(tmp_path / "new", packets[0].source_id, packets[0].start_ns), ns=(0, 0))
    assert seal(tmp_path / "new", packets[0].start_ns + 3 * DAY_NS, 7.0) == Sealed()  # of three days ago
    assert sealed(tmp_path / "new").n_new == 1


def test_coreutils_agree(tmp_path: Path, day_file: Path) -> None:
    sealed(tmp_path)
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=day_file.parent, capture_output=True).returncode == 0
    content = bytearray(day_file.read_bytes())
    content[12345] ^= 1
    day_file.write_bytes(content)
    assert subprocess.run(command, cwd=day_file.parent, capture_output=True).returncode == 1


def test_a_changed_bit_is_found_and_never_sealed_over(tmp_path: Path, day_file: Path) -> None:
    sealed(tmp_path)
    content = bytearray(day_file.read_bytes())
    content[12345] ^= 1
    day_file.write_bytes(content)
    age(day_file)
    expected = [(Kind.CHECKSUM, "its first 25600 bytes are not what they were when it was sealed")]
    assert found(tmp_path) == expected
    sealed(tmp_path)
    day_file.write_bytes(content + content[:512])  # and grown as well
    age(day_file)
    assert sealed(tmp_path) == Sealed(n_all=1)
    assert found(tmp_path) == expected


def test_a_shorter_and_a_missing_file_are_found(tmp_path: Path, day_file: Path) -> None:
    sealed(tmp_path)
    day_file.write_bytes(day_file.read_bytes()[:-512])
    assert found(tmp_path) == [(Kind.CHECKSUM, "the file is 512 bytes shorter than when it was sealed")]
    day_file.unlink()
    assert found(tmp_path) == [(Kind.CHECKSUM, "the file was sealed and is gone")]


def test_late_records_are_allowed_and_sealed_later(tmp_path: Path, day_file: Path, packets: list[Packet]) -> None:
    sealed(tmp_path)
    archive = Archive(tmp_path)
    archive.append(packets)
    archive.close()
    assert found(tmp_path) == []
    assert sealed(tmp_path) == Sealed(n_all=1)  # touched just now
    age(day_file)
    assert sealed(tmp_path) == Sealed(n_grown=1, n_all=1)
    assert "# 51200 bytes" in (day_file.parent / "SHA256SUMS").read_text()


def test_repair_takes_the_sum_of_what_it_changes_away(tmp_path: Path, day_file: Path) -> None:
    day_file.write_bytes(day_file.read_bytes() + b"\xff" * 99)
    age(day_file)
    sealed(tmp_path)
    with sealing(tmp_path), pytest.raises(ArchiveError, match="another process is sealing or repairing"):
        repair(tmp_path)
    repair(tmp_path)
    assert found(tmp_path) == []
    age(day_file)
    assert sealed(tmp_path) == Sealed(n_new=1, n_all=1)


def test_the_commands_seal_and_compare(tmp_path: Path, day_file: Path) -> None:
    runner = CliRunner(catch_exceptions=False)
    result = runner.invoke(main, ["archive", "seal", str(tmp_path)])
    assert result.stdout == "sealed: 1 files for the first time, 0 that grew; 1 have sums\n"
    result = runner.invoke(main, ["archive", "check", "--checksums", str(tmp_path)])
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "No findings.")
    content = bytearray(day_file.read_bytes())
    content[100] ^= 1  # a sample: the record still unpacks
    day_file.write_bytes(content)
    result = runner.invoke(main, ["archive", "check", "--checksums", str(tmp_path), "--format", "csv"])
    assert result.exit_code == 1
    assert "checksum,2023/XX/TEST/HHZ.D/XX.TEST.00.HHZ.D.2023.318,1,25600" in result.stdout
