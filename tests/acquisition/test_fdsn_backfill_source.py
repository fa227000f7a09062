"""Back-fill beside the live streams: its source looks again and again, behind the recorder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.backfill import BOOK_NAME, BackfillSource
from acquisition.fdsn.settings import FdsnSettings
from acquisition.recorder import Recorder
from acquisition.records import pack
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId
from tests.acquisition.fdsn_server import serving

S = NS_PER_S
CHANNELS = [SourceId("XX", "AAA", "00", channel) for channel in ("HHE", "HHZ")]


def recent(n_seconds: int) -> list[Packet]:
    """Two channels that ended half an hour ago."""
    noise = np.random.default_rng(5).normal(0, 300, n_seconds * 100).astype(np.int32)
    start_ns = now_ns() // S * S - (1800 + n_seconds) * S
    return [mseed.decode(raw) for channel in CHANNELS for raw in pack(channel, start_ns, 100.0, noise)]


def test_the_source_fills_gaps_behind_the_recorder_and_goes_on_looking(tmp_path: Path) -> None:
    records = recent(600)
    first_ns = records[0].start_ns
    lost = [r for r in records if r.source_id == CHANNELS[1] and first_ns + 50 * S < r.start_ns < first_ns + 150 * S]
    archive = Archive(tmp_path / "archive")
    archive.append(r for r in records if r not in lost)
    archive.sync()
    with serving([r for r in records if r != lost[9]]) as server:
        settings = FdsnSettings(server.address, lookback_h=2, delay_h=0.6, interval_s=0.2)
        source = BackfillSource(settings, archive.root, archive.quarantine)
        recorder = Recorder(archive, [("data centre", source)], 1 << 20)
        recorder.start()
        try:
            until = time.monotonic() + 120
            while len(archived_now(archive)) < len(records) - 1 and time.monotonic() < until:
                time.sleep(0.05)
            # what the server lacks is not asked for every time, that is every 0.2 s
            assert quiet_for(1.0, lambda: len(server.bodies))
        finally:
            recorder.stop()
    assert archived_now(archive) == sorted(r.raw for r in records if r != lost[9])
    archive.close()


def quiet_for(seconds: float, count: Callable[[], int]) -> bool:
    """Whether a number stays as it is for so long, at last."""
    until, since, last = time.monotonic() + 60, time.monotonic(), count()
    while time.monotonic() < until and time.monotonic() - since < seconds:
        time.sleep(0.05)
        if count() != last:
            since, last = time.monotonic(), count()
    return time.monotonic() - since >= seconds


def archived_now(archive: Archive) -> list[bytes]:
    """What other readers see; half a record at the end may be under way."""
    files = [path for path in archive.root.rglob("*.D.*") if path.is_file()]
    return sorted(r.raw for f in files for r in mseed.split(f.read_bytes(), lambda *damage: None))


def test_young_gaps_and_other_channels_are_left_to_the_live_streams(tmp_path: Path) -> None:
    records = recent(600)
    lost = [r for r in records if r.start_ns > records[0].start_ns + 200 * S]
    with closing(Archive(tmp_path / "archive")) as archive, serving(records) as server:
        archive.append(r for r in records if r not in lost)
        archive.sync()
        for changes in ({"delay_h": 1.0}, {"streams": ("YY.*.*.*",)}, {"lookback_h": 0.7, "delay_h": 0.69}):
            options = {"lookback_h": 2.0, "interval_s": 0.05} | changes
            source = BackfillSource(FdsnSettings(server.address, **options), archive.root, archive.quarantine)  # type: ignore[arg-type]
            thread = threading.Thread(target=lambda source=source: list(source.packets()))
            thread.start()
            time.sleep(0.3)
            source.close()
            thread.join(60)
            assert not thread.is_alive()
            assert server.bodies == [], changes


def test_a_broken_book_stops_nothing_and_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Archive(tmp_path / "archive")) as archive, serving([]) as server:
        (archive.root / BOOK_NAME).write_text("{")
        source = BackfillSource(FdsnSettings(server.address, interval_s=0.05), archive.root, archive.quarantine)
        thread = threading.Thread(target=lambda: list(source.packets()))
        thread.start()
        until = time.monotonic() + 60
        while BOOK_NAME not in caplog.text and time.monotonic() < until:
            time.sleep(0.02)
        assert thread.is_alive()
        source.close()
        thread.join(60)
    assert BOOK_NAME in caplog.text
