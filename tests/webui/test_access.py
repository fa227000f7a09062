"""Signing in: who may, how often, for how long; cookies, forged forms, tokens, and what is told to whom."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from database import accounts, registry
from database.accounts import Change
from database.store import Store
from houfeng import passwords
from houfeng.errors import AccessError, ConfigError
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from webui.app import create_app
from webui.settings import WebSettings
from webui.throttle import WITHIN_S, Throttle

PASSWORD = "correct horse battery"
AWAY = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


def change() -> Change:
    return Change(now_ns(), "root", "test")


@pytest.fixture
def people(filled: Store, password_hash: str) -> Store:
    """One account of each role, named after it."""
    with filled.begin() as unit:
        for role in Role:
            accounts.add(unit, str(role), role, password_hash, change())
    return filled


@pytest.fixture
def browser(people: Store) -> Callable[..., FlaskClient]:
    """Another browser each time, on a page that only accounts may read."""
    app = create_app(WebSettings(reading="accounts"), people)
    return lambda: app.test_client()


def mark(client: FlaskClient, path: str = "/sign-in") -> str:
    """What a form of the page has against forgery."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found[1]


def enter(client: FlaskClient, name: str = "operator", password: str = PASSWORD, **more: str) -> TestResponse:
    form = {"name": name, "password": password, "csrf_token": mark(client)} | more
    return client.post("/sign-in", data=form)


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("houfeng")
    return found.value if found else ""


def test_who_has_an_account_reads_and_others_are_asked(browser: Callable[..., FlaskClient]) -> None:
    client = browser()
    asked = client.get("/events?limit=5")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/sign-in?next=/events?limit%3D5")
    refused = client.get("/api/v1/stations")
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert [client.get(path).status_code for path in ("/livez", "/sign-in", "/assets/x")] == [200, 200, 404]
    answer = enter(client, next="/events?limit=5")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/events?limit=5")
    page = client.get("/")
    assert page.status_code == 200 and "operator" in page.text and "Sign out" in page.text
    # what was made for one reader is not shown to the next
    assert browser().get("/").status_code == 303


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example", "/\n/evil"])
def test_signing_in_leads_nowhere_else(browser: Callable[..., FlaskClient], elsewhere: str) -> None:
    assert enter(browser(), next=elsewhere).headers["Location"] == "/"


def test_a_session_is_another_one_after_signing_in_and_its_cookie_is_closed(
    browser: Callable[..., FlaskClient],
) -> None:
    client = browser()
    mark(client)
    planted = cookie(client)
    answer = enter(client)
    said = answer.headers["Set-Cookie"]
    assert "HttpOnly" in said and "SameSite=Lax" in said and "Secure" not in said
    mine = cookie(client)
    assert planted and mine != planted
    thief = browser()
    thief.set_cookie("houfeng", planted)  # whoever planted a cookie before has nothing after
    assert thief.get("/").status_code == 303
    thief.set_cookie("houfeng", mine)
    assert thief.get("/").status_code == 200
    assert client.post("/sign-out", data={"csrf_token": mark(client, "/about")}).status_code == 303
    assert [each.get("/").status_code for each in (client, thief)] == [303, 303]  # the copy is worthless too


def test_over_https_cookies_are_secure_and_unencrypted_nobody_signs_in(people: Store) -> None:
    behind = create_app(WebSettings(reading="accounts", proxies=1), people).test_client()
    proxied = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    assert "Secure" in behind.get("/sign-in", headers=proxied).headers["Set-Cookie"]
    bare = create_app(WebSettings(reading="accounts"), people).test_client()
    page = bare.get("/sign-in", environ_base=AWAY, headers=proxied)  # nobody said that a proxy is in front
    assert "unencrypted" in page.text and "password" not in page.text.split("<main")[1].split('type="')[-1]
    form = {"name": "admin", "password": PASSWORD, "csrf_token": mark(bare)}
    assert bare.post("/sign-in", data=form, environ_base=AWAY).status_code == 403
    assert bare.get("/api/v1/runs", environ_base=AWAY, headers={"Authorization": "Bearer x"}).status_code == 403


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_a_form_without_its_mark_is_refused(browser: Callable[..., FlaskClient], path: str) -> None:
    client = browser()
    enter(client)
    before = cookie(client)
    stranger = mark(browser())
    forged = [client.post(path, data={"name": "admin", "csrf_token": token}) for token in ("", "x", stranger)]
    assert [answer.status_code for answer in forged] == [400, 400, 400]
    assert cookie(client) == before and client.get("/").status_code == 200


