"""What a page of a thousand stations costs: made anew after a change, from memory, and where the browser has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId
from stations.health import HealthMonitor, StationStatus
from stations.inventory import Inventory, Site
from stations.settings import HealthSettings
from webui.app import create_app
from webui.settings import WebSettings

N_STATIONS = 1000
N_ROUNDS = 5
GZIP = {"Accept-Encoding": "gzip"}


def evaluated() -> list[StationStatus]:
    """Statuses of stations with three channels of 1 Hz, watched for 20 minutes; every tenth lost a record."""
    now = now_ns()
    samples = np.random.default_rng(0).integers(-1000, 1000, 300).astype(np.int32)
    monitor = HealthMonitor(HealthSettings())
    for n in range(N_STATIONS):
        for channel in ("LHE", "LHN", "LHZ"):
            starts = [now + (k - 4) * 300 * NS_PER_S for k in range(4) if n % 10 or k != 1]
            source_id = SourceId("XX", f"S{n:04}", "", channel)
            ends = [start + 300 * NS_PER_S for start in starts]
            monitor.observe(
                Packet(source_id, start, 1.0, samples, b"", 90, None, end)
                for start, end in zip(starts, ends, strict=True)
            )
    for late_s in (2, 1, 0):
        statuses = monitor.evaluate(now - late_s * NS_PER_S)
    return statuses


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A network of a thousand stations with metadata and a status."""
    opened = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    sites = [Site(f"XX.S{n:04}", 40 + n / 100, 70 + n / 100, 1000, f"Station {n}", "KG") for n in range(N_STATIONS)]
    with opened.begin() as unit:
        unit.save_inventory(Inventory({site.station_id: site for site in sites}))
        unit.save_statuses(evaluated())
    return opened


def fastest(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Least processor time of several rounds, ms; `before` is not counted."""
    times = []
    for _ in range(N_ROUNDS):
        before()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1e3


@pytest.mark.bench
@pytest.mark.parametrize("path", ["/", "/?limit=10000", "/api/v1/stations", "/stations/XX.S0010"])
def test_a_page_of_a_thousand_stations(store: Store, path: str) -> None:
    client: FlaskClient = create_app(WebSettings(), store).test_client()

    def change() -> None:
        with store.begin() as unit:
            unit.withdraw_events("none", [])

    made_ms = fastest(lambda: client.get(path, headers=GZIP), change)
    answer = client.get(path, headers=GZIP)
    known_ms = fastest(lambda: client.get(path, headers=GZIP))
    tagged = {**GZIP, "If-None-Match": answer.headers["ETag"]}
    same_ms = fastest(lambda: client.get(path, headers=tagged))
    size_kb = len(answer.data) / 1000
    print(f"{path}: made {made_ms:.0f} ms, from memory {known_ms:.1f} ms, 304 {same_ms:.1f} ms, {size_kb:.0f} kB")
    store.close()
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert size_kb < 40
    assert known_ms < made_ms / 4
    assert same_ms < made_ms / 4
