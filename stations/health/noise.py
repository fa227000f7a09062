"""Noise of one channel: windows of an hour every half hour, and what many of them say together.

A day gives 48 windows. How often each level was seen at each period is the probability density (PDF) that tells a
quiet site from a noisy one, and a dead sensor from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S
from stations.health.psd import WINDOW_S, Floats, PsdPlan, psd_levels, psd_plan
from stations.response import Response

WINDOW_NS = round(WINDOW_S) * NS_PER_S
STEP_NS = WINDOW_NS // 2
# Whoever fills gaps with 0, as ObsPy does unless told otherwise, sees the step from a sensor's offset to 0 and not the
# ground: 7 dB at long periods of IU.ANMO for two windows of 49. Only complete windows count.
LEAST_FILLED = 1.0
# 1 dB apart, relative to 1 (m/s^2)^2/Hz.
DB_EDGES = np.arange(-200.0, -49.0)


@dataclass(frozen=True, slots=True, eq=False)
class NoiseWindow:
    """One window's noise.

    Parameters
    ----------
    start_ns : the window's, ns UTC
    rate_hz : samples per second
    levels : (n_periods,) dB relative to 1 count^2/Hz, at the periods of `psd_plan(rate_hz)`
    filled : share of the samples that are there; those missing count as 0, which raises long periods
    """

    start_ns: int
    rate_hz: float
    levels: Floats
    filled: float


def noise_windows(
    stretches: Sequence[Stretch], start_ns: int, end_ns: int, least_filled: float = LEAST_FILLED
) -> list[NoiseWindow]:
    """Noise of the windows in a time, every half hour from its start on.

    Parameters
    ----------
    stretches : of one channel, of one sampling rate
    start_ns, end_ns : windows begin at or after start and end at or before end, ns UTC
    least_filled : share of its samples that a window must have

    Raises
    ------
    WindowError : if the rate is too low for a window of an hour
    """
    if not stretches:
        return []
    plan = psd_plan(stretches[0].rate_hz)
    found = []
    for begin_ns in range(start_ns, end_ns - WINDOW_NS + 1, STEP_NS):
        counts, filled = _window(stretches, begin_ns, plan)
        if filled >= least_filled:
            found.append(NoiseWindow(begin_ns, plan.rate_hz, psd_levels(counts, plan), filled))
    return found


def _window(stretches: Sequence[Stretch], begin_ns: int, plan: PsdPlan) -> tuple[Floats, float]:
    counts, n_filled = np.zeros(plan.n_window), 0
    for stretch in stretches:
        first = round((stretch.start_ns - begin_ns) * plan.rate_hz / NS_PER_S)
        begin, end = max(first, 0), min(first + len(stretch.samples), plan.n_window)
        if begin < end:
            counts[begin:end] = stretch.samples[begin - first : end - first]
            n_filled += end - begin
    return counts, n_filled / plan.n_window


@lru_cache(maxsize=256)
def correction_db(response: Response, plan: PsdPlan) -> Floats:
    """What makes levels of counts levels of ground acceleration.

    Returns
    -------
    correction : (n_periods,) dB to be added
    """
    frequencies_hz = plan.frequencies_hz
    per_metre = np.abs(response.counts_per_metre(frequencies_hz))
    with np.errstate(divide="ignore"):
        return plan.average(20 * np.log10((2 * np.pi * frequencies_hz) ** 2 / per_metre))


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Noise of many windows.

    Parameters
    ----------
    periods_s : (n_periods,) rising
    levels : (n_windows, n_periods) dB relative to 1 (m/s^2)^2/Hz
    """

    periods_s: Floats
    levels: Floats

    @property
    def n_windows(self) -> int:
        """How many there are."""
        return len(self.levels)

    def density(self) -> Floats:
        """How often each level was seen at each period (PDF).

        Returns
        -------
        density : (n_periods, len(DB_EDGES) - 1) share of the windows; levels beyond the edges count as at the edge
        """
        n_bins = len(DB_EDGES) - 1
        bins = np.clip(np.floor(self.levels - DB_EDGES[0]), 0, n_bins - 1).astype(np.intp)
        flat = bins + np.arange(len(self.periods_s)) * n_bins
        counted = np.bincount(flat.ravel(), minlength=len(self.periods_s) * n_bins)
        return counted.reshape(-1, n_bins) / max(self.n_windows, 1)

    def percentile(self, percent: float) -> Floats:
        """(n_periods,) the level that so many percent of the windows stay below, dB."""
        return np.asarray(np.percentile(self.levels, percent, axis=0))


def low_noise_db(periods_s: Floats) -> Floats:
    """Peterson's new low noise model at some periods; NaN where it ends, at 0.1 and 100,000 s.

    References
    ----------
    Peterson (1993) USGS Open-File Report 93-322.
    """
    return _model(get_nlnm(), periods_s)


def high_noise_db(periods_s: Floats) -> Floats:
    """Peterson's new high noise model at some periods; NaN where it ends."""
    return _model(get_nhnm(), periods_s)


def _model(model: tuple[NDArray[np.float64], NDArray[np.float64]], periods_s: Floats) -> Floats:
    known_s, levels = (np.asarray(each, dtype=np.float64) for each in model)
    order = np.argsort(known_s)
    return np.interp(np.log10(periods_s), np.log10(known_s[order]), levels[order], left=np.nan, right=np.nan)
