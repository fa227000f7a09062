"""Fifty stations of one server go silent, the daemon is killed meanwhile, and they come back: one alert, told twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition.daemon.loop import Daemon
from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from configs import Settings, load
from database import alert_queries
from database.store import Store
from houfeng.network import Network, load_network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.houfeng.alerting.conftest import Hook
from tests.plugins.daemon import daemon, wait_for

STATIONS = [f"S{n:02d}" for n in range(50)]
CONFIG = """
[[seedlink]]
name = "up"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
retry_min_s = 0.1
retry_max_s = 0.2
[[recipient]]
name = "hook"
kind = "webhook"
address = "{url}"
networks = ["XX"]
[delivery]
retry_min_s = 0.2
[daemon]
report_interval_s = 0.2
probe = false
[web]
enabled = false
"""


def records(ago_s: int) -> list[bytes]:
    """Ten seconds of noise of every station."""
    rng, start_ns = np.random.default_rng(ago_s), now_ns() - ago_s * NS_PER_S
    channels = [SourceId("XX", station, "", "BHZ") for station in STATIONS]
    noise = rng.integers(-1000, 1000, (len(channels), 200), dtype=np.int32)
    return [record for at, channel in enumerate(channels) for record in pack(channel, start_ns, 20.0, noise[at])]


def ring(ago_s: int) -> Ring:
    filled = Ring()
    for record in records(ago_s):
        filled.append(record)
    return filled


def told(hook: Hook) -> list[tuple[str, str]]:
    contents = [json.loads(body) for _, body in hook.requests]
    return [(content["step"]["action"], content["alert"]["about"]) for content in contents]


@contextmanager
def working(config: Path) -> Iterator[Daemon]:
    """The daemon in a thread of this process, which a process of its own takes many seconds of imports longer for."""

    def read() -> tuple[Settings, Network]:
        settings = load(config)
        return settings, load_network(settings)

    running = Daemon(*read(), read)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join()


def n_open(store: Store) -> int:
    with store.read() as snapshot:
        return alert_queries.n_open(snapshot)


def test_fifty_stations_of_a_server_that_dies_are_one_alert_that_is_closed_once(tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    with Hook([500]) as hook:
        with SeedLinkServer("127.0.0.1", 0, ring(1200)) as server:
            port = server.port
            config.write_text(CONFIG.format(port=port, url=hook.url))
            with working(config):
                wait_for("one alert", lambda: n_open(store) == 1)
                wait_for("the message", lambda: len(told(hook)) == 2)
        with SeedLinkServer("127.0.0.1", port, ring(10)), working(config):
            wait_for("its end", lambda: n_open(store) == 0)
            wait_for("the message", lambda: len(told(hook)) == 3)
    # the first answer was 500: that message came again, with the same key
    assert told(hook) == [("opened", "server up")] * 2 + [("closed", "server up")]
    assert len(set(hook.keys)) == 2
    with store.read() as snapshot:
        (row,) = alert_queries.alerts(snapshot)
        detail = alert_queries.alert(snapshot, row.alert.alert_id)
    store.close()
    assert row.alert.stations == tuple(f"XX.{station}" for station in STATIONS)
    assert [str(step.action) for step in detail.steps] == ["opened", "closed"]
    assert "50 of 50 stations are back" in detail.steps[-1].why


@pytest.mark.soak
def test_a_server_that_dies_is_one_alert_over_a_kill(tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    with Hook([500]) as hook:
        with SeedLinkServer("127.0.0.1", 0, ring(1200)) as server:
            port = server.port
            config.write_text(CONFIG.format(port=port, url=hook.url))
            with daemon(config) as running:
                running.wait_for_log("alert server up: opened")
                wait_for("the refused message", lambda: len(hook.requests) >= 1, shown=running.log_path)
        # killed with its server; nothing comes for a while
        with daemon(config) as running:
            running.wait_for_log("1 alerts are open")
            with SeedLinkServer("127.0.0.1", port, ring(10)):
                running.wait_for_log("alert server up: closed")
                wait_for("both messages", lambda: told(hook)[-1][0] == "closed", shown=running.log_path)
                assert running.stop() == 0
    # the first answer was 500: that message came again, with the same key
    assert told(hook) == [("opened", "server up")] * 2 + [("closed", "server up")]
    assert len(set(hook.keys)) == 2
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    with store.read() as snapshot:
        (row,) = alert_queries.alerts(snapshot)
        detail = alert_queries.alert(snapshot, row.alert.alert_id)
    store.close()
    assert row.alert.stations == tuple(f"XX.{station}" for station in STATIONS)
    assert [(str(step.action), step.who) for step in detail.steps] == [("opened", "houfeng"), ("closed", "houfeng")]
    assert "50 of 50 stations are back" in detail.steps[-1].why
    command = [sys.executable, "-m", "houfeng", "alerts", "list", "--all", "--format", "json", "--config", str(config)]
    listed = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert [alert["n_stations"] for alert in json.loads(listed.stdout)["alerts"]] == [50]
