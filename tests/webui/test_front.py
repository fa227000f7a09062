"""What the front answers without the application, and what never."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


@pytest.mark.parametrize(("path", "n_made"), [("/", 1), ("/stations/XX.NONE", 8)])
def test_those_who_ask_at_once_wait_for_one_answer_unless_it_is_kept_for_nobody(
    app: Flask, filled: Store, monkeypatch: pytest.MonkeyPatch, path: str, n_made: int
) -> None:
    monkeypatch.setattr(front, "_KEPT_S", 60.0)
    inner, asked, all_there = app.wsgi_app, [], threading.Barrier(8)

    def slow(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        time.sleep(0.2)
        return inner(environ, start)

    app.wsgi_app = Front(slow)  # type: ignore[method-assign]

    def ask(_: int) -> tuple[str, bytes]:
        all_there.wait()
        answer = app.test_client(use_cookies=False).get(path)
        return answer.status, answer.data

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert len(asked) == n_made
    assert len({status for status, _ in answers}) == 1
    assert all(page.endswith(b"</html>") for _, page in answers)


def test_who_waits_for_an_answer_that_fails_asks_for_his_own(app: Flask, filled: Store) -> None:
    inner, waiting, asked = app.wsgi_app, threading.Event(), []

    def first_fails(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        if len(asked) == 1:
            waiting.wait()
            time.sleep(0.1)
            raise OSError("gone")
        return inner(environ, start)

    app.wsgi_app = Front(first_fails)  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(app.test_client(use_cookies=False).get, "/")
        while not asked:
            time.sleep(0.01)
        second = pool.submit(app.test_client(use_cookies=False).get, "/")
        waiting.set()
        assert isinstance(first.exception(), OSError)
        assert second.result().status_code == 200
