"""The index of a day file, against a set of the records themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.archive_index import RecordIndex
from acquisition.dayfile import Verdict
from acquisition.records import pack
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

STREAM = SourceId("XX", "TEST", "00", "HHZ")
START_NS = 1_700_006_400 * NS_PER_S  # midnight
DAY_NS = 86_400 * NS_PER_S


def variants() -> list[Packet]:
    """Records of four lengths at eight times, two of them 5 microseconds apart, each time with two contents."""
    kinds = ({"version": 2}, {"version": 2, "record_length": 4096}, {"version": 3}, {"version": 3, "max_samples": 40})
    times_ns = [0, 5_000, NS_PER_S, 2 * NS_PER_S, 3600 * NS_PER_S, DAY_NS - 5_000, DAY_NS // 2, 7 * NS_PER_S]
    return [
        mseed.decode(pack(STREAM, START_NS + t_ns, 100.0, np.arange(n, n + 40), **kind)[0])  # type: ignore[arg-type]
        for t_ns in times_ns
        for kind in kinds
        for n in (0, 100)
    ]


VARIANTS = variants()


@settings(max_examples=150, deadline=None)
@given(
    order=st.lists(st.integers(0, len(VARIANTS) - 1), max_size=60),
    reopen=st.sets(st.integers(0, 60), max_size=3),
    garbage=st.booleans(),
)
def test_every_verdict_is_that_of_a_set_of_the_records(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], reopen: set[int], garbage: bool
) -> None:
    root = tmp_path_factory.mktemp("archive")
    archive = Archive(root)
    known: dict[int, set[bytes]] = {}
    for n, number in enumerate(order):
        packet = VARIANTS[number]
        if n in reopen:
            archive.close()
            if garbage and n:  # in the middle of the file when the next record stands behind it
                with day_path(root, STREAM, START_NS).open("ab") as file:
                    file.write(b"\xff" * 70 + packet.raw)
                known.setdefault(packet.start_ns, set()).add(packet.raw)
            archive = Archive(root)
        same_time = known.setdefault(packet.start_ns, set())
        expected = Verdict.CONFLICT if same_time else Verdict.WRITTEN
        assert archive.holds(packet) == (packet.raw in same_time)
        assert archive.append([packet]) == {Verdict.DUPLICATE if packet.raw in same_time else expected: 1}
        same_time.add(packet.raw)
    archive.close()


def test_offsets_follow_from_lengths_that_change() -> None:
    index = RecordIndex()
    places = [(0, 512), (512, 512), (1100, 512), (1612, 4096), (5708, 4096), (9804, 189), (9993, 512)]
    for n, (offset, length) in enumerate(places):
        index.add(START_NS + n * NS_PER_S, offset, length)
    assert len(index) == 7
    assert [list(index.candidates(START_NS + n * NS_PER_S)) for n in range(8)] == [*([place] for place in places), []]


@given(start_ns=st.integers(-(10**18), 4 * 10**18))
def test_any_time_can_be_noted(start_ns: int) -> None:
    index = RecordIndex()
    index.add(start_ns, 0, 512)
    assert list(index.candidates(start_ns)) == [(0, 512)]
