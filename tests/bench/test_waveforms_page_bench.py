"""Pictures of waveforms: a day of 100 Hz, filtered or from the seconds that are kept, against ObsPy."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.archive import Archive, day_path
from acquisition.mseed import open_record
from acquisition.records import pack
from houfeng.bandpass import Passband
from houfeng.times import NS_PER_S, parse_ns
from houfeng.traces import Traces
from houfeng.types import SourceId
from webui.drums import N_COLUMNS, N_LINES, drum

SOURCE = SourceId("XX", "AAA", "00", "HHZ")
DAY_NS, START_NS = 86_400 * NS_PER_S, parse_ns("2026-03-01")
BAND = Passband(1, 10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A day of noise of 300 counts in records of 512 bytes."""
    samples = np.round(np.random.default_rng(0).normal(size=8_640_000) * 300).astype(np.int32)
    archive = Archive(tmp_path / "archive")
    archive.append([open_record(raw) for raw in pack(SOURCE, START_NS, 100.0, samples)])
    archive.close()
    return tmp_path / "archive"


def cpu_ms(work: Callable[[], object], n: int = 5) -> float:
    """The least CPU time of some runs."""
    times = []
    for _ in range(n):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1e3


@pytest.mark.bench
def test_a_day_of_a_hundred_samples_a_second(root: Path, tmp_path: Path) -> None:
    end_ns = START_NS + DAY_NS

    def peer() -> None:
        trace = obspy.read(day_path(root, SOURCE, START_NS))[0]
        trace.data = trace.data.astype(float)
        trace.filter("bandpass", freqmin=1, freqmax=10, corners=4)

    traces = Traces(root, tmp_path / "cache")
    whole_ms = cpu_ms(lambda: traces.envelope(SOURCE, START_NS, end_ns, 2000), 1)
    kept_ms = cpu_ms(lambda: traces.envelope(SOURCE, START_NS, end_ns, 2000))
    disk_ms = cpu_ms(lambda: Traces(root, tmp_path / "cache").envelope(SOURCE, START_NS, end_ns, 2000))
    hour_ms = cpu_ms(lambda: traces.envelope(SOURCE, START_NS, START_NS + DAY_NS // 24, 2000))
    filtered_ms = cpu_ms(lambda: drum(traces.envelope(SOURCE, START_NS, end_ns, N_LINES * N_COLUMNS, BAND), None))
    read_ms = cpu_ms(lambda: traces.stretches(SOURCE, START_NS, end_ns))
    peer_ms = cpu_ms(peer)
    print(
        f"24 h in 2000 columns: made {whole_ms:.0f} ms, kept {kept_ms:.1f} ms, from the disk {disk_ms:.1f} ms; "
        f"1 h {hour_ms:.1f} ms; filtered drum {filtered_ms:.0f} ms, of which reading {read_ms:.0f} ms; "
        f"ObsPy reads and filters in {peer_ms:.0f} ms"
    )
    assert kept_ms < whole_ms / 10
    assert disk_ms < whole_ms / 4
    assert filtered_ms < 4 * peer_ms
