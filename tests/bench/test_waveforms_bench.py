"""What it costs to read the waveforms of an event again, in the thread that detects."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from acquisition.archive import day_path
from acquisition.records import pack
from acquisition.waveform_files import ArchiveWindows
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId
from houfeng.waveforms import RecordedWaveforms

DAY_NS = parse_ns("2024-03-01")
N_STATIONS, N_DAY = 15, 86_400 * 100


@pytest.mark.bench
def test_windows_of_fifteen_stations_late_in_the_day(tmp_path: Path) -> None:
    """Three channels each, 100 Hz in records of 512 bytes, the whole day archived; five minutes of all of them."""
    trace = np.cumsum(np.random.default_rng(1).integers(-30, 30, N_DAY)).astype(np.int32)
    day = np.frombuffer(b"".join(pack(SourceId.parse("KR.S00..HHZ"), DAY_NS, 100.0, trace)), np.uint8)
    channels = [SourceId("KR", f"S{number:02d}", "", f"HH{c}") for number in range(N_STATIONS) for c in "ZNE"]
    for channel in channels:
        records = day.reshape(-1, 512).copy()
        records[:, 8:13] = np.frombuffer(channel.station.ljust(5).encode(), np.uint8)
        records[:, 15:18] = np.frombuffer(channel.channel.encode(), np.uint8)
        path = day_path(tmp_path, channel, DAY_NS)
        path.parent.mkdir(parents=True)
        path.write_bytes(records.tobytes())
    waveforms = RecordedWaveforms(ArchiveWindows(tmp_path))
    costs_ms = []
    for number in range(6):
        start_ns = DAY_NS + (80_000 + 700 * number) * NS_PER_S
        began_s = time.process_time()
        found = waveforms.read(channels, start_ns, start_ns + 300 * NS_PER_S)
        costs_ms.append(1000 * (time.process_time() - began_s))
        assert [len(stretch.samples) for each in found.values() for stretch in each] == [30_000] * len(channels)
    later_ms = float(np.median(costs_ms[1:]))
    print(f"\n{len(day) // 512} records a channel: first {costs_ms[0]:.0f} ms, then {later_ms:.0f} ms")
    assert later_ms < 20 * len(channels)
