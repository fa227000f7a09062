"""What is sent again, what is not, and what every answer carries."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database import queries
from database.store import Store
from stations.health import State
from tests.webui.conftest import make_status
from webui import assets, caching


@pytest.fixture(autouse=True)
def _slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer goes stale by itself in the middle of a test."""
    monkeypatch.setattr(caching, "_FRESH_S", 10**6)


@pytest.mark.parametrize(
    "path", ["/", "/events", "/stations/KR.NRN", "/api/v1/stations", "/api/v1/stations?format=csv"]
)
def test_an_unchanged_answer_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.get_data() == b""
    assert "no-cache" in first.headers["Cache-Control"]


def test_a_change_in_the_database_makes_a_new_answer(filled: Store, client: FlaskClient) -> None:
    first = client.get("/")
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 130 s, limit 120 s")])
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "Latency 130 s, limit 120 s" in again.get_data(as_text=True)


def test_scripts_that_ask_at_once_share_an_answer_and_learn_what_they_missed(
    filled: Store, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(**headers: str) -> tuple[int, str]:
        page = client.get("/", headers=headers).get_data(as_text=True)
        found = re.search(r'data-version="(\d+)"', page)
        assert found
        return int(found[1]), page

    monkeypatch.setattr(caching, "_SHARED_S", 1e6)
    by_script = {caching.BY_SCRIPT: "1"}
    first, page = state(**by_script)
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 130 s, limit 120 s")])
    with filled.read() as snapshot:
        now = queries.state_version(snapshot)
    assert state(**by_script) == (first, page)
    assert first < now  # by which the page knows that it has to ask again
    assert state()[0] == now  # a reader who comes is shown what is
    monkeypatch.setattr(caching, "_SHARED_S", 0.0)
    last, page = state(**by_script)
    assert last == now
    assert "Latency 130 s, limit 120 s" in page


def test_time_alone_makes_a_new_answer(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/")
    now_ns = caching.now_ns
    monkeypatch.setattr(caching, "now_ns", lambda: now_ns() + 2 * 10**6 * 10**9)
    assert client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_page_of_one_reader_is_not_given_to_another(app: Flask) -> None:
    russian, chinese = app.test_client(), app.test_client()
    tags = {
        russian.get("/", headers={"Accept-Language": "ru"}).headers["ETag"],
        chinese.get("/", headers={"Accept-Language": "zh"}).headers["ETag"],
        chinese.get("/?theme=dark").headers["ETag"],
        chinese.get("/?net=KR").headers["ETag"],
    }
    assert len(tags) == 4
    assert {"Accept-Language", "Cookie"} <= set(russian.get("/").vary)


def test_errors_are_not_kept(client: FlaskClient) -> None:
    for _ in range(2):
        answer = client.get("/stations/XX.NONE")
        assert answer.status_code == 404
        assert "ETag" not in answer.headers


def test_answers_are_compressed_for_who_understands(client: FlaskClient) -> None:
    plain = client.get("/api/v1/stations")
    small = client.get("/api/v1/stations", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.get_data()) == plain.get_data()
    assert int(small.headers["Content-Length"]) == len(small.get_data())
    refused = client.get("/api/v1/stations", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
    again = client.get("/api/v1/stations", headers={"Accept-Encoding": "gzip"})
    assert again.get_data() == small.get_data()  # from memory, not compressed twice


def test_every_answer_is_locked_down(client: FlaskClient) -> None:
    for path in ("/", "/nothing", "/api/v1/stations", "/livez", "/?status=x", f"/static/{assets.VERSION}/main.js"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_files_of_this_version_are_kept_for_a_year(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert f"/static/{assets.VERSION}/main.js" in page
    this = client.get(f"/static/{assets.VERSION}/main.js")
    assert this.mimetype == "text/javascript"
    assert "immutable" in this.headers["Cache-Control"]
    other = client.get("/static/000000000000/main.js")
    assert other.get_data() == this.get_data()
    assert "immutable" not in other.headers["Cache-Control"]
    assert client.get(f"/static/{assets.VERSION}/..%2fapp.py").status_code == 404


def test_a_page_waits_for_one_stylesheet_of_its_parts_in_their_order(client: FlaskClient) -> None:
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', client.get("/").text)
    names = address.rpartition("/")[2].removesuffix(".css").split("+")
    assert names[0] == "tokens"
    assert names[-1] == "map"
    whole = client.get(address)
    assert whole.mimetype == "text/css"
    assert "immutable" in whole.headers["Cache-Control"]
    assert whole.text == "".join(client.get(address.replace("+".join(names), name)).text for name in names)


@pytest.mark.parametrize("name", ["page+none.css", "page+page.css", "page+.css", "page+table.js", "+.css"])
def test_no_other_files_are_joined(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{assets.VERSION}/{name}").status_code == 404
