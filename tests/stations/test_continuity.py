"""Gaps, overlaps and availability against masks of samples, and against obspy on real records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.signal.quality_control import MSEEDMetadata

from acquisition.mseed import decode, split
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, readonly
from stations.health import HealthMonitor, Metrics
from stations.health.channel import HOUR_NS
from stations.health.intervals import MAX_INTERVALS, Intervals
from stations.settings import HealthSettings
from tests.stations.conftest import changed

T0_NS = 1_700_000_040 * NS_PER_S
RATE_HZ = 10.0
STEP_NS = round(NS_PER_S / RATE_HZ)
NOT_DUE_NS = 60 * NS_PER_S  # availability asks for data only when they are as old as the latency limit

spans = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), min_size=1, max_size=25)


def runs(mask: Any) -> list[tuple[int, int]]:
    """Begin and end of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def watched(packets: list[Packet], now_ns: int, began_ns: int) -> Metrics:
    """Metrics of the one channel of these packets, watched since `began_ns`."""
    monitor = HealthMonitor(HealthSettings(), wanted=[packets[0].source_id])
    monitor.evaluate(began_ns)
    monitor.observe(packets)
    (station,) = monitor.evaluate(now_ns)
    (channel,) = station.channels
    return channel.metrics


def packets_of(placed: list[tuple[int, int]]) -> list[Packet]:
    source_id = SourceId("XX", "AAA", "", "HHZ")
    made = [Packet(source_id, T0_NS + start * STEP_NS, RATE_HZ, readonly(np.arange(n)), b"") for start, n in placed]
    return [changed(packet, received_ns=packet.next_ns) for packet in made]


@given(spans, st.randoms())
def test_any_order_and_cut_gives_what_the_sample_mask_gives(placed: list[tuple[int, int]], random: Any) -> None:
    counts = np.zeros(400, dtype=int)
    pieces: list[tuple[int, int]] = []
    for start, n in placed:
        counts[start : start + n] += 1
        cut = random.randint(0, n)
        pieces += [(at, size) for at, size in ((start, cut), (start + cut, n - cut)) if size]
    random.shuffle(pieces)
    metrics = watched(packets_of(pieces), T0_NS + 400 * STEP_NS + NOT_DUE_NS, T0_NS)
    covered = counts > 0
    first, last = np.flatnonzero(covered)[[0, -1]]
    holes = runs(~covered[first:last])
    assert metrics.num_gaps == len(holes)
    assert metrics.max_gap_s == max((end - start for start, end in holes), default=0) / RATE_HZ
    assert metrics.num_overlaps == len(runs(counts > 1))
    assert metrics.percent_availability_1h == pytest.approx(100 * covered.mean(), rel=1e-12)
    assert metrics.percent_availability_1h == metrics.percent_availability_24h
    assert metrics.watched_s == 40


@given(spans, st.integers(-50, 400), st.integers(1, 300))
def test_intervals_answer_like_a_mask(placed: list[tuple[int, int]], since: int, length: int) -> None:
    mask = np.zeros(500, dtype=bool)
    intervals = Intervals()
    for start, n in placed:
        before = runs(mask[start : start + n])
        again = intervals.add(start, start + n, 0)
        assert again == [(start + a, start + b) for a, b in before]
        mask[start : start + n] = True
    assert list(zip(intervals.starts, intervals.ends, strict=True)) == runs(mask)
    until = since + length
    inside = mask[max(0, since) : max(0, until)]
    assert intervals.covered_ns(since, until) == inside.sum()
    assert intervals.count(since, until) == len(runs(inside))
    first = runs(mask)[0][0]
    holes = [(a, b) for a, b in runs(~mask) if a >= first and b < 500 and b > since and a < until]
    assert intervals.holes(since, until) == holes


@pytest.mark.parametrize(("late_samples", "gaps"), [(0.4, 0), (0.6, 1), (-0.4, 0)])
def test_half_a_sample_makes_the_gap(late_samples: float, gaps: int) -> None:
    first, second = packets_of([(0, 100), (100, 100)])
    moved = changed(second, start_ns=second.start_ns + round(late_samples * STEP_NS))
    for order in ([first, moved], [moved, first]):
        metrics = watched(order, T0_NS + 60 * NS_PER_S, T0_NS)
        assert (metrics.num_gaps, metrics.num_overlaps) == (gaps, 0)


def test_a_step_back_of_more_than_half_a_sample_is_an_overlap() -> None:
    first, second = packets_of([(0, 100), (100, 100)])
    moved = changed(second, start_ns=second.start_ns - round(0.6 * STEP_NS))
    assert watched([first, moved], T0_NS + 60 * NS_PER_S, T0_NS).num_overlaps == 1


