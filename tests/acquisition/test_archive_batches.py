"""Batches offered to the archive: the same bytes and verdicts as record by record, whatever is in them."""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.dayfile import Verdict
from acquisition.records import pack
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

START_NS = 1_700_006_400 * NS_PER_S - 2 * NS_PER_S  # two seconds before midnight


def record(channel: str, second: int, first: int) -> Packet:
    samples = np.arange(first, first + 100, dtype=np.int32)
    return mseed.decode(pack(SourceId("XX", "TEST", "00", channel), START_NS + second * NS_PER_S, 100.0, samples)[0])


# two streams, six seconds over midnight, each second with two contents
PACKETS = [record(channel, second, first) for channel in ("HHZ", "HHN") for second in range(6) for first in (0, 500)]


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.glob("2*/*/*/*/*")}


@settings(max_examples=100, deadline=None)
@given(
    order=st.lists(st.integers(0, len(PACKETS) - 1), max_size=40),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
)
def test_any_batches_give_what_single_records_give(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], sizes: list[int]
) -> None:
    one_by_one, in_batches = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("batch")
    single, batched = Archive(one_by_one), Archive(in_batches)
    expected: Counter[Verdict] = Counter()
    got: Counter[Verdict] = Counter()
    packets = [PACKETS[number] for number in order]
    for packet in packets:
        expected += single.append([packet])
    while packets:
        size = sizes[len(packets) % len(sizes)]
        got += batched.append(packets[:size])
        packets = packets[size:]
    single.close()
    batched.close()
    assert got == expected
    assert contents(in_batches) == contents(one_by_one)


def test_records_of_one_file_are_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    writes: list[int] = []

    def counted(fd: int, content: bytes) -> int:
        writes.append(len(content))
        return real_write(fd, content)

    archive = Archive(tmp_path)
    monkeypatch.setattr(os, "write", counted)
    archive.append(PACKETS[:12:2])
    archive.close()
    assert writes == [2 * 512, 4 * 512]  # before and after midnight


@pytest.mark.parametrize("room", [0, 1, 511, 512, 700, 1024, 2047])
def test_a_disk_that_fills_within_a_batch_keeps_whole_records_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    packets = PACKETS[4:12:2]
    archive = Archive(tmp_path)
    real_write, left = os.write, [room]

    def limited(fd: int, content: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real_write(fd, content[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", limited)
    with pytest.raises(ArchiveError, match="the disk is full"):
        archive.append(packets)
    monkeypatch.setattr(os, "write", real_write)
    n_whole = room // 512
    (content,) = contents(tmp_path).values()
    assert content == b"".join(packet.raw for packet in packets[:n_whole])
    archive.sync()  # what was written of the batch is the next sync's business
    counts = {Verdict.DUPLICATE: n_whole, Verdict.WRITTEN: 4 - n_whole}
    assert archive.append(packets) == {verdict: n for verdict, n in counts.items() if n}
    archive.close()
    assert list(contents(tmp_path).values()) == [b"".join(packet.raw for packet in packets)]
