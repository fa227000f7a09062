"""The pictures of a report, as SVG that is the same from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import cos, radians
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


def _settings() -> Any:  # matplotlib's type of it is the list of all its settings
    font_manager.fontManager.addfont(HAN_FONT)
    han = font_manager.FontProperties(fname=HAN_FONT).get_name()
    fonts = {"font.family": ["DejaVu Sans", han], "font.size": 8, "axes.titlesize": 9, "legend.fontsize": 7}
    return fonts | {"svg.hashsalt": "houfeng", "svg.fonttype": "path", "axes.unicode_minus": False}


def _svg(figure: Figure) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return drawn.getvalue()


def draw_map(shape: dict[str, Any], words: Words) -> bytes:
    """Places, stations and epicentres, one degree of longitude as long as it is in the middle."""
    with mpl.rc_context(_settings()):
        figure = Figure(figsize=(_WIDTH_IN, 5.2), layout="constrained")
        axes = figure.subplots()
        for route in shape["routes"]:
            axes.plot([p[1] for p in route["points"]], [p[0] for p in route["points"]], "-", color="#00558c", lw=2,
                      label=route["name"])  # fmt: skip
        _marks(axes, shape["sites"], "s", "#b00020", words("site"))
        used = [one for one in shape["stations"] if one["n_records"]]
        _marks(axes, used, "^", "#1a1a1a", words("station with an assessed record"))
        _marks(axes, [one for one in shape["stations"] if not one["n_records"]], "v", "none",
               words("station without one"))  # fmt: skip
        _marks(axes, shape["events"], "*", "#e07b00", words("epicentre"))
        middle = float(np.mean(axes.get_ylim()))
        axes.set_aspect(1 / max(cos(radians(middle)), 0.1), adjustable="datalim")
        axes.set_xlabel(words("longitude (°)"))
        axes.set_ylabel(words("latitude (°)"))
        axes.grid(color="0.9")
        axes.legend(loc="best", framealpha=0.9)
        return _svg(figure)


def _marks(axes: Axes, rows: Sequence[dict[str, Any]], marker: str, colour: str, label: str) -> None:
    if not rows:
        return
    size = 12 if marker == "*" else 6
    longitudes, latitudes = [row["longitude_deg"] for row in rows], [row["latitude_deg"] for row in rows]
    axes.plot(longitudes, latitudes, marker, mfc=colour, mec="0.1", ms=size, ls="none", label=label)
    below = marker == "s"  # a site is often where its station is
    for row in rows:
        at, away = (row["longitude_deg"], row["latitude_deg"]), (5, -9) if below else (5, 4)
        axes.annotate(row["name"], at, away, textcoords="offset points", fontsize=6.5)


def draw_spectra(
    periods_s: Floats, design: Sequence[dict[str, Any]], measured: Sequence[tuple[str, Floats, tuple[float, float]]],
    words: Words,
) -> bytes:  # fmt: skip
    """Measured spectra over design spectra; what a record does not tell is thin."""
    with mpl.rc_context(_settings()):
        figure = Figure(figsize=(_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        for number, (label, values, usable_s) in enumerate(measured):
            colour = _MEASURED[number % len(_MEASURED)]
            inside = (periods_s >= usable_s[0]) & (periods_s <= usable_s[1])
            axes.plot(periods_s, values, "-", color=colour, lw=0.5)
            axes.plot(periods_s, np.where(inside, values, np.nan), "-", color=colour, lw=1.6, label=label)
        for number, one in enumerate(design):
            colour, style = _STYLES[number % len(_STYLES)]
            values = np.array([np.nan if value is None else value for value in one["psa_g"]])
            mark = "" if one["confirmed"] else f" ({words('unconfirmed')})"
            axes.plot(periods_s, values, style, color=colour, lw=1.4, label=one["name"] + mark)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(periods_s[0], periods_s[-1])
        axes.set_xlabel(words("period (s)"))
        axes.set_ylabel(words("PSA (g)"))
        axes.grid(which="major", color="0.85")
        axes.grid(which="minor", color="0.94", lw=0.4)
        axes.legend(loc="lower left", framealpha=0.9)
        return _svg(figure)


def draw_record(record: Record, fourier: dict[str, Any], words: Words) -> bytes:
    """Acceleration of each component over time, and their Fourier spectra."""
    motion = record.assessment.motion
    n = len(motion.components)
    with mpl.rc_context(_settings()):
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
        return _svg(figure)


def draw_strain(route: dict[str, Any], words: Words) -> bytes:
    """Strain by kilometre post, a line for each event; no line where nothing was measured."""
    with mpl.rc_context(_settings()):
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
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(words("kilometre post"))
        axes.set_ylabel(words("axial strain"))
        axes.grid(which="both", color="0.9")
        axes.legend(loc="best")
        return _svg(figure)


def _thinned(values: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Smallest and largest of each stretch: a trace that looks the same and is a tenth as long."""
    step = max(len(values) // _N_DRAWN, 1)
    n = len(values) // step
    pieces = values[: n * step].reshape(n, step)
    drawn = np.stack([pieces.min(axis=1), pieces.max(axis=1)], axis=1).ravel()
    at_s = np.repeat((np.arange(n) + 0.5) * step / rate_hz, 2)
    return at_s, np.round(drawn, 4)
