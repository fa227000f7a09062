"""The pictures of a report, as SVG that is the same from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engineering.oscillator import Floats
from houfeng.projects.report.words import Words
from houfeng.projects.running import Record

HAN_FONT = Path(__file__).parent / "fonts" / "NotoSansSC-GB2312.ttf"
_WIDTH_IN = 7.0
# Points of a drawn trace: what is between two of them is drawn from its smallest to its largest value.
_N_DRAWN = 900
# Told apart without colour too.
_STYLES = (("#b00020", "-"), ("#00558c", "--"), ("#5a7d00", "-."), ("#8a4fa3", ":"), ("#555555", "-"))
_MEASURED = ("#1a1a1a", "#e07b00", "#0a8f8f", "#9a6b4f", "#666666")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A record's spectrum at a place.

    Parameters
    ----------
    label : of the legend
    psa_g : (k,)
    usable_s : periods that the record tells of
    ratios : (k,) over the design spectra it was compared with, by their names; None where it was not
    """

    label: str
    psa_g: Floats
    usable_s: tuple[float, float]
    ratios: dict[str, list[float | None]]


def settings() -> Any:  # matplotlib's type of it is the list of all its settings
    font_manager.fontManager.addfont(HAN_FONT)
    han = font_manager.FontProperties(fname=HAN_FONT).get_name()
    fonts = {"font.family": ["DejaVu Sans", han], "font.size": 8, "axes.titlesize": 9, "legend.fontsize": 7}
    return fonts | {"svg.hashsalt": "houfeng", "svg.fonttype": "path", "axes.unicode_minus": False}


def svg_of(figure: Figure) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return drawn.getvalue()


def draw_spectra(
    periods_s: Floats, design: Sequence[dict[str, Any]], measured: Sequence[Measured], words: Words
) -> bytes:
    """Measured spectra over design spectra, and the ratio of the two; what a record does not tell is thin."""
    with mpl.rc_context(settings()):
        held = any(one.ratios for one in measured)
        figure = Figure(figsize=(_WIDTH_IN, 5.4 if held else 3.6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 2)) if held else (figure.subplots(), None)
        for number, one in enumerate(measured):
            colour = _MEASURED[number % len(_MEASURED)]
            inside = (periods_s >= one.usable_s[0]) & (periods_s <= one.usable_s[1])
            above.plot(periods_s, one.psa_g, "-", color=colour, lw=0.5)
            above.plot(periods_s, np.where(inside, one.psa_g, np.nan), "-", color=colour, lw=1.6, label=one.label)
        for number, row in enumerate(design):
            colour, style = _STYLES[number % len(_STYLES)]
            mark = "" if row["confirmed"] else f" ({words('unconfirmed')})"
            above.plot(periods_s, _numbers(row["psa_g"]), style, color=colour, lw=1.4, label=row["name"] + mark)
        above.set_yscale("log")
        above.set_ylabel(words("PSA (g)"))
        above.legend(loc="lower left", framealpha=0.9)
        if below is not None:
            _ratios(below, periods_s, [row["name"] for row in design], measured, words)
        for axes in (above,) if below is None else (above, below):
            axes.set_xscale("log")
            axes.set_xlim(periods_s[0], periods_s[-1])
            axes.grid(which="major", color="0.85")
            axes.grid(which="minor", color="0.94", lw=0.4)
        (above if below is None else below).set_xlabel(words("period (s)"))
        return svg_of(figure)


def _ratios(axes: Axes, periods_s: Floats, names: Sequence[str], measured: Sequence[Measured], words: Words) -> None:
    """Measured over design by period, in the line of the design; where it is more than 1 it is filled."""
    for one in measured:
        for name, values in one.ratios.items():
            colour, style = _STYLES[names.index(name) % len(_STYLES)]
            ratio = _numbers(values)
            axes.plot(periods_s, ratio, style, color=colour, lw=1.2)
            axes.fill_between(periods_s, 1, ratio, where=ratio > 1, color=colour, alpha=0.15, lw=0)
    axes.axhline(1.0, color="0.1", lw=0.9)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(words("measured / design"))


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], float)


def draw_record(record: Record, fourier: dict[str, Any], words: Words) -> bytes:
    """Acceleration of each component over time, and their Fourier spectra."""
    motion = record.assessment.motion
    n = len(motion.components)
    with mpl.rc_context(settings()):
        figure = Figure(figsize=(_WIDTH_IN, 0.9 * n + 1.75), layout="constrained")
        grid = figure.add_gridspec(n + 1, 1, height_ratios=[1.0] * n + [1.8])
        most = float(np.abs(motion.acceleration_m_s2).max()) * 100
        for number, component in enumerate(motion.components):
            axes = figure.add_subplot(grid[number])
            at_s, values = _thinned(component.acceleration_m_s2 * 100, motion.rate_hz)
            axes.plot(at_s, values, "-", color="#1a1a1a", lw=0.5)
            axes.set_xlim(0, at_s[-1])
            axes.set_ylim(-1.1 * most, 1.1 * most)
            axes.set_ylabel(f"{component.name}\ncm/s²")
            axes.grid(color="0.9")
            axes.tick_params(labelbottom=number == n - 1)
        axes.set_xlabel(words("time from the start of the record (s)"))
        below = figure.add_subplot(grid[n])
        for number, (name, values) in enumerate(fourier["amplitudes_m_s"].items()):
            colour = _MEASURED[number % len(_MEASURED)]
            below.loglog(fourier["frequencies_hz"], values, "-", color=colour, lw=1.0, label=name)
        below.set_xlabel(words("frequency (Hz)"))
        below.set_ylabel(words("Fourier amplitude (m/s)"))
        below.grid(color="0.9")
        below.legend(loc="lower left")
        return svg_of(figure)


def draw_strain(route: dict[str, Any], words: Words) -> bytes:
    """Strain by kilometre post, a line for each event; no line where nothing was measured."""
    with mpl.rc_context(settings()):
        figure = Figure(figsize=(_WIDTH_IN, 2.6), layout="constrained")
        axes = figure.subplots()
        pieces = route["segments"]
        edges = [piece["from_km"] for piece in pieces] + [pieces[-1]["to_km"]]
        for number, first in enumerate(pieces[0]["events"]):
            values = [piece["events"][number].get("strain", np.nan) for piece in pieces]
            axes.stairs(values, edges, color=_MEASURED[number % len(_MEASURED)], lw=1.6, label=first["event"],
                        baseline=None)  # fmt: skip
        if route["strain_limit"] is not None:
            axes.axhline(route["strain_limit"], color="#b00020", ls="--", lw=1.2, label=words("limit of the pipe"))
        axes.set_yscale("log")
        axes.margins(y=0.1)  # the limit is often the uppermost line, and would be the frame
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(words("kilometre post"))
        axes.set_ylabel(words("axial strain"))
        axes.grid(which="both", color="0.9")
        axes.legend(loc="best")
        return svg_of(figure)


def _thinned(values: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Smallest and largest of each stretch: a trace that looks the same and is a tenth as long."""
    step = max(len(values) // _N_DRAWN, 1)
    n = len(values) // step
    pieces = values[: n * step].reshape(n, step)
    drawn = np.stack([pieces.min(axis=1), pieces.max(axis=1)], axis=1).ravel()
    at_s = np.repeat((np.arange(n) + 0.5) * step / rate_hz, 2)
    return at_s, np.round(drawn, 4)
