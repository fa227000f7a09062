"""The ledger on disks that are full or fail, and under clocks that are set."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.server import ledger as ledger_module
from acquisition.server import segments
from acquisition.server.ledger import Ledger
from acquisition.server.tail import ArchiveTail
from houfeng.errors import SyncError
from houfeng.times import NS_PER_S
from houfeng.types import Packet

from .archive_writer import Writer, packet

DAY_NS = 86_400 * NS_PER_S
PACKETS = [packet(station, second) for second in range(12) for station in ("UH1", "UH2", "UH3")]


def listed(root: Path) -> dict[int, bytes]:
    """Number and bytes of every record that a client can get."""
    with ArchiveTail(root) as tail:
        records, at = {}, 0
        while (step := tail.read(at, 64))[1] != at:
            records |= {record.sequence: record.raw for record in step[0]}
            at = step[1]
        return records


def firsts(root: Path) -> list[int]:
    return segments.segments(root / segments.FOLDER)


def list_of(root: Path) -> Path:
    (path,) = (root / segments.FOLDER).glob("*.files")
    return path


def full_disk(patch: pytest.MonkeyPatch, *, gives_back: bool) -> None:
    """Every write is taken in part, then none; what was taken can be given back, or not."""
    room = {"bytes": 9}

    def taking(write: Callable[..., int]) -> Callable[..., int]:
        def take(fd: int, content: bytes, *at: int) -> int:
            n_taken = min(room["bytes"], len(content))
            room["bytes"] -= n_taken
            if not n_taken:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(fd, content[:n_taken], *at)

        return take

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    patch.setattr(os, "write", taking(os.write))
    patch.setattr(os, "pwrite", taking(os.pwrite))
    if not gives_back:
        patch.setattr(os, "ftruncate", refuse)


def failing(patch: pytest.MonkeyPatch) -> list[int]:
    """Every sync of the ledger's files fails; which descriptors it was tried for."""
    tried: list[int] = []

    def fail(fd: int) -> None:
        tried.append(fd)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    patch.setattr(os, "fsync", fail)
    patch.setattr(os, "fdatasync", fail)
    return tried


@pytest.mark.parametrize("gives_back", [True, False])
def test_an_announcement_that_a_full_disk_took_in_part_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives_back: bool
) -> None:
    with closing(Writer(tmp_path)) as writer:
        with monkeypatch.context() as patch:
            full_disk(patch, gives_back=gives_back)
            writer.ledger.expect(PACKETS[:1])
        writer.ledger.expect(PACKETS[1:3])
        writer.archive.append(PACKETS[:3])
    with closing(Writer(tmp_path)):
        assert sorted(listed(tmp_path).values()) == sorted(one.raw for one in PACKETS[:3])


@pytest.mark.parametrize("torn", [b"0 2010", b"0", b"12 2010/BW/U", b"\0\0\0\n\xff 2010\n", b"0 \n3 2010\n512 a"])
def test_an_announcement_that_a_crash_tore_is_left_out(tmp_path: Path, torn: bytes) -> None:
    with closing(Writer(tmp_path)) as writer:
        writer.write(PACKETS[:1])
    with list_of(tmp_path).open("ab") as file:
        file.write(torn)
    (tmp_path / "2010").mkdir(exist_ok=True)
    with closing(Writer(tmp_path)) as writer:
        writer.ledger.expect(PACKETS[1:3])
        writer.archive.append(PACKETS[1:3])
    with closing(Writer(tmp_path)):
        assert sorted(listed(tmp_path).values()) == sorted(one.raw for one in PACKETS[:3])


def test_a_stream_that_a_full_disk_took_in_part_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Writer(tmp_path)) as writer:
        writer.ledger.expect(PACKETS[:3])
        writer.archive.append(PACKETS[:3])
        with monkeypatch.context() as patch:
            full_disk(patch, gives_back=False)
            writer.ledger.enter()
        writer.write(PACKETS[3:6])
        assert sorted(listed(tmp_path).values()) == sorted(one.raw for one in PACKETS[:6])


