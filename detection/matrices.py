"""One step of `n_step` samples as matrix products: what recursions do sample by sample, done for a whole step.

An IIR filter and an exponential average are linear in their samples and their state, so their output over a step is
a matrix times both. The matrices are made by running the recursions themselves on unit vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

Floats = NDArray[np.float64]

_COLUMNS = 16  # of a part: whole vectors of the processor; with 24 of 48 the products took 8 % longer, at once 25 %

# Bounds of a step: at least and at most. Each is of half a short-term window at most, where that many do: with three of
# 16 samples each and a window of ten, a seventeenth of all steps passed the screen, with six a thirty-sixth.
BOUNDS = 2, 6
ROUNDING = 1e-9  # the screen lets through what is this close to its limit; its own rounding is 1e-13


def filter_step(sections: Floats, n_step: int) -> Floats:
    """What makes a filter's output and its state after a step out of the step's samples and the state before.

    Parameters
    ----------
    sections : (n_sections, 6), second order
    n_step : samples

    Returns
    -------
    matrix : (n_step + n_states, n_step + n_states)
    """
    n_states = 2 * len(sections)
    inputs = np.eye(n_step + n_states)
    states = inputs[:, n_step:].reshape(-1, len(sections), 2).swapaxes(0, 1)
    output, after = sosfilt(sections, inputs[:, :n_step], axis=-1, zi=states)
    return np.ascontiguousarray(np.concatenate((output, after.swapaxes(0, 1).reshape(-1, n_states)), axis=1).T)


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """Makes what comes out over a step of what was carried into it and of what comes in: a filter's samples, or states.

    Nothing that comes out depends on what comes in later: taken in parts of some columns each, nearly a third of the
    multiplications, those with zeros, need not be done.

    Parameters
    ----------
    parts : (n_before + stop, n_columns) each, with `stop` the number of the first sample behind its columns
    """

    parts: tuple[Floats, ...]

    @classmethod
    def of(cls, matrix: Floats) -> Output:
        """Cut a (n_before + n_step, n_step) matrix."""
        n_step = matrix.shape[1]
        columns = [matrix[:, begin : begin + _COLUMNS] for begin in range(0, n_step, _COLUMNS)]
        return cls(
            tuple(np.ascontiguousarray(part[: int(np.flatnonzero(part.any(axis=1))[-1]) + 1]) for part in columns)
        )

    def apply(self, rows: Floats, out: Floats) -> None:
        """Multiply tiles.

        Parameters
        ----------
        rows : (n_tiles, n_rows, n_before + n_step)
        out : (n_tiles, n_rows, n_step)
        """
        begin = 0
        for part in self.parts:
            n_used, n_columns = part.shape
            np.matmul(rows[:, :, :n_used], part, out=out[:, :, begin : begin + n_columns])
            begin += n_columns


def side_by_side(steps: Sequence[Floats], n_step: int) -> tuple[Floats, tuple[Output, ...]]:
    """What takes some filters through one step, their states side by side before the step's samples, as rows.

    Parameters
    ----------
    steps : from `filter_step`

    Returns
    -------
    carry : (n_filters * n_states + n_step, n_filters * n_states); makes the states after the step
    outputs : makes each filter's output. The zeros in it cost less than to copy one filter's states at a time
    """
    n_states = len(steps[0]) - n_step
    n_before = len(steps) * n_states
    carry = np.zeros((n_before + n_step, n_before))
    outputs = []
    for number, step in enumerate(steps):
        own = slice(number * n_states, (number + 1) * n_states)
        every = np.zeros((len(carry), n_step))
        for made, columns in ((carry[:, own], step.T[:, n_step:]), (every, step.T[:, :n_step])):
            made[n_before:], made[own] = columns[:n_step], columns[n_step:]
        outputs.append(Output.of(every))
    return carry, tuple(outputs)


@dataclass(frozen=True, slots=True, eq=False)
class AverageStep:
    """A short- and a long-term exponential average over one step.

    With S and L before the step and its samples e: the short-term average at every sample is `sta @ e + sta_keep * S`,
    the long-term one `lta @ e + lta_keep * L + lta_from_sta * S`.

    Parameters
    ----------
    sta, lta : (n_step, n_step)
    sta_keep, lta_keep, lta_from_sta : (n_step,)
    share : S over L from which on a trigger may begin, see `ROUNDING`
    ends : (2 + n_bounds, n_step); what the samples alone add to S and L after the step, and at most, in each part of
        it, to what S has over `share` times L; L before the step apart, of which as much counts as is left after it
    bound_keep : (n_bounds,) what S before the step adds to each of these at most
    """

    sta: Floats
    lta: Floats
    sta_keep: Floats
    lta_keep: Floats
    lta_from_sta: Floats
    share: float
    ends: Floats
    bound_keep: Floats


def average_step(n_sta: int, n_lta: int, n_step: int, *, ratio: float, lta_of_sta: bool) -> AverageStep:
    """The matrices of both averages.

    Parameters
    ----------
    n_sta, n_lta, n_step : samples
    ratio : of a trigger
    lta_of_sta : whether the long-term average is one of the short-term average (SeisComP) or of the samples
    """
    sta = _exponential(np.eye(n_step + 1), n_sta)
    lta = _exponential(np.eye(n_step + 1), n_lta)
    keep = lta[:, 0]
    if lta_of_sta:
        lta = _exponential(np.concatenate((np.zeros((1, n_step + 1)), sta[1:])), n_lta)
    lta_from_sta = lta[1:, 0].copy() if lta_of_sta else np.zeros(n_step)
    n_bounds = min(max(-(-2 * n_step // n_sta), BOUNDS[0]), BOUNDS[1], n_step)
    begins, share = np.arange(n_bounds) * n_step // n_bounds, ratio * (1 - ROUNDING)
    # All are compared with what is left of the long-term average after the step; before, more is left.
    left = keep[-1] / keep[1:]
    over = left[:, np.newaxis] * (sta[1:, 1:] - share * lta[1:, 1:])
    return AverageStep(
        np.ascontiguousarray(sta[1:, 1:]),
        np.ascontiguousarray(lta[1:, 1:]),
        sta[1:, 0].copy(),
        keep[1:].copy(),
        lta_from_sta,
        share,
        np.concatenate((sta[-1:, 1:], lta[-1:, 1:], np.maximum.reduceat(over, begins, axis=0))),
        np.maximum.reduceat(left * (sta[1:, 0] - share * lta_from_sta), begins),
    )


def _exponential(inputs: Floats, n: int) -> Floats:
    """a[0] = x[0], a[i] = x[i] / n + (1 - 1 / n) a[i - 1], down the columns."""
    average = inputs.copy()
    for i in range(1, len(inputs)):
        average[i] = inputs[i] / n + (1 - 1 / n) * average[i - 1]
    return average
