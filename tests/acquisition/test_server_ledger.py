"""The ledger: every archived record has one number, which no crash repeats, moves or takes away."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.archive import day_path
from acquisition.dayfile import Verdict
from acquisition.server import ledger as ledger_module
from acquisition.server import segments
from acquisition.server.ledger import Ledger
from acquisition.server.segments import ENTRY_BYTES
from acquisition.server.tail import ArchiveTail
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S
from houfeng.types import Packet

from .archive_writer import Writer, packet

PACKETS = [packet(station, second) for second in range(30) for station in ("UH1", "UH2", "UH3")]


def listed(root: Path) -> dict[int, bytes]:
    """Number and bytes of every record that a client can get."""
    with ArchiveTail(root) as tail:
        records, at = {}, 0
        while (step := tail.read(at, 64))[1] != at:
            records |= {record.sequence: record.raw for record in step[0]}
            at = step[1]
        return records


def newest(root: Path) -> Path:
    folder = root / segments.FOLDER
    return segments.segment_path(folder, segments.segments(folder)[-1])


def raws(packets: list[Packet]) -> list[bytes]:
    return [one.raw for one in packets]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    one = Writer(tmp_path)
    yield one
    one.close()


def test_records_are_numbered_in_the_order_they_were_archived(tmp_path: Path, writer: Writer) -> None:
    for one in PACKETS[:10]:
        writer.write([one])
    assert listed(tmp_path) == dict(enumerate(raws(PACKETS[:10]), 1))


def test_a_record_is_seen_when_it_was_synced_and_not_before(tmp_path: Path, writer: Writer) -> None:
    writer.append(PACKETS[:2])
    assert listed(tmp_path) == {}
    writer.archive.sync()
    writer.ledger.commit()
    assert sorted(listed(tmp_path).values()) == sorted(raws(PACKETS[:2]))


def test_what_comes_twice_gets_one_number(tmp_path: Path, writer: Writer) -> None:
    writer.write([PACKETS[0], PACKETS[0], PACKETS[3]])
    writer.write([PACKETS[3], PACKETS[0], PACKETS[6], PACKETS[6]])
    assert listed(tmp_path) == {1: PACKETS[0].raw, 2: PACKETS[3].raw, 3: PACKETS[6].raw}


def test_the_first_number_of_all_comes_from_the_clock(tmp_path: Path) -> None:
    """A ledger that was lost with its folder starts above every number it gave out."""
    writer = Writer(tmp_path, clock_ns=1_700_000_000 * NS_PER_S)
    writer.write(PACKETS[:1])
    writer.close()
    assert list(listed(tmp_path)) == [1_700_000_000_000_000]


def test_an_archive_from_before_the_ledger_is_not_sent_again(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.archive.append(PACKETS[:6])
    writer.close()
    writer = Writer(tmp_path)
    writer.write(PACKETS[:9])
    writer.close()
    assert sorted(listed(tmp_path).values()) == sorted(raws(PACKETS[6:9]))


# Each leaves the files as a process killed there leaves them.
def kill_before_append(writer: Writer, packets: list[Packet]) -> None:
    writer.ledger.expect(packets)


def kill_in_append(writer: Writer, packets: list[Packet]) -> None:
    writer.ledger.expect(packets)
    writer.archive.append(packets[:2])
    path = day_path(writer.archive.root, packets[2].source_id, packets[2].start_ns)
    if writer.archive.append(packets[2:3])[Verdict.WRITTEN]:
        os.truncate(path, path.stat().st_size - 312)


def kill_before_enter(writer: Writer, packets: list[Packet]) -> None:
    writer.ledger.expect(packets)
    writer.archive.append(packets)


def kill_in_enter(writer: Writer, packets: list[Packet]) -> None:
    before = writer.ledger.following
    writer.append(packets)
    if writer.ledger.following > before:
        path = newest(writer.archive.root)
        os.truncate(path, path.stat().st_size - 7)


def kill_before_sync(writer: Writer, packets: list[Packet]) -> None:
    writer.append(packets)


def kill_before_commit(writer: Writer, packets: list[Packet]) -> None:
    writer.append(packets)
    writer.archive.sync()


def kill_after_commit(writer: Writer, packets: list[Packet]) -> None:
    writer.write(packets)


KILLS = [
    kill_before_append,
    kill_in_append,
    kill_before_enter,
    kill_in_enter,
    kill_before_sync,
    kill_before_commit,
    kill_after_commit,
]


@settings(max_examples=25, deadline=None)
@given(kills=st.lists(st.tuples(st.integers(0, 5), st.integers(3, 9), st.sampled_from(KILLS)), max_size=6))
def test_wherever_the_process_is_killed_each_record_keeps_one_number(
    tmp_path_factory: pytest.TempPathFactory, kills: list[tuple[int, int, Callable[[Writer, list[Packet]], None]]]
) -> None:
    """The source sends again what was not committed; what a client has seen once stays as it was."""
    root = tmp_path_factory.mktemp("archive")
    at = 0
    seen: dict[int, bytes] = {}
    for n_quiet, n_last, kill in kills:
        with closing(Writer(root)) as writer:
            writer.write(PACKETS[max(0, at - 4) : at + n_quiet])
            at += n_quiet
            kill(writer, PACKETS[at : at + n_last])
        seen |= listed(root)
        assert listed(root) == seen
    writer = Writer(root)
    writer.write(PACKETS[max(0, at - 4) :])
    writer.close()
    final = listed(root)
    assert seen.items() <= final.items()
    assert sorted(final.values()) == sorted(set(raws(PACKETS)))


def test_records_lost_in_a_power_cut_leave_their_numbers_unused(tmp_path: Path) -> None:
    """The ledger's bytes reached the disk, those of the archive did not."""
    writer = Writer(tmp_path)
    writer.write(PACKETS[:3])
    writer.append(PACKETS[3:6])
    writer.close()
    path = day_path(tmp_path, PACKETS[3].source_id, PACKETS[3].start_ns)
    os.truncate(path, 512)
    writer = Writer(tmp_path)
    assert set(listed(tmp_path).values()) == set(raws(PACKETS[:6])) - {PACKETS[3].raw}
    writer.write(PACKETS[3:6])
    writer.close()
    numbers = listed(tmp_path)
    assert sorted(numbers.values()) == sorted(raws(PACKETS[:6]))
    # numbers 4 to 6 were given out to nobody; 4 pointed at what is gone
    assert sorted(numbers) == [1, 2, 3, 7, 8, 9]


