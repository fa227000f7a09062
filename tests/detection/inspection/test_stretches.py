"""Stretches out of packets: the samples there are, each once, in any order of the packets."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.inspection.stretches import stretches
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet, SourceId, readonly

Z = SourceId.parse("KR.NRN.00.HHZ")
RATE_HZ = 100.0
START_NS = 1_700_000_000 * NS_PER_S + 123_456_000
TRACE = np.arange(1000.0)


def part(begin: int, end: int, shift_ns: int = 0) -> Packet:
    """Samples of the trace; its header may be off by a little, as headers are."""
    start_ns = START_NS + samples_ns(begin, RATE_HZ) + shift_ns
    return Packet(Z, start_ns, RATE_HZ, readonly(TRACE[begin:end]), f"{begin}-{end}".encode())


def whole(packets: list[Packet], first: int = 0, last: int = 1000) -> tuple[Stretch, ...]:
    times = (START_NS + samples_ns(each, RATE_HZ) for each in (first, last))
    return stretches(packets, *times)


@given(st.data())
def test_any_cut_overlap_and_order_gives_the_trace_back(data: st.DataObject) -> None:
    edges = sorted({0, 1000, *data.draw(st.lists(st.integers(1, 999), max_size=20))})
    packets = [
        part(a, b, data.draw(st.integers(-4_000_000, 4_000_000)) if a else 0) for a, b in itertools.pairwise(edges)
    ]
    packets += [part(a, min(a + 70, 1000)) for a in data.draw(st.lists(st.integers(0, 990), max_size=5))]
    random.Random(data.draw(st.integers(0, 99))).shuffle(packets)
    (found,) = whole(packets)
    assert found.samples.tolist() == TRACE.tolist()
    assert (found.start_ns, found.end_ns) == (START_NS, START_NS + 10 * NS_PER_S)


def test_gaps_part_stretches_and_windows_cut_them() -> None:
    found = whole([part(600, 800), part(0, 300), part(301, 600)], 100, 700)
    assert [each.samples.tolist() for each in found] == [TRACE[100:300].tolist(), TRACE[301:700].tolist()]
    assert [each.start_ns - START_NS for each in found] == [NS_PER_S, 3_010_000_000]


def test_of_contradicting_samples_those_of_the_earlier_packet_are_kept() -> None:
    other = Packet(Z, part(50, 60).start_ns, RATE_HZ, readonly(np.full(100, -1.0)), b"other")
    for packets in ([part(0, 100), other], [other, part(0, 100)]):
        (found,) = whole(packets)
        assert found.samples.tolist() == [*range(100), *[-1.0] * 50]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e300])
def test_values_that_are_no_counts_end_a_stretch(bad: float) -> None:
    values = TRACE[:10].copy()
    values[4] = bad
    found = stretches([Packet(Z, START_NS, RATE_HZ, readonly(values), b"")], START_NS, START_NS + NS_PER_S)
    assert [each.samples.tolist() for each in found] == [[0, 1, 2, 3], [5, 6, 7, 8, 9]]
    assert found[1].index(START_NS + 70_000_000) == 2


def test_another_rate_is_another_stretch() -> None:
    faster = Packet(Z, START_NS + 3 * NS_PER_S, 200.0, readonly(TRACE[:50]), b"faster")
    found = whole([faster, part(0, 300)])
    assert [(each.rate_hz, len(each.samples)) for each in found] == [(100.0, 300), (200.0, 50)]
