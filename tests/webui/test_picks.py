"""What pages say of an onset: its first motion, and what disturbed its window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from database.store import Store
from houfeng.types import Event
from tests.webui.conftest import make_event
from tests.webui.test_pages import cells

Get = Callable[..., str]


@pytest.mark.parametrize("path", ["/events/{event}", "/stations/KR.NRN"])
def test_first_motion_and_doubts_are_shown(filled: Store, get: Get, path: str) -> None:
    first, second, third = make_event(1_274_977_473_123_456_789).picks
    first = replace(first, polarity="up", is_clipped=True, is_near_gap=True)
    event = Event((first, replace(second, polarity="down"), third))
    with filled.begin() as unit:
        unit.save_picks("run/live", event.picks)
        unit.save_events("run/live", [event])
    page = get(path.format(event=event.public_id.removeprefix("event/")))
    row = cells(page, first.public_id)
    assert "P ▲" in row
    assert "local, clipped, near a gap" in row
    assert 'title="first motion up"' in page
    if "events" in path:
        assert cells(page, event.picks[1].public_id)[0] == "P ▼"
        assert cells(page, third.public_id)[0] == "P"
