"""The history of events on their page and in JSON, what became of those that are none any more, and synthetic ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from database import queries
from database.store import Store
from database.unit import UnitOfWork
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Event
from tests.webui.conftest import located, make_event


def commit(store: Store, events: Sequence[Event] = (), withdrawn: Sequence[str] = ()) -> None:
    def save(unit: UnitOfWork) -> None:
        unit.save_picks("run/live", [pick for event in events for pick in event.picks])
        unit.note_revisions("run/live", events, withdrawn, now_ns())
        unit.withdraw_events("run/live", withdrawn)
        unit.save_events("run/live", events)

    store.run(save)


@pytest.fixture
def renamed(filled: Store) -> tuple[Event, Event]:
    """An event that a late pick made begin earlier: before, and as it is now."""
    t_ns = now_ns() - 600 * NS_PER_S
    before = make_event(t_ns)
    now = located(replace(before, picks=(make_event(t_ns - NS_PER_S).picks[0], *before.picks[1:])))
    commit(filled, [before])
    commit(filled, [now], [before.public_id])
    return before, now


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_page_tells_how_an_event_came_to_be(client: FlaskClient, renamed: tuple[Event, Event]) -> None:
    before, now = (event.public_id.removeprefix("event/") for event in renamed)
    page = text_of(client.get(f"/events/{now}").text)
    assert "History revisions: 1, oldest first" in page
    assert f"In the place of {before} + KR.NRN P, II.AAK P, IC.LSA P" in page
    old = client.get(f"/events/{before}")
    assert old.status_code == 200  # an open page shall turn to say so
    assert f"Goes on as {now}" in text_of(old.text)
    assert f'href="/events/event/{now}"' in old.text
    assert "− KR.NRN P, II.AAK P, IC.LSA P" in text_of(old.text)


def test_programs_are_told_that_it_is_gone(client: FlaskClient, renamed: tuple[Event, Event]) -> None:
    before, now = renamed
    answer = client.get(f"/api/v1/events/{before.public_id}")
    assert answer.status_code == 410
    assert (answer.json["status"], answer.json["successor"]) == ("continued", now.public_id)
    assert [each["reason"] for each in answer.json["history"]] == ["first", "continued"]
    found = client.get(f"/api/v1/events/{now.public_id}")
    assert found.status_code == 200
    (first,) = found.json["history"]
    assert (first["reason"], first["others"], first["revision"]) == ("continues", [before.public_id], 1)
    assert [pick["station"] for pick in first["picks_added"]] == ["KR.NRN", "II.AAK", "IC.LSA"]
    assert first["created"].endswith("Z")


def test_lists_have_what_is_gone_only_when_asked(client: FlaskClient, renamed: tuple[Event, Event]) -> None:
    before, now = (event.public_id for event in renamed)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"/api/v1/events{query}").json["events"]]

    assert now in ids("")
    assert before not in ids("")
    assert ids("?status=gone") == [before]
    assert set(ids("?status=all")) == {*ids(""), before}
    assert "status: current, gone or all is needed" in client.get("/api/v1/events?status=old").json["error"]
    assert "goes on under another id" in text_of(client.get("/events?status=gone").text)
    assert "goes on under another id" not in text_of(client.get("/events").text)
    assert "status,successor,is_synthetic" in client.get("/api/v1/events?format=csv").text


@pytest.mark.parametrize(("lang", "word"), [("en", "synthetic"), ("zh", "合成数据"), ("ru", "синтетика")])
def test_what_a_computer_made_is_called_so_everywhere(client: FlaskClient, filled: Store, lang: str, word: str) -> None:
    assert word not in client.get(f"/events?lang={lang}").text
    with filled.begin() as unit:
        live = queries.run(unit.connection, "run/live")
        assert live is not None
        unit.save_run(replace(live, is_synthetic=True))
    with filled.read() as snapshot:
        (event,) = queries.events(snapshot)
    for path in ("/", "/events", "/runs", f"/events/{event.public_id}"):
        assert word in client.get(f"{path}?lang={lang}").text.lower()
    assert client.get(f"/api/v1/events/{event.public_id}").json["is_synthetic"] is True
    assert client.get("/api/v1/runs?kind=live").json["runs"][0]["is_synthetic"] is True