def test_back_filled_data_fill_the_hole_and_a_repeat_counts_once() -> None:
    now_ns = T0_NS + 90 * NS_PER_S
    live = packets_of([(0, 100), (200, 100)])
    before = watched(live, now_ns, T0_NS)
    after = watched([*live, *packets_of([(100, 100)])], now_ns, T0_NS)
    twice = watched([*live, *packets_of([(100, 100)]), *live], now_ns, T0_NS)
    assert (before.num_gaps, before.max_gap_s) == (1, 10.0)
    assert (after.num_gaps, after.num_overlaps, after.percent_availability_1h) == (0, 0, 100.0)
    assert before.percent_availability_1h == pytest.approx(100 * 20 / 30)
    assert (twice.percent_availability_1h, twice.num_overlaps) == (100.0, 2)


def test_gaps_leave_the_hour_and_coverage_leaves_the_day() -> None:
    monitor = HealthMonitor(HealthSettings(), wanted=[SourceId("XX", "AAA", "", "HHZ")])
    monitor.evaluate(T0_NS)
    seen = []
    for hour in range(30):
        start = hour * 36_000
        placed = [(at, 200) for at in range(start, start + 36_000, 200) if not 18_000 <= at < 18_600]
        monitor.observe(packets_of(placed))
        (station,) = monitor.evaluate(T0_NS + (hour + 1) * HOUR_NS + 60 * NS_PER_S)
        seen.append((station.metrics.num_gaps, station.metrics.percent_availability_1h, station.metrics.watched_s))
    assert seen[0] == (1, pytest.approx(100 - 100 / 60), 3600.0)
    assert seen[1] == (0, 100.0, 7200.0)
    assert seen[29] == (0, 100.0, 86_400.0)
    (watch,) = monitor._channels.values()
    assert len(watch._covered.starts) == 1 and len(watch._minutes) <= 11


def test_memory_is_bounded_and_what_was_forgotten_is_not_asked_for() -> None:
    intervals = Intervals()
    for at in range(0, 10 * (MAX_INTERVALS + 500), 10):
        intervals.add(at, at + 5, 1)
    assert len(intervals.starts) == MAX_INTERVALS
    known_from = intervals.known_from_ns
    assert known_from is not None and known_from <= intervals.starts[0]
    assert intervals.add(0, 5, 1) == []
    assert len(intervals.starts) == MAX_INTERVALS and intervals.starts[0] > known_from
    intervals.forget_before(intervals.ends[-1])
    assert not intervals.starts


def of_file(path: Path) -> list[Packet]:
    def refuse(offset: int, n_bytes: int, reason: str) -> None:
        raise AssertionError(f"{path.name} at {offset}: {n_bytes} bytes, {reason}")

    packets = [decode(record.raw) for record in split(path.read_bytes(), refuse)]
    return [changed(packet, received_ns=packet.next_ns) for packet in packets]


@pytest.mark.data
@pytest.mark.parametrize("name", ["gaps.mseed", "time_jump.mseed", "timingquality.mseed"])
def test_real_defects_have_the_gaps_that_obspy_finds(name: str, shared_data: Callable[[str], Path]) -> None:
    path = shared_data("miniseed_reference") / "real_defects" / name
    stream = obspy.read(path)
    steps = stream.get_gaps()
    packets = of_file(path)
    end_ns = max(packet.next_ns for packet in packets)
    began_ns = min(packet.start_ns for packet in packets)
    assert end_ns - began_ns < HOUR_NS
    metrics = watched(packets, end_ns, began_ns)
    gap_s = [step[6] for step in steps if step[6] > 0]
    assert metrics.num_gaps == len(gap_s)
    assert metrics.max_gap_s == pytest.approx(max(gap_s, default=0.0), abs=1e-5)
    assert metrics.num_overlaps == len([step for step in steps if step[6] < 0])


@pytest.mark.data
def test_eighteen_copies_of_one_record_are_one_overlap(shared_data: Callable[[str], Path]) -> None:
    packets = of_file(shared_data("miniseed_reference") / "real_defects" / "qualityflags.mseed")
    metrics = watched(packets, packets[0].next_ns + NOT_DUE_NS, packets[0].start_ns)
    assert len(packets) == 18
    assert (metrics.num_gaps, metrics.num_overlaps, metrics.percent_availability_1h) == (0, 1, 100.0)


@pytest.mark.data
def test_availability_and_timing_are_those_of_obspys_quality_control(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("miniseed_reference") / "real_defects"
    for name in ("gaps.mseed", "timingquality.mseed"):
        packets = of_file(folder / name)
        start_ns, end_ns = packets[0].start_ns, packets[-1].next_ns
        start, end = obspy.UTCDateTime(ns=start_ns), obspy.UTCDateTime(ns=end_ns)
        oracle = MSEEDMetadata([str(folder / name)], starttime=start, endtime=end, add_flags=True).meta
        metrics = watched(packets, end_ns + NOT_DUE_NS, start_ns)
        assert metrics.percent_availability_1h == pytest.approx(oracle["percent_availability"], abs=0.01)
        assert metrics.num_gaps == oracle["num_gaps"]
        timing = oracle["miniseed_header_percentages"]["timing_quality_mean"]
        assert metrics.timing_quality == (None if timing is None else pytest.approx(timing))
    assert timing is not None
