"""The daemon when something around it fails: servers, the disk, the database."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.arrivals import Arrivals
from acquisition.daemon import Daemon
from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries
from database.store import Store
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from stations.health import State
from tests.plugins.daemon import wait_for

CHANNEL = SourceId("XX", "TEST", "00", "HHZ")


def record(second: int) -> bytes:
    rng = np.random.default_rng(second)
    samples = rng.integers(-100, 100, 100, dtype=np.int32)
    return pack(CHANNEL, now_ns() // NS_PER_S * NS_PER_S - (120 - second) * NS_PER_S, 100.0, samples)[0]


@contextmanager
def running(config: Path) -> Iterator[Daemon]:
    settings = load(config)
    daemon = Daemon(settings, load_network(settings))
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield daemon
    finally:
        daemon.stop()
        thread.join(timeout=120)
        assert not thread.is_alive()


def write_config(folder: Path, *ports: int) -> Path:
    config = folder / "houfeng.toml"
    servers = "".join(
        f'[[seedlink]]\nname = "server{n}"\naddress = "127.0.0.1:{port}"\nstreams = ["XX.TEST.00.HHZ"]\n'
        "retry_min_s = 0.1\nretry_max_s = 0.5\n"
        for n, port in enumerate(ports)
    )
    config.write_text(servers + "[web]\nenabled = false\n[daemon]\nreport_interval_s = 0.5\n")
    return config


def archived_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "archive").rglob("*.D.*")))


def wait_until(what: str, folder: Path, expected: bytes, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if archived_bytes(folder) == expected:
            return
        time.sleep(0.1)
    pytest.fail(f"{what}: {len(archived_bytes(folder))} of {len(expected)} bytes archived after {seconds:g} s")


def test_a_dead_server_delays_nobody(tmp_path: Path) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        dead_port = 1  # nobody listens there, and only root could
        sent = [record(n) for n in range(5)]
        for raw in sent:
            ring.append(raw)
        config = write_config(tmp_path, dead_port, server.port)
        config.write_text(config.read_text() + "[archive]\narrivals_days = 1\n")
        began_ns = now_ns()
        with running(config):
            wait_until("beside a dead server", tmp_path, b"".join(sent))
            assert archived_bytes(tmp_path) == b"".join(sent)
    noted = Arrivals.below([tmp_path / "archive"])
    assert all(began_ns <= (noted.at_ns(mseed.decode(raw)) or 0) <= now_ns() for raw in sent)


def test_statuses_are_reported_while_running(tmp_path: Path) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server, ExitStack() as stack:
        config = write_config(tmp_path, server.port)
        store = Store.open(load(config).database.url)  # made by one before two want it
        stack.callback(store.close)
        stack.enter_context(running(config))
        until = time.monotonic() + 120
        row = None
        while time.monotonic() < until and (row is None or row.state is not State.WARN):
            ring.append(record(30))
            time.sleep(0.5)
            with store.read() as snapshot:
                (row,) = queries.stations(snapshot)
        assert row is not None
        assert row.station_id == "XX.TEST"
        assert row.metrics.total_latency_s == pytest.approx(90, abs=30)
        assert row.state is State.WARN  # the limits are 60 and 120 s
        assert "limit 60 s" in row.reason


@pytest.mark.root
def test_a_full_disk_is_waited_for_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    monkeypatch.setattr("acquisition.recorder._DISK_RETRY_S", 0.2)
    mount = tmp_path / "archive"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], check=True)
    try:
        (mount / "ballast").write_bytes(bytes(60_000))
        with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
            sent = [record(n) for n in range(60)]
            config = write_config(tmp_path, server.port)
            config.write_text(config.read_text() + "[archive]\nballast_mib = 0\n")
            with running(config):
                for raw in sent:
                    ring.append(raw)
                wait_for("the full disk to be said", lambda: "the disk is full" in caplog.text)
                assert len(archived_bytes(tmp_path)) < 60 * 512
                assert len(archived_bytes(tmp_path)) % 512 == 0
                (mount / "ballast").unlink()
                wait_until("after space was freed", tmp_path, b"".join(sent))
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_database_that_is_locked_does_not_hold_the_archive_up(tmp_path: Path) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config = write_config(tmp_path, server.port)
        with running(config):
            ring.append(first := record(0))
            wait_until("at first", tmp_path, first)
            blocker = Store.open(load(config).database.url)
            with blocker.begin():
                sent = [first]
                for n in range(1, 4):  # each in a cycle of its own: the writer must not stay with the first
                    sent.append(record(n))
                    ring.append(sent[-1])
                    wait_until("while the database was locked", tmp_path, b"".join(sent))
            blocker.close()
        store = Store.open(load(config).database.url)
        with store.read() as snapshot:
            cursors = queries.cursors(snapshot, "server0")
        store.close()
        assert cursors["XX.TEST"].sequence == 4