def test_sessions_end_with_the_password_the_account_and_the_time(
    browser: Callable[..., FlaskClient], people: Store, password_hash: str
) -> None:
    clients = {name: browser() for name in ("operator", "viewer", "engineer")}
    for name, client in clients.items():
        assert enter(client, name).status_code == 303
    with people.begin() as unit:
        accounts.change_password(unit, "operator", password_hash, change())
        accounts.remove(unit, "viewer", change())
    assert [client.get("/").status_code for client in clients.values()] == [303, 303, 200]
    with people.begin() as unit:
        accounts.change_role(unit, "engineer", Role.VIEWER, change())
    assert clients["engineer"].get("/").status_code == 303
    short = create_app(WebSettings(reading="accounts", session_h=1e-9), people).test_client()
    assert enter(short, "engineer").status_code == 303 and short.get("/").status_code == 303


def test_wrong_names_and_wrong_passwords_are_answered_alike(browser: Callable[..., FlaskClient], people: Store) -> None:
    client = browser()
    answers, spent_s = [], []
    for name in ("operator", "nobody", "operator", "nobody"):
        began_s = time.process_time()
        answer = enter(client, name, "wrong password!")
        spent_s.append(time.process_time() - began_s)
        answers.append((answer.status_code, re.sub(r'value="[^"]+"', "", answer.text.split("<section")[1])))
    assert {status for status, _ in answers} == {401} and len({text for _, text in answers}) == 1
    # both hash: 0.1 s and more of the processor; an account that is not there would be seen by an answer in 2 ms
    assert spent_s[3] > 0.3 * spent_s[2]
    with people.read() as snapshot:
        noted = [(row.who, row.after, row.origin) for row in registry.audit(snapshot, limit=4)]
    # a password that was typed into the wrong field is in no audit
    assert noted == [(who, "refused", "web 127.0.0.1") for who in ("unknown", "operator", "unknown", "operator")]


def test_after_five_slips_one_waits(browser: Callable[..., FlaskClient], people: Store) -> None:
    client = browser()
    statuses = [enter(client, "operator", "wrong password!").status_code for _ in range(5)]
    held = enter(client)  # the right one: it is not even looked at
    assert statuses == [401] * 5 and held.status_code == 429
    assert WITHIN_S - 300 < int(held.headers["Retry-After"]) <= WITHIN_S
    assert enter(client, "viewer").status_code == 303  # others go on


def test_the_wait_is_as_long_as_was_said() -> None:
    now_s = 0.0
    throttle = Throttle(lambda: now_s)
    for _ in range(5):
        assert throttle.take("ann", "a") == 0
        now_s += 10
    wait_s = throttle.take("ann", "a")
    assert wait_s == WITHIN_S - 50
    now_s += wait_s - 1
    assert throttle.take("ann", "a") == 1
    now_s += 1
    assert throttle.take("ann", "a") == 0
    assert throttle.take("ann", "b") == 0  # from home
    throttle.forgive("ann", "a")
    assert [throttle.take("ann", "a") for _ in range(5)] == [0] * 5
    names = [throttle.take(f"name{n}", "a") for n in range(30)]
    assert 0 < names.index(max(names)) <= 20  # one address tries few names
    many = [throttle.take("bob", f"address{n}") for n in range(60)]
    assert many[:50] == [0] * 50 and all(many[50:])


