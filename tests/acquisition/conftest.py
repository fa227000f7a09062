"""Real records for the acquisition tests, from the records that ObsPy installs with itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition import mseed
from acquisition.records import pack
from houfeng.types import Packet, SourceId

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
START_NS = 1_700_000_000_000_000_000

MakePacket = Callable[[int, list[int]], Packet]


@pytest.fixture(scope="session")
def bgld_bytes() -> bytes:
    """BW.BGLD..EHE of 2008-01-01: ten records of 512 bytes, 200 Hz."""
    return (IO_DATA / "BW.BGLD.__.EHE.D.2008.001.first_10_records").read_bytes()


@pytest.fixture(scope="session")
def make_packet() -> MakePacket:
    """A packet of XX.TEST.00.HHZ at 100 Hz from its start time, ns UTC, and samples."""

    def make(start_ns: int, samples: list[int]) -> Packet:
        source_id = SourceId("XX", "TEST", "00", "HHZ")
        (raw,) = pack(source_id, start_ns, 100.0, np.array(samples, dtype=np.int32))
        return mseed.decode(raw)

    return make


@pytest.fixture(scope="session")
def packets(make_packet: MakePacket) -> list[Packet]:
    """A hundred records in a row, one second each."""
    return [make_packet(START_NS + i * 1_000_000_000, list(range(i, i + 100))) for i in range(100)]
