"""A status follows the data within seconds, and nothing is green because nothing looked: through daemon and page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from database import queries
from database.store import Store
from houfeng.times import NS_PER_S, now_ns, parse_ns
from houfeng.types import SourceId
from stations.health import State
from tests.faults.test_alert_outage import working
from tests.plugins.daemon import ask, free_port, wait_for
from tests.plugins.faketime import WallClock

N_STATIONS = 5
CONFIG = """
[[seedlink]]
name = "up"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
[daemon]
{daemon}
probe = false
[web]
enabled = false
"""


def records(start_ns: int, n_samples: int = 400) -> list[bytes]:
    """Noise of every station from a time on, ns UTC, at 20 Hz."""
    noise = np.random.default_rng(1).integers(-1000, 1000, (N_STATIONS, n_samples), dtype=np.int32)
    channels = [SourceId("XX", f"S{n}", "", "BHZ") for n in range(N_STATIONS)]
    return [each for channel, row in zip(channels, noise, strict=True) for each in pack(channel, start_ns, 20.0, row)]


def stations(port: int) -> list[dict[str, Any]]:
    """What the page's API says now; nothing while nobody answers."""
    code, body = ask(port, "/api/v1/stations")
    return json.loads(body)["stations"] if code == 200 else []


def served(stack: ExitStack, tmp_path: Path) -> tuple[Ring, Path, int]:
    """A feed, a configuration that takes it, and the port of a web page of its own process."""
    server = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
    config, port = tmp_path / "houfeng.toml", free_port()
    config.write_text(CONFIG.format(port=server.port, daemon=""))
    command = [sys.executable, "-m", "houfeng", "serve", "web", str(config), "--port", str(port)]
    with (tmp_path / "web.log").open("wb") as log:
        web = subprocess.Popen(command, stderr=log, stdout=log)
    stack.callback(web.wait)
    stack.callback(web.kill)
    return ring, config, port


PAGE = """
from database.store import Store
from webui.app import create_app
from webui.settings import WebSettings
for path in ("/api/v1/stations", "/"):
    print(create_app(WebSettings(), Store.open("{url}")).test_client().get(path).text.replace("\\n", " "))
"""


@pytest.mark.faketime
def test_every_station_is_unknown_two_minutes_after_the_last_look(tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    config, url = tmp_path / "houfeng.toml", f"sqlite:///{tmp_path}/houfeng.db"
    store = Store.open(url)
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config.write_text(CONFIG.format(port=server.port, daemon="report_interval_s = 0.2"))
        sent_ns: list[int] = []

        def is_well() -> bool:
            """Whether all are; data go on meanwhile, however long the daemon takes to start."""
            at_ns = now_ns()
            if not sent_ns or at_ns - sent_ns[-1] > 20 * NS_PER_S:
                sent_ns.append(at_ns if not sent_ns else sent_ns[-1] + 20 * NS_PER_S)
                for record in records(sent_ns[-1] - 20 * NS_PER_S):
                    ring.append(record)
            with store.read() as snapshot:
                rows = queries.stations(snapshot, seen_at_ns=at_ns)
            return [row.state for row in rows] == [State.OK] * N_STATIONS

        with working(config):
            wait_for("all stations well", is_well)
    store.close()
    clock.set(121)
    command = [sys.executable, "-c", PAGE.format(url=url)]
    answer = subprocess.run(command, capture_output=True, check=True, text=True, env=os.environ | clock.environment)
    listed, page = answer.stdout.strip().splitlines()
    rows = json.loads(listed)["stations"]
    assert [row["status"] for row in rows] == ["UNKNOWN"] * N_STATIONS
    assert all(row["reason"].startswith("Not evaluated for") and row["total_latency_s"] is None for row in rows)
    assert page.count("Not evaluated for") >= N_STATIONS


@pytest.mark.soak
def test_a_status_is_at_most_ten_seconds_behind_the_data(tmp_path: Path) -> None:
    """As installed: the report interval is the default's, and every record is seen on the page after so long."""
    with ExitStack() as stack:
        ring, config, port = served(stack, tmp_path)
        stack.enter_context(working(config))
        lags_s = []
        for _ in range(10):
            start_ns = now_ns() - 20 * NS_PER_S
            end_ns = start_ns + 20 * NS_PER_S

            def is_seen(end_ns: int = end_ns) -> bool:
                rows = stations(port)
                ends = [parse_ns(row["evaluated"]) - (row["total_latency_s"] or 1e9) * NS_PER_S for row in rows]
                return len(ends) == N_STATIONS and min(ends) > end_ns - NS_PER_S / 20

            sent_s = time.monotonic()
            for record in records(start_ns):
                ring.append(record)
            wait_for("the record in the status", is_seen, shown=tmp_path / "web.log")
            lags_s.append(time.monotonic() - sent_s)
    del lags_s[0]  # it waited for daemon and page to start
    print(f"status behind the data: median {np.median(lags_s):.1f} s, most {max(lags_s):.1f} s")
    assert max(lags_s) < 10
