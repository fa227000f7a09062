"""Packets for health, made sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet, SourceId, readonly

T0_NS = 1_700_000_040 * NS_PER_S  # a whole minute
HHZ = SourceId("XX", "AAA", "00", "HHZ")


def changed(packet: Packet, **values: int) -> Packet:
    """The same packet, of another time or come at another one."""
    names = ("source_id", "start_ns", "sample_rate_hz", "samples", "raw", "timing_quality", "received_ns")
    return Packet(**{name: getattr(packet, name) for name in names} | values)


@pytest.fixture
def packet() -> Callable[..., Packet]:
    """packet(start_s, samples, rate_hz=100, source_id=HHZ, latency_s=2, timing_quality=100); time counts from T0."""

    def make(start_s: float, samples: Any, rate_hz: float = 100.0, **options: Any) -> Packet:
        values = readonly(np.asarray(samples))
        start_ns = T0_NS + round(start_s * NS_PER_S)
        end_ns = start_ns + samples_ns(len(values), rate_hz)
        return Packet(
            options.get("source_id", HHZ),
            start_ns,
            rate_hz,
            values,
            b"",
            timing_quality=options.get("timing_quality", 100),
            received_ns=end_ns + round(options.get("latency_s", 2.0) * NS_PER_S),
        )

    return make


@pytest.fixture
def noise() -> Callable[[int], Any]:
    """noise(n): the same n samples each time, counts."""

    def make(n_samples: int) -> Any:
        return np.random.default_rng(7).integers(-1000, 1000, n_samples).astype(np.int32)

    return make
