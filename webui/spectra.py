"""The picture of a channel's noise as SVG: how often each level was seen at each period, with Peterson's models."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stations.health.noise import DB_EDGES, Noise, high_noise_db, low_noise_db

# The picture and, in it, the box of the levels; pixels.
WIDTH, HEIGHT = 760, 460
LEFT, TOP, BOX_WIDTH, BOX_HEIGHT = 56, 12, 690, 396
# Shares of the windows from which the next shade is taken, percent.
SHADES = (0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0)
PERCENTS = (5, 50, 95)
_DB_LOW, _DB_HIGH = float(DB_EDGES[0]), float(DB_EDGES[-1])


@dataclass(frozen=True, slots=True)
class Spectra:
    """What is drawn.

    Parameters
    ----------
    n_columns, n_rows : of the grid that `shades` are drawn in: periods and decibels
    shades : `d` of an SVG path for each of SHADES
    lines : points of a line by name: "p05", "p50", "p95", "low", "high"
    periods, decibels : ticks: where, pixels, and what to write
    """

    n_columns: int
    n_rows: int
    shades: list[str]
    lines: dict[str, str]
    periods: list[tuple[float, str]]
    decibels: list[tuple[float, str]]


def spectra(noise: Noise) -> Spectra:
    """Draw the noise of a channel."""
    periods_s = noise.periods_s
    half = 2 ** (1 / 16)
    low_s, high_s = float(periods_s[0]) / half, float(periods_s[-1]) * half
    density = 100 * noise.density()[:, ::-1]  # the highest level is the top row
    together = np.percentile(noise.levels, PERCENTS, axis=0)  # one sort for all
    levels = {f"p{percent:02d}": level for percent, level in zip(PERCENTS, together, strict=True)}
    levels |= {"low": low_noise_db(periods_s), "high": high_noise_db(periods_s)}
    decades = range(math.ceil(math.log10(low_s)), math.floor(math.log10(high_s)) + 1)
    return Spectra(
        n_columns=density.shape[0],
        n_rows=density.shape[1],
        shades=_shades(density),
        lines={name: _line(periods_s, level, low_s, high_s) for name, level in levels.items()},
        periods=[(_x(10.0**n, low_s, high_s), f"{10.0**n:g}") for n in decades],
        decibels=[(_y(db), f"{db:.0f}".replace("-", "\N{MINUS SIGN}")) for db in range(-200, -49, 25)],
    )


def _shades(density: np.ndarray) -> list[str]:
    """Cells of one shade that lie above each other are one."""
    shade = np.searchsorted(SHADES, density, side="right") - 1
    shade[density <= 0] = -1
    paths = [""] * len(SHADES)
    for column, rows in enumerate(shade):
        starts = np.flatnonzero(np.diff(rows, prepend=-2))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True):
            if rows[start] >= 0:
                paths[rows[start]] += f"M{column} {start}h1v{end - start}h-1z"
    return paths


def _line(periods_s: np.ndarray, levels: np.ndarray, low_s: float, high_s: float) -> str:
    known = [(period_s, level) for period_s, level in zip(periods_s, levels, strict=True) if np.isfinite(level)]
    return " ".join(f"{_x(period_s, low_s, high_s):g},{_y(level):g}" for period_s, level in known)


def _x(period_s: float, low_s: float, high_s: float) -> float:
    return round(LEFT + BOX_WIDTH * math.log(period_s / low_s) / math.log(high_s / low_s), 1)


def _y(level_db: float) -> float:
    inside = min(max(level_db, _DB_LOW), _DB_HIGH)
    return round(TOP + BOX_HEIGHT * (_DB_HIGH - inside) / (_DB_HIGH - _DB_LOW), 1)
