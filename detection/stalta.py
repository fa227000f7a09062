"""Band-pass and recursive STA/LTA of many channels at once, state carried from block to block.

`sosfilt` and `lfilter` walk along each row by itself, so the bits of a row depend neither on where the stream is
cut nor on which rows share the array.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

from detection.plan import Floats


def filter_rows(sections: Floats, samples: Floats, state: Floats) -> tuple[Floats, Floats]:
    """IIR filter along the rows.

    Parameters
    ----------
    sections : (n_sections, 6) second-order sections
    samples : (n_channels, n) counts
    state : (n_channels, n_sections, 2) after the previous sample

    Returns
    -------
    filtered : (n_channels, n) counts
    state : (n_channels, n_sections, 2); goes in with the next block
    """
    filtered, after = sosfilt(sections, samples, axis=-1, zi=np.swapaxes(state, 0, 1))
    return cast(Floats, filtered), cast(Floats, np.swapaxes(after, 0, 1))


def average_rows(energy: Floats, last: Floats, n: int) -> Floats:
    """Exponential average along the rows: a[i] = e[i] / n + (1 - 1 / n) a[i - 1].

    The same operations in the same order as ObsPy's C `recstalta`, so the same bits.

    Parameters
    ----------
    energy : (n_channels, n_samples) counts²
    last : (n_channels,) counts²; the average after the previous sample
    n : time constant, samples

    Returns
    -------
    average : (n_channels, n_samples) counts²; its last column goes in with the next block
    """
    share = 1.0 / n
    keep = 1.0 - share
    average, _ = lfilter([share, 0.0], [1.0, -keep], energy, axis=-1, zi=(keep * last)[:, np.newaxis])
    return cast(Floats, average)


def ratio_rows(sta: Floats, lta: Floats, n_blind: NDArray[np.int64]) -> Floats:
    """STA / LTA; 0 in the first `n_blind` samples of each row and where the LTA is 0.

    Parameters
    ----------
    sta, lta : (n_channels, n) counts²
    n_blind : (n_channels,) samples

    Returns
    -------
    ratio : (n_channels, n) dimensionless

    References
    ----------
    Withers et al. (1998) BSSA 88, 95-106 (recursive form).
    """
    ratio = np.zeros_like(sta)
    seeing = (np.arange(sta.shape[1]) >= n_blind[:, np.newaxis]) & (lta > 0)
    np.divide(sta, lta, out=ratio, where=seeing)
    return ratio
