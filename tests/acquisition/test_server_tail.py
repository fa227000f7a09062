"""The archive's tail gives clients what a ring would give them, from memory or from the disk, across segments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acquisition.archive import day_path
from acquisition.server import Backlog, Ring, tail
from acquisition.server import ledger as ledger_module
from acquisition.server.records import RecordFiles
from acquisition.server.ring import everything
from acquisition.server.stored import StoredRecord, StreamKey
from acquisition.server.tail import ArchiveTail
from houfeng.types import Packet

from .archive_writer import Writer, packet

PACKETS = [packet(*which, second) for second in range(20) for which in (("UH1",), ("UH2",))] + [packet("UH3", 3)]
PACKETS += [packet("UH1", second, "SHN", record_length=4096) for second in range(3)]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with closing(Writer(tmp_path)) as one:
        yield one


@pytest.fixture
def ring() -> Ring:
    """The same records, one by one, in memory."""
    one = Ring()
    for each in PACKETS:
        one.append(each.raw)
    return one


def all_of(
    backlog: Backlog, start: int = 0, wants: Callable[[StreamKey, int, int, int], bool] = everything
) -> list[StoredRecord]:
    found, at = [], start
    while (step := backlog.read(at, 7, wants))[1] != at:
        found += step[0]
        at = step[1]
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.mark.parametrize("hot_bytes", [0, 5000, tail.HOT_BYTES], ids=["disk", "both", "memory"])
@pytest.mark.parametrize("max_entries", [5, ledger_module.MAX_ENTRIES], ids=["segments", "segment"])
@pytest.mark.parametrize("live", [True, False], ids=["live", "afterwards"])
def test_it_gives_what_a_ring_gives(
    writer: Writer, ring: Ring, monkeypatch: pytest.MonkeyPatch, hot_bytes: int, max_entries: int, live: bool
) -> None:
    monkeypatch.setattr(tail, "HOT_BYTES", hot_bytes)
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", max_entries)
    early = ArchiveTail(writer.archive.root) if live else None
    for one in PACKETS:
        writer.write([one])
    with early or ArchiveTail(writer.archive.root) as backlog:
        wait_for(lambda: backlog.bounds() == ring.bounds())
        for start in (0, 1, 6, 7, 30, len(PACKETS), len(PACKETS) + 1, 10**6):
            assert all_of(backlog, start) == all_of(ring, start)
        assert backlog.streams() == ring.streams()
        half = lambda key, sequence, start_ns, end_ns: key.station == "BW_UH2" and sequence > 9  # noqa: E731
        assert all_of(backlog, 0, half) == all_of(ring, 0, half)
        assert len(all_of(ring, 0, half)) == 16


def test_the_memory_for_new_records_is_bounded(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "HOT_BYTES", 10 * 512)
    with ArchiveTail(writer.archive.root) as backlog:
        for one in PACKETS[:40]:
            writer.write([one])
        wait_for(lambda: backlog.bounds() == (1, 41))
        assert sorted(backlog._hot) == list(range(31, 41))


def test_an_archive_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    with ArchiveTail(tmp_path / "later") as backlog:
        assert backlog.bounds() == (1, 1)
        assert backlog.read(5, 10) == ([], 5)
        with closing(Writer(tmp_path / "later")) as writer:
            writer.write(PACKETS[:3])
            wait_for(lambda: backlog.bounds() == (1, 4))


def test_watchers_are_told_of_new_records_until_they_stop(writer: Writer) -> None:
    with ArchiveTail(writer.archive.root) as backlog:
        told: list[tuple[int, int]] = []
        stop = backlog.watch(lambda: told.append(backlog.bounds()))
        writer.write(PACKETS[:2])
        wait_for(lambda: told == [(1, 3)])
        stop()
        writer.write(PACKETS[2:4])
        wait_for(lambda: backlog.bounds() == (1, 5))
        assert told == [(1, 3)]


def test_it_follows_a_writer_that_starts_again(writer: Writer, tmp_path: Path) -> None:
    with ArchiveTail(tmp_path) as backlog:
        writer.write(PACKETS[:2])
        writer.append(PACKETS[2:4])
        writer.close()
        with closing(Writer(tmp_path)) as again:
            again.write(PACKETS[4:6])
            wait_for(lambda: backlog.bounds() == (1, 7))
        assert [one.raw for one in all_of(backlog)] == [one.raw for one in PACKETS[:6]]
    writer.archive, writer.ledger = (last := Writer(tmp_path)).archive, last.ledger


def test_dropped_history_is_no_longer_held(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", 4)
    monkeypatch.setattr(tail, "HOT_BYTES", 0)
    with ArchiveTail(writer.archive.root) as backlog:
        writer.write([PACKETS[-4], *PACKETS[:3]])
        for n in range(1, 6):
            writer.clock_ns += 86_400 * 10**9
            writer.write(PACKETS[4 * n : 4 * n + 4])
        # Between two segments a reader that is slow holds nothing: those it had are gone, the next is still empty.
        wait_for(lambda: backlog._segments[-1].first == 25)  # the last, and opening it drops others
        first, following = backlog.bounds()
        assert first > 1
        assert [one.sequence for one in all_of(backlog)] == list(range(first, following))
        assert [span.key.station for span in backlog.streams()] == ["BW_UH1", "BW_UH2"]
        assert min(span.first_sequence for span in backlog.streams()) == first


def test_a_record_that_was_taken_out_of_the_archive_is_left_out(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tail, "HOT_BYTES", 0)
    for one in PACKETS[:4]:
        writer.write([one])
    path = day_path(writer.archive.root, PACKETS[0].source_id, PACKETS[0].start_ns)
    path.write_bytes(PACKETS[2].raw)
    with ArchiveTail(writer.archive.root) as backlog:
        assert [one.sequence for one in all_of(backlog)] == [2, 4]
        path.unlink()
        assert [one.sequence for one in all_of(backlog)] == [2, 4]
    assert caplog.text.count("BW.UH1..SHZ: record 1 is no longer in the archive") == 1


def test_a_start_reads_only_the_newest_records(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the last ones of every segment: they would leave the memory again at once."""
    monkeypatch.setattr(ledger_module, "MAX_ENTRIES", 5)
    for one in PACKETS:
        writer.write([one])
    n_read = 0
    read = RecordFiles.read

    def counting(*arguments: Any) -> bytes | None:
        nonlocal n_read
        n_read += 1
        return read(*arguments)

    monkeypatch.setattr(RecordFiles, "read", counting)
    with ArchiveTail(writer.archive.root) as backlog:
        assert backlog.bounds() == (1, len(PACKETS) + 1)
        assert n_read <= 5
        assert [one.raw for one in all_of(backlog)] == [one.raw for one in PACKETS]


def test_streams_are_told_apart_by_format_and_length(writer: Writer) -> None:
    long, new = packet("UH1", 1, record_length=4096), packet("UH1", 2, version=3)
    made: list[Packet] = [packet("UH1", 0), long, new]
    writer.write(made)
    with ArchiveTail(writer.archive.root) as backlog:
        kinds = [(span.key.kind, span.key.legacy) for span in backlog.streams()]
    assert sorted(kinds) == [("2D", False), ("2D", True), ("3D", False)]