def test_a_sync_that_fails_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Writer(tmp_path)) as writer:
        writer.write(PACKETS[:3])
        writer.ledger.expect(PACKETS[3:6])
        writer.archive.append(PACKETS[3:6])
        with monkeypatch.context() as patch:
            full_disk(patch, gives_back=True)
            writer.ledger.enter()
        writer.archive.sync()
        writer.ledger.commit()
        with monkeypatch.context() as patch:
            tried = failing(patch)
            with pytest.raises(SyncError, match=r"\.served/.*: the disk failed to store it: Input/output error"):
                writer.ledger.enter()
            assert len(tried) == 1
        assert sorted(listed(tmp_path)) == [1, 2, 3]


class Given:
    """A source that supplies packets one by one."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    def packets(self) -> Iterator[list[Packet]]:
        for one in self._packets:
            yield [one]

    def close(self) -> None:
        self._packets = []


def test_a_sync_of_the_ledger_that_fails_ends_the_recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Archive(tmp_path)) as archive, closing(Ledger(tmp_path, 1e6)) as ledger:
        recorder = Recorder(archive, [("server", Given(PACKETS))], 1 << 20, ledger)
        with monkeypatch.context() as patch:
            failing(patch)
            recorder.start()
            with pytest.raises(SyncError):
                for _ in range(100):
                    assert recorder.take(0.1) == []
            with pytest.raises(SyncError):
                recorder.stop()


def test_what_a_failed_sync_may_have_lost_is_written_again_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory it looks stored, and a further sync would pass over it."""
    with closing(Writer(tmp_path)) as writer:
        writer.write(PACKETS[:1])
        writer.append(PACKETS[1:3])
    folder = tmp_path / segments.FOLDER
    written: list[bytes] = []
    pwrite = os.pwrite

    def noting(fd: int, content: bytes, at: int) -> int:
        written.append(content)
        return pwrite(fd, content, at)

    entries = segments.segment_path(folder, 1).read_bytes()[segments.entry_at(1) :]
    lists = [(folder / "streams").read_bytes(), list_of(tmp_path).read_bytes()]
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", noting)
        Writer(tmp_path).close()
    assert len(entries) == 2 * segments.ENTRY_BYTES
    assert {entries, *lists} <= set(written)


@pytest.mark.parametrize("step_ns", [400 * DAY_NS, -400 * DAY_NS])
def test_a_clock_that_is_set_ends_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_ns: int) -> None:
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", 3)
    with closing(Writer(tmp_path, clock_ns=1000 * DAY_NS)) as writer:
        begun = writer.ledger.following
        for n in range(3):
            writer.write(PACKETS[3 * n : 3 * n + 3])
        writer.step_ns = step_ns
        for n in range(3, 6):
            writer.write(PACKETS[3 * n : 3 * n + 3])
        writer.step_ns = 0
        writer.write(PACKETS[18:21])
    assert sorted(listed(tmp_path)) == list(range(begun, begun + 21))


def test_segments_still_roll_by_age_after_a_clock_was_wrong(tmp_path: Path) -> None:
    with closing(Writer(tmp_path, clock_ns=1000 * DAY_NS, history_s=800.0)) as writer:
        begun = writer.ledger.following
        writer.step_ns = DAY_NS
        writer.write(PACKETS[:1])
        writer.clock_ns += 101 * NS_PER_S
        writer.write(PACKETS[1:2])
        writer.step_ns = 0
        writer.clock_ns += 101 * NS_PER_S
        writer.write(PACKETS[2:3])
    assert firsts(tmp_path) == [begun, begun + 2, begun + 3]


@pytest.mark.parametrize("step_ns", [400 * DAY_NS, -400 * DAY_NS])
def test_a_start_with_a_wrong_clock_ends_no_history(tmp_path: Path, step_ns: int) -> None:
    with closing(Writer(tmp_path, clock_ns=1000 * DAY_NS)) as writer:
        begun = writer.ledger.following
        writer.write(PACKETS[:3])
    with closing(Writer(tmp_path, clock_ns=1000 * DAY_NS + step_ns)) as writer:
        writer.write(PACKETS[3:6])
        writer.clock_ns += DAY_NS // 8 + 1
        writer.write(PACKETS[6:9])
    assert sorted(listed(tmp_path)) == list(range(begun, begun + 9))
    assert len(firsts(tmp_path)) > 1
