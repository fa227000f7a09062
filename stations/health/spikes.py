"""Spikes: single samples far outside of what their neighbours say.

References
----------
Hampel (1974) J. Am. Stat. Assoc. 69, 383-393; MUSTANG metric num_spikes: a window of 41 samples, 10 deviations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Samples on either side that a spike is compared with.
REACH = 20
_LIMIT = 10.0
# Of a median absolute deviation, to a standard deviation of Gaussian noise.
_TO_SIGMA = 1.4826
# A spike's second difference is above so many times the mean of those within 16 samples: only such samples are looked
# at, 3 in 10,000 of Gaussian noise. All of a channel-day took 0.6 s of a core.
_CANDIDATE = 4.5
_NEAR = 16
_AT_ONCE = 4096


def spikes(samples: Floats) -> NDArray[np.intp]:
    """Which samples are spikes, the first of each that touch.

    Parameters
    ----------
    samples : (n,) counts without a gap

    Returns
    -------
    found : indices, rising; none in the first and the last 20, which have no neighbours to be compared with
    """
    if len(samples) < 2 * REACH + 1:
        return np.empty(0, dtype=np.intp)
    candidates = _candidates(samples)
    around = np.lib.stride_tricks.sliding_window_view(samples, 2 * REACH + 1)
    found: list[int] = []
    for first in range(0, len(candidates), _AT_ONCE):
        part = candidates[first : first + _AT_ONCE]
        windows = around[part - REACH]
        middle = np.median(windows, axis=1)
        spread = np.median(np.abs(windows - middle[:, None]), axis=1) * _TO_SIGMA
        # Whole counts: noise of a fraction of one has no deviation at all.
        found += part[np.abs(samples[part] - middle) > _LIMIT * np.maximum(spread, 1.0)].tolist()
    every = np.array(found, dtype=np.intp)
    return every[np.diff(every, prepend=-2) > 1]


def _candidates(samples: Floats) -> NDArray[np.intp]:
    bend = np.abs(samples[:-2] - 2 * samples[1:-1] + samples[2:])
    # Sums of whole counts are exact, so that it makes no difference where the samples begin.
    total = np.concatenate(([0.0], np.cumsum(bend)))
    width = 2 * _NEAR + 1
    near = total[width:] - total[:-width]  # of the bends from k to k + width, about sample k + _NEAR + 1
    inside = bend[_NEAR : len(bend) - _NEAR]
    found = np.flatnonzero(inside * width > _CANDIDATE * near) + _NEAR + 1
    return found[(found >= REACH) & (found < len(samples) - REACH)]
