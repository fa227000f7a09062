"""Replay of folders as people have them: many files, wrong names, torn records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import obspy
import pytest

from acquisition.archive import Archive
from acquisition.replay import ReplaySource, find_files
from houfeng.errors import SourceError
from houfeng.types import Packet

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"


def replay(folder: Path, start_ns: int | None = None, end_ns: int | None = None) -> tuple[list[Packet], list[str]]:
    rejected: list[str] = []
    source = ReplaySource(
        find_files(folder), lambda raw, reason: rejected.append(reason), start_ns=start_ns, end_ns=end_ns
    )
    return [packet for batch in source.packets() for packet in batch], rejected


def test_an_archive_comes_back_in_the_order_it_was_written(tmp_path: Path, packets: list[Packet]) -> None:
    late = [*packets[:30], *packets[60:], *packets[30:60]]  # a gap that was filled later
    archive = Archive(tmp_path)
    archive.append(late)
    archive.close()
    replayed, rejected = replay(tmp_path)
    assert [packet.raw for packet in replayed] == [packet.raw for packet in late]
    assert not rejected


def test_a_window_keeps_every_record_that_reaches_into_it(tmp_path: Path, packets: list[Packet]) -> None:
    (tmp_path / "all.mseed").write_bytes(b"".join(packet.raw for packet in packets))
    middle, _ = replay(tmp_path, packets[10].start_ns + 1, packets[20].start_ns + 1)
    assert [packet.raw for packet in middle] == [packet.raw for packet in packets[10:21]]


@pytest.mark.data
def test_streams_advance_together(shared_data: Callable[[str], Path]) -> None:
    replayed, _ = replay(shared_data("ridgecrest2019"))
    starts = [packet.start_ns for packet in replayed]
    assert starts == sorted(starts)
    assert len(replayed) == 1607


def test_text_named_like_miniseed_is_named_and_nothing_else_stops(
    tmp_path: Path, packets: list[Packet], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "notes.mseed").write_text("Station was visited in May.\n" * 30)
    (tmp_path / "empty.mseed").write_bytes(b"")
    (tmp_path / "README.txt").write_text("no seismogram either")
    (tmp_path / "good.mseed").write_bytes(packets[0].raw)
    replayed, _ = replay(tmp_path)
    assert [packet.raw for packet in replayed] == [packets[0].raw]
    messages = [record.message for record in caplog.records]
    assert len(messages) == 2
    assert "notes.mseed: skipped: a miniSEED record was expected, b'Station was visi' came" in messages[1]
    assert "empty.mseed: skipped: a miniSEED record was expected, b'' came: the file is empty" in messages[0]


def test_a_truncated_record_is_reported_with_file_and_place(tmp_path: Path, packets: list[Packet]) -> None:
    (tmp_path / "cut.mseed").write_bytes(packets[0].raw + packets[1].raw[:300])
    replayed, rejected = replay(tmp_path)
    assert [packet.raw for packet in replayed] == [packets[0].raw]
    assert len(rejected) == 1
    assert "cut.mseed, byte 512: " in rejected[0]
    assert "212 more bytes needed" in rejected[0]


def test_every_file_that_ships_with_obspy_is_survived(tmp_path: Path) -> None:
    # damaged, bizarre and hostile records collected by ObsPy's bug reports
    for path in IO_DATA.rglob("*"):
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    replayed, _ = replay(tmp_path)
    assert len(replayed) > 100


def test_who_looks_at_frames_stops_no_replay(tmp_path: Path, packets: list[Packet]) -> None:
    """As the profiler of a Dask worker does, which made a file that was read impossible to close."""
    for packet in packets:
        with (tmp_path / f"{packet.source_id}.mseed").open("ab") as file:
            file.write(packet.raw)
    frames: list[FrameType] = []
    sys.setprofile(lambda frame, event, value: frames.append(frame))
    try:
        source = ReplaySource(find_files(tmp_path), lambda raw, reason: pytest.fail(reason))
        n_found = sum(packet.n_records for batch in source.joined() for packet in batch)
    finally:
        sys.setprofile(None)
    assert frames
    assert n_found == len(packets)


def test_a_folder_without_records_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no miniSEED file"):
        find_files(tmp_path)
    with pytest.raises(SourceError, match="a folder of miniSEED files is needed"):
        find_files(tmp_path / "absent")
