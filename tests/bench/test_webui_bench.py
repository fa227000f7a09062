"""What a page of a thousand stations costs: made anew after a change, from memory, and where the browser has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from database.store import Store
from tests.bench.website import fill, looked_at
from webui.app import create_app
from webui.settings import WebSettings

N_ROUNDS = 5
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A network of a thousand stations with all that pages show; no two rows are alike."""
    opened = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    stations = fill(opened)
    with opened.begin() as unit:
        unit.save_statuses(looked_at(stations, np.random.default_rng(0)))
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
    assert size_kb < (60 if path.startswith("/api") else 40)  # figures there have all their digits
    assert known_ms < made_ms / 4
    assert same_ms < made_ms / 4
