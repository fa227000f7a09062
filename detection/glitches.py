"""Differences from sample to sample that stand alone, and samples that are equal where samples usually differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from detection.matrices import Floats

N_NEIGHBOURS = 31  # samples; five of them in a glitch do not move their median
LARGE = 8.0  # times the median difference of its neighbours: five standard deviations of Gaussian noise
PAIR = 4.0  # the same for two in a row that go there and back: a spike of one sample
UNUSUAL = 3.0  # the same for what belongs to the glitch beside it: a first swing has more than one
LEAST_SHARE = 0.25  # of the glitch; what is smaller is noise beside it
LEAST_COUNTS = 0.5  # differences of whole counts have medians of 0 on quiet channels
LONGEST = 4  # differences in one glitch; an onset sets off more, one after the other
FLAT = 3  # differences of 0 in a row: four equal samples, not ground motion where samples usually differ ...
LEAST_USUAL_STEPS = 2.0  # ... by so many of the smallest steps, which is one count or what the digitiser fills up to
_BESIDE = 4  # differences that tell the slope beside equal samples
_APART = 2  # differences; closer ones are one glitch


def middle(values: Floats) -> float:
    """The median, of an even number the larger of the two in the middle: NumPy's own takes ten times as long."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def bridged(differences: Floats) -> tuple[Floats, list[tuple[int, int]]]:
    """Smooth curves across equal samples, where samples usually differ, and first and last difference of each."""
    smooth = differences.copy()
    is_zero = differences == 0
    if np.count_nonzero(is_zero) < FLAT:
        return smooth, []
    size = np.abs(differences)
    if middle(size) < LEAST_USUAL_STEPS * np.min(size, where=~is_zero, initial=np.inf):
        return smooth, []
    edges = np.flatnonzero(np.diff(is_zero, prepend=False, append=False))
    found = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= FLAT:
            first, last = max(begin - 1, 0), min(end, len(differences) - 1)
            smooth[first : last + 1] = _across(differences, first, last)
            found.append((first, last))
    return smooth, found


def _across(differences: Floats, first: int, last: int) -> Floats:
    """Differences that begin and end as those beside them, as of a trace that was clipped; where it jumped, a line's.

    A straight line across what was clipped has two corners, which trigger in a higher band.
    """
    n = last + 1 - first
    mean = float(differences[first : last + 1].mean())
    before, behind = differences[max(first - _BESIDE, 0) : first], differences[last + 1 : last + 1 + _BESIDE]
    beside = np.concatenate((before, behind))
    jump = max(abs(differences[first]), abs(differences[last]))
    if not len(before) or not len(behind) or jump > np.abs(beside).max():
        return np.full(n, mean)
    left, right = float(before.mean()), float(behind.mean())
    place = np.arange(0.5, n) / n
    bulge = place * (1 - place)
    return np.asarray(left + (right - left) * place + bulge * ((mean - (left + right) / 2) * n / bulge.sum()))


def glitches_in(differences: Floats) -> list[tuple[int, int]]:
    """First and last difference of each glitch: large ones, few and alone."""
    size = np.abs(differences)
    usual = np.maximum(median_filter(size, N_NEIGHBOURS, mode="reflect"), LEAST_COUNTS)
    is_large = size > LARGE * usual
    is_over = size > PAIR * usual
    there_and_back = is_over[1:] & is_over[:-1] & (differences[1:] * differences[:-1] < 0)
    is_large[1:] |= there_and_back
    is_large[:-1] |= there_and_back
    if not is_large.any():
        return []
    beside = maximum_filter1d(size, 2 * _APART + 1) * LEAST_SHARE
    is_large &= size > beside  # else the noise's own swings beside a large one would make it too long
    unusual = np.flatnonzero(is_large | (size > np.maximum(UNUSUAL * usual, beside)))
    groups: list[NDArray[np.intp]] = np.split(unusual, np.flatnonzero(np.diff(unusual) > _APART) + 1)
    return [
        (int(group[0]), int(group[-1])) for group in groups if group[-1] - group[0] < LONGEST and is_large[group].any()
    ]