def test_tokens_may_what_their_account_may_until_revoked(browser: Callable[..., FlaskClient], people: Store) -> None:
    with people.begin() as unit:
        token = accounts.add_token(unit, "viewer", "display", change())
    with people.read() as snapshot:
        (known,) = accounts.tokens(snapshot, "viewer")
    assert token.startswith(f"houfeng_{known.token_id}_") and known.label == "display"

    def ask(text: str) -> int:
        return browser().get("/api/v1/stations", headers={"Authorization": text}).status_code

    assert ask(f"Bearer {token}") == 200
    assert [ask(text) for text in (f"Basic {token}", "Bearer", f"Bearer {token}x", token[:-1])] == [401] * 4
    page = browser().get("/", headers={"Authorization": "Bearer houfeng_x_y"})
    assert page.status_code == 401
    with people.begin() as unit:
        accounts.revoke_token(unit, known.token_id, change())
    assert ask(f"Bearer {token}") == 401


def test_a_token_ends_when_it_was_said_to(browser: Callable[..., FlaskClient], people: Store) -> None:
    at_ns = now_ns()
    with people.begin() as unit:
        early = Change(at_ns - 7200 * NS_PER_S, "root", "test")
        over = accounts.add_token(unit, "viewer", "", early, until_ns=at_ns - 3600 * NS_PER_S)
        lasting = accounts.add_token(unit, "viewer", "", change(), until_ns=at_ns + 3600 * NS_PER_S)
        with pytest.raises(AccessError, match="an end in the future is needed"):
            accounts.add_token(unit, "viewer", "", change(), until_ns=at_ns)
    answers = [browser().get("/api/v1/runs", headers={"Authorization": f"Bearer {token}"}) for token in (over, lasting)]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[0].get_json()["error"].startswith(f"token {over.split('_')[1]}: it ended ")
    # who does not know the secret is not told that there was such a token
    wrong = browser().get("/api/v1/runs", headers={"Authorization": f"Bearer {over}x"}).get_json()["error"]
    assert wrong.startswith("The token is wrong")


def test_a_restart_forgives_nobody(browser: Callable[..., FlaskClient], people: Store) -> None:
    client = browser()
    assert [enter(client, "operator", "wrong password!").status_code for _ in range(5)] == [401] * 5
    anew = create_app(WebSettings(reading="accounts"), people).test_client()
    held = enter(anew)
    assert held.status_code == 429 and WITHIN_S - 300 < int(held.headers["Retry-After"]) <= WITHIN_S
    assert enter(anew, "viewer").status_code == 303


def test_no_secret_is_in_the_database(people: Store, browser: Callable[..., FlaskClient]) -> None:
    client = browser()
    enter(client)
    with people.begin() as unit:
        token = accounts.add_token(unit, "admin", "", change())
    with people.read() as snapshot:
        everything = "".join(
            str(row)
            for table in ("account", "api_token", "web_session", "audit")
            for row in snapshot.exec_driver_sql(f"SELECT * FROM {table}")
        )
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in everything
    assert PASSWORD not in everything and token.split("_", 2)[2] not in everything


def test_the_last_admin_stays(people: Store) -> None:
    with people.begin() as unit:
        for work in (
            lambda: accounts.remove(unit, "admin", change()),
            lambda: accounts.change_role(unit, "admin", Role.VIEWER, change()),
            lambda: accounts.add(unit, "Ann", Role.VIEWER, "", change()),
            lambda: accounts.add(unit, "viewer", Role.VIEWER, "", change()),
            lambda: accounts.add_token(unit, "nobody", "", change()),
        ):
            with pytest.raises(AccessError):
                work()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_who_may_read_an_open_page_must_be_said(host: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.reading"):
        WebSettings(host=host)
    assert {WebSettings(host=host, reading=said).host for said in ("public", "accounts")} == {host}


def test_nothing_is_inline_and_every_change_needs_a_role(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "form-action 'self'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    changing = [rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}]
    open_to_all = {str(rule) for rule in changing if not hasattr(app.view_functions[rule.endpoint], "needs")}
    assert open_to_all == {"/sign-in", "/sign-out"}
