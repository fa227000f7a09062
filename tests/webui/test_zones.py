"""Times in another zone than UTC: the clock, its label, and what stays UTC."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.store import Store
from houfeng.errors import ConfigError
from houfeng.times import NS_PER_S, format_ns, parse_ns
from webui import charts, drawing, words, zones
from webui.app import create_app
from webui.settings import WebSettings

Get = Callable[..., str]
NOW = "2026-11-22T18:42:07Z"


@pytest.mark.parametrize(
    ("name", "t", "shown", "offset"),
    [
        ("UTC", "2024-06-01T00:00Z", "2024-06-01 00:00:00.25", "UTC+0"),
        # Kazakhstan went to one zone on 1 March 2024 (government decree 20 of 19 January 2024)
        ("Asia/Almaty", "2023-06-01T00:00Z", "2023-06-01 06:00:00.25", "UTC+6"),
        ("Asia/Almaty", "2024-06-01T00:00Z", "2024-06-01 05:00:00.25", "UTC+5"),
        ("Asia/Kathmandu", "2024-12-31T20:00Z", "2025-01-01 01:45:00.25", "UTC+5:45"),
        # Europe's summer ends at 1:00 UTC
        ("Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25 02:59:59.25", "UTC+2"),
        ("Europe/Berlin", "2026-10-25T01:00Z", "2026-10-25 02:00:00.25", "UTC+1"),
        ("America/New_York", "2026-01-01T00:00Z", "2025-12-31 19:00:00.25", "UTC−5"),
    ],
)
def test_a_time_is_that_of_the_zones_clocks_then(app: Flask, name: str, t: str, shown: str, offset: str) -> None:
    with app.test_request_context("/", headers={"Cookie": f"tz={name}"}):
        assert words.full_time(parse_ns(t) + NS_PER_S // 4, 2) == shown
        assert zones.from_utc(parse_ns(t)) == offset


def test_today_is_the_zones_day_and_days_of_counts_are_those_of_utc(app: Flask) -> None:
    with app.test_request_context("/?tz=Asia/Almaty"):
        assert words.moment(parse_ns("2026-11-22T19:05:00Z"), parse_ns(NOW)) == "23 Nov 00:05"
        assert words.moment(parse_ns("2026-11-21T19:05:00Z"), parse_ns(NOW)) == "00:05"
        assert words.utc_day(parse_ns("2026-11-22")) == "22 Nov"
    with app.test_request_context("/?tz=America/New_York"):
        assert (words.day(parse_ns("2026-11-22")), words.utc_day(parse_ns("2026-11-22"))) == ("21 Nov", "22 Nov")
        assert words.utc_date(parse_ns("2026-11-22")) == "2026-11-22"
        assert words.written("2026-11-22T18:42:07Z") == "2026-11-22 13:42"
        assert words.written("<b>") == "<b>"


def test_axes_have_round_times_of_the_zone(app: Flask) -> None:
    start_ns = parse_ns("2026-11-22T00:00Z")
    with app.test_request_context("/?tz=Asia/Kathmandu"):
        ticks = drawing.ticks(start_ns, start_ns + 24 * 3600 * NS_PER_S)
        assert [tick.label for tick in ticks[:5]] == ["06:00", "09:00", "12:00", "15:00", "18:00"]
        assert [tick.label for tick in ticks[5:]] == ["21:00", "2026-11-23", "03:00"]
        assert ticks[0].percent == pytest.approx(100 * 0.25 / 24, abs=1e-3)  # 0:15 UTC
        first = charts.ticks(start_ns, start_ns + 24 * 3600 * NS_PER_S)
        midnight = next(tick for tick in first if charts.is_midnight(tick.t_ns))
        assert midnight.t_ns == parse_ns("2026-11-22T18:15Z")


def test_the_label_names_the_place_in_the_readers_language(get: Get) -> None:
    page = get("/events?tz=Asia/Almaty")
    assert '<br>Almaty</th><th scope="col"' in page and "<br>UTC" not in page
    assert re.search(r'<a id="zone" href="[^"]*tz=UTC"[^>]*>Almaty</a>', page)
    assert "Times of Asia/Almaty, now UTC+5; days of counts, addresses and downloads are UTC" in page
    assert ">Алматы</a>" in get("/events?tz=Asia/Almaty&lang=ru") and ">阿拉木图</a>" in get("/?tz=Asia/Almaty&lang=zh")
    assert ">Buenos Aires</a>" in get("/?tz=America/Argentina/Buenos_Aires&lang=en")


def test_the_cookie_keeps_it_and_downloads_stay_utc(client: FlaskClient) -> None:
    def first_onset() -> tuple[str, str]:
        found = re.search(r'class="open"[^>]*><time datetime="([^"]+)">([^<]+)', client.get("/events").text)
        assert found
        return found[1], found[2]

    sheets = [client.get(f"/api/v1/{name}").data for name in ("events?format=csv", "events", "picks?format=csv")]
    utc = first_onset()
    client.get("/?tz=Asia/Kathmandu")
    local = first_onset()
    onset_ns = parse_ns(utc[0])
    assert local[0] == utc[0] and utc[1].endswith(format_ns(onset_ns, digits=0)[11:19])
    assert local[1].endswith(format_ns(onset_ns + (5 * 60 + 45) * 60 * NS_PER_S, digits=0)[11:19])
    assert sheets == [
        client.get(f"/api/v1/{name}").data for name in ("events?format=csv", "events", "picks?format=csv")
    ]
    assert "tz=UTC" in client.get("/about?tz=UTC").headers["Set-Cookie"] and first_onset() == utc


@pytest.mark.parametrize("name", ["Etc/GMT-6", "Mars/Phobos", "<b>", "../etc/passwd", "localtime"])
def test_what_is_no_place_is_utc(client: FlaskClient, name: str) -> None:
    answer = client.get("/about", query_string={"tz": name})
    assert 'data-zone="UTC"' in answer.text and "Set-Cookie" not in answer.headers


def test_a_page_of_one_zone_is_not_given_to_another(client: FlaskClient) -> None:
    tag = client.get("/events").headers["ETag"]
    client.set_cookie("tz", "Asia/Almaty")
    answer = client.get("/events", headers={"If-None-Match": tag})
    assert answer.status_code == 200 and "Almaty" in answer.text


def test_the_configured_zone_is_offered_without_scripts(filled: Store) -> None:
    page = create_app(WebSettings(time_zone="Asia/Bishkek"), filled).test_client().get("/").text
    assert re.search(r'<a id="zone" href="[^"]*tz=Asia/Bishkek" title="Show times of Asia/Bishkek">UTC</a>', page)
    assert "All times UTC" in page and 'data-ahead="0"' in page
    with pytest.raises(ConfigError, match=r"web\.time_zone: an IANA name"):
        WebSettings(time_zone="Bishkek")
