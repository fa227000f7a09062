"""The map of a report: places, stations and epicentres on land, and where in the world they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline

from houfeng.geography import outlines, within
from houfeng.geography.names import Box, Look, place
from houfeng.projects.report.plots import settings, svg_of
from houfeng.projects.report.scenario import only_stand_ins
from houfeng.projects.report.words import Words

Corner = Literal["upper right", "upper left", "lower left", "lower right"]

_SIZE_IN = (7.0, 5.2)
_SEA, _LAND, _COAST = "#dbe7ef", "#f6f3ea", "#7c8a94"
_MARGIN = 0.08  # around the outermost place, a share of what is shown
_LEAST_DEG = 0.5
# What the axes' numbers and names leave of the picture, points.
_PAPER = Box(0, 0, 0.86 * 72 * _SIZE_IN[0], 0.86 * 72 * _SIZE_IN[1])
_LOOK = Look(letter=6.5, mark=4.5, gap=3.5)  # points
_SIDES = {"start": "left", "middle": "center", "end": "right"}
_LINE_PT = 1.5  # half of what a line keeps free of names
_SHARE = 0.27  # of the map's width and height that the legend and the small map may take
_CORNERS: tuple[Corner, ...] = ("upper right", "lower left", "upper left", "lower right")
_N_ALONG = 120  # points of a line that tell which corners it passes, and where no name should be
_LINES = (("#00558c", "-"), ("#5a7d00", "-"), ("#8a4fa3", "-"), ("#00558c", "--"), ("#5a7d00", "--"))
_AROUND_DEG = 18.0  # what the small map shows beyond the large one


def draw_map(shape: dict[str, Any], words: Words) -> bytes:
    """A degree of longitude is as long as in the middle; borders are left out, as states do not agree on them."""
    with mpl.rc_context(settings()):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.subplots()
        for number, route in enumerate(shape["routes"]):
            colour, style = _LINES[number % len(_LINES)]
            axes.plot([p[1] for p in route["points"]], [p[0] for p in route["points"]], style, color=colour, lw=2,
                      label=route["name"])  # fmt: skip
        used = [one for one in shape["stations"] if one["n_records"]]
        unused = [one for one in shape["stations"] if not one["n_records"]]
        events = [] if only_stand_ins(shape) else shape["events"]
        _marks(axes, shape["sites"], "s", "#b00020", words("site"))
        _marks(axes, used, "^", "#1a1a1a", words("station with an assessed record"))
        _marks(axes, unused, "v", "#ffffff", words("station without one"))
        _marks(axes, events, "*", "#e07b00", words("epicentre"))
        box = _frame(axes)
        along = _along(shape, box)
        free = _free_corners(shape, box, along)
        _name(axes, [*used, *unused, *shape["sites"], *events], box, free, along)
        _draw_land(axes, box)
        axes.set_xlabel(words("longitude (°)"))
        axes.set_ylabel(words("latitude (°)"))
        axes.grid(color="0.8", lw=0.5)
        axes.legend(loc=free[0], framealpha=0.9)
        _draw_around(axes, box, free[1])
        return svg_of(figure)


def _marks(axes: Axes, rows: Sequence[dict[str, Any]], marker: str, colour: str, label: str) -> None:
    if not rows:
        return
    size = {"*": 12, "s": 8}.get(marker, 6)  # a site is often where its station is, which is then seen on it
    longitudes, latitudes = [row["longitude_deg"] for row in rows], [row["latitude_deg"] for row in rows]
    axes.plot(longitudes, latitudes, marker, mfc=colour, mec="0.1", ms=size, ls="none", label=label)


def _on_paper(longitude_deg: float, latitude_deg: float, box: tuple[float, float, float, float]) -> tuple[float, float]:
    west, east, south, north = box
    return (longitude_deg - west) / (east - west) * _PAPER.right, (latitude_deg - south) / (north - south) * _PAPER.high


def _name(
    axes: Axes,
    rows: Sequence[dict[str, Any]],
    box: tuple[float, float, float, float],
    free: Sequence[Corner],
    along: Sequence[tuple[float, float]],
) -> None:
    """Names beside their places, not on each other, the legend, the small map or the lines."""
    marks = [(*_on_paper(row["longitude_deg"], row["latitude_deg"], box), row["name"]) for row in rows]
    lines = [Box(x - _LINE_PT, y - _LINE_PT, x + _LINE_PT, y + _LINE_PT) for x, y in along]
    offsets = place(marks, _LOOK, _PAPER, [*(_corner(corner) for corner in free[:2]), *lines], all_named=True)
    for row, offset in zip(rows, offsets, strict=True):
        assert offset is not None  # all are named
        axes.annotate(row["name"], (row["longitude_deg"], row["latitude_deg"]), offset[:2], fontsize=_LOOK.letter,
                      textcoords="offset points", ha=_SIDES[offset.anchor])  # fmt: skip


def _along(shape: dict[str, Any], box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    """Points of the lines on paper."""
    at = []
    for route in shape["routes"]:
        points = np.array(route["points"])[:, :2]
        along = np.linspace(0, len(points) - 1, _N_ALONG)
        latitudes, longitudes = (np.interp(along, np.arange(len(points)), points[:, axis]) for axis in (0, 1))
        at += [_on_paper(x, y, box) for x, y in zip(longitudes, latitudes, strict=True)]
    return at


def _free_corners(
    shape: dict[str, Any], box: tuple[float, float, float, float], along: Sequence[tuple[float, float]]
) -> list[Corner]:
    """Corners of the map, that with the fewest places and pieces of lines in it first."""
    rows = (*shape["sites"], *shape["stations"])
    at = [*(_on_paper(row["longitude_deg"], row["latitude_deg"], box) for row in rows), *along]
    inside = {
        corner: sum(_corner(corner).shared(Box(x - 4, y - 4, x + 4, y + 4)) > 0 for x, y in at) for corner in _CORNERS
    }
    return sorted(_CORNERS, key=lambda corner: inside[corner])


def _corner(name: Corner) -> Box:
    wide, high = _SHARE * _PAPER.right, _SHARE * _PAPER.high
    left = 0.0 if "left" in name else _PAPER.right - wide
    low = 0.0 if "lower" in name else _PAPER.high - high
    return Box(left, low, left + wide, low + high)


def _frame(axes: Axes) -> tuple[float, float, float, float]:
    """West, east, south and north of a map that fills its axes and has all places in it."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    stretch = max(cos(radians((south + north) / 2)), 0.1)
    wide = _SIZE_IN[0] / _SIZE_IN[1] / stretch  # degrees of longitude that are as long as one of latitude is high
    high = max((north - south) * (1 + 2 * _MARGIN), (east - west) * (1 + 2 * _MARGIN) / wide, _LEAST_DEG)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    box = middle_x - high * wide / 2, middle_x + high * wide / 2, middle_y - high / 2, middle_y + high / 2
    axes.set_xlim(*box[:2])
    axes.set_ylim(*box[2:])
    axes.set_aspect(1 / stretch)
    return box


