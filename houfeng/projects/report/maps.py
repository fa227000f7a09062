"""The map of a report: places, stations and epicentres on land, and where in the world they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline

from houfeng.geography import outlines, within
from houfeng.projects.report.plots import settings, svg_of
from houfeng.projects.report.words import Words

_SIZE_IN = (7.0, 5.2)
_SEA, _LAND, _COAST = "#dbe7ef", "#f6f3ea", "#7c8a94"
_MARGIN = 0.08  # around the outermost place, a share of what is shown
_LEAST_DEG = 0.5
_AROUND_DEG = 18.0  # what the small map shows beyond the large one


def draw_map(shape: dict[str, Any], words: Words) -> bytes:
    """A degree of longitude is as long as in the middle; borders are left out, as states do not agree on them."""
    with mpl.rc_context(settings()):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.subplots()
        for route in shape["routes"]:
            axes.plot([p[1] for p in route["points"]], [p[0] for p in route["points"]], "-", color="#00558c", lw=2,
                      label=route["name"])  # fmt: skip
        _marks(axes, shape["sites"], "s", "#b00020", words("site"), (5, -9))  # a site is often where its station is
        used = [one for one in shape["stations"] if one["n_records"]]
        _marks(axes, used, "^", "#1a1a1a", words("station with an assessed record"), (5, 4))
        _marks(axes, [one for one in shape["stations"] if not one["n_records"]], "v", "none",
               words("station without one"), (5, 4))  # fmt: skip
        _marks(axes, shape["events"], "*", "#e07b00", words("epicentre"), (-8, 3))
        box = _frame(axes)
        _draw_land(axes, box)
        axes.set_xlabel(words("longitude (°)"))
        axes.set_ylabel(words("latitude (°)"))
        axes.grid(color="0.8", lw=0.5)
        axes.legend(loc="upper right", framealpha=0.9)
        _draw_around(axes, box)
        return svg_of(figure)


def _marks(
    axes: Axes, rows: Sequence[dict[str, Any]], marker: str, colour: str, label: str, away: tuple[int, int]
) -> None:
    if not rows:
        return
    size = 12 if marker == "*" else 6
    longitudes, latitudes = [row["longitude_deg"] for row in rows], [row["latitude_deg"] for row in rows]
    axes.plot(longitudes, latitudes, marker, mfc=colour, mec="0.1", ms=size, ls="none", label=label)
    for row in rows:
        axes.annotate(row["name"], (row["longitude_deg"], row["latitude_deg"]), away, textcoords="offset points",
                      fontsize=6.5, ha="left" if away[0] > 0 else "right")  # fmt: skip


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


def _draw_around(axes: Axes, box: tuple[float, float, float, float]) -> None:
    """A small map in the corner, with the frame of the large one."""
    west, east, south, north = box
    around = west - _AROUND_DEG, east + _AROUND_DEG, max(south - _AROUND_DEG, -90), min(north + _AROUND_DEG, 90)
    small = axes.inset_axes((0.012, 0.012, 0.27, 0.27))
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
