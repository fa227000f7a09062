"""What looks like an onset and is none: triggers that are gone once glitches of a few samples are taken out.

The glitches are taken out of a copy, and only to ask whether it would still trigger: a despiker applied to the data
themselves alters most earthquakes. One that arrives beside a spike, or clips, or whose own samples look like a step,
triggers all the same and keeps its pick.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter
from scipy.signal import lfilter, sosfilt

from detection.matrices import Floats
from detection.plan import Band, Plan

N_NEIGHBOURS = 31  # samples; five of them in a glitch do not move their median
LARGE = 8.0  # times the median difference of its neighbours: five standard deviations of Gaussian noise
PAIR = 4.0  # the same for two in a row that go there and back: a spike of one sample
UNUSUAL = 3.0  # the same for what belongs to the glitch beside it: a first swing has more than one
LEAST_SHARE = 0.25  # of the glitch; what is smaller is noise beside it
LEAST_COUNTS = 0.5  # differences of whole counts have medians of 0 on quiet channels
LONGEST = 4  # differences in one glitch; an onset sets off more, one after the other
FLAT = 3  # differences of 0 in a row: four equal samples, not ground motion where samples usually differ ...
LEAST_USUAL_COUNTS = 2.0  # ... by so much, the median of the window
_APART = 2  # differences; closer ones are one glitch


class Veto(StrEnum):
    """Why a trigger is no onset."""

    GAP = "gap"  # the segment ends right behind it: more often the failing link than an earthquake
    SPIKE = "spike"  # a few samples stand alone
    STEP = "step"  # the trace goes on elsewhere: a change of offset, a mass that is centred
    PULSE = "pulse"  # it goes there and comes back: a calibration, a short drop-out
    FLAT = "flat"  # some equal samples stand for those that were lost


def glitch_veto(raw: Floats, at: int, lta: float, plan: Plan, band: Band) -> Veto | None:
    """Whether glitches alone made a trigger.

    Parameters
    ----------
    raw : (n,) counts; run-in, then the window of the trigger up to its end
    at : sample of `raw` at which it started
    lta : long-term average there, of the band that triggered
    plan, band : of the channel, and that triggered

    Returns
    -------
    veto : None if it triggers without the glitches as well, or there are none
    """
    differences = np.diff(raw)
    bridged, flats = _bridged(differences)
    glitches = _glitches(bridged)
    if not any(first <= at for first, _ in flats + glitches):
        return None
    middle = median_filter(bridged, N_NEIGHBOURS, mode="nearest")
    for first, last in glitches:
        bridged[first : last + 1] = middle[first : last + 1]
    copy = np.concatenate(([raw[0]], raw[0] + np.cumsum(bridged)))
    if _triggers(copy, at, lta, plan, band):
        return None
    return _kind(differences, glitches) if glitches else Veto.FLAT


def _bridged(differences: Floats) -> tuple[Floats, list[tuple[int, int]]]:
    """Straight lines across equal samples, where samples usually differ, and first and last difference of each."""
    bridged = differences.copy()
    is_zero = differences == 0
    if np.count_nonzero(is_zero) < FLAT or np.median(np.abs(differences)) < LEAST_USUAL_COUNTS:
        return bridged, []
    edges = np.flatnonzero(np.diff(is_zero, prepend=False, append=False))
    found = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= FLAT:
            first, last = max(begin - 1, 0), min(end, len(differences) - 1)
            bridged[first : last + 1] = differences[first : last + 1].mean()
            found.append((first, last))
    return bridged, found


def _glitches(differences: Floats) -> list[tuple[int, int]]:
    """First and last difference of each glitch: large ones, few and alone."""
    size = np.abs(differences)
    usual = np.maximum(median_filter(size, N_NEIGHBOURS, mode="nearest"), LEAST_COUNTS)
    is_large = size > LARGE * usual
    there_and_back = (size > PAIR * usual)[1:] & (size > PAIR * usual)[:-1] & (differences[1:] * differences[:-1] < 0)
    is_large[1:] |= there_and_back
    is_large[:-1] |= there_and_back
    if not is_large.any():
        return []
    beside = maximum_filter1d(size, 2 * _APART + 1) * LEAST_SHARE
    unusual = np.flatnonzero(is_large | (size > np.maximum(UNUSUAL * usual, beside)))
    groups: list[NDArray[np.intp]] = np.split(unusual, np.flatnonzero(np.diff(unusual) > _APART) + 1)
    return [
        (int(group[0]), int(group[-1])) for group in groups if group[-1] - group[0] < LONGEST and is_large[group].any()
    ]


def _triggers(copy: Floats, at: int, lta: float, plan: Plan, band: Band) -> bool:
    """Whether the copy reaches the ratio at the trigger or behind it; the level is the one before the trigger."""
    signal, _ = sosfilt(band.sections, copy, zi=band.rest * copy[0])
    plan.rectify(signal, out=signal)
    keep = 1 - 1 / plan.n_sta
    sta = lfilter([1 / plan.n_sta], [1, -keep], signal)
    on = plan.settings.on_ratio
    level = lta * max(1 - on * plan.n_sta / plan.n_lta, 0)  # less what the trigger itself has added
    return bool(sta[max(at - plan.n_sta, 0) :].max() >= on * level)


def _kind(differences: Floats, glitches: list[tuple[int, int]]) -> Veto:
    """What the glitches are, by the largest: does the trace come back at once, later or not at all?"""
    jumps = [float(differences[first : last + 1].sum()) for first, last in glitches]
    sizes = [float(np.abs(differences[first : last + 1]).max()) for first, last in glitches]
    main = int(np.argmax(sizes))
    if abs(jumps[main]) < sizes[main] / 2:
        return Veto.SPIKE
    others = [jump for number, jump in enumerate(jumps) if number != main]
    return Veto.PULSE if any(abs(jump + jumps[main]) < abs(jumps[main]) / 2 for jump in others) else Veto.STEP
