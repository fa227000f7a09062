"""Availability pages and tables: shares of what was archived, and every gap in the bars."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from database.store import Store
from houfeng.times import NS_PER_S, format_ns, now_ns, parse_ns
from houfeng.types import SourceId
from tests.webui.archived import HOUR_NS, N_HOURS, NRN, PARTS, measure
from webui.timeline import N_PARTS, bar

AAK = SourceId("II", "AAK", "10", "BHZ")
DAY_NS = 24 * HOUR_NS
SINCE_NS = parse_ns("2026-03-01")


@pytest.fixture
def begin_ns(filled: Store, tmp_path: Path) -> int:
    return measure(tmp_path / "archive", filled, (NRN, AAK))[0]


def test_shares_are_those_of_the_samples(client: FlaskClient, begin_ns: int) -> None:
    end_ns = begin_ns + N_HOURS * HOUR_NS
    address = f"/api/v1/availability?until={format_ns(end_ns)}"
    (row,) = client.get(f"{address}&by=channel&channel=KR.*").json["availability"]
    n_covered = sum(b - a for a, b in PARTS)
    assert row["name"] == str(NRN)
    assert row["percent_24h"] == pytest.approx(100 * n_covered / (N_HOURS * 3600), abs=1e-3)
    assert (row["percent_1h"], row["num_gaps_1y"], row["max_gap_s"]) == (100.0, 2, 100.0)
    rows = client.get(f"{address}&by=country").json["availability"]
    assert [(row["name"], row["n_channels"]) for row in rows] == [("KG", 2)]
    assert [row["name"] for row in client.get(f"{address}&net=II").json["availability"]] == ["II.AAK"]
    assert client.get(f"{address}&country=CN").json["availability"] == []
    sheet = client.get(f"{address}&format=csv").get_data(as_text=True)
    assert [line["name"] for line in csv.DictReader(io.StringIO(sheet))] == ["II.AAK", "KR.NRN"]
    assert client.get("/api/v1/availability?by=continent").status_code == 400


def test_gaps_are_those_between_the_records(client: FlaskClient, begin_ns: int) -> None:
    rows = client.get("/api/v1/gaps?channel=KR.NRN.*").json["gaps"]
    assert [(parse_ns(row["start"]) - begin_ns) / NS_PER_S for row in rows] == [9000, 5000]
    assert [row["length_s"] for row in rows] == [30, 100]
    lines = client.get(f"/api/v1/gaps?since={format_ns(begin_ns)}&format=csv&limit=3").get_data(as_text=True)
    assert len(lines.strip().splitlines()) == 4


def test_pages_lead_from_countries_to_gaps(get: Callable[..., str], client: FlaskClient, begin_ns: int) -> None:
    countries = get("/availability?by=country")
    assert "Kyrgyzstan" in countries
    assert "by=station&amp;country=KG" in countries
    stations = get("/availability?by=station&country=KG&sort=-name")
    assert stations.index("KR.NRN") < stations.index("II.AAK")
    assert 'href="/availability/KR.NRN"' in stations
    page = get("/availability/KR.NRN")
    gaps = page.split('id="gaps"')[1]
    assert ">30.0 s<" in gaps
    assert ">2 min<" in gaps  # 100 s
    most = re.search(r'class="most" d="(.*?)"', page)
    assert most is not None
    assert len(most[1].split("M")[1:]) >= 2  # an hour apart; how the records end depends on the time of day
    assert client.get("/availability/IC.LSA").status_code == 404
    assert client.get("/availability?sort=colour").status_code == 400
    assert 'href="/availability/KR.NRN"' in get("/stations/KR.NRN")
    assert "Последние 30 суток" in get("/availability/KR.NRN?lang=ru")


def test_an_empty_archive_says_so(get: Callable[..., str], client: FlaskClient) -> None:
    assert "Nothing is in the archive yet" in get("/availability")
    assert client.get("/api/v1/availability").json["availability"] == []
    assert client.get("/api/v1/availability?format=csv").get_data(as_text=True).startswith("level,name,")
    assert abs(parse_ns(client.get("/api/v1/availability").json["until"]) - now_ns()) < 120 * NS_PER_S


MINUTES = st.lists(st.integers(0, 43_200), min_size=2, max_size=40, unique=True).map(sorted)


@settings(max_examples=50, deadline=None)
@given(MINUTES, st.integers(0, 43_200))
def test_every_part_that_misses_something_shows_it(edges: list[int], first: int) -> None:
    """Against a walk over the minutes of 30 days."""
    edges = edges[: len(edges) // 2 * 2]
    has = np.zeros(43_200, dtype=bool)
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        has[a:b] = True
    if not has.any():
        return
    first = min(first, int(np.argmax(has)))
    minute_ns = 60 * NS_PER_S
    intervals = [
        (SINCE_NS + a * minute_ns, SINCE_NS + b * minute_ns) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
    found = bar(intervals, SINCE_NS + first * minute_ns, SINCE_NS, SINCE_NS + 30 * DAY_NS)
    late = 43_200 - edges[-1] < 10  # may be on its way
    end = edges[-1] if late else 43_200
    drawn = [""] * N_PARTS
    for kind, path in found.paths.items():
        for start, length in re.findall(r"M(\d+) \d+h(\d+)v", path):
            for n in range(int(start), int(start) + int(length)):
                assert drawn[n] == ""
                drawn[n] = kind
    for n in range(N_PARTS):
        asked = range(max(30 * n, first), min(30 * n + 30, end))
        share = np.mean([has[k] for k in asked]) if asked else None
        wanted = "" if share is None else "whole" if share == 1 else "none" if share == 0 else None
        assert drawn[n] == (wanted if wanted is not None else "most" if share >= 0.9 else "little")
    assert found.percent == pytest.approx(100 * has[first:end].mean())
    holes = np.flatnonzero(np.diff(np.concatenate([[True], has[first:end], [True]]).astype(int)) == -1)
    assert len(found.gaps) == len(holes)
