"""Real records for the detection tests, as packets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest

from houfeng.times import samples_ns
from houfeng.types import Packet, SourceId, readonly
from stations.inventory import Site

N_PACKET = 412  # samples; about what one 512-byte Steim-2 record holds

Cut = Callable[..., list[Packet]]


@pytest.fixture(scope="session")
def cut() -> Cut:
    """Adjoining packets of one record, cut before the given samples (else into packets of usual length)."""

    def packets(
        name: str, start_ns: int, rate_hz: float, samples: np.ndarray[Any, Any], at: Iterable[int] | None = None
    ) -> list[Packet]:
        n = len(samples)
        edges = sorted({0, n, *(i for i in (range(0, n, N_PACKET) if at is None else at) if 0 < i < n)})
        spans = itertools.pairwise(edges)
        source_id = SourceId.parse(name)
        return [
            Packet(source_id, start_ns + samples_ns(a, rate_hz), rate_hz, readonly(samples[a:b]), b"") for a, b in spans
        ]

    return packets


@pytest.fixture(scope="session")
def packets_of(cut: Cut) -> Callable[[Iterable[obspy.Trace]], list[Packet]]:
    """Packets of traces in the order in which a network sends them: by the time of their last sample."""

    def packets(traces: Iterable[obspy.Trace]) -> list[Packet]:
        found = [
            packet
            for trace in traces
            for packet in cut(trace.id, trace.stats.starttime.ns, trace.stats.sampling_rate, trace.data)
        ]
        return sorted(found, key=lambda packet: (packet.next_ns, packet.source_id))

    return packets


@pytest.fixture(scope="session")
def unterhaching() -> Sequence[obspy.Trace]:
    """Three small earthquakes on BW.UH1-4, 2010-05-27 16:24:03-16:27:54 (inside ObsPy)."""
    folder = Path(obspy.__file__).parent / "signal" / "tests" / "data"
    files = sorted(folder.glob("BW.UH*.D.2010.147.cut.slist.gz"))
    assert len(files) == 6
    return [trace for file in files for trace in obspy.read(str(file))]


@pytest.fixture(scope="session")
def unterhaching_sites() -> dict[str, Site]:
    """Converted from the EPSG:31468 kilometres in obspy/io/nlloc/tests/data/nlloc_custom.hyp."""
    places = {
        "BW.UH1": (48.08151, 11.63604),
        "BW.UH2": (48.05787, 11.68201),
        "BW.UH3": (48.03080, 11.63876),
        "BW.UH4": (48.03229, 11.53557),
    }
    return {station_id: Site(station_id, *place, 400.0) for station_id, place in places.items()}
