"""Twenty minutes of records for FDSN servers that fail, and the source that asks for them."""

from __future__ import annotations

import numpy as np

from acquisition import mseed
from acquisition.fdsn.settings import FdsnSettings
from acquisition.fdsn.source import FdsnSource
from acquisition.records import pack
from houfeng.times import NS_PER_S
from houfeng.types import Gap, Packet, SourceId
from tests.acquisition.fdsn_server import (
    FdsnServer,
)

START_NS = 1_700_000_000 * NS_PER_S
CHANNELS = [SourceId("XX", "AAA", "00", channel) for channel in ("HHE", "HHN", "HHZ")]
N_SECONDS = 1200


def made_records() -> list[Packet]:
    """Twenty minutes of three channels at 100 Hz, noise in records of 512 bytes as a digitiser sends them."""
    noise = np.random.default_rng(1).normal(0, 300, N_SECONDS * 100).astype(np.int32)
    return [mseed.decode(raw) for channel in CHANNELS for raw in pack(channel, START_NS, 100.0, noise)]


def whole(channels: list[SourceId] = CHANNELS, seconds: int = N_SECONDS) -> list[Gap]:
    return [Gap(channel, START_NS, START_NS + seconds * NS_PER_S) for channel in channels]


def source_for(server: FdsnServer, gaps: list[Gap] | None = None, **changes: float) -> FdsnSource:
    options = {"retry_min_s": 0.02, "retry_max_s": 0.05, "silence_s": 5.0, "deadline_s": 20.0} | changes
    return FdsnSource(FdsnSettings(server.address, **options), gaps or whole(), refuse)  # type: ignore[arg-type]


def refuse(raw: bytes, reason: str) -> None:
    raise AssertionError(f"a good record was rejected: {reason}")


def drain(source: FdsnSource) -> list[bytes]:
    return sorted(packet.raw for batch in source.packets() for packet in batch)


def raws(records: list[Packet]) -> list[bytes]:
    return sorted(packet.raw for packet in records)
