"""Numbers, ages and times against the wording of the design."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.store import Store
from houfeng.times import parse_ns
from stations.inventory import Inventory, Site
from webui import words


@pytest.fixture(autouse=True)
def _request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.0 s"),
        (0.89, "0.8 s"),
        (9.99, "9.9 s"),
        (10, "10 s"),
        (89.9, "89 s"),
        (90, "1 min"),
        (19 * 60, "19 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (5 * 3600 + 13 * 60 + 59, "5 h 13 min"),
        (47 * 3600 + 59 * 60, "47 h 59 min"),
        (48 * 3600, "2 d"),
        (-3, "−3.0 s"),
    ],
)
def test_age(seconds: float, expected: str) -> None:
    assert words.age(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "—"),
        (0.04, "0.0 s"),
        (2.14, "2.1 s"),
        (74.2, "74.2 s"),
        (99.96, "2 min"),
        (1163, "19 min"),
        (18780, "5.2 h"),
        (3 * 86400, "3 d"),
        (-0.3, "−0.3 s"),
    ],
)
def test_latency(seconds: float | None, expected: str) -> None:
    assert words.latency(seconds) == expected


@pytest.mark.parametrize(("percent", "text"), [(None, "—"), (100.0, "100.0"), (97.98, "97.9"), (0.0, "0.0")])
def test_a_share_is_cut_off_so_that_it_looks_below_its_limit(percent: float | None, text: str) -> None:
    assert words.share(percent) == text


def test_figures_have_thin_spaces_and_a_real_minus_sign() -> None:
    assert words.figure(1234567) == "1\u2009234\u2009567"
    assert words.figure(987654321) == "987\u2009654\u2009321"
    assert words.figure(-4607.2) == "\u22124\u2009607"
    assert [words.shift(value, 2) for value in (-1e-6, 0.0, None, -0.04)] == ["<0.01", "0.00", "—", "\u22120.04"]
    assert words.shift(1e-6, 1) == "<0.1"
    assert words.decimals(-0.314, 2) == "\u22120.31"
    assert words.figure(None) == words.decimals(None, 1) == "—"


@pytest.mark.parametrize(
    ("value", "unit", "text", "limit"),
    [
        (98.0, "%", "98.0 %", "98 %"),
        (120.0, "s", "2 min", "120 s"),
        (600.0, "s", "10 min", "10 min"),
        (5e5, "counts", "500\u2009000 counts", "500\u2009000 counts"),
        (1.0, "", "1", "1"),
    ],
)
def test_quantity_and_limit(value: float, unit: str, text: str, limit: str) -> None:
    assert words.quantity(value, unit) == text
    assert words.limit(value, unit) == limit


@pytest.mark.parametrize(
    ("time", "digits", "expected"),
    [
        ("2026-11-22T18:23:59.9Z", -1, "18:23"),
        ("2026-11-22T18:23:59.98Z", 1, "18:23:59.9"),
        ("2026-11-21T06:00:00Z", -1, "21 Nov 06:00"),
        ("2019-07-06T03:19:53.049Z", 2, "2019-07-06 03:19:53.04"),
    ],
)
def test_moment_is_as_short_as_it_stays_clear(time: str, digits: int, expected: str) -> None:
    assert words.moment(parse_ns(time), parse_ns("2026-11-22T18:42:07Z"), digits=digits) == expected


@pytest.mark.parametrize(("lang", "expected"), [("zh", "11月21日 06:00"), ("ru", "21 нояб. 06:00")])
def test_days_in_the_pages_language(app: Flask, lang: str, expected: str) -> None:
    now, then = parse_ns("2026-11-22T18:42:07Z"), parse_ns("2026-11-21T06:00:00Z")
    with app.test_request_context(f"/?lang={lang}"):
        assert words.moment(then, now) == expected


@pytest.mark.parametrize(("language", "said"), [("en", "synthetic: Ala Archa"), ("ru", "синтетика: Ala Archa")])
def test_a_simulated_station_is_called_so_in_the_readers_language(
    client: FlaskClient, filled: Store, language: str, said: str
) -> None:
    with filled.begin() as unit:
        place = Site("KR.NRN", 41.42222, 75.97, 2130.0, "synthetic: Ala Archa", "KG")
        unit.save_inventory(Inventory({"KR.NRN": place}, (), ()))
    for address in ("/", "/stations", "/stations/KR.NRN"):
        assert said in client.get(f"{address}?lang={language}").text
