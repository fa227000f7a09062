"""Packets become the same blocks however the stream was cut; gaps, overlaps and filled-in gaps are what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.blocks import NEVER, Blocker, Chunk
from houfeng.types import Packet

START_NS = 1_700_000_000_123_456_789
STEP_NS = 10_000_000  # 100 Hz
N_BLOCK, N_FLAT = 5, 4

Make = Callable[[int, list[float]], Packet]


@pytest.fixture(scope="session")
def packet(cut: Callable[..., list[Packet]]) -> Make:
    """A packet whose first sample is sample `first` of the grid."""

    def make(first: int, samples: list[float], late_ns: int = 0) -> Packet:
        return cut("XX.AAA.00.HHZ", START_NS + first * STEP_NS + late_ns, 100.0, np.array(samples), at=())[0]

    return make


def push_all(packets: Iterable[Packet]) -> tuple[Blocker, list[Chunk]]:
    blocker = Blocker(100.0, N_BLOCK, N_FLAT, START_NS)
    return blocker, [chunk for packet in packets for chunk in blocker.push(packet)]


def segments(chunks: Iterable[Chunk]) -> list[tuple[int, int | None, list[float]]]:
    """(time of the first sample in steps after START_NS, gap, samples) of each segment."""
    found: list[tuple[int, int | None, list[float]]] = []
    for chunk in chunks:
        if chunk.gap is not None:
            step = (chunk.grid_ns - START_NS) // STEP_NS + chunk.first
            found.append((step, chunk.gap, []))
        found[-1][2].extend(chunk.samples.tolist())
    return found


def test_whole_blocks_leave_and_the_rest_waits(packet: Make) -> None:
    blocker, chunks = push_all([packet(0, [1, 2, 3]), packet(3, [4, 5, 6, 7, 8, 9, 10, 11, 12])])
    assert [(chunk.first, chunk.gap, len(chunk.samples)) for chunk in chunks] == [(0, NEVER, 10)]
    assert blocker.position_ns == START_NS + 12 * STEP_NS


def test_a_gap_ends_the_segment_with_a_short_block(packet: Make) -> None:
    _, chunks = push_all([packet(0, [1, 2, 3, 4, 5, 6, 7]), packet(20, [8, 9, 10, 11, 12, 13])])
    assert segments(chunks) == [(0, NEVER, [1, 2, 3, 4, 5, 6, 7]), (20, 13, [8, 9, 10, 11, 12])]


@pytest.mark.parametrize("late_ns", [-4_900_000, 4_900_000])
def test_less_than_half_a_sample_is_no_gap(packet: Any, late_ns: int) -> None:
    blocker, chunks = push_all([packet(0, [1, 2, 3]), packet(3, [4, 5, 6], late_ns), packet(6, [7, 8, 9, 10, 11])])
    assert segments(chunks) == [(0, NEVER, list(range(1, 11)))]
    assert blocker.position_ns == START_NS + 11 * STEP_NS


def test_more_than_half_a_sample_is_a_gap(packet: Any) -> None:
    _, chunks = push_all([packet(0, [1, 2, 3]), packet(3, [4, 5, 6, 7, 8, 9], 5_100_000)])
    assert segments(chunks) == [(0, NEVER, [1, 2, 3]), (3, 1, [4, 5, 6, 7, 8])]


def test_samples_seen_before_are_passed_over(packet: Make) -> None:
    first, again, overlapping = packet(0, [1, 2, 3, 4]), packet(1, [2, 3]), packet(2, [3, 4, 5, 6, 7, 8, 9, 10, 11])
    _, chunks = push_all([first, again, first, overlapping])
    assert segments(chunks) == [(0, NEVER, list(range(1, 11)))]


def test_a_packet_that_fills_a_gap_afterwards_is_too_late(packet: Make) -> None:
    _, chunks = push_all([packet(0, [1, 2, 3]), packet(6, [7, 8, 9]), packet(3, [4, 5, 6]), packet(9, [10, 11, 12])])
    assert segments(chunks) == [(0, NEVER, [1, 2, 3]), (6, 3, [7, 8, 9, 10, 11])]


def test_a_filled_in_gap_is_a_gap(packet: Make) -> None:
    samples = [1, 2, 3, 0, 0, 0, 0, 0, 0, 4, 5, 6, 7, 8, 9]
    blocker, chunks = push_all([packet(0, samples)])
    assert segments(chunks) == [(0, NEVER, [1, 2, 3]), (9, 6, [4, 5, 6, 7, 8])]
    assert blocker.position_ns == START_NS + 15 * STEP_NS


def test_a_few_equal_samples_are_data(packet: Make) -> None:
    _, chunks = push_all([packet(0, [1, 0, 0]), packet(3, [0, 2, 3, 3, 3, 4, 5, 6])])
    assert segments(chunks) == [(0, NEVER, [1, 0, 0, 0, 2, 3, 3, 3, 4, 5])]


@pytest.mark.parametrize("n_flat", [2, 3, 5, 20, 100])
@pytest.mark.parametrize("largest", [2, 9, 10_000])
def test_as_many_equal_samples_as_are_a_gap_are_found_wherever_they_are(
    packet: Make, n_flat: int, largest: int
) -> None:
    """Among samples of which most neighbours are equal, some, and hardly any; runs of one more and one less."""
    rng = np.random.default_rng(n_flat + largest)
    for _ in range(60):
        samples = rng.integers(0, largest, 900)
        at, n = int(rng.integers(1, 700)), n_flat + int(rng.integers(-1, 2))
        samples[at : at + n] = -5
        edges = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), len(samples)]
        flat = [(start, stop) for start, stop in pairwise(edges) if stop - start >= n_flat]
        blocker = Blocker(100.0, N_BLOCK, n_flat, START_NS)
        chunks = blocker.push(packet(0, samples.astype(np.int32))) + blocker.close(START_NS + 2000 * STEP_NS)
        covered = {start + i for start, _, values in segments(chunks) for i in range(len(values))}
        assert covered == set(range(900)).difference(*(range(*each) for each in flat))


def test_a_gap_right_after_a_filled_in_one_is_one_gap(packet: Make) -> None:
    _, chunks = push_all([packet(0, [1, 2, 3, 9, 9, 9, 9, 9]), packet(10, [4, 5, 6, 7, 8, 9])])
    assert segments(chunks) == [(0, NEVER, [1, 2, 3]), (10, 7, [4, 5, 6, 7, 8])]


def test_two_filled_in_gaps_in_a_row_are_one(packet: Make) -> None:
    _, chunks = push_all(
        [packet(0, [1, 2, 3, 9, 9, 9, 9, 9, 0]), packet(9, [0, 0, 0, 0]), packet(13, [4, 5, 6, 7, 8, 9])]
    )
    assert segments(chunks) == [(0, NEVER, [1, 2, 3]), (13, 10, [4, 5, 6, 7, 8])]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e300])
def test_what_is_no_number_of_counts_is_missing(packet: Make, bad: float) -> None:
    _, chunks = push_all([packet(0, [1, 2, bad]), packet(3, [bad, 3, 4, 5, 6, 7, 8])])
    assert segments(chunks) == [(0, NEVER, [1, 2]), (4, 2, [3, 4, 5, 6, 7])]


def test_a_channel_that_is_flat_from_the_start_has_no_segment_yet(packet: Make) -> None:
    blocker, chunks = push_all([packet(i * 10, [7.0] * 10) for i in range(1000)])
    assert chunks == []
    assert blocker.n_held == 10_000
    assert segments(blocker.push(packet(10_000, [1, 2, 3, 4, 5, 6]))) == [(10_000, NEVER, [1, 2, 3, 4, 5])]


def test_a_sampling_interval_that_is_no_whole_number_of_nanoseconds_does_not_drift(cut: Any) -> None:
    """At 3 Hz a sum of rounded intervals would be off by half a sample after a month; cut every sample here."""
    samples = np.arange(30_000) % 7
    packets = cut("XX.AAA.00.HHZ", START_NS, 3.0, samples, at=range(30_000))
    blocker = Blocker(3.0, N_BLOCK, N_FLAT, START_NS)
    chunks = [chunk for packet in packets for chunk in blocker.push(packet)]
    assert sum(chunk.gap is not None for chunk in chunks) == 1
    assert blocker.position_ns == START_NS + 10_000 * 1_000_000_000


values = st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.0, float("nan")]), min_size=1, max_size=60)


@given(values, st.sets(st.integers(1, 59)), st.sets(st.integers(1, 59), max_size=3))
def test_blocks_do_not_depend_on_packets(packet: Make, samples: list[float], cuts: set[int], losses: set[int]) -> None:
    """Cut finely or coarsely, with a sample lost before each of `losses`: the same samples in the same segments."""

    def stream(at: set[int]) -> list[Packet]:
        edges = sorted({0, len(samples), *(i for i in at | losses if i < len(samples))})
        spans = zip(edges, edges[1:], strict=False)  # noqa: RUF007
        return [packet(a + sum(loss <= a for loss in losses), samples[a:b]) for a, b in spans]

    coarse, chunks = push_all(stream(set()))
    fine, finer_chunks = push_all(stream(cuts))
    assert segments(finer_chunks) == segments(chunks)
    assert fine.position_ns == coarse.position_ns
    assert np.array_equal(fine.waiting, coarse.waiting)
    assert all(len(chunk.samples) % N_BLOCK == 0 or len(chunk.samples) < N_BLOCK for chunk in finer_chunks)
