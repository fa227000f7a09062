"""Which way the ground moved first, where that is clear."""

from __future__ import annotations

import numpy as np

from detection.matrices import Floats
from detection.onset.aic import Indices, Splits

CROSSES = 3.0  # times the noise: here motion begins
LEAST_PEAK = 5.0  # times the noise: the first swing's extremum
# Times the noise, the other way before it: that may have been the first motion. Of 40 records with noise of a tenth
# of P added, 75 % are clear and all of these right; with twice the noise allowed 79 % are clear and 8 % of them wrong.
MOST_BEFORE = 1.2
BEGINS_S = 0.2  # after the onset
SWING_S = 0.5  # of a swing that is followed to its extremum
EARLY_S = 0.01  # onsets are read a sample late rather than early


def first_motions(traces: Floats, sums: Floats, splits: Splits, index: Indices, rate_hz: float) -> list[str]:
    """The sign of the first swing that stands clear of the noise.

    Parameters
    ----------
    traces : (m, n) counts, high-passed
    sums : (m, n) their energies, from `aic.energies`
    splits : of the same windows
    index : (m,) columns of the onsets
    rate_hz : samples per second

    Returns
    -------
    motions : "up" for growing counts, "down" for falling ones, "" where it is not clear: no swing of 5 times the noise
        (root mean square before the onset) begins within 0.2 s, or 1.2 times the noise the other way came first.
        A vertical whose dip is 90 degrees counts the other way round: the caller knows its orientation
    """
    n_early = round(EARLY_S * rate_hz) + 1
    n_begins = n_early + round(BEGINS_S * rate_hz) + 1
    columns = index[:, np.newaxis] + np.arange(-n_early, round(SWING_S * rate_hz) + 1)
    np.clip(columns, splits.first[:, np.newaxis], splits.stop[:, np.newaxis] - 1, out=columns)
    swings = np.take_along_axis(traces, columns, axis=1)
    swings /= _noise(sums, splits, index - n_early, swings)
    crosses = np.abs(swings[:, :n_begins]) > CROSSES
    begin = crosses.argmax(axis=1)[:, np.newaxis]
    swings *= np.sign(np.take_along_axis(swings, begin, axis=1))
    has_begun = np.arange(swings.shape[1]) >= begin
    lasts = has_begun & ~np.logical_or.accumulate(has_begun & (swings <= 0), axis=1)
    peak = np.max(swings, axis=1, where=lasts, initial=0.0)
    before = -np.min(swings, axis=1, where=~has_begun, initial=0.0)
    is_clear = crosses.any(axis=1) & (peak >= LEAST_PEAK) & (before <= MOST_BEFORE)
    at_begin = np.take_along_axis(np.take_along_axis(traces, columns, axis=1), begin, axis=1)[:, 0]
    signs = np.where(at_begin > 0, "up", "down")
    return [str(sign) if clear else "" for sign, clear in zip(signs.tolist(), is_clear.tolist(), strict=True)]


def _noise(sums: Floats, splits: Splits, end: Indices, swings: Floats) -> Floats:
    """Root mean square before column `end`: (m, 1); a millionth of the swings at least, for there is silence."""
    n_noise = np.maximum(end - splits.first, 1)
    before = np.take_along_axis(sums, np.maximum(end, splits.first + 1)[:, np.newaxis] - 1, axis=1)
    largest = np.abs(swings).max(axis=1, keepdims=True)
    least = np.maximum(largest * 1e-6, np.finfo(np.float64).tiny)
    return np.asarray(np.maximum(np.sqrt(before / n_noise[:, np.newaxis]), least))
