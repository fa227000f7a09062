"""The picture of a sweep: what part of the expected onsets each combination finds, and at how many false triggers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from detection.settings import DetectionSettings
from detection.tuning.grid import label
from detection.tuning.judging import Found
from detection.tuning.scoring import Score, pooled

# A panel for all stations together and one for each of those that miss most; more could not be read.
_MOST_PANELS, _COLUMNS = 12, 4
_STYLES = ("o-", "s-", "^-", "D-", "v-", "P-", "X-")


def draw(found: Found, false_per_hour: float, path: Path) -> None:
    """Write a picture; its format is that of the file's ending.

    Parameters
    ----------
    found : of a sweep
    false_per_hour : the allowance, drawn as a line
    """
    stations = sorted({station_id for scores in found.scores for station_id in scores})
    recall = {each: _recall(pooled(found.scores[0], [each])) for each in stations}
    shown = sorted(stations, key=lambda each: (recall[each], each))[: _MOST_PANELS - 1]
    panels = [("all stations", stations), *((each, [each]) for each in sorted(shown))]
    n_columns = math.ceil(len(panels) / math.ceil(len(panels) / _COLUMNS))
    n_rows = math.ceil(len(panels) / n_columns)
    figure = Figure(figsize=(3.2 * n_columns + 1.5, 2.9 * n_rows + 1.2), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (title, station_ids) in zip(grid.flat, panels, strict=False):
        _panel(axes, found, station_ids, false_per_hour)
        left_out = len(stations) - len(shown) if title == "all stations" else 0
        axes.set_title(title + (f" ({left_out} without a panel)" if left_out else ""), fontsize=9)
    for axes in grid.flat[len(panels) - n_columns : len(panels)]:
        axes.tick_params(labelbottom=True)  # the last of its column
    grid.flat[0].set_xlim(left=-0.1)  # now that all have drawn, of all
    figure.supxlabel("false triggers per hour and station", fontsize=9)
    figure.supylabel("expected P onsets found (%)", fontsize=9)
    handles, names = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)


def _panel(axes: Axes, found: Found, station_ids: Sequence[str], false_per_hour: float) -> None:
    """Recall against false triggers: a line for each set of bands and averages, its points the ratios."""
    scores = [pooled(each, station_ids) for each in found.scores]
    lines: dict[str, list[tuple[DetectionSettings, Score]]] = {}
    for settings, score in zip(found.combinations, scores, strict=True):
        lines.setdefault(_name(settings), []).append((settings, score))
    for number, (name, points) in enumerate(lines.items()):
        rows = [
            (score.false_per_hour, 100 * score.recall, settings.on_ratio)
            for settings, score in sorted(points, key=lambda point: point[0].on_ratio)
            if score.false_per_hour is not None and score.recall is not None
        ]
        axes.plot([row[0] for row in rows], [row[1] for row in rows], _STYLES[number % len(_STYLES)], ms=4, lw=1,
                  label=name)  # fmt: skip
        for false, recall, on_ratio in rows[:: max(len(rows) - 1, 1)] if number == 0 else ():
            axes.annotate(f"on {on_ratio:g}", (false, recall), (0, 6), textcoords="offset points", fontsize=7)
    today = scores[0]
    if today.false_per_hour is not None and today.recall is not None:
        axes.plot(today.false_per_hour, 100 * today.recall, "o", ms=12, mfc="none", mec="0.2", label="today's settings")
    axes.axvline(false_per_hour, color="0.6", lw=1, ls="--", label=f"allowed: {false_per_hour:g} per hour")
    axes.set_ylim(-5, 110)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(color="0.9")


def _name(settings: DetectionSettings) -> str:
    return f"{label(settings.bands)}, sta {settings.sta_s:g} s, lta {settings.lta_s:g} s"


def _recall(score: Score) -> float:
    return 1.0 if score.recall is None else score.recall
