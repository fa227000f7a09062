"""The archive: every record once, whole files after anything, the layout that other programs expect."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.clients.filesystem.sds import Client

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.dayfile import Verdict
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S, to_utcdatetime
from houfeng.types import Packet

DAY_NS = 86_400 * NS_PER_S


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.D.*") if p.is_file()}


def test_obspys_sds_client_reads_what_was_written(tmp_path: Path, packets: list[Packet]) -> None:
    archive = Archive(tmp_path)
    archive.append(packets)
    archive.close()
    (trace,) = Client(tmp_path).get_waveforms(
        "XX", "TEST", "00", "HHZ", to_utcdatetime(packets[0].start_ns), to_utcdatetime(packets[-1].next_ns)
    )
    assert trace.stats.npts == sum(packet.n_samples for packet in packets)


def test_records_lie_in_the_day_of_their_first_sample(
    tmp_path: Path, make_packet: Callable[[int, list[int]], Packet]
) -> None:
    midnight_ns = 1_704_067_200 * NS_PER_S  # 2024-01-01
    before = make_packet(midnight_ns - NS_PER_S // 2, list(range(100)))
    after = make_packet(midnight_ns + NS_PER_S // 2, list(range(100)))
    archive = Archive(tmp_path)
    archive.append([before, after])
    archive.close()
    assert contents(tmp_path) == {
        "2023/XX/TEST/HHZ.D/XX.TEST.00.HHZ.D.2023.365": before.raw,
        "2024/XX/TEST/HHZ.D/XX.TEST.00.HHZ.D.2024.001": after.raw,
    }


@settings(max_examples=50, deadline=None)
@given(order=st.lists(st.integers(0, 99), max_size=150), reopen=st.sets(st.integers(0, 150), max_size=4))
def test_each_record_is_kept_once_whatever_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, packets: list[Packet], order: list[int], reopen: set[int]
) -> None:
    root = tmp_path_factory.mktemp("archive")
    archive = Archive(root)
    for n, index in enumerate(order):
        if n in reopen:
            archive.close()
            archive = Archive(root)
        archive.append([packets[index]])
    archive.close()
    expected = b"".join(packets[index].raw for index in dict.fromkeys(order))
    assert b"".join(contents(root).values()) == expected


def test_another_record_of_the_same_time_is_kept_and_flagged(
    tmp_path: Path,
    packets: list[Packet],
    make_packet: Callable[[int, list[int]], Packet],
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = make_packet(packets[0].start_ns, list(range(7, 107)))
    archive = Archive(tmp_path)
    verdicts = archive.append([packets[0], other, other, packets[0]])
    archive.close()
    assert verdicts == {Verdict.WRITTEN: 1, Verdict.CONFLICT: 1, Verdict.DUPLICATE: 2}
    assert "XX.TEST.00.HHZ: a second record begins at 2023-11-14T22:13:20" in caplog.text
    assert b"".join(contents(tmp_path).values()) == packets[0].raw + other.raw


@pytest.mark.parametrize("cut", [1, 48, 300, 511])
def test_a_torn_tail_goes_to_quarantine_and_the_record_is_taken_again(
    tmp_path: Path, packets: list[Packet], cut: int
) -> None:
    archive = Archive(tmp_path)
    archive.append(packets[:5])
    archive.close()
    path = day_path(tmp_path, packets[0].source_id, packets[0].start_ns)
    path.write_bytes(path.read_bytes()[: 4 * 512 + cut])
    archive = Archive(tmp_path)
    archive.append(packets[:6])
    archive.close()
    assert path.read_bytes() == b"".join(packet.raw for packet in packets[:6])
    (kept,) = (tmp_path / "quarantine").glob("*.bin")
    assert kept.read_bytes() == packets[4].raw[:cut]
    assert str(path) in (tmp_path / "quarantine" / "log.txt").read_text()


def test_damage_in_the_middle_is_left_where_it_is(tmp_path: Path, packets: list[Packet]) -> None:
    path = day_path(tmp_path, packets[0].source_id, packets[0].start_ns)
    path.parent.mkdir(parents=True)
    before = packets[0].raw + b"\xff" * 77 + packets[1].raw
    path.write_bytes(before)
    archive = Archive(tmp_path)
    verdicts = archive.append(packets[:3])
    archive.close()
    assert verdicts == {Verdict.WRITTEN: 1, Verdict.DUPLICATE: 2}
    assert path.read_bytes() == before + packets[2].raw


def test_a_short_write_is_completed(tmp_path: Path, packets: list[Packet], monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, raw: real_write(fd, raw[:100]))
    archive = Archive(tmp_path)
    archive.append(packets[:3])
    archive.close()
    assert b"".join(contents(tmp_path).values()) == b"".join(packet.raw for packet in packets[:3])


def test_a_full_disk_leaves_no_half_record(
    tmp_path: Path, packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    archive.append(packets[:2])
    real_write = os.write
    room = [700]

    def limited_write(fd: int, raw: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real_write(fd, raw[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", limited_write)
    with pytest.raises(ArchiveError, match="the disk is full"):
        archive.append(packets)
    assert b"".join(contents(tmp_path).values()) == b"".join(packet.raw for packet in packets[:3])
    monkeypatch.setattr(os, "write", real_write)
    archive.append(packets)
    archive.close()
    assert b"".join(contents(tmp_path).values()) == b"".join(packet.raw for packet in packets)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(ArchiveError, match="another process is writing to this archive"):
        Archive(tmp_path)
    archive.close()
    Archive(tmp_path).close()


def test_an_archive_that_cannot_be_made_names_its_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=r"file/archive: the archive folder cannot be written: Not a directory"):
        Archive(tmp_path / "file" / "archive")


@pytest.mark.root
def test_a_year_on_another_disk_is_synced_as_well(
    tmp_path: Path, packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    year = tmp_path / "2023"
    year.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(year)], check=True)
    try:
        synced: list[int] = []
        monkeypatch.setattr(os, "fdatasync", synced.append)
        archive = Archive(tmp_path)
        archive.append(packets)
        archive.sync()
        assert len(synced) == 1
        archive.close()
    finally:
        subprocess.run(["umount", "-l", str(year)], check=True)


def test_two_things_quarantined_at_one_moment_are_both_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquisition.archive.now_ns", lambda: DAY_NS)
    archive = Archive(tmp_path)
    for content in (b"one", b"two", b"three"):
        archive.quarantine(content, "garbage")
    archive.close()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "quarantine").glob("*.bin")}
    name = "1970-01-02T000000.000000000Z"
    assert kept == {f"{name}.bin": b"one", f"{name}-1.bin": b"two", f"{name}-2.bin": b"three"}


@pytest.mark.data
def test_a_real_day_is_archived_byte_for_byte(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    source = shared_data("continuous_day") / "COP.BHZ.DK.2009.050"
    content = source.read_bytes()
    archive = Archive(tmp_path)
    archive.append(mseed.decode(record.raw) for record in mseed.split(content, lambda *_: None))
    archive.close()
    (written,) = contents(tmp_path).values()
    assert written == content
    assert obspy.read(str(source))[0].stats.npts == 1_728_000
