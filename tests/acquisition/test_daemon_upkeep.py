"""What the daemon looks after beside its loop: station metadata from data centres, and sums of closed files."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.daemon import Daemon, upkeep
from acquisition.fdsn.documents import document_path
from acquisition.records import pack
from configs import Settings, load
from database import queries
from database.store import Store
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns, parse_ns
from houfeng.types import SourceId
from tests.acquisition.fdsn_server import FdsnServer, always, serving
from tests.acquisition.test_fdsn_refresh import document

LIMIT_S = 60.0


@contextmanager
def running(config: Path) -> Iterator[Settings]:
    settings = load(config)

    def reread():  # type: ignore[no-untyped-def]
        again = load(config)
        return again, load_network(again)

    daemon = Daemon(settings, load_network(settings), reread)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield settings
    finally:
        daemon.stop()
        thread.join(timeout=LIMIT_S)
    assert not thread.is_alive()


def wait_for(happened: Callable[[], bool]) -> bool:
    """Whether it happened in time."""
    until = time.monotonic() + LIMIT_S
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def config_file(folder: Path, *lines: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text("\n".join(["[web]", "enabled = false", "[daemon]", "probe = false", *lines]))
    return path


def latitude(settings: Settings) -> float | None:
    store = Store.open(settings.database.url)
    try:
        with store.read() as snapshot:
            detail = queries.station(snapshot, "XX.AAA")
        return None if detail is None else detail.station.latitude_deg
    finally:
        store.close()


@pytest.fixture
def server() -> Iterator[FdsnServer]:
    with serving([]) as data:
        data.others["station"] = always(document(42.0))
        yield data


def test_station_metadata_come_are_taken_on_and_told_when_they_change(
    server: FdsnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "_FIRST_S", 0.1)
    monkeypatch.setattr(upkeep, "_LOOK_S", 0.2)
    caplog.set_level(logging.INFO)
    config = config_file(
        tmp_path,
        *("[[fdsn]]", f'address = "{server.address}"', 'streams = ["XX.AAA.*.HHZ"]', "refresh_h = 24.0"),
        *("[[station]]", 'code = "XX.AAA"'),
    )
    with running(config) as settings:
        assert wait_for(lambda: latitude(settings) == 42.0)
        server.others["station"] = always(document(42.5))
        path = document_path(Path(settings.archive.path), settings.fdsn[0])
        long_ago_ns = now_ns() - 25 * 3600 * NS_PER_S
        os.utime(path, ns=(long_ago_ns, long_ago_ns))
        assert wait_for(lambda: latitude(settings) == 42.5)
    (told,) = [line for line in caplog.messages if "latitude" in line and "42.5" in line]
    assert "XX.AAA" in told and "42" in told
    with running(config) as settings:  # it is known before the data centre is asked
        assert latitude(settings) == 42.5


def test_closed_day_files_are_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stream, start_ns = SourceId("XX", "AAA", "00", "HHZ"), parse_ns("2026-01-05T00:00:00Z")
    packets = [mseed.decode(raw) for raw in pack(stream, start_ns, 100.0, np.arange(5000, dtype=np.int32))]
    archive = Archive(tmp_path / "archive")
    archive.append(packets)
    archive.close()
    path = day_path(tmp_path / "archive", stream, start_ns)
    os.utime(path, ns=(start_ns, start_ns))
    config = config_file(tmp_path, "[archive]", "seal_interval_h = 0.0001")
    with running(config):
        assert wait_for(lambda: (path.parent / "SHA256SUMS").exists())
        assert wait_for(lambda: "sealed 1 day files" in caplog.text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  {path.name}" in (path.parent / "SHA256SUMS").read_text()
