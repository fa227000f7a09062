"""Every route with every role: who is let in, who is sent away, and what each answer has in its head."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from database import accounts
from database.accounts import Change
from database.store import Store
from houfeng.roles import Role
from houfeng.times import now_ns
from webui.app import create_app
from webui.settings import WebSettings

# What each address that changes something needs: a new one is to be entered here, or this fails.
CHANGING = {
    "/alerts/<alert_id>/<any(ack, silence, assign, comment, close):verb>": Role.OPERATOR,
    "/api/v1/alerts/<alert_id>/<any(ack, silence, assign, comment, close):verb>": Role.OPERATOR,
    "/stations/<station_id>/usage": Role.OPERATOR,
    "/api/v1/stations/<station_id>/usage": Role.OPERATOR,
    "/daemons/restart": Role.OPERATOR,
    "/api/v1/daemons/restart": Role.OPERATOR,
    "/runs/replay": Role.ENGINEER,
    "/api/v1/runs/replay": Role.ENGINEER,
    "/reports": Role.ENGINEER,
    "/api/v1/reports": Role.ENGINEER,
    "/reports/<report_id>/delete": Role.ENGINEER,
    "/api/v1/reports/<report_id>/delete": Role.ENGINEER,
    "/sign-in": None,
    "/sign-out": None,
}
# What is read without an account even where reading needs one.
OPEN = {"/sign-in", "/livez", "/readyz", "/static/<version>/<name>"}
FILLED = {
    "station_id": "KR.NRN",
    "channel_id": "KR.NRN.00.BHZ",
    "alert_id": "nowhere",
    "report_id": "nowhere",
    "a": "live",
    "b": "replay",
}
HEADS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy")
# Pages that are for more than readers.
NEEDED: dict[str, Role] = {}
SENT_AWAY = (303, 401)


@pytest.fixture
def guarded(filled: Store) -> tuple[Flask, dict[str, str]]:
    """A page that accounts alone may read, and a token of each role."""
    change = Change(now_ns(), "root", "test")
    with filled.begin() as unit:
        for role in Role:
            accounts.add(unit, str(role), role, "", change)
        tokens = {str(role): accounts.add_token(unit, str(role), "", change) for role in Role}
    return create_app(WebSettings(reading="accounts"), filled), tokens


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Rule, method and an address of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<any\((\w+).*?>", r"\1", rule.rule)
        address = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda name: FILLED.get(name[1], "nothing"), address)
        found += [(rule.rule, method, address) for method in (rule.methods or set()) & {"GET", "POST"}]
    return sorted(found)


def ask(app: Flask, method: str, address: str, token: str | None) -> TestResponse:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = app.test_client().open(address, method=method, headers=headers, buffered=False)
    answer.close()
    return answer


def test_every_route_lets_in_whom_it_shall(guarded: tuple[Flask, dict[str, str]]) -> None:
    app, tokens = guarded
    faults, n_asked = [], 0
    asked = [each for each in routes(app) if each[0] != "/api/v1/stream"]
    assert {rule for rule, method, _ in asked if method == "POST"} == set(CHANGING)
    for rule, method, address in asked:
        needed = CHANGING[rule] if method == "POST" else NEEDED.get(rule)
        # where a page needs no more than an account, the least of them tells of all
        for name in (None, *Role) if needed or method == "POST" else (None, Role.VIEWER):
            status = ask(app, method, address, None if name is None else tokens[str(name)]).status_code
            n_asked += 1
            if method == "GET" and rule in OPEN:
                is_right = status not in (*SENT_AWAY, 403)
            elif name is None:
                # a form without its mark is refused before anything else
                is_right = status == 400 if method == "POST" else status in SENT_AWAY
            elif needed is not None and not name.may(needed):
                is_right = status == 403
            elif rule in ("/sign-in", "/sign-out") and method == "POST":
                is_right = status in (303, 401)
            else:
                is_right = status not in (*SENT_AWAY, 403, 500)
            if not is_right:
                faults.append(f"{method} {rule} as {name}: {status}")
    assert faults == [] and n_asked > 100


def test_every_answer_has_its_heads(guarded: tuple[Flask, dict[str, str]]) -> None:
    app, tokens = guarded
    client = app.test_client()
    addresses = ("/", "/nowhere", "/api/v1/nowhere", "/sign-in", "/livez", "/static/x/nothing", "/api/v1/stations?x=1")
    answers = [client.get(address) for address in addresses]
    asset = re.findall(r'href="(/static/[^"]+)"', client.get("/sign-in").text)[0]
    answers += [client.get(asset), client.post("/sign-out"), client.put("/"), client.get("/api/v1/runs")]
    assert {answer.status_code for answer in answers} >= {200, 303, 400, 401, 404, 405}
    app.view_functions["pages.about"] = lambda: 1 // 0
    headers = {"Authorization": f"Bearer {tokens['viewer']}"}
    answers.append(client.get("/about", headers=headers))
    assert answers[-1].status_code == 500 and "ZeroDivisionError" not in answers[-1].text
    missing = [(answer.request.path, name) for answer in answers for name in HEADS if name not in answer.headers]
    assert missing == []
