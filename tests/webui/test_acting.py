"""Acting on the pages and by token: who may, what becomes of it, and who is told what was wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database import accounts, alert_queries, alerts, registry
from database.accounts import Change
from database.store import Store
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from stations.alerts.alert import Alert
from stations.alerts.words import Kind, Severity
from webui.app import create_app
from webui.settings import WebSettings

ALONE = Alert(Kind.STATION, "IC.LSA", Severity.MAJOR, now_ns() - 600 * NS_PER_S, "clock", "BHZ: timing quality 38 %")
OVER = Alert(Kind.STATION, "IM.BDK", Severity.MAJOR, ALONE.opened_ns, "unknown", "why", closed_ns=ALONE.opened_ns + 9)
SHORT, CLOSED = (each.alert_id.removeprefix("alert/") for each in (ALONE, OVER))
WHY = "<b>on it</b>"
Send = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def tokens(filled: Store) -> dict[str, str]:
    """A token of a viewer and of an operator; and there are two alerts, one of them closed."""
    change = Change(now_ns(), "root", "test")
    with filled.begin() as unit:
        alerts.save(unit, [ALONE, OVER], [], [])
        for role in (Role.VIEWER, Role.OPERATOR):
            accounts.add(unit, str(role), role, "no password", change)
        return {str(role): accounts.add_token(unit, str(role), "", change) for role in (Role.VIEWER, Role.OPERATOR)}


@pytest.fixture
def pages(filled: Store, tokens: dict[str, str]) -> Flask:
    return create_app(WebSettings(), filled)


@pytest.fixture
def send(pages: Flask, tokens: dict[str, str]) -> Send:
    """send(PATH, role=ROLE, NAME=TEXT): status and JSON of a POST to /api/v1 with a token."""

    def call(path: str, role: str = "operator", **said: object) -> tuple[int, dict[str, object]]:
        headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
        answer = pages.test_client().post(f"/api/v1{path}", json=said, headers=headers)
        return answer.status_code, answer.get_json()

    return call


@pytest.fixture
def operator(pages: Flask, filled: Store) -> FlaskClient:
    """A browser in which an operator is signed in."""
    client = pages.test_client()
    now = now_ns()
    with filled.begin() as unit:
        key = accounts.begin_session(unit, "operator", at_ns=now, until_ns=now + 3600 * NS_PER_S)
    with client.session_transaction() as session:
        session["key"] = key
        session["csrf_token"] = "0" * 40
    return client


def test_an_operator_s_steps_are_those_of_the_command_line(send: Send, filled: Store) -> None:
    assert send(f"/alerts/{SHORT}/ack", why="on it")[0] == 200
    assert send(f"/alerts/{SHORT}/assign", why="his shift", assignee="bob")[0] == 200
    assert send(f"/alerts/{SHORT}/comment", why="mast is iced up")[0] == 200
    status, known = send(f"/alerts/{SHORT}/silence", why="known", until="8h")
    assert (status, known["state"], known["acknowledged_by"], known["assignee"]) == (200, "silenced", "operator", "bob")
    assert send(f"/alerts/{SHORT}/close", why="mended")[1]["state"] == "closed"
    with filled.read() as snapshot:
        steps = alert_queries.alert(snapshot, SHORT).steps
        noted = [row for row in registry.audit(snapshot) if row.action == "alert"][::-1]
    assert [(step.action, step.who, step.why) for step in steps] == [
        ("acknowledged", "operator", "on it"),
        ("assigned", "operator", "his shift"),
        ("commented", "operator", "mast is iced up"),
        ("silenced", "operator", "known"),
        ("closed", "operator", "mended"),
    ]
    assert [(row.field, row.about, row.origin) for row in noted] == [
        (step.action, ALONE.alert_id, "api 127.0.0.1") for step in steps
    ]


def test_who_may_not_is_told_so(send: Send, filled: Store) -> None:
    for path in (f"/alerts/{SHORT}/ack", "/stations/KR.NRN/usage"):
        status, said = send(path, role="viewer", why="on it")
        assert status == 403 and "viewer" in str(said["error"]) and "operator" in str(said["error"])
        assert send(path, role="", why="on it")[0] == 400  # a form of nobody, without its mark
    with filled.read() as snapshot:
        assert alert_queries.alert(snapshot, SHORT).steps == ()


@pytest.mark.parametrize(
    ("path", "said", "status", "fault"),
    [
        ("/alerts/OPEN/ack", {}, 400, "a reason"),
        ("/alerts/OPEN/ack", {"why": " "}, 400, "a reason"),
        ("/alerts/OPEN/ack", {"why": 7}, 400, "a text of at most"),
        ("/alerts/OPEN/ack", {"why": "x" * 1001}, 400, "a text of at most"),
        ("/alerts/OPEN/ack", {"why": "x", "by": "root"}, 400, "by: this takes"),
        ("/alerts/OPEN/assign", {"why": "x"}, 400, "a name"),
        ("/alerts/OPEN/silence", {"why": "x"}, 400, "an end"),
        ("/alerts/OPEN/silence", {"why": "x", "until": "2001-01-01"}, 400, "an end"),
        ("/alerts/OPEN/silence", {"why": "x", "until": "9999d"}, 400, "at most a year"),
        ("/alerts/OPEN/silence", {"why": "x", "until": "soon"}, 400, "neither a UTC time"),
        ("/alerts/CLOSED/ack", {"why": "late"}, 409, "it was closed at"),
        ("/alerts/none/ack", {"why": "x"}, 404, "there is none"),
        ("/stations/XX.NO/usage", {"usage": "off", "why": "x"}, 404, "no station XX.NO"),
        ("/stations/KR.NRN/usage", {"usage": "maintenance", "why": "x"}, 400, "needs an end"),
        ("/stations/KR.NRN/usage", {"usage": "gone", "why": "x"}, 400, "one of"),
    ],
)
def test_what_cannot_be_is_said(send: Send, path: str, said: dict[str, object], status: int, fault: str) -> None:
    # keys of alerts hang on the time: as names of tests they would differ between workers
    came, answer = send(path.replace("OPEN", SHORT).replace("CLOSED", CLOSED), **said)
    assert came == status and fault in str(answer["error"])


def test_maintenance_from_the_station_s_page(operator: FlaskClient, filled: Store) -> None:
    page = operator.get("/stations/KR.NRN").text.split("<main")[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None and 'action="/stations/KR.NRN/usage"' in page
    form = {"usage": "maintenance", "until": "2h", "why": WHY, "csrf_token": token[1]}
    assert operator.post("/stations/KR.NRN/usage", data=form | {"csrf_token": ""}).status_code == 400
    done = operator.post("/stations/KR.NRN/usage", data=form)
    assert (done.status_code, done.headers["Location"]) == (303, "/stations/KR.NRN")
    page = operator.get("/stations/KR.NRN").text
    assert "&lt;b&gt;on it" in page and WHY not in page and "<b>maintenance</b>" in page
    with filled.read() as snapshot:
        (said,) = registry.audit(snapshot, station_id="KR.NRN")
    assert (said.who, said.field, said.origin) == ("operator", "usage", "web 127.0.0.1")


def test_forms_are_there_for_those_who_may(operator: FlaskClient, pages: Flask) -> None:
    path = f"/alerts/{SHORT}"
    page = operator.get(path).text
    assert set(re.findall(rf'action="{path}/(\w+)"', page)) == {"ack", "assign", "silence", "comment", "close"}
    reader = pages.test_client().get(path).text
    assert 'method="post"' not in reader and "houfeng alerts acknowledge" in reader
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    done = operator.post(f"{path}/ack", data={"why": WHY, "csrf_token": token[1]})
    assert (done.status_code, done.headers["Location"]) == (303, path)
    page = operator.get(path).text
    assert "&lt;b&gt;on it" in page and f'action="{path}/ack"' not in page
    assert 'method="post"' not in operator.get(f"/alerts/{CLOSED}").text.split("<main")[1]
