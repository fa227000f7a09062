"""The picture of a channel's noise: how often each level was seen at each period."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from houfeng.types import SourceId
from stations.health.noise import DB_EDGES, Noise, high_noise_db, low_noise_db

_SHOWN_DB = (-200, -80)


def draw(source_id: SourceId, noise: Noise, path: Path) -> None:
    """Write a picture; its format is that of the file's ending.

    Parameters
    ----------
    source_id : whose noise it is
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    step = 2 ** (1 / 16)
    edges_s = np.append(noise.periods_s / step, noise.periods_s[-1] * step)
    shares = np.ma.masked_equal(noise.density().T * 100, 0)
    mesh = axes.pcolormesh(edges_s, DB_EDGES, shares, cmap="viridis", vmin=0, vmax=30)
    figure.colorbar(mesh, label="share of the windows (%)")
    for percent, style in ((5, ":"), (50, "-"), (95, ":")):
        axes.plot(noise.periods_s, noise.percentile(percent), style, color="#b00020", lw=1.2)
    for model, name in ((low_noise_db, "low"), (high_noise_db, "high")):
        axes.plot(noise.periods_s, model(noise.periods_s), color="0.35", lw=1.5)
        at = int(np.nanargmin(abs(noise.periods_s - 1)))
        level = model(noise.periods_s)[at]
        if np.isfinite(level):
            axes.annotate(f"{name} noise model", (noise.periods_s[at], level), fontsize=8, color="0.25")
    axes.set_xscale("log")
    axes.set_xlim(edges_s[0], edges_s[-1])
    axes.set_ylim(*_SHOWN_DB)
    axes.set_xlabel("period (s)")
    axes.set_ylabel("acceleration (dB relative to 1 (m/s²)²/Hz)")
    axes.set_title(f"{source_id}: {noise.n_windows} windows of an hour; lines: 5, 50 and 95 %", fontsize=10)
    figure.savefig(path, dpi=120)
