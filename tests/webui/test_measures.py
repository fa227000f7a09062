"""What each value that sets a state means is one click away, in the language of the reader."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from webui.evidence import RULES

HEAD = re.compile(r'<th scope="col"[^>]*>(.*?)</th>')
MARK = re.compile(r'<a class="how" href="/measures#([\w-]+)" aria-label="([^"]+)"></a>')
# Of the station table, and of a station's channels: what the columns of figures show.
COLUMNS = {
    "/": [
        *("total_latency", "feed_latency", "total_latency", "availability_1h", "availability_24h", "num_gaps"),
        *("timing_quality", "sample_rms", "mass_position", "supply_voltage"),
    ],
    "/stations/KR.NRN": [
        *("total_latency", "feed_latency", "availability_1h", "availability_24h", "num_gaps", "now-max_gap_s"),
        *("num_overlaps", "now-sample_rms", "sample_mean"),
    ],
}


@pytest.mark.parametrize("language", ["en", "zh", "ru"])
def test_every_rule_has_plain_words_and_a_formula(client: FlaskClient, language: str) -> None:
    page = client.get(f"/measures?lang={language}").text
    rows = re.findall(r'<tr id="([\w-]+)">.*?<td class="reason">(.+?)</td><td class="reason formula">(.+?)</td>', page)
    figures = ["now-data_latency_s", "now-max_gap_s", "now-sample_rms"]
    assert [rule for rule, _, _ in rows] == [*RULES, *figures]
    english = client.get("/measures?lang=en").text
    is_other = [meaning not in english for _, meaning, _ in rows]
    assert not any(is_other) if language == "en" else all(is_other)


@pytest.mark.parametrize("language", ["en", "zh", "ru"])
@pytest.mark.parametrize("address", COLUMNS)
def test_each_column_of_figures_leads_to_its_measure(client: FlaskClient, address: str, language: str) -> None:
    measures = client.get(f"/measures?lang={language}").text
    heads = [head for head in HEAD.findall(client.get(f"{address}?lang={language}").text) if 'class="how"' in head]
    marks = [MARK.search(head) for head in heads]
    assert [mark and mark[1] for mark in marks] == COLUMNS[address]
    assert all(f'<tr id="{mark[1]}"' in measures for mark in marks if mark)
    names = [mark[2] for mark in marks if mark]
    assert len(set(names)) == len(names)
    how = {"en": "How it is measured: ", "zh": "如何测量：", "ru": "Как измеряется: "}[language]
    assert all(name.startswith(how) for name in names)
    if address == "/":
        n_sorting = sum("sort=" in head for head in heads)
        assert n_sorting == len(heads) - 1  # the line of the day's latency is not sorted by


def test_the_pages_lead_there(client: FlaskClient) -> None:
    measures = client.get("/measures").text
    station = client.get("/stations/KR.NRN").text
    asked = set(re.findall(r'href="/measures#([\w-]+)"', station))
    assert len(asked) >= 2
    assert all(f'id="{rule}"' in measures for rule in asked)
    for address in ("/", "/stations", "/about"):
        assert 'href="/measures"' in client.get(address).text
