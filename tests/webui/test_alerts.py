"""The alerts pages and their API; and nothing is green because nobody looked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from database import alerts, deliveries
from database.deliveries import Delivery, DeliveryState
from database.store import Store
from houfeng.cli import main
from houfeng.times import NS_PER_S, now_ns
from stations.alerts.alert import Alert, Child, Step
from stations.alerts.evidence import PHRASES, fact
from stations.alerts.words import Action, Kind, Severity
from stations.health import State
from stations.health.status import MAX_STATUS_AGE_S
from tests.webui.conftest import make_status
from webui import alert_words
from webui.app import create_app
from webui.settings import WebSettings

Get = Callable[..., str]
T_NS = now_ns() - 600 * NS_PER_S
EVIDENCE = "Server <s> is not connected (refused)"
COMMON = Alert(
    Kind.SERVER,
    "server <s>",
    Severity.CRITICAL,
    T_NS,
    "server",
    EVIDENCE,
    (Child("KR.NRN", T_NS), Child("II.AAK", T_NS, T_NS + 60 * NS_PER_S)),
)
ALONE = Alert(Kind.STATION, "IC.LSA", Severity.MAJOR, T_NS + 1, "clock", "BHZ: timing quality 38 %")
OVER = Alert(Kind.STATION, "IM.BDK", Severity.MAJOR, T_NS + 2, "unknown", "why", closed_ns=T_NS + 9)
SHORT = COMMON.alert_id.removeprefix("alert/")


@pytest.fixture
def alarmed(filled: Store) -> Store:
    """Two open alerts and a closed one; somebody was told of the worst."""
    opened = Step(COMMON.alert_id, T_NS, Action.OPENED, "houfeng", EVIDENCE)
    said = Delivery("delivery/1", COMMON.alert_id, opened.step_id, "duty", "{}", T_NS)
    with filled.begin() as unit:
        alerts.save(unit, [OVER, ALONE, COMMON], [opened], [])
        deliveries.plan(unit, [opened], [said])
    return filled


def test_the_overview_counts_open_alerts_by_severity(alarmed: Store, get: Get) -> None:
    page = get("/")
    found = re.search(r"<dt>Open alerts</dt>(.*?)</div>", page, re.DOTALL)
    assert found is not None
    said = " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())
    assert said == "2 1 critical, 1 major"
    assert 'href="/alerts"' in found[1]


def test_evidence_is_said_in_the_page_s_language(filled: Store, get: Get) -> None:
    facts = (
        fact("supply fell", supply_v=10.8, limit_v=11.5),
        fact("rule", channels="BHZ", reason="Latency 300 s, limit 120 s"),
        fact("server silent", n_stale=3, n_all=12, span_s=90.0),
    )
    told = replace(ALONE, facts=facts)
    with filled.begin() as unit:
        alerts.save(unit, [told], [], [])
    for path in ("/alerts", f"/alerts/{told.alert_id.removeprefix('alert/')}"):
        page = get(f"{path}?lang=ru")
        assert "Питание по последним сведениям 10.8 В, ниже предела 11.5 В" in page
        assert "BHZ: Задержка 300 с, предел 120 с" in page
        assert "3 из 12 станций замолчали в течение 1 мин" in page
        assert "最后一次得知的供电电压为 10.8 V" in get(f"{path}?lang=zh")
    assert {each.text for each in alert_words.PHRASES} == set(PHRASES.values())


def test_open_alerts_come_first_and_the_worst_of_them(alarmed: Store, get: Get) -> None:
    page = get("/alerts")
    assert page.index("server &lt;s&gt;") < page.index("IC.LSA") < page.index("IM.BDK")
    assert "2 open, the worst first" in page and "1 / 2" in page and "<s>" not in page
    listed = json.loads(get("/api/v1/alerts"))["alerts"]
    assert [alert["about"] for alert in listed] == ["server <s>", "IC.LSA", "IM.BDK"]
    assert [alert["state"] for alert in listed] == ["new", "new", "closed"]
    assert [alert["about"] for alert in json.loads(get("/api/v1/alerts?status=open"))["alerts"]] == [
        "server <s>",
        "IC.LSA",
    ]


@pytest.mark.parametrize(("language", "word"), [("en", "Who was told"), ("zh", "已通知"), ("ru", "Кому сообщено")])
def test_one_alert_has_its_history_and_who_was_told(alarmed: Store, get: Get, language: str, word: str) -> None:
    page = get(f"/alerts/{SHORT}?lang={language}")
    assert word in page and "duty" in page and "houfeng alerts acknowledge" in page
    assert "KR.NRN" in page and "Server &lt;s&gt; is not connected" in page
    shaped = json.loads(get(f"/api/v1/alerts/{SHORT}"))
    assert [child["left"] is None for child in shaped["children"]] == [False, True]
    assert [(each["recipient"], each["step"], each["state"]) for each in shaped["deliveries"]] == [
        ("duty", "opened", "waiting")
    ]


def test_what_is_not_there_is_said(alarmed: Store, client: FlaskClient) -> None:
    assert [client.get(path).status_code for path in ("/alerts/nothing", "/api/v1/alerts/nothing")] == [404, 404]
    assert client.get("/api/v1/alerts?status=shut").status_code == 400
    assert "the id of an alert is needed" in client.get("/api/v1/alerts/nothing").get_json()["error"]


def test_without_alerts_the_page_says_so(get: Get) -> None:
    assert "No alerts yet." in get("/alerts")


@pytest.fixture
def command(alarmed: Store, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """command(words): exit status and what was printed."""
    config = tmp_path / "houfeng.toml"
    config.write_text('[database]\nurl = "sqlite:///houfeng.db"\n')

    def call(*words: str) -> tuple[int, str]:
        found = CliRunner().invoke(main, ["alerts", *words, "--config", str(config)], catch_exceptions=False)
        return found.exit_code, found.output

    return call


def test_operators_act_and_the_page_tells(command: Callable[..., tuple[int, str]], get: Get) -> None:
    for words in (
        ("acknowledge", SHORT[:8], "--by", "ann", "--why", "on it"),
        ("assign", SHORT, "bob", "--by", "ann", "--why", "his shift"),
        ("silence", COMMON.alert_id, "--for", "8h", "--by", "ann", "--why", "known"),
    ):
        assert command(*words)[0] == 0, command(*words)
    listed = json.loads(command("list", "--format", "json")[1])["alerts"]
    assert [(alert["state"], alert["assignee"]) for alert in listed] == [("silenced", "bob"), ("new", "")]
    page = get(f"/alerts/{SHORT}")
    assert "on it" in page and "bob" in page
    status, shown = command("show", SHORT)
    assert status == 0 and "acknowledged by ann: on it" in shown and "1 not back: KR.NRN" in shown
    assert command("close", SHORT, "--by", "bob", "--why", "mended")[0] == 0
    status, said = command("acknowledge", SHORT, "--why", "late")
    assert status == 2 and "it was closed at" in said
    assert command("acknowledge", "alert/", "--why", "which")[1].count("more than one begins so") == 1
    assert command("silence", SHORT, "--for", "8x", "--why", "no")[0] == 2
    assert "a recipient of the configuration is needed, it has none" in command("test", "duty")[1]


def test_what_became_of_a_delivery_is_on_the_page(alarmed: Store, get: Get) -> None:
    with alarmed.begin() as unit:
        (said,) = deliveries.of_alert(unit.connection, COMMON.alert_id)
        values = {name: getattr(said, name) for name in Delivery.__slots__}
        deliveries.note(unit, Delivery(**values | {"state": DeliveryState.FAILED, "n_tries": 9, "answer": "refused"}))
    page = get(f"/alerts/{SHORT}")
    assert "given up" in page and "refused" in page


def test_when_evaluations_stop_nothing_stays_green(store: Store, tmp_path: Path) -> None:
    names = [f"XX.S{n}" for n in range(4)]
    with store.begin() as unit:
        unit.save_statuses([make_status(name, State.OK, age_s=MAX_STATUS_AGE_S + 1.0) for name in names[:3]])
        unit.save_statuses([make_status(names[3], State.OK)])
    app: Flask = create_app(WebSettings(), store)
    listed = app.test_client().get("/api/v1/stations").get_json()["stations"]
    assert {row["id"]: row["status"] for row in listed} == dict.fromkeys(names[:3], "UNKNOWN") | {names[3]: "OK"}
    config = tmp_path / "houfeng.toml"
    config.write_text('[database]\nurl = "sqlite:///houfeng.db"\n')
    words = ["stations", "list", "--format", "json", "--config", str(config)]
    told = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).output)["stations"]
    assert {row["id"]: row["status"] for row in told} == {row["id"]: row["status"] for row in listed}
    assert MAX_STATUS_AGE_S == 120
