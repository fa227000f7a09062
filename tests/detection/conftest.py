"""Real records for the detection tests, as packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import obspy
import pytest

from houfeng.times import samples_ns
from houfeng.types import Packet, SourceId, readonly


@dataclass(frozen=True)
class Place:
    """What association needs of a site."""

    latitude_deg: float
    longitude_deg: float


# Fraunhofer projection EPSG:31468 of obspy/io/nlloc/tests/data/nlloc_custom.hyp, converted.
UNTERHACHING = {
    "BW.UH1": Place(48.08151, 11.63604),
    "BW.UH2": Place(48.05787, 11.68201),
    "BW.UH3": Place(48.03080, 11.63876),
    "BW.UH4": Place(48.03229, 11.53557),
}


def packets_of(
    source_id: SourceId, start_ns: int, rate_hz: float, samples: np.ndarray, cuts: Iterable[int]
) -> list[Packet]:
    """Adjoining packets of one record, cut before the given samples."""
    edges = sorted({0, len(samples), *(cut for cut in cuts if 0 < cut < len(samples))})
    return [
        Packet(source_id, start_ns + samples_ns(a, rate_hz), rate_hz, readonly(samples[a:b]), b"")
        for a, b in zip(edges, edges[1:], strict=False)
    ]


def trace_packets(trace: obspy.Trace, n: int = 412) -> list[Packet]:
    """A trace in packets of n samples (about what a 512-byte Steim-2 record holds)."""
    start_ns = int(trace.stats.starttime.ns)
    cuts = range(n, len(trace.data), n)
    return packets_of(SourceId.parse(trace.id), start_ns, trace.stats.sampling_rate, trace.data, cuts)


def by_time(packets: Iterable[Packet]) -> list[Packet]:
    """In the order in which a network sends them: by the time of the last sample."""
    return sorted(packets, key=lambda packet: (packet.next_ns, packet.source_id))


@cache
def _unterhaching() -> tuple[obspy.Trace, ...]:
    folder = Path(obspy.__file__).parent / "signal" / "tests" / "data"
    files = sorted(folder.glob("BW.UH*.D.2010.147.cut.slist.gz"))
    return tuple(trace for file in files for trace in obspy.read(str(file)))


@pytest.fixture(scope="session")
def unterhaching() -> Sequence[obspy.Trace]:
    """Three earthquakes on BW.UH1-4, 2010-05-27 16:24:03-16:27:54 (inside ObsPy)."""
    return _unterhaching()


@pytest.fixture(scope="session")
def ridgecrest(shared_data: Callable[[str], Path]) -> Sequence[obspy.Trace]:
    """The vertical channels of eleven stations, M7.1 of 2019-07-06 03:19:53."""
    files = sorted(shared_data("ridgecrest2019").glob("*HNZ.mseed"))
    return [trace for file in files for trace in obspy.read(str(file))]
