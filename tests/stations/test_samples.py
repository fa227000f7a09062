"""Statistics of a minute against NumPy, and the same bits for every packetisation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.mseed import decode, split
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, readonly
from stations.health import HealthMonitor, Metrics
from stations.settings import HealthSettings

MINUTE_NS = 60 * NS_PER_S
T0_NS = 1_700_000_040 * NS_PER_S
HHZ = SourceId("XX", "AAA", "00", "HHZ")

Make = Callable[..., Packet]


def metrics_of(packets: list[Packet]) -> Metrics:
    monitor = HealthMonitor(HealthSettings())
    monitor.observe(packets)
    (station,) = monitor.evaluate(max(packet.received_ns for packet in packets))
    return station.metrics


def cut(make: Make, samples: Any, cuts: list[int], rate_hz: float) -> list[Packet]:
    edges = [0, *sorted(set(cuts)), len(samples)]
    return [make(start / rate_hz, samples[start:stop], rate_hz) for start, stop in pairwise(edges) if start < stop]


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, -5_000_000])
def test_the_last_full_minute_is_what_numpy_says(packet: Make, noise: Any, dtype: Any, offset: int) -> None:
    samples = (noise(20_000) // 100 + offset).astype(dtype)
    metrics = metrics_of(cut(packet, samples, list(range(0, 20_000, 412)), 100.0))
    minute = samples[12_000:18_000].astype(np.float64)
    assert metrics.sample_mean == pytest.approx(minute.mean(), rel=1e-12)
    assert metrics.sample_rms == pytest.approx(np.std(minute), rel=1e-9)
    assert (metrics.flat, metrics.clipping) == (False, 0.0)


@pytest.mark.data
def test_real_records_agree_with_numpy_on_the_decoded_trace(shared_data: Callable[[str], Path]) -> None:
    def refuse(*damage: object) -> None:
        raise AssertionError(damage)

    path = shared_data("ridgecrest2019") / "CI.CCC..HNZ.mseed"
    packets = [decode(record.raw) for record in split(path.read_bytes(), refuse)]
    monitor = HealthMonitor(HealthSettings())
    monitor.observe(packets)
    (station,) = monitor.evaluate(packets[-1].next_ns)
    trace = np.concatenate([packet.samples for packet in packets]).astype(np.float64)
    start_ns = (packets[-1].next_ns // MINUTE_NS - 1) * MINUTE_NS
    first = round((start_ns - packets[0].start_ns) / 1e7 + 0.25)
    minute = trace[first : first + 6000]
    assert station.metrics.sample_mean == pytest.approx(minute.mean(), rel=1e-12)
    assert station.metrics.sample_rms == pytest.approx(minute.std(), rel=1e-12)


@given(
    cuts=st.lists(st.integers(1, 4199), max_size=20),
    rate_hz=st.sampled_from([20.0, 50.0, 31.25, 1 / 0.03]),
    big=st.booleans(),
    random=st.randoms(),
)
def test_any_cut_and_order_gives_the_same_bits(cuts: list[int], rate_hz: float, big: bool, random: Any) -> None:
    high = 2**31 - 1 if big else 5_000
    samples = np.random.default_rng(3).integers(-high, high, 4200).astype(np.int32)

    def make(start_s: float, values: Any, rate: float) -> Packet:
        start_ns = T0_NS + round(start_s * NS_PER_S)
        return Packet(HHZ, start_ns, rate, readonly(values), b"", received_ns=T0_NS + 240 * NS_PER_S)

    whole = metrics_of(cut(make, samples, [], rate_hz))
    pieces = cut(make, samples, cuts, rate_hz)
    newest = pieces.pop()
    random.shuffle(pieces)
    assert whole.sample_rms is not None
    assert metrics_of([newest, *pieces]) == whole
    assert metrics_of([*pieces, newest]) == whole


def test_samples_that_come_twice_count_once(packet: Make, noise: Any) -> None:
    samples = noise(13_000)
    once = metrics_of(cut(packet, samples, [5000, 9000], 100.0))
    again = packet(30.0, np.full(2000, 8_000_000, dtype=np.int32))
    twice = metrics_of([*cut(packet, samples, [5000, 9000], 100.0), again])
    assert (twice.sample_rms, twice.clipping) == (once.sample_rms, 0.0)
    assert (once.num_overlaps, twice.num_overlaps) == (0, 1)


def test_a_filler_wider_than_its_hole_adds_only_the_hole(packet: Make, noise: Any) -> None:
    samples = noise(13_000)
    around = [packet(0, samples[:3000]), packet(33, samples[3300:])]
    wide = packet(28, np.full(1000, 8_388_607, dtype=np.int32))
    assert metrics_of([*around, wide]).clipping == 0.0  # the hole lies in the minute before the last full one
    assert metrics_of([packet(0, samples[:3000]), packet(33, samples[3300:6100]), wide]).clipping == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("values", "flat", "distinct"),
    [
        ([5], True, 1),
        ([5, 6], True, 2),
        ([5, 6, 7], False, 3),
        ([5] * 5999 + [6], True, 2),
        ([5] * 5998 + [6, 7], False, 3),
    ],
)
def test_two_distinct_values_are_dead_and_three_are_not(
    packet: Make, values: list[int], flat: bool, distinct: int
) -> None:
    minute = np.resize(np.array(values, dtype=np.int32), 6000)
    metrics = metrics_of(cut(packet, np.concatenate([minute, minute]), list(range(0, 12_000, 250)), 100.0))
    assert (metrics.flat, metrics.num_distinct) == (flat, distinct)


def test_clipping_is_a_share_of_the_minute(packet: Make, noise: Any) -> None:
    samples = noise(6100)
    samples[100:160:2] = round(0.98 * 2**23)
    samples[101:160:2] = -(2**23)
    samples[200] = round(0.97 * 2**23)
    assert metrics_of([packet(0, samples)]).clipping == pytest.approx(1.0)


def test_what_is_not_a_number_is_left_out(packet: Make, noise: Any) -> None:
    samples = noise(6100).astype(np.float64)
    samples[[0, 7]] = np.nan, np.inf
    assert metrics_of([packet(0, samples)]).sample_rms == pytest.approx(samples[np.isfinite(samples)][:5998].std())
    assert metrics_of([packet(0, np.full(6100, np.nan))]).sample_rms is None


def test_half_a_minute_is_too_little_to_judge(packet: Make, noise: Any) -> None:
    samples = noise(13_000)
    assert metrics_of([packet(0, samples[:2900]), packet(60, samples[:100])]).sample_rms is None
    assert metrics_of([packet(0, samples[:3100]), packet(60, samples[:100])]).sample_rms is not None


def test_timing_quality_is_the_mean_over_records_of_ten_minutes(packet: Make, noise: Any) -> None:
    samples = noise(1000)
    packets = [packet(10 * k, samples, timing_quality=90 if k < 30 else 50) for k in range(90)]
    assert metrics_of(packets[:60]).timing_quality == pytest.approx(70.0)
    assert metrics_of(packets).timing_quality == pytest.approx(50.0, abs=2)
    assert metrics_of([packet(0, samples, timing_quality=None)]).timing_quality is None


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 1e-300, float("nan"), float("inf")])
def test_a_damaged_rate_says_nothing(packet: Make, noise: Any, rate_hz: float) -> None:
    good = packet(0, noise(1000))
    bad = Packet(HHZ, T0_NS, rate_hz, good.samples, b"", received_ns=good.received_ns)
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ])
    monitor.observe([bad])
    (station,) = monitor.evaluate(good.received_ns)
    assert station.metrics.total_latency_s is None
