"""Metrics of channels, as a page and as a table: what was archived, and nothing where nothing was."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from database import day_checks, measures
from database.day_checks import DayCheck
from database.measures import DAY_NS
from database.store import Store
from houfeng.times import format_ns, now_ns, parse_ns
from houfeng.types import SourceId
from stations.health import State
from stations.health.measures import Measures
from tests.webui.archived import HOUR_NS, N_HOURS, NRN, PARTS, SPIKE_S, measure
from tests.webui.conftest import make_status

OTHERS = (SourceId("II", "AAK", "00", "BHZ"), SourceId("II", "AAK", "10", "BHZ"))


@pytest.fixture
def measured(filled: Store, tmp_path: Path) -> tuple[int, np.ndarray]:
    return measure(tmp_path / "archive", filled)


def test_rows_are_those_of_the_samples(client: FlaskClient, measured: tuple[int, np.ndarray]) -> None:
    begin_ns, samples = measured
    answer = client.get(f"/api/v1/metrics?channel=KR.NRN.*&by=hour&since={format_ns(begin_ns)}").json
    rows = answer["metrics"]
    assert (len(rows), answer["next"], {row["channel"] for row in rows}) == (N_HOURS, None, {str(NRN)})
    has = np.zeros(len(samples), dtype=bool)
    for start, end in PARTS:
        has[start:end] = True
    for n, row in enumerate(rows):
        hour = slice(n * 3600, (n + 1) * 3600)
        its = samples[hour][has[hour]]
        assert parse_ns(row["start"]) == begin_ns + n * HOUR_NS
        assert row["percent_availability"] == pytest.approx(100 * has[hour].mean())
        assert row["sample_rms"] == pytest.approx(its.std())
        assert row["sample_mean"] == pytest.approx(its.mean())
    assert [row["num_gaps"] for row in rows] == [0, 1, 1, 0, 0]
    assert [row["max_gap_s"] for row in rows] == [0, 100, 30, 0, 0]
    assert [row["num_spikes"] for row in rows] == [int(n == SPIKE_S // 3600) for n in range(N_HOURS)]


def test_pages_of_a_table_are_the_table(filled: Store, client: FlaskClient, tmp_path: Path) -> None:
    begin_ns, _ = measure(tmp_path / "archive", filled, (NRN, *OTHERS))
    address = f"/api/v1/metrics?by=hour&since={format_ns(begin_ns)}"
    whole = client.get(address).json["metrics"]
    assert len(whole) == 3 * N_HOURS
    found: list[Any] = []
    link = f"{address}&limit=4"
    while link:
        page = client.get(link)
        assert len(page.json["metrics"]) <= 4
        found += page.json["metrics"]
        link = page.json["next"]
        assert page.headers.get("Link") == (f'<{link}>; rel="next"' if link else None)
    assert found == whole
    sheet = client.get(f"{address}&format=csv&limit=4")
    lines = list(csv.DictReader(io.StringIO(sheet.get_data(as_text=True))))
    assert [line["start"] for line in lines] == [row["start"] for row in whole[:4]]
    assert list(lines[0]) == list(whole[0])
    assert 'rel="next"' in sheet.headers["Link"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("by=week", "by: minute, hour or day is needed, 'week' came"),
        ("after=KR.NRN", "after: NET.STA.LOC.CHA@TIME, as `next` has it, is needed"),
        ("channels=KR.NRN.00.BHZ", "this address takes channel, by"),
        ("limit=0", "limit: 1 to 10000"),
        ("since=noon", "since: "),
    ],
)
def test_a_bad_question_is_named(client: FlaskClient, query: str, said: str) -> None:
    answer = client.get(f"/api/v1/metrics?{query}")
    assert answer.status_code == 400
    assert said in answer.json["error"]


def test_an_empty_table_has_its_head(client: FlaskClient) -> None:
    head = client.get("/api/v1/metrics?by=day&format=csv").get_data(as_text=True).strip()
    assert head.startswith("channel,start,percent_availability,")
    assert "pct_above_nhnm,pct_below_nlnm,dead_channel_lin,dead_channel_gsn," in head
    assert head.endswith(",unit")
    assert client.get("/api/v1/metrics").json == {"metrics": [], "by": "hour", "next": None}


def test_an_unchanged_table_is_not_sent_again(client: FlaskClient, measured: tuple[int, np.ndarray]) -> None:
    since = format_ns(measured[0])
    codes = []
    for _ in range(3):  # at most one of two looks falls into another five seconds
        tag = client.get(f"/api/v1/metrics?since={since}").headers["ETag"]
        codes.append(client.get(f"/api/v1/metrics?since={since}", headers={"If-None-Match": tag}).status_code)
    assert 304 in codes


def test_the_page_has_now_with_limits_and_the_time_before(
    get: Callable[..., str], measured: tuple[int, np.ndarray]
) -> None:
    page = get("/channels/KR.NRN.00.BHZ?range=24h")
    now = re.search(r'data-key="timing_quality".*?</tr>', page, re.DOTALL)
    assert now is not None
    assert "38.0 %" in now[0]
    assert "≥ 50 %" in now[0]
    assert ">BAD<" in re.sub(r"<svg.*?</svg>", "", now[0], flags=re.DOTALL)
    assert "mean of the timing quality" in now[0]  # how it is made
    gaps = re.search(
        r"<code>num_gaps</code>.*?<svg class=\"chart\".*?</svg></svg>", page.split('id="history"')[1], re.DOTALL
    )
    assert gaps is not None
    assert gaps[0].count("V") == 2  # a stem for each of the gaps
    assert "pct_above_nhnm" not in page  # nothing of what was not measured
    assert "Measured until" in page or "Measured to the last record" in page


def test_a_row_that_goes_on_is_not_shown(filled: Store, get: Callable[..., str], tmp_path: Path) -> None:
    measure(tmp_path / "archive", filled)
    page = get("/channels/KR.NRN.00.BHZ?range=1y")
    # the day goes on, and so nothing is said of it: half a day is not half available
    today = format_ns(now_ns())[:10]
    assert f"{today} 00:00" not in page


def test_a_channel_without_rows_says_so(get: Callable[..., str], client: FlaskClient) -> None:
    assert "Nothing of this channel was measured yet" in get("/channels/IC.LSA.00.BHZ")
    for unknown in ("IC.LSA.00.HHZ", "nonsense"):
        assert client.get(f"/channels/{unknown}").status_code == 404
    assert client.get("/channels/IC.LSA.00.BHZ?range=2h").status_code == 400


def test_a_stale_channel_has_no_numbers_of_now(filled: Store, get: Callable[..., str]) -> None:
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.OK, age_s=200)])
    page = get("/channels/II.AAK.00.BHZ")
    assert "UNKNOWN" in page
    assert "2.1 s" not in page


def test_the_station_leads_to_its_channels(get: Callable[..., str]) -> None:
    assert 'href="/channels/KR.NRN.00.BHZ"' in get("/stations/KR.NRN")
    assert "Сейчас, по потоку" in get("/channels/KR.NRN.00.BHZ?lang=ru")


def test_checks_of_days_are_told_in_plain_words_with_their_limit(filled: Store, get: Callable[..., str]) -> None:
    day_ns = now_ns() // DAY_NS * DAY_NS - DAY_NS
    check = DayCheck(day_ns, "x", 100, 4321, -0.97, "KR.NRN.00.BHN", flags={"calibration_signal": 3})
    leak = ("cross_talk", "cross_talk", 0.97, 0.9, "")
    with filled.begin() as unit:
        unit.save_statuses([make_status("KR.NRN", State.WARN, "Cross-talk 0.97, limit 0.9", broken=leak)])
        day_checks.save(unit.connection, [(NRN, check), (NRN, replace(check, day_ns=day_ns - DAY_NS, cross_talk=0.1))])
        names = {each.name: 0 for each in fields(Measures)} | {"timing_quality": None, "n_samples": 9}
        rows = [(NRN, Measures(**names | {"start_ns": day_ns - n * DAY_NS})) for n in (0, 1)]
        measures.save(unit.connection, measures.TABLES["day"], rows)
    section = get(f"/channels/{NRN}").split('id="checked"')[1].split("</section>")[0]
    told = re.findall(
        r'<tr data-key="(\w+)">.*?<td class="n( over)?">(.*?)</td>\s*<td[^>]*>(.*?)</td>', section, re.DOTALL
    )
    assert told == [
        ("sample_unique", "", "4\N{THIN SPACE}321", "none"),
        ("cross_talk", " over", "\N{MINUS SIGN}0.97", "&lt; 0.9"),
        ("calibration_signal", "", "3", "none"),
    ]
    assert "a cable leaks" in section
    assert section.count(format_ns(day_ns)[:10]) == 3
    # of a year each metric has a picture; a flag that no record had has none
    page = get(f"/channels/{NRN}?range=1y")
    assert "Likeness to another component" in page.split('id="history"')[1]
    assert "Flag: glitches" not in page
