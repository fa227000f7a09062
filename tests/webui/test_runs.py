"""Two runs side by side, as a page and for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database.store import Store
from tests.webui.conftest import make_event, make_run

Get = Callable[..., str]


@pytest.fixture
def two(filled: Store) -> Store:
    """`run/replay` beside one that has an event, and its picks, 300 s later as well."""
    more = make_event(1_700_000_000_000_000_000)
    with filled.begin() as unit:
        unit.save_run(make_run("run/other", "replay"))
        unit.save_picks("run/other", more.picks)
        unit.save_events("run/other", [more])
    return filled


def test_the_page_says_what_differs(two: Store, get: Get) -> None:
    page = get("/runs/replay/diff/other")
    for text in ("against run replay", "only in A", "only in B", "KR.NRN", 'class="only-A"', "Configuration"):
        assert text in page
    assert "与运行 replay 相比" in get("/runs/replay/diff/other?lang=zh")
    assert "по сравнению с прогоном replay" in get("/runs/replay/diff/other?lang=ru")
    assert 'href="/runs/replay/diff/other"' in get("/runs") or 'href="/runs/other/diff/replay"' in get("/runs")


def test_a_run_beside_itself_is_the_same(two: Store, get: Get) -> None:
    assert "The two found the same." in get("/runs/replay/diff/replay")


def test_programs_get_the_same(two: Store, client: FlaskClient) -> None:
    found = client.get("/api/v1/runs/replay/diff/other").get_json()
    assert found["counts"]["picks"] == {"only A": 3, "only B": 3}
    assert {pick["difference"] for pick in found["picks"]} == {"only A", "only B"}
    sheet = client.get("/api/v1/runs/replay/diff/other?format=csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [row["difference"] for row in rows].count("pick only B") == 3


def test_a_run_that_is_not_there_is_named(two: Store, client: FlaskClient) -> None:
    for address in ("/runs/replay/diff/nowhere", "/api/v1/runs/nowhere/diff/replay"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "run/nowhere" in answer.get_data(as_text=True)
