"""The daemon fills gaps of its archive from the data centres of its configuration."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.daemon import Daemon
from acquisition.fdsn.settings import FdsnSettings
from acquisition.records import pack
from configs import load
from database import queries
from database.store import Store
from houfeng.errors import ConfigError
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId
from tests.acquisition.fdsn_server import serving

CHANNEL = SourceId("XX", "AAA", "00", "HHZ")


def write(folder: Path, *blocks: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text("\n".join(["[web]", "enabled = false", *blocks]))
    return path


def recent() -> list[Packet]:
    """Ten minutes of one channel that ended half an hour ago."""
    noise = np.random.default_rng(6).normal(0, 300, 60_000).astype(np.int32)
    start_ns = now_ns() // NS_PER_S * NS_PER_S - 2400 * NS_PER_S
    return [mseed.decode(raw) for raw in pack(CHANNEL, start_ns, 100.0, noise)]


def stored(folder: Path) -> list[bytes]:
    files = [path for path in (folder / "archive").rglob("*.D.*") if path.is_file()]
    return sorted(r.raw for f in files for r in mseed.split(f.read_bytes(), lambda *damage: None))


def test_a_gap_of_an_outage_is_filled_and_tells_nothing_of_the_live_stream(tmp_path: Path) -> None:
    records = recent()
    archive = Archive(tmp_path / "archive")
    archive.append(records[:40] + records[120:])
    archive.close()
    with serving(records) as server:
        service = ("[[fdsn]]", f'address = "{server.address}"', "delay_h = 0.25", "interval_s = 0.2")
        config = write(tmp_path, *service, "[daemon]", "report_interval_s = 0.2")
        settings = load(config)
        daemon = Daemon(settings, load_network(settings))
        thread = threading.Thread(target=daemon.run)
        thread.start()
        try:
            until = time.monotonic() + 120
            while len(stored(tmp_path)) < len(records) and time.monotonic() < until:
                time.sleep(0.1)
            assert stored(tmp_path) == sorted(packet.raw for packet in records)
            time.sleep(1)  # a few searches more
        finally:
            daemon.stop()
            thread.join(timeout=120)
        assert not thread.is_alive()
    assert stored(tmp_path) == sorted(packet.raw for packet in records)
    store = Store.open(settings.database.url)
    with store.read() as snapshot:
        assert queries.stations(snapshot) == []
    store.close()


def test_settings_of_back_fill_come_from_the_file(tmp_path: Path) -> None:
    config = write(tmp_path, "[[fdsn]]", 'address = "GFZ"', 'streams = ["CK.*.*.HH?"]', "lookback_h = 48.0")
    assert load(config).fdsn == (FdsnSettings("GFZ", streams=("CK.*.*.HH?",), lookback_h=48.0),)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (('streams = ["CK.HHZ"]',), r"fdsn\[GFZ\].streams"),
        (("delay_h = 200.0",), r"fdsn\[GFZ\].lookback_h: more than delay_h \(200 h\)"),
        (("interval_s = 0.0",), r"fdsn\[GFZ\].interval_s"),
        (("[[fdsn]]", 'address = "GFZ"'), "fdsn.address: each fdsn must have its own address"),
    ],
)
def test_settings_without_sense_are_refused(lines: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(write(tmp_path, "[[fdsn]]", 'address = "GFZ"', *lines))
