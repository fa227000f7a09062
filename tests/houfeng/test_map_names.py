"""Names on maps, of pages and of paper: beside their marks, and on nothing else."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.geography.names import _START, Box, Look, Offset, place

LOOK = Look(letter=6.5, mark=4.5, gap=3.5)
PAPER = Box(0, 0, 400, 300)
LETTER, HAN = 0.6, 1.0


def box(mark: tuple[float, float, str], offset: Offset, letter: float = LOOK.letter) -> Box:
    """Where a name lies, counted here once more."""
    x, y, name = mark
    wide = letter * sum(HAN if each >= "⺀" else LETTER for each in name)
    left = x + offset.x + _START[offset.anchor] * wide
    return Box(left, y + offset.y - 0.25 * letter, left + wide, y + offset.y + 0.85 * letter)


def marked(mark: tuple[float, float, str]) -> Box:
    x, y, _ = mark
    return Box(x - LOOK.mark, y - LOOK.mark, x + LOOK.mark, y + LOOK.mark)


def test_names_that_are_close_lie_apart_and_on_the_map() -> None:
    marks = [(200.0, 150.0, "Mandalay station"), (206.0, 155.0, "CI.CLC"), (203.0, 148.0, "曼德勒"),
             (395.0, 295.0, "at the corner")]  # fmt: skip
    found = [offset for offset in place(marks, LOOK, PAPER, all_named=True) if offset is not None]
    boxes = [box(mark, offset) for mark, offset in zip(marks, found, strict=True)]
    assert [one.shared(other) for one, other in combinations(boxes, 2)] == [0.0] * 6
    assert [one.shared(PAPER) for one in boxes] == pytest.approx(
        [(one.right - one.left) * (one.high - one.low) for one in boxes]
    )
    alone = place([(200.0, 150.0, "A")], LOOK, PAPER, all_named=False)
    assert alone == [LOOK.offsets()[0]] and LOOK.offsets()[0].x > 0  # to the right, where readers look


def test_a_line_turns_a_name_aside() -> None:
    mark = (200.0, 150.0, "CI.WCS2")
    line = [Box(198.5 + n, 148.5, 201.5 + n, 151.5) for n in range(0, 80, 2)]
    (offset,) = place([mark], LOOK, PAPER, line, all_named=True)
    assert offset is not None and offset != LOOK.offsets()[0]
    assert sum(box(mark, offset).shared(each) for each in line) == 0


def test_without_room_there_is_no_name_unless_all_must_have_one() -> None:
    crowd = [(200.0 + n % 5, 150.0 + n // 5, f"XX.ST{n:02}") for n in range(40)]
    assert None in place(crowd, LOOK, PAPER, all_named=False)
    assert None not in place(crowd, LOOK, PAPER, all_named=True)
    assert place([(200.0, 150.0, "a name wider than all of it" * 9)], LOOK, PAPER, all_named=False) == [None]
    assert place([], LOOK, PAPER, all_named=True) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 400), st.floats(0, 300), st.text("AB中文7. ", min_size=1, max_size=12)), max_size=25
    )
)
def test_names_never_lie_on_names_marks_or_the_edge(marks: list[tuple[float, float, str]]) -> None:
    found = place(marks, LOOK, PAPER, all_named=False)
    boxes = [box(mark, offset) for mark, offset in zip(marks, found, strict=True) if offset is not None]
    assert all(one.shared(other) < 1e-6 for one, other in combinations(boxes, 2))
    assert all(one.shared(marked(mark)) < 1e-6 for one in boxes for mark in marks)
    assert all(
        one.left > -1e-6 and one.right < 400 + 1e-6 and one.low > -1e-6 and one.high < 300 + 1e-6 for one in boxes
    )
