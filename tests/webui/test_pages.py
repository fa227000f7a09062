"""Pages as a browser without scripts gets them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database import queries
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from stations.health import State
from stations.inventory import Inventory, Site
from tests.webui.conftest import make_event, make_status
from webui.app import create_app
from webui.settings import WebSettings

Get = Callable[..., str]


def cells(page: str, key: str) -> list[str]:
    """Texts of the cells of the row with this key."""
    row = re.search(rf'<tr data-key="{re.escape(key)}".*?</tr>', page, re.DOTALL)
    assert row, f"no row {key}"
    found = re.findall(r"<t[dh][^>]*>(.*?)(?=<t[dh]|</tr>)", row[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in found]


def keys(page: str, table: str) -> list[str]:
    """Keys of the rows of a table, in order."""
    body = re.search(rf'<table class="{table}[ "].*?</table>', page, re.DOTALL)
    return re.findall(r'<tr data-key="([^"]+)"', body[0]) if body else []


def test_overview_shows_the_worst_first_with_reason_and_evidence(get: Get) -> None:
    page = get("/")
    assert keys(page, "stations") == ["KR.NRN", "IM.BDK", "IC.LSA", "II.AAK"]
    bad = cells(page, "KR.NRN")
    assert bad[:5] == ["BAD", "KR.NRN", "Нарын", "KG", "full"]
    assert "Timing quality 38 %, limit 50 %" in bad
    assert "2.1 s" in bad
    assert "99.9" in bad  # 99.97 is not 100
    assert "Demonstration: recorded data." in page


@pytest.mark.parametrize(
    ("language", "notice"),
    [("en", "Demonstration: recorded data."), ("zh", "演示"), ("ru", "Demonstration: recorded data.")],
)
def test_the_notice_speaks_the_readers_language_where_it_can(get: Get, language: str, notice: str) -> None:
    assert f">{notice}</aside>" in get(f"/?lang={language}")


def test_a_value_over_its_limit_carries_the_shape_of_its_state(get: Get) -> None:
    row = re.search(r'<tr data-key="IC.LSA".*?</tr>', get("/"), re.DOTALL)
    assert row
    assert re.search(r'<td class="n over"[^>]*><svg class="shape warn".*?</svg>4\n?<td', row[0], re.DOTALL)
    assert row[0].count("over") == 1


def test_no_evidence_is_a_dash_and_no_such_channel_is_not_applicable(get: Get) -> None:
    page = get("/")
    assert cells(page, "IM.BDK").count("—") >= 7
    assert "n/a" not in cells(page, "IM.BDK")
    assert "n/a" in cells(page, "II.AAK")


def test_a_status_that_nobody_renews_is_unknown_and_shows_no_number(filled: Store, client: FlaskClient) -> None:
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", age_s=130)])
    page = client.get("/").get_data(as_text=True)
    row = cells(page, "II.AAK")
    assert row[0] == "UNKNOWN"
    assert "2.1 s" not in row
    assert any(re.fullmatch(r"Not evaluated for 13\d s", cell) for cell in row)
    detail = client.get("/stations/II.AAK").get_data(as_text=True)
    assert "2.1 s" not in detail
    assert "Why UNKNOWN" in detail
    assert cells(detail, "II.AAK.00.BHZ")[0] == "UNKNOWN"


def test_a_status_from_the_future_is_unknown_too(filled: Store, client: FlaskClient) -> None:
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", age_s=-600)])
    assert cells(client.get("/").get_data(as_text=True), "II.AAK")[0] == "UNKNOWN"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=warn", ["IC.LSA"]),
        ("net=KR", ["KR.NRN"]),
        ("country=KG", ["KR.NRN", "II.AAK"]),
        ("q=арча", ["II.AAK"]),
        ("q=" + "%E6%8B%89", ["IC.LSA"]),
        ("sort=station", ["IC.LSA", "II.AAK", "IM.BDK", "KR.NRN"]),
        ("sort=-station", ["KR.NRN", "IM.BDK", "II.AAK", "IC.LSA"]),
        ("limit=2", ["KR.NRN", "IM.BDK"]),
        ("status=OK&country=CN", []),
    ],
)
def test_every_filter_is_in_the_address(get: Get, query: str, expected: list[str]) -> None:
    assert keys(get(f"/?{query}"), "stations") == expected


def test_filters_do_not_change_the_counts_of_the_network(get: Get) -> None:
    assert "1 of 4" in get("/?net=KR")
    assert get("/?net=KR").count("<b data-flash>1</b>") == 5  # four states and the events of a day


def test_empty_pages_say_what_to_do(store: Store) -> None:
    client = create_app(WebSettings(), store).test_client()
    page = client.get("/").get_data(as_text=True)
    assert "No stations yet. Add a server or StationXML." in page
    assert "No events yet." in page
    assert "No station matches these filters." in client.get("/?net=XX").get_data(as_text=True)
    for path in ("/events", "/runs", "/about"):
        assert client.get(path).status_code == 200


def test_station_page_says_why(get: Get) -> None:
    page = get("/stations/KR.NRN")
    assert "Why BAD" in page
    assert cells(page, "timing_quality 00.BHZ")[:4] == ["BAD", "Timing quality, 10 min", "38.0 %", "≥ 50 %"]
    assert "Нарын" in page
    assert "41.4222° N 75.9700° E" in page
    assert "Kyrgyzstan" in page
    assert "Mean of samples" in page.split("Not judged yet")[1].split("</p>")[0]
    assert 'rel="prev"' in page
    assert 'rel="next"' not in page  # the last one by code


def test_western_and_southern_positions_have_no_minus_sign(get: Get) -> None:
    assert "71.5000° W" in get("/stations/IM.BDK")


def test_a_station_never_evaluated_has_a_page(get: Get) -> None:
    assert "Not evaluated yet" in get("/stations/IM.BDK")


def test_event_page_says_plainly_that_it_is_not_located(filled: Store, get: Get) -> None:
    with filled.read() as snapshot:
        (event,) = queries.events(snapshot, run_id="run/replay")
    assert "not located" in get("/events?run=run/replay")
    page = get(f"/events/{event.public_id}?run=run/replay")
    assert "Trigger, not located: fewer than three stations" in page
    assert "Origin time" not in page


def test_event_page_has_the_origin_with_its_errors(filled: Store, get: Get) -> None:
    with filled.read() as snapshot:
        (event,) = queries.events(snapshot)
    assert "41.123° N 75.250° E</span> KYRGYZSTAN" in get("/events")
    page = get(f"/events/{event.public_id}")
    assert "Poorly constrained: the error ellipse is 123 km long" in page
    assert "<b>D</b></a> 3 stations; gap 212° &gt; 180°" in page
    assert "<b>Possible blast</b>: in known blast area Süd; depth fixed" in page
    assert cells(get("/events"), event.public_id)[-2:] == ["D", "41.123° N 75.250° E KYRGYZSTAN possible blast"]
    russian = get(f"/events/{event.public_id}?lang=ru")
    assert "станций: 3; азимутальный пробел 212° &gt; 180°" in russian
    assert "<b>Возможный взрыв</b>: в известном районе взрывов Süd; глубина фиксирована" in russian
    for shown in (
        "10.0 km <small>fixed</small>",
        "61.5 × 12.2 km, 17°",
        "± 1.20" if False else "± 1.20 s",
        "212°",
        "−0.21",
    ):
        assert shown in page
    assert page == page.replace("Replay", "")
    with filled.read() as snapshot:
        detail = queries.event(snapshot, event.public_id)
    assert detail
    for n, arrival in enumerate(detail.arrivals):
        row = cells(page, arrival.pick.public_id)
        assert row[:2] == ["P", arrival.pick.source_id.station_id]
        assert f"{1.5 * n:.2f}" in row
        assert "12.5" in row
    assert get(f"/events/{event.public_id.removeprefix('event/')}").count("<tr data-key") == 3


def test_a_replay_is_shown_apart(filled: Store, get: Get) -> None:
    with filled.read() as snapshot:
        (live,) = queries.events(snapshot)
        (replayed,) = queries.events(snapshot, run_id="run/replay")
    assert live.public_id == replayed.public_id  # the same earthquake, found twice
    page = get(f"/events/{live.public_id}?run=run/replay")
    assert "Replay of recorded data" in page
    assert page.count("<tr data-key") == 2
    assert "Replay" not in get("/events")
    assert "Replay of recorded data" in get("/events?run=run/replay")
    runs = get("/runs")
    assert runs.index("source of run/live") < runs.index("Replays") < runs.index("source of run/replay")


@pytest.mark.parametrize("path", ["/nothing", "/stations/XX.NONE", "/events/0123", "/static/x/none.css"])
def test_what_is_not_there_is_a_page_too(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "<h1>404</h1>" in answer.get_data(as_text=True)


@pytest.mark.parametrize("query", ["status=green", "sort=colour", "limit=0", "limit=%D9%A3"])
def test_a_parameter_that_cannot_be_read_is_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert f"{query.split('=')[0]}: " in answer.get_data(as_text=True)


def test_an_away_database_is_said_and_nothing_else_is_claimed(filled: Store, client: FlaskClient, url: str) -> None:
    with filled.begin() as unit:
        unit.connection.exec_driver_sql("ALTER TABLE change RENAME TO gone")
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Acquisition goes on" in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/api/v1/stations").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").json == {"alive": True}


def test_names_from_metadata_are_text_not_markup(filled: Store, get: Get) -> None:
    hostile = '<script>alert("1")</script>'
    with filled.begin() as unit:
        unit.save_inventory(Inventory({"XX.BAD": Site("XX.BAD", 1.0, 2.0, 3.0, hostile, "KG")}, (), ()))
    for path in ("/", "/stations/XX.BAD", "/?q=" + "%3Cscript%3Ealert(1)%3C/script%3E"):
        page = get(path)
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in get("/")


def test_old_events_say_their_year(filled: Store, get: Get) -> None:
    old = make_event(1_274_977_473_123_456_789)
    with filled.begin() as unit:
        unit.save_picks("run/live", old.picks)
        unit.save_events("run/live", [old])
    assert cells(get("/events"), old.public_id)[0].startswith("2010-05-27 16:24:33")


def test_a_long_table_says_what_is_shown(filled: Store, get: Get) -> None:
    with filled.begin() as unit:
        unit.save_statuses([make_status(f"XX.S{n:03d}", State.OK) for n in range(240)])
    page = get("/")
    assert len(keys(page, "stations")) == 200
    assert "200 of 244 shown, worst first." in page
    assert "Show all 244" in page
    assert len(keys(get("/?limit=10000"), "stations")) == 244


def test_theme_and_language_are_remembered(app: Flask) -> None:
    client = app.test_client()
    assert 'data-theme="dark"' in client.get("/?theme=dark&lang=ru").get_data(as_text=True)
    page = client.get("/events").get_data(as_text=True)
    assert 'data-theme="dark"' in page
    assert '<html lang="ru"' in page
    assert '<html lang="zh-Hans"' in client.get("/events?lang=zh").get_data(as_text=True)
    assert '<html lang="zh-Hans"' in client.get("/events?lang=xx").get_data(as_text=True)


@pytest.mark.parametrize(
    ("accept", "lang"), [("ru-RU,ru;q=0.9,en;q=0.5", "ru"), ("zh-CN", "zh-Hans"), ("fr", "en"), ("", "en")]
)
def test_the_browser_says_which_language(get: Get, accept: str, lang: str) -> None:
    assert f'<html lang="{lang}"' in get("/", **{"Accept-Language": accept})


def test_pages_have_heads_a_skip_link_and_no_inline_script_or_style(filled: Store, get: Get) -> None:
    with filled.read() as snapshot:
        (event,) = queries.events(snapshot)
    for path in ("/", "/stations/KR.NRN", "/events", f"/events/{event.public_id}", "/runs", "/about"):
        page = get(path)
        assert 'class="skip" href="#main"' in page
        assert page.count("<h1") == 1
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
        scripts = re.findall(r"<script([^>]*)>", page)
        assert all("src=" in script or 'type="application/json"' in script for script in scripts)
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path
        assert page.count("<table") <= page.count('scope="col"') or path == "/about"


def test_times_are_counted_from_now(get: Get) -> None:
    page = get("/")
    now = now_ns()
    (stamp,) = re.findall(r'data-now="(\d+)"', page)
    assert abs(now // 1_000_000 - int(stamp)) < 10 * NS_PER_S // 1_000_000
