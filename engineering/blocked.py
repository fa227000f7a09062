"""Recursive filters of two poles over whole records, many samples at a time.

A loop over samples waits for each one before the next: `scipy.signal.lfilter` takes 7.7 ns of a sample. Here blocks of
samples are products of matrices, and only what passes from block to block is a loop: 3 ns.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy.signal import lfilter

from engineering.oscillator import Floats

_N = 32  # samples of a block
# Rows of one product: below 2^18 multiplications OpenBLAS makes no threads, which would wait for each other.
_MOST_ROWS = 2**18 // (_N * (_N + 4)) - 1


class Blocked:
    """Records cut into blocks, for filters of two poles.

    Parameters
    ----------
    samples : (..., n)
    """

    def __init__(self, samples: Floats) -> None:
        self._shape = samples.shape
        flat = samples.reshape(-1, samples.shape[-1])
        n_blocks = -(-flat.shape[1] // _N)
        n_products = -(-n_blocks // _MOST_ROWS)
        self._n_rows = -(-n_blocks // n_products)
        n_blocks = n_products * self._n_rows
        padded = np.zeros((len(flat), n_blocks * _N + 2))
        padded[:, 2 : 2 + flat.shape[1]] = flat
        # of each block two samples before it, its own, and room for the two last of the filter's before it
        self._rows = np.zeros((len(flat), n_blocks, _N + 4))
        self._rows[..., 2:-2] = padded[:, 2:].reshape(len(flat), n_blocks, _N)
        self._rows[..., :2] = padded[:, : n_blocks * _N].reshape(len(flat), n_blocks, _N)[..., :2]

    def filtered(self, matrix: Floats) -> Floats:
        """What a filter makes of the records, at rest before them; (..., n).

        Parameters
        ----------
        matrix : of the filter, one of `matrices`
        """
        rows = self._rows
        last = np.ascontiguousarray(matrix[:-2, [-1, -2]])
        step = matrix[-2:, [-1, -2]].T  # what the two samples before a block leave of its two last
        # By Cayley and Hamilton P' = step P + F is, for each of the two, a filter of F + (step - trace) F before
        ends = rows[:, :-1, :-2] @ last  # F: if a block began at rest
        forced = ends.copy()
        forced[:, 1:] += ends[:, :-1] @ (step.T - np.trace(step) * np.eye(2))
        poles = np.array([1.0, -np.trace(step), step[0, 0] * step[1, 1] - step[0, 1] * step[1, 0]])
        rows[:, 1:, -2:] = lfilter(np.ones(1), poles, forced, axis=1)
        made = rows.reshape(-1, self._n_rows, _N + 4) @ matrix
        return cast(Floats, made.reshape(len(rows), -1)[:, : self._shape[-1]].reshape(self._shape))


def matrices(b: Floats, a: Floats) -> Floats:
    """What a block of a filter comes to: of its samples and the two before, and of the filter's two before.

    Parameters
    ----------
    b, a : (k, 3) each, as of `scipy.signal.lfilter`; a begins with 1

    Returns
    -------
    matrices : (k, 36, 32): two samples before a block, its 32, the last of the filter before it, the one before that
    """
    # free[n]: what one unit put into the recursion has become n samples later
    free = np.zeros((len(b), _N + 2))
    free[:, 2] = 1.0
    for n in range(3, _N + 2):
        free[:, n] = -a[:, 1] * free[:, n - 1] - a[:, 2] * free[:, n - 2]
    now, before = free[:, 2:], free[:, 1:-1]
    response = b[:, :1] * now + b[:, 1:2] * before + b[:, 2:] * free[:, :-2]
    later = np.arange(_N) - np.arange(_N)[:, None]
    found = np.empty((len(b), _N + 4, _N))
    found[:, 0] = b[:, 2:] * now
    found[:, 1] = b[:, 1:2] * now + b[:, 2:] * before
    found[:, 2:-2] = np.where(later >= 0, response[:, np.maximum(later, 0)], 0.0)
    found[:, -2] = -a[:, 1:2] * now - a[:, 2:] * before
    found[:, -1] = -a[:, 2:] * now
    return found
