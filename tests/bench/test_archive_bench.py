"""What the archive costs: memory of the index of a day, and time beside a bare write of the same bytes."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.archive_index import RecordIndex
from acquisition.dayfile import Verdict
from acquisition.records import pack
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

START_NS = 1_700_006_400 * NS_PER_S  # midnight
N_CHANNELS = 3000
N_RECORDS = 21_600  # of 4 s in a day
N_MEASURED = 10

pytestmark = pytest.mark.bench


def megabytes(build: Callable[[], object], n: int) -> float:
    """Memory that N_CHANNELS of such indexes keep, MB, from n of them."""
    tracemalloc.start()
    kept = [build() for _ in range(n)]
    n_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(kept) == n
    return n_bytes / n * N_CHANNELS / 1e6


def index_of_a_day() -> RecordIndex:
    index = RecordIndex()
    for n in range(N_RECORDS):
        index.add(START_NS + 4 * n * NS_PER_S + n, n * 512, 512)
    return index


def dictionary_of_a_day() -> dict[int, tuple[int, ...]]:
    """Time -> checksums, the plain way."""
    return {START_NS + 4 * n * NS_PER_S + n: (crc32(n.to_bytes(4, "big")),) for n in range(N_RECORDS)}


def test_a_day_of_three_thousand_channels_fits_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    ours, plain = megabytes(index_of_a_day, N_MEASURED), megabytes(dictionary_of_a_day, 2)
    with capsys.disabled():
        print(f"\nindex of {N_CHANNELS} channels x a day of 4-s records: {ours:.0f} MB; as a dictionary {plain:.0f} MB")
    assert ours < 300
    assert plain / ours > 20


def seconds(work: Callable[[], object]) -> float:
    """Processor time, which other programs do not change much."""
    began = time.process_time()
    work()
    return time.process_time() - began


def test_a_record_costs_little_more_than_writing_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = [SourceId("XX", f"S{n:03}", "00", "HHZ") for n in range(100)]
    packets = [
        mseed.decode(pack(source, START_NS + 4 * n * NS_PER_S, 25.0, np.arange(n, n + 100))[0])
        for n in range(100)
        for source in sources
    ]
    archive = Archive(tmp_path / "archive")
    archive.append(packets[:100])  # the files are made
    new = seconds(lambda: archive.append(packets[100:]))
    again: list[Verdict] = []
    twice = seconds(lambda: again.extend(archive.append(packets).elements()))
    archive.close()
    assert again == [Verdict.DUPLICATE] * len(packets)
    numbers = [os.open(tmp_path / str(n), os.O_WRONLY | os.O_CREAT | os.O_APPEND) for n in range(100)]
    bare = seconds(lambda: [os.write(numbers[n % 100], packet.raw) for n, packet in enumerate(packets[100:])])
    for number in numbers:
        os.close(number)
    with capsys.disabled():
        print(
            f"\nnew record {new / 9900 * 1e6:.1f} us, duplicate {twice / 10000 * 1e6:.1f} us, "
            f"bare write {bare / 9900 * 1e6:.1f} us: {new / bare:.1f} x"
        )
    assert new / bare < 10
