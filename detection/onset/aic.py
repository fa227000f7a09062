"""Akaike's information criterion: where a trace splits best into noise and signal."""

from __future__ import annotations

import numpy as np

from detection.matrices import Floats


def akaike(trace: Floats) -> Floats:
    """Akaike's information criterion of splitting a trace into two stationary parts (Maeda's form).

    Parameters
    ----------
    trace : (n,) counts, n >= 4

    Returns
    -------
    aic : (n,) with the split before sample k; infinite where a part would have fewer than two samples, or where
        the trace grows calmer: the end of a phase splits it as well as an onset does

    References
    ----------
    Maeda (1985) Zisin 38, 365-379; Zhang, Thurber & Rowe (2003) BSSA 93, 1904-1912.
    """
    n = len(trace)
    k = np.arange(2, n - 1)
    aic = np.full(n, np.inf)
    before, after = _variances(trace)[k], _variances(trace[::-1])[n - k]
    aic[k] = np.where(after > before, k * np.log(before) + (n - k - 1) * np.log(after), np.inf)
    return aic


def _variances(trace: Floats) -> Floats:
    """Variance of the first k samples for every k; never 0, so that a silent start has a finite logarithm."""
    count = np.maximum(np.arange(len(trace) + 1), 1)
    sums = np.concatenate(([0.0], np.cumsum(trace)))
    squares = np.concatenate(([0.0], np.cumsum(trace * trace)))
    floor = max(float(squares[-1]) / len(trace) * 1e-12, np.finfo(np.float64).tiny)
    return np.asarray(np.maximum(squares / count - (sums / count) ** 2, floor))
