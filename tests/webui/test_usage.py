"""Pages and API say how stations are used, and count only those that are used in full."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database import registry
from database.store import Store
from houfeng.times import NS_PER_S, now_ns, parse_ns
from stations.card import Card

Get = Callable[..., str]

UNTIL_NS = parse_ns("2099-01-01T12:00:00Z")


@pytest.fixture
def said(filled: Store) -> Store:
    """KR.NRN in maintenance, IM.BDK off, both said by li; II.AAK with a card."""
    at_ns = now_ns() - 60 * NS_PER_S
    with filled.begin() as unit:
        registry.save_cards(unit, {"II.AAK": Card("full", "KIS", "+996 312", "VSAT", ("geofon",), "GSN")})
        registry.set_usage(unit, "KR.NRN", "maintenance", at_ns=at_ns, until_ns=UNTIL_NS, by="li", why="<battery>")
        registry.set_usage(unit, "IM.BDK", "off", at_ns=at_ns, until_ns=None, by="li", why="closed")
        registry.set_corrections(unit, "II.AAK", {"link": "radio"}, at_ns=at_ns, by="li", why="moved")
    return filled


def counts(page: str) -> dict[str, int]:
    """Numbers of the overview's strip, by state, and of all."""
    strip = page[page.index('class="counts"') : page.index("</ul>")]
    states = re.findall(r"<b data-flash>(\d+)</b><span>.*?(BAD|UNKNOWN|WARN|OK|stations?)</span>", strip, re.DOTALL)
    return {state.rstrip("s"): int(n) for n, state in states}


def test_the_overview_counts_what_is_used_in_full(get: Get, store: Store) -> None:
    before = counts(get("/"))
    assert before["station"] == sum(n for state, n in before.items() if state != "station")


def test_the_overview_leaves_the_others_out_and_names_them(said: Store, get: Get) -> None:
    page = get("/")
    assert counts(page)["station"] == 2
    assert "Not counted:" in page
    assert ">1 maintenance</a>" in page and ">1 off</a>" in page
    attention = page[page.index('id="attention"') : page.index('id="events"')]
    assert "KR.NRN" not in attention and "IM.BDK" not in attention


def test_a_row_says_until_when_by_whom_and_why(said: Store, get: Get) -> None:
    table = get("/?usage=maintenance")
    (row,) = re.findall(r'<tr data-key="KR.NRN" class="uncounted">.*?</tr>', table, re.DOTALL)
    assert "<b>maintenance</b>" in row and "2099" in row and "li: &lt;battery&gt;" in row
    assert 'data-key="II.AAK"' not in table[table.index('class="stations') :]


def test_a_station_page_says_how_it_is_used_and_whom_to_call(said: Store, get: Get) -> None:
    page = get("/stations/KR.NRN")
    assert "raises no alarm" in page and "li: &lt;battery&gt;" in page and "Changes by operators" in page
    page = get("/stations/II.AAK")
    for text in ("KIS", "+996 312", "radio", "geofon", "GSN", "moved"):
        assert text in page
    assert "raises no alarm" not in page


@pytest.mark.parametrize(("lang", "words"), [("zh", ("维护", "未计入", "停用")), ("ru", ("обслуживание", "Не учтены"))])
def test_in_other_languages(said: Store, get: Get, lang: str, words: tuple[str, ...]) -> None:
    page = get(f"/?lang={lang}")
    assert all(word in page for word in words)


def test_the_api_has_it_all(said: Store, client: FlaskClient) -> None:
    answer = client.get("/api/v1/stations?usage=maintenance").get_json()
    assert [(row["id"], row["usage_until"][:10], row["usage_by"]) for row in answer["stations"]] == [
        ("KR.NRN", "2099-01-01", "li")
    ]
    station = client.get("/api/v1/stations/II.AAK").get_json()
    assert (station["agency"], station["link"], station["servers"]) == ("KIS", "radio", ["geofon"])
    assert [row["field"] for row in station["audit"]] == ["link"]
    off = client.get("/api/v1/stations/IM.BDK").get_json()
    assert (off["usage"], off["status"], off["reason"]) == ("off", "UNKNOWN", "Off: not expected")
    wrong = client.get("/api/v1/stations?usage=broken")
    assert wrong.status_code == 400 and "usage: one of full" in wrong.get_json()["error"]
