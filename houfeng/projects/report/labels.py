"""Where names stand on a map, so that they lie neither on each other nor on what they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_LETTER, _HAN = 0.58, 1.0  # width of a letter, a share of its height
_FIRST_HAN = 0x2E80
_MARK = 9.0  # of a place's sign, points


class Box(NamedTuple):
    """On paper, points."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: Box) -> float:
        """How much of it lies on another one, square points."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.high, other.high) - max(self.low, other.low)
        return wide * high if wide > 0 and high > 0 else 0.0


class Offset(NamedTuple):
    """From a place to its name, points; `side` is where the name is aligned."""

    x: float
    y: float
    side: str


# Right above first, as readers look there; the others where that is taken.
_OFFSETS = (
    *(Offset(5, 4, "left"), Offset(5, -9, "left"), Offset(-5, 4, "right"), Offset(-5, -9, "right")),
    *(Offset(8, -3, "left"), Offset(-8, -3, "right"), Offset(5, 12, "left"), Offset(5, -17, "left")),
    *(Offset(-5, 12, "right"), Offset(-5, -17, "right")),
)


def place(
    at: Sequence[tuple[float, float]], names: Sequence[str], size_pt: float, within: Box, taken: Sequence[Box]
) -> list[Offset]:
    """An offset for each name, in their order.

    Parameters
    ----------
    at : of the places on paper, points
    size_pt : height of letters
    within : the paper
    taken : what no name should lie on, such as a legend
    """
    used = [*taken, *(Box(x - _MARK / 2, y - _MARK / 2, x + _MARK / 2, y + _MARK / 2) for x, y in at)]
    found = []
    for (x, y), name in zip(at, names, strict=True):
        boxes = {offset: _box(x, y, name, size_pt, offset) for offset in _OFFSETS}
        best = min(_OFFSETS, key=lambda offset: _cost(boxes[offset], used, within))
        used.append(boxes[best])
        found.append(best)
    return found


def _cost(box: Box, used: Sequence[Box], within: Box) -> float:
    area = (box.right - box.left) * (box.high - box.low)
    return sum(box.shared(other) for other in used) + 2 * (area - box.shared(within))


def _box(x: float, y: float, name: str, size_pt: float, offset: Offset) -> Box:
    wide = size_pt * sum(_HAN if ord(letter) >= _FIRST_HAN else _LETTER for letter in name)
    left = x + offset.x if offset.side == "left" else x + offset.x - wide
    return Box(left, y + offset.y - 1, left + wide, y + offset.y + size_pt)
