"""Names on a map: beside what they name, and on nothing else; for pages and for paper.

Lengths are of any unit, the same for all; y is upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Anchor = Literal["start", "middle", "end"]

# Widths and heights of letters, shares of the letters' size.
_LETTER, _HAN, _FIRST_HAN = 0.6, 1.0, 0x2E80
_BELOW, _ABOVE, _MIDDLE = 0.25, 0.85, 0.36
_START: dict[Anchor, float] = {"start": 0.0, "middle": -0.5, "end": -1.0}
_OUTSIDE = 2.0  # a name that leaves the map is worse than one on another
_FREE = 1e-9  # areas are differences of floats


class Box(NamedTuple):
    """A part of the map."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: Box) -> float:
        """How much of it lies on another one, as an area."""
        return float(_shared(np.array([self]), np.array([other]))[0, 0])


class Offset(NamedTuple):
    """From the middle of a mark to its name's base line, and which end of the name is there."""

    x: float
    y: float
    anchor: Anchor


class Look(NamedTuple):
    """How large things are drawn.

    Parameters
    ----------
    letter : size of letters
    mark : half of a mark's width
    gap : between a mark and a name beside it
    """

    letter: float
    mark: float
    gap: float

    def offsets(self) -> tuple[Offset, ...]:
        """Where a name may be: to the right first, as readers look there; a second ring last."""
        beside, middle = self.mark + self.gap, -_MIDDLE * self.letter
        near, up, down = self.mark + 1, self.mark, -(self.mark + 0.73 * self.letter)
        ring = self.letter + 1
        corners = [(near, up), (near, down), (-near, up), (-near, down)]
        far = [(x, y + ring if y > 0 else y - ring) for x, y in corners]
        return (
            *(Offset(beside, middle, "start"), Offset(-beside, middle, "end")),
            *(Offset(0, beside, "middle"), Offset(0, -(self.mark + ring), "middle")),
            *(Offset(x, y, "start" if x > 0 else "end") for x, y in (*corners, *far)),
        )


def place(
    marks: Sequence[tuple[float, float, str]], look: Look, within: Box, taken: Sequence[Box] = (), *, all_named: bool
) -> list[Offset | None]:
    """A place for the name of each mark, the most important mark first.

    Parameters
    ----------
    marks : x, y and name
    within : the map
    taken : what no name should lie on beside the marks, such as a legend or points of lines
    all_named : give every mark a name, where it does least harm; otherwise a mark has None where there is no free place
    """
    offsets = look.offsets()
    half = look.mark
    used = np.empty((len(taken) + 2 * len(marks), 4))
    n_used = len(taken) + len(marks)
    used[:n_used] = np.array([*taken, *(Box(x - half, y - half, x + half, y + half) for x, y, _ in marks)]).reshape(
        -1, 4
    )
    found: list[Offset | None] = []
    for x, y, name in marks:
        boxes = _boxes(x, y, name, look.letter, offsets)
        costs = _costs(boxes, used[:n_used], within)
        best = int(np.argmin(costs)) if all_named else next((n for n, cost in enumerate(costs) if cost < _FREE), None)
        found.append(None if best is None else offsets[best])
        if best is not None:
            used[n_used] = boxes[best]
            n_used += 1
    return found


def _boxes(x: float, y: float, name: str, letter: float, offsets: Sequence[Offset]) -> Floats:
    """(offsets, 4): left, low, right and high of the name at each of them."""
    wide = letter * sum(_HAN if ord(each) >= _FIRST_HAN else _LETTER for each in name)
    left = np.array([x + offset.x + _START[offset.anchor] * wide for offset in offsets])
    base = np.array([y + offset.y for offset in offsets])
    return np.stack((left, base - _BELOW * letter, left + wide, base + _ABOVE * letter), axis=1)


def _costs(boxes: Floats, used: Floats, within: Box) -> Floats:
    """(boxes,): areas on what is there already, and outside the map."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    inside = _shared(boxes, np.array([within]))[:, 0]
    costs: Floats = _shared(boxes, used).sum(axis=1) + _OUTSIDE * (areas - inside)
    return costs


def _shared(boxes: Floats, others: Floats) -> Floats:
    """(boxes, others): the areas that they have in common."""
    low = np.maximum(boxes[:, np.newaxis, :2], others[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[np.newaxis, :, 2:])
    areas: Floats = np.clip(high - low, 0, None).prod(axis=2)
    return areas
