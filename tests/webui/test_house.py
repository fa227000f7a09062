"""Configuration, daemons and audit: who may see them, what they show, and no secret among it."""

from __future__ import annotations

import csv
import io
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from acquisition.daemon.probe import Probe
from acquisition.daemon.status import ArchiveStatus, DetectionStatus, ServerStatus, SessionStatus, Status, StoreStatus
from configs import Settings, load
from configs.explained import comments
from database import accounts, registry
from database.accounts import Change
from database.records import AuditRow
from database.store import Store
from houfeng.cli.around import around
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from webui.app import create_app
from webui.house import JOBS
from webui.settings import WebSettings

DAEMON = Path(__file__).parents[2] / "acquisition" / "daemon"
PAGES = ("/config", "/daemons", "/audit", "/api/v1/audit")
CONFIG = """
preset = "regional"
[archive]
path = "/archive"
[database]
url = "postgresql+psycopg://ann:hunter2@db.example.org/houfeng?password=hunter3"
[daemon]
probe_port = {port}
[[recipient]]
name = "chat"
kind = "webhook"
address = "https://chat.example.org/hooks/hunter4"
[[recipient]]
name = "pager"
kind = "command"
command = ["/usr/bin/page", "--key=hunter5"]
"""


@pytest.fixture
def probe() -> Iterator[Probe]:
    """What answers as the daemon does."""
    server = ServerStatus(
        "geofon", "geofon.gfz.de:18000", "waiting", "<refused>", "", False, 3, 9, 0.5, 12.0, 7.5, 2, ()
    )
    session = SessionStatus(
        (server,),
        ArchiveStatus("/archive", 3 << 30, 1 << 20, 0, 64 << 20, {"written": 9}, 0),
        StoreStatus(True, "", "", 0),
        DetectionStatus("run/live", 0.4, 7, 1, 0, 0, {}),
        {},
    )
    status = Status("0.1.0", 4711, "2026-01-01T00:00:00Z", 90.0, "", (), session)
    answering = Probe("127.0.0.1", 0, lambda: status, CollectorRegistry())
    yield answering
    answering.close()


@pytest.fixture
def config(tmp_path: Path, probe: Probe) -> Path:
    path = tmp_path / "houfeng.toml"
    path.write_text(CONFIG.format(port=probe.port), "utf-8")
    return path


@pytest.fixture
def open_page(filled: Store, config: Path) -> Callable[..., FlaskClient]:
    def client(settings: WebSettings) -> FlaskClient:
        return create_app(settings, filled, around=around(config, load(config))).test_client()

    return client


def test_who_is_outside_is_asked_to_sign_in(open_page: Callable[..., FlaskClient], filled: Store) -> None:
    public = open_page(WebSettings(reading="public"))
    assert [public.get(path).status_code for path in PAGES] == [303, 303, 303, 401]
    assert 'class="inside"' not in public.get("/about").text
    with filled.begin() as unit:
        accounts.add(unit, "viewer", Role.VIEWER, "", Change(now_ns(), "root", ""))
        token = accounts.add_token(unit, "viewer", "", Change(now_ns(), "root", ""))
    headers = {"Authorization": f"Bearer {token}"}
    assert [public.get(path, headers=headers).status_code for path in PAGES] == [200] * 4
    local = open_page(WebSettings())
    answers = [local.get(path) for path in PAGES]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_every_setting_has_its_value_its_comment_and_its_source(
    open_page: Callable[..., FlaskClient], config: Path
) -> None:
    client = open_page(WebSettings())
    page = client.get("/config").text
    for secret in ("hunter2", "hunter3", "hunter4", "hunter5"):
        assert secret not in page
    assert "db.example.org" in page and "https://chat.example.org/..." in page and "/usr/bin/page" in page
    rows = around(config, load(config)).config()
    assert all(row.comment for row in rows) and len(rows) > 150
    sources = {row.key: row.source for row in rows}
    assert (sources["database.url"], sources["recipient[chat].address"]) == ("houfeng.toml", "houfeng.toml")
    assert "regional.toml" in sources.values() and sources["web.port"] == ""
    few = client.get("/config?q=DAEMON.PROBE&show=set").text
    assert few.count("<tr data-key") == 1 and "daemon.probe_port" in few
    config.write_text("[web]\nport = 0", "utf-8")
    assert "houfeng.toml: web.port" in client.get("/config").text


