"""A day of noise windows as a database keeps it, and what the day says of the channel.

Levels are kept to 0.01 dB, which is how well they agree with ObsPy's PPSD: a day of 100 Hz takes some 9 kB.

References
----------
MUSTANG metrics pct_above_nhnm, pct_below_nlnm, dead_channel_lin, dead_channel_gsn (EarthScope; ISPAQ 2.4.7).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stations.health.noise import STEP_NS, NoiseWindow, high_noise_db, low_noise_db
from stations.health.psd import Floats, PsdPlan

_PER_DB = 100
# What a dead channel's power of nothing becomes: far below everything that a sensor can show.
_LEAST_DB = -32_767 / _PER_DB
_DEAD_FROM_S, _DEAD_TO_S = 4.0, 8.0
_LINE_TO_S = 100.0
# Of Nyquist's frequency: above, digitisers cut.
_USED = 1.5


def pack(windows: Sequence[NoiseWindow], day_ns: int) -> tuple[int, bytes]:
    """Windows of one rate that begin in one day.

    Returns
    -------
    slots : a bit for each half hour whose window is there
    levels : their levels, packed
    """
    slots = sum(1 << (window.start_ns - day_ns) // STEP_NS for window in windows)
    ordered = sorted(windows, key=lambda window: window.start_ns)
    levels = np.rint(np.array([window.levels for window in ordered]) * _PER_DB)
    steps = np.diff(np.maximum(levels, _LEAST_DB * _PER_DB).astype("<i2"), axis=1, prepend=np.int16(0))
    # Low and high bytes by themselves: the high ones of small steps are all alike. 30 % smaller.
    return slots, zlib.compress(steps.reshape(-1, 1).view(np.uint8).T.tobytes(), 6)


def unpack(slots: int, packed: bytes, day_ns: int, plan: PsdPlan) -> tuple[list[int], Floats]:
    """What `pack` made.

    Returns
    -------
    starts_ns : of the windows, ns UTC
    levels : (n_windows, n_periods) dB relative to 1 count^2/Hz
    """
    starts_ns = [day_ns + slot * STEP_NS for slot in range(slots.bit_length()) if slots >> slot & 1]
    halves = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, -1)
    steps = np.ascontiguousarray(halves.T).view("<i2").reshape(len(starts_ns), len(plan.periods_s))
    return starts_ns, np.cumsum(steps, axis=1, dtype=np.int16) / _PER_DB


@dataclass(frozen=True, slots=True)
class NoiseMetrics:
    """What a day of noise says of a channel, under the names of MUSTANG.

    Parameters
    ----------
    pct_above_nhnm, pct_below_nlnm : mean share of the periods at which a window is above Peterson's high noise model
        or below his low one, up to Nyquist's frequency / 1.5, %
    dead_channel_lin : standard deviation of the mean level about a straight line over the logarithm of the period,
        4 samples to 100 s, dB: a digitiser without a sensor draws one
    dead_channel_gsn : Peterson's low noise model less the median level, mean over 4 to 8 s, dB: above 5 the channel is
        dead
    Each is None where the channel has no such periods.
    """

    pct_above_nhnm: float | None
    pct_below_nlnm: float | None
    dead_channel_lin: float | None
    dead_channel_gsn: float | None


def noise_metrics(levels: Floats, plan: PsdPlan) -> NoiseMetrics:
    """Metrics of a day.

    Parameters
    ----------
    levels : (n_windows, n_periods) of ground acceleration, dB relative to 1 (m/s^2)^2/Hz; n_windows > 0
    plan : of their rate
    """
    periods_s = plan.periods_s
    low, high = low_noise_db(periods_s), high_noise_db(periods_s)
    known = np.isfinite(low) & (periods_s > 2 * _USED / plan.rate_hz)
    lined = (periods_s >= 4 / plan.rate_hz) & (periods_s <= _LINE_TO_S)
    swell = (periods_s >= _DEAD_FROM_S) & (periods_s <= _DEAD_TO_S) & known
    return NoiseMetrics(
        pct_above_nhnm=100 * float((levels > high)[:, known].mean()) if known.any() else None,
        pct_below_nlnm=100 * float((levels < low)[:, known].mean()) if known.any() else None,
        dead_channel_lin=_about_line(np.log10(periods_s[lined]), levels[:, lined].mean(axis=0)),
        dead_channel_gsn=float((low - np.median(levels, axis=0))[swell].mean()) if swell.any() else None,
    )


def _about_line(x: Floats, y: Floats) -> float | None:
    if len(x) < 3:
        return None
    return float(np.sqrt(np.mean((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)))
