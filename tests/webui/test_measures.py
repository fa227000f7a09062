"""What each value that sets a state means is one click away, in the language of the reader."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from webui.evidence import RULES


@pytest.mark.parametrize("language", ["en", "zh", "ru"])
def test_every_rule_has_plain_words_and_a_formula(client: FlaskClient, language: str) -> None:
    page = client.get(f"/measures?lang={language}").text
    rows = re.findall(r'<tr id="(\w+)">.*?<td class="reason">(.+?)</td><td class="reason formula">(.+?)</td>', page)
    assert [rule for rule, _, _ in rows] == list(RULES)
    english = client.get("/measures?lang=en").text
    is_other = [meaning not in english for _, meaning, _ in rows]
    assert not any(is_other) if language == "en" else all(is_other)


def test_the_pages_lead_there(client: FlaskClient) -> None:
    measures = client.get("/measures").text
    station = client.get("/stations/KR.NRN").text
    asked = set(re.findall(r'href="/measures#(\w+)"', station))
    assert len(asked) >= 2
    assert all(f'id="{rule}"' in measures for rule in asked)
    for address in ("/", "/stations", "/about"):
        assert 'href="/measures"' in client.get(address).text