@pytest.mark.parametrize("tail", [b"\0" * 400, b"\xff" * ENTRY_BYTES, b"\0" * 7])
def test_bytes_behind_the_last_entry_are_no_entries(tmp_path: Path, tail: bytes) -> None:
    writer = Writer(tmp_path)
    writer.write(PACKETS[:3])
    writer.close()
    with newest(tmp_path).open("ab") as file:
        file.write(tail)
    writer = Writer(tmp_path)
    writer.write(PACKETS[3:6])
    writer.close()
    assert sorted(listed(tmp_path).values()) == sorted(raws(PACKETS[:6]))


def test_a_segment_whose_head_a_power_cut_took_is_begun_anew(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(PACKETS[:3])
    writer.close()
    segments.segment_path(tmp_path / segments.FOLDER, 4).write_bytes(b"")
    writer = Writer(tmp_path)
    writer.write(PACKETS[3:4])
    writer.close()
    assert sorted(listed(tmp_path)) == [1, 2, 3, 4]


def test_segments_roll_and_old_ones_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", 3)
    writer = Writer(tmp_path, history_s=100.0)
    for n in range(10):
        writer.clock_ns += 10 * NS_PER_S
        writer.write(PACKETS[3 * n : 3 * n + 3])
    assert sorted(listed(tmp_path)) == list(range(1, 31))
    writer.clock_ns += 50 * NS_PER_S
    writer.write(PACKETS[30:33])
    # 1 to 15 were followed by segments that were begun 100 s ago or earlier
    assert sorted(listed(tmp_path)) == list(range(16, 34))
    assert len(list((tmp_path / segments.FOLDER).glob("*.files"))) == 1
    writer.close()
    writer = Writer(tmp_path, history_s=100.0, clock_ns=writer.clock_ns)
    writer.write(PACKETS[33:36])
    writer.close()
    assert sorted(listed(tmp_path)) == list(range(16, 37))


def test_an_old_segment_rolls_by_the_clock(tmp_path: Path) -> None:
    writer = Writer(tmp_path, history_s=800.0)
    writer.write(PACKETS[:1])
    writer.clock_ns += 101 * NS_PER_S
    writer.write(PACKETS[1:2])
    writer.close()
    assert segments.segments(tmp_path / segments.FOLDER) == [1, 3]


def test_a_kill_between_two_segments_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", 3)
    writer = Writer(tmp_path)
    writer.write(PACKETS[:3])
    writer.close()
    old = segments.segment_path(tmp_path / segments.FOLDER, 1)
    head = bytearray(old.read_bytes())
    head[24] = 0  # the new segment was made, the old one not yet sealed
    old.write_bytes(head)
    writer = Writer(tmp_path)
    writer.write(PACKETS[3:4])
    writer.close()
    assert sorted(listed(tmp_path)) == [1, 2, 3, 4]


def test_a_full_disk_delays_the_ledger_and_not_the_archive(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer.write(PACKETS[:1])

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        writer.write(PACKETS[1:2])
        writer.write(PACKETS[2:5])
    assert list(listed(tmp_path)) == [1]
    assert caplog.text.count("No space left on device; SeedLink clients wait, the archive goes on") == 1
    writer.write(PACKETS[5:6])
    assert sorted(listed(tmp_path).values()) == sorted(raws(PACKETS[:6]))


def test_what_a_segment_could_not_take_is_found_by_a_later_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Writer(tmp_path)) as writer:
        writer.write(PACKETS[:1])
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
            writer.append(PACKETS[1:2])
        writer.clock_ns += 86_400 * NS_PER_S
        writer.ledger.commit()  # begins a segment while a record still waits
    with closing(Writer(tmp_path)):
        assert list(listed(tmp_path).values()) == raws(PACKETS[:2])


def test_a_short_write_is_completed(tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, content, at: real(fd, content[:17], at))
        writer.write(PACKETS[:5])
    assert len(listed(tmp_path)) == 5


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / segments.FOLDER).write_text("")
    with pytest.raises(ArchiveError, match=r"\.served: the ledger cannot be written: File exists"):
        Ledger(tmp_path, 1.0)
