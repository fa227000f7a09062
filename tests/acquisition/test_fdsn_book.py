"""What data centres lack, remembered with its next try."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.backfill import BOOK_NAME
from acquisition.fdsn.book import Absence, due, load, remember, save
from acquisition.fdsn.rules import Missing
from houfeng.errors import SourceError
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId

S = NS_PER_S
HHZ = SourceId("XX", "AAA", "00", "HHZ")


@pytest.mark.parametrize("text", ["{", "[1]", '{"SERVER": [{"stream": "XX"}]}', '{"SERVER": [{"stream": "x"}]}'])
def test_a_broken_book_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / BOOK_NAME
    path.write_text(text)
    with pytest.raises(SourceError, match=BOOK_NAME):
        load(path, "SERVER")


# a busy computer makes examples slowly, which says nothing about the code
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
small = st.integers(0, 40)
gaps = st.lists(st.tuples(small, small).map(lambda t: Gap(HHZ, min(t), max(t) + 1)), max_size=5)


def moments(some: list[Gap]) -> set[int]:
    return {t for each in some for t in range(each.start_ns, each.end_ns)}


@given(
    gaps, st.lists(st.tuples(small, small, small).map(lambda t: (Gap(HHZ, min(t[:2]), max(t[:2]) + 1), t[2]))), small
)
def test_what_waits_is_not_due_and_all_else_is(wanted: list[Gap], known: list[tuple[Gap, int]], now_ns: int) -> None:
    absences = [Absence(gap, 1, at_ns, "") for gap, at_ns in known]
    waiting = moments([gap for gap, at_ns in known if at_ns > now_ns])
    assert moments(due(wanted, absences, now_ns)) == moments(wanted) - waiting


@unhurried
@given(gaps, gaps, gaps)
def test_remembering_keeps_what_was_not_settled(before: list[Gap], filled: list[Gap], lost: list[Gap]) -> None:
    known = [Absence(gap, 1, 99, "") for gap in before]
    after = remember(known, filled, [Missing(gap, "", True) for gap in lost], 0)
    assert moments([each.gap for each in after]) == (moments(before) - moments(filled)) | moments(lost)


def test_waiting_grows_from_an_hour_to_a_month() -> None:
    known: tuple[Absence, ...] = ()
    hours = []
    for _ in range(8):
        known = remember(known, [], [Missing(Gap(HHZ, 0, S), "", True)], 0)
        hours.append(known[0].next_try_ns / S / 3600)
    assert hours == [1, 4, 16, 64, 256, 720, 720, 720]


def test_what_was_saved_is_loaded_for_that_server_alone(tmp_path: Path) -> None:
    path = tmp_path / BOOK_NAME
    one = (Absence(Gap(HHZ, 1, 2), 3, 4, "nothing there"),)
    save(path, "one", one)
    save(path, "other", [])
    assert load(path, "one") == one
    assert load(path, "other") == load(path, "nobody") == ()
    assert [each.name for each in tmp_path.iterdir()] == [BOOK_NAME]