def _draw_around(axes: Axes, box: tuple[float, float, float, float], corner: Corner) -> None:
    """A small map in the corner, with the frame of the large one."""
    west, east, south, north = box
    around = west - _AROUND_DEG, east + _AROUND_DEG, max(south - _AROUND_DEG, -90), min(north + _AROUND_DEG, 90)
    x, y = (0.012 if near in corner else 1 - 0.012 - _SHARE for near in ("left", "lower"))
    small = axes.inset_axes((x, y, _SHARE, _SHARE))
    small.set_xlim(*around[:2])
    small.set_ylim(*around[2:])
    small.set_aspect("auto")
    small.set_xticks([])
    small.set_yticks([])
    _draw_land(small, around)
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    small.plot(*zip(*corners, strict=True), "-", color="#b00020", lw=1.2)


def _draw_land(axes: Axes, box: tuple[float, float, float, float]) -> None:
    west, east, south, north = box
    axes.set_facecolor(_SEA)
    closed = (np.concatenate((piece, piece[:1])) for piece in within(outlines(), (west, south, east, north)))
    paths = [Outline(ring, closed=True) for ring in closed]
    if paths:
        # as one path, in which lakes run the other way round than land and are left out
        whole = Outline.make_compound_path(*paths)
        axes.add_collection(
            PathCollection([whole], facecolor=_LAND, edgecolor=_COAST, lw=0.6, zorder=0.5), autolim=False
        )
