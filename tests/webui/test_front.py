"""What the front answers without the application, and what never."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.store import Store
from stations.health import State
from tests.webui.conftest import make_status
from webui import front
from webui.front import Front

CHANGED = "Latency 130 s, limit 120 s"


@pytest.fixture
def fronted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Whose answers are kept until the test is over."""
    monkeypatch.setattr(front, "_KEPT_S", 1e6)
    app.wsgi_app = Front(app.wsgi_app)  # type: ignore[method-assign]
    return app.test_client(use_cookies=False)


def change(store: Store) -> None:
    with store.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, CHANGED)])


def test_the_same_request_has_the_same_answer_for_a_moment(
    fronted: FlaskClient, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fronted.get("/")
    change(filled)
    again = fronted.get("/")
    assert (again.status, again.headers, again.data) == (first.status, first.headers, first.data)
    monkeypatch.setattr(front, "_KEPT_S", 0.0)
    assert CHANGED in fronted.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "headers", [{"Cookie": "theme=dark"}, {"Accept-Language": "ru"}, {"If-None-Match": "x"}, {"Accept-Encoding": "br"}]
)
def test_another_request_has_its_own(fronted: FlaskClient, filled: Store, headers: dict[str, str]) -> None:
    fronted.get("/")
    change(filled)
    assert CHANGED not in fronted.get("/").get_data(as_text=True)
    if headers.get("Accept-Language") == "ru":
        assert "Обзор" in fronted.get("/", headers=headers).get_data(as_text=True)
    else:
        assert CHANGED in fronted.get("/", headers=headers).get_data(as_text=True)


@pytest.mark.parametrize("headers", [{"Cookie": "theme=dark; houfeng=x"}, {"Authorization": "Bearer x"}])
def test_who_may_have_signed_in_is_never_given_it(fronted: FlaskClient, filled: Store, headers: dict[str, str]) -> None:
    before = fronted.get("/api/v1/stations", headers=headers)
    change(filled)
    after = fronted.get("/api/v1/stations", headers=headers)
    assert before.status_code == after.status_code
    assert before.status_code != 200 or before.data != after.data


def test_streams_errors_and_chosen_languages_go_through(fronted: FlaskClient) -> None:
    for _ in range(2):
        assert fronted.get("/stations/XX.NONE").status_code == 404
        assert "lang=ru" in fronted.get("/?lang=ru").headers["Set-Cookie"]
        stream = fronted.get("/api/v1/stream")
        assert stream.is_streamed
        stream.close()
