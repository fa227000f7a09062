"""Akaike's information criterion: where a trace splits best into noise and signal; many windows at once.

Every step works row by row with sums from the left, so a window's figures have the same bits alone and among others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats

Indices = NDArray[np.int64]
LEAST_SAMPLES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The ways to split windows that lie side by side in rows of n samples.

    Parameters
    ----------
    first, stop : (m,) columns; where each window begins, and the first one behind it
    inside : (m, n) 1 for samples of the window, 0 for what fills the row; None if all are inside
    n_before, n_after : samples in either part when split before column 1, 2, ...; this and the others are
        (m, n - 1), or (1, n - 1) where all windows are alike
    share : of the window's samples that lie before the split
    penalty : what the numbers of samples add to the criterion; infinite where a part would have fewer than two
    """

    first: Indices
    stop: Indices
    inside: Floats | None
    n_before: Floats
    n_after: Floats
    share: Floats
    penalty: Floats

    @classmethod
    def of(cls, first: Indices, stop: Indices, n: int) -> Splits:
        """The splits of windows in rows of `n` samples."""
        columns = np.arange(n)
        is_full = bool((first == 0).all() and (stop == n).all())
        begin, end = (edges[: 1 if is_full else None, np.newaxis] for edges in (first, stop))
        inside = None if is_full else ((columns >= begin) & (columns < end)).astype(np.float64)
        numbers = (columns[1:] - begin).astype(np.float64), (end - columns[1:]).astype(np.float64)
        is_possible = (numbers[0] >= LEAST_SAMPLES // 2) & (numbers[1] >= LEAST_SAMPLES // 2)
        n_before, n_after = (np.maximum(number, 1.0) for number in numbers)
        penalty = n_before * np.log(n_before) + (n_after - 1) * np.log(n_after)
        penalty[~is_possible] = -np.inf
        return cls(first, stop, inside, n_before, n_after - 1, n_before / (end - begin), -penalty)


def energies(traces: Floats, splits: Splits) -> Floats:
    """Energy from each window's first sample up to and including every column.

    Parameters
    ----------
    traces : (..., m, n) counts

    Returns
    -------
    sums : (..., m, n) counts²
    """
    squares = traces * traces
    if splits.inside is not None:
        squares *= splits.inside
    return np.cumsum(squares, axis=-1, out=squares)


def criteria(sums: Floats, splits: Splits) -> Floats:
    """Akaike's information criterion of every split (Maeda's form, of the power of a trace without offset).

    Parameters
    ----------
    sums : (..., m, n) counts², from `energies`

    Returns
    -------
    aic : (..., m, n - 1) with the split before column 1, 2, ...; infinite where a part would have fewer than two
        samples, or where the trace grows calmer: the end of a phase splits it as well as an onset does

    References
    ----------
    Maeda (1985) Zisin 38, 365-379; Zhang, Thurber & Rowe (2003) BSSA 93, 1904-1912.
    """
    before, total = sums[..., :-1], sums[..., -1:]
    # never 0, so that a silent start has a finite logarithm
    floor = np.maximum(total * 1e-12, np.finfo(np.float64).tiny)
    aic = np.maximum(total - before, floor)
    np.log(aic, out=aic)
    aic *= splits.n_after
    quiet = np.maximum(before, floor)
    np.log(quiet, out=quiet)
    quiet *= splits.n_before
    aic += quiet
    aic += splits.penalty
    np.copyto(aic, np.inf, where=before >= total * splits.share)
    return np.asarray(aic)


def best(aic: Floats) -> tuple[Indices, NDArray[np.bool_]]:
    """Column of the best split of each row, and whether there is one; rows are along the last axis."""
    index = np.argmin(aic, axis=-1)
    return index + 1, np.isfinite(np.take_along_axis(aic, index[..., np.newaxis], axis=-1)[..., 0])


def widths(aic: Floats, index: Indices) -> Floats:
    """Standard deviation of the split under the Akaike weights, samples: (m,).

    Parameters
    ----------
    aic : (m, n - 1) from `criteria`, each with a finite value
    index : (m,) columns of the best split

    References
    ----------
    Burnham & Anderson (2002) Model Selection and Multimodel Inference, section 2.9.
    """
    weights = aic - np.take_along_axis(aic, index[:, np.newaxis] - 1, axis=1)
    weights *= -0.5
    np.exp(weights, out=weights)
    total = weights.sum(axis=1)
    off = np.arange(1.0, aic.shape[1] + 1) - index[:, np.newaxis].astype(np.float64)
    weights *= off
    weights *= off
    return np.asarray(np.sqrt(weights.sum(axis=1) / total))