def test_default_toml_is_read_key_by_key() -> None:
    assert "port" in comments()["web.port"].lower() and comments()["seedlink_server.access.stations"]
    assert len(comments()) == len(set(comments())) > 150


def test_daemons_are_what_status_tells(open_page: Callable[..., FlaskClient], config: Path) -> None:
    client = open_page(WebSettings())
    page = client.get("/daemons").text
    for said in (
        "geofon.gfz.de:18000",
        'waiting to try again: <span lang="en">&lt;refused&gt;</span>',
        "4711",
        "3.0 GiB",
        "1.0 / 64 MiB",
        "7.5",
    ):
        assert said in page, said
    told: dict[str, Any] = client.get("/api/v1/daemons").get_json()
    assert told["daemon"]["session"]["detection"]["n_picks"] == 7 and told["web"]["pid"] > 0
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and nobody listens
        config.write_text(CONFIG.format(port=bound.getsockname()[1]), "utf-8")
        client = open_page(WebSettings())
        assert "no daemon answers at 127.0.0.1" in client.get("/daemons").text
        assert client.get("/api/v1/daemons").status_code == 503


def test_without_a_daemon_the_pages_are_there(app: Flask) -> None:
    client = app.test_client()
    assert [client.get(path).status_code for path in (*PAGES, "/api/v1/daemons")] == [200] * 4 + [503]


def test_the_audit_is_filtered_paged_and_exported(filled: Store, client: FlaskClient) -> None:
    now = now_ns()
    with filled.begin() as unit:
        rows = [AuditRow(now - n * NS_PER_S, "ann", "usage", "KR.NRN", "usage", "", str(n), "<w>") for n in range(7)]
        rows += [AuditRow(now - 60 * NS_PER_S, "bob", "alert", "", "closed", "", "", "", "alert/abcd", "web 192.0.2.1")]
        registry.add_audit(unit, rows)

    def told(query: str = "") -> list[dict[str, str]]:
        answer = client.get(f"/api/v1/audit?{query}")
        assert answer.status_code == 200
        found: list[dict[str, str]] = answer.get_json()["audit"]
        return found

    assert [row["after"] for row in told()] == [*"0123456", ""]
    assert [row["after"] for row in told("limit=3&page=2")] == ["3", "4", "5"]
    assert (
        [row["origin"] for row in told("who=bob")] == ["web 192.0.2.1"] == [row["origin"] for row in told("about=ab")]
    )
    assert len(told("about=KR.NRN")) == 7 == len(told("action=usage")) and told("until=2001-01-01") == []
    (first, *_, last) = csv.DictReader(io.StringIO(client.get("/api/v1/audit?format=csv").text))
    assert (first["who"], first["why"], last["about"]) == ("ann", "<w>", "alert/abcd")
    page = client.get("/audit?limit=3&page=2&who=ann").text
    assert page.count("<tr><td>") == 3 and "&lt;w&gt;" in page and "/audit?limit=3&amp;page=3&amp;who=ann" in page
    assert "page=1" in page and 'rel="next"' not in client.get("/audit?limit=3&page=3&who=ann").text
    for wrong in ("page=0", "page=x", "action=fly", "since=never", "of=ann", "limit=0"):
        assert client.get(f"/audit?{wrong}").status_code == 400, wrong


def test_settings_that_nobody_wrote_are_defaults(tmp_path: Path) -> None:
    (tmp_path / "houfeng.toml").write_text("", "utf-8")
    rows = around(tmp_path / "houfeng.toml", Settings()).config()
    assert {row.source for row in rows} == {""}


def test_every_job_of_the_daemon_is_explained() -> None:
    named = {name for path in DAEMON.glob("*.py") for name in re.findall(r'\bJob\("(\w+)"', path.read_text("utf-8"))}
    assert named == set(JOBS) and len(named) > 10
