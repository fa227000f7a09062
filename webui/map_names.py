"""Names on a map: beside what they name, and never one on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

_LETTER_PX, _LINE_PX = 6.7, 12.0  # of the style sheet's 11 px, with some air
_AWAY_PX, _MARK_PX = 11.0, 7.0
_MOST = 60  # of more nobody finds one, and each is compared with all before it


class Name(NamedTuple):
    """Where a name stands, from the middle of its mark, pixels; which end of it is there."""

    x: float
    y: float
    anchor: Literal["start", "middle", "end"]


# To the right first, as readers look there.
_PLACES = (
    *(Name(_AWAY_PX, 4, "start"), Name(-_AWAY_PX, 4, "end"), Name(0, -_AWAY_PX, "middle"), Name(0, 19, "middle")),
    *(Name(8, -7, "start"), Name(8, 15, "start"), Name(-8, -7, "end"), Name(-8, 15, "end")),
)
_START = {"start": 0.0, "middle": -0.5, "end": -1.0}
_Box = tuple[float, float, float, float]


def placed(marks: Sequence[tuple[float, float, str]], size: tuple[int, int]) -> list[Name | None]:
    """A place for the name of each mark; None where all would lie on another name or mark, or off the map.

    Parameters
    ----------
    marks : x, y and name, the most important first
    size : width and height of the map
    """
    taken = [(x - _MARK_PX, y - _MARK_PX, x + _MARK_PX, y + _MARK_PX) for x, y, _ in marks[:_MOST]]
    found: list[Name | None] = []
    for x, y, name in marks[:_MOST]:
        boxes = {place: _box(x, y, name, place) for place in _PLACES}
        free = (place for place, box in boxes.items() if _is_inside(box, size) and not _meets(box, taken))
        best = next(free, None)
        if best is not None:
            taken.append(boxes[best])
        found.append(best)
    return found + [None] * (len(marks) - len(found))


def _box(x: float, y: float, name: str, place: Name) -> _Box:
    wide = _LETTER_PX * len(name)
    left = x + place.x + _START[place.anchor] * wide
    return left, y + place.y - _LINE_PX + 3, left + wide, y + place.y + 3


def _is_inside(box: _Box, size: tuple[int, int]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _meets(box: _Box, taken: Sequence[_Box]) -> bool:
    left, top, right, bottom = box
    return any(left < x1 and x0 < right and top < y1 and y0 < bottom for x0, y0, x1, y1 in taken)
