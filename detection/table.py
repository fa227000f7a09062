"""Band-pass of few channels, or of many that are long: all steps of all of them at once.

Every channel is cut into steps, a row of a table each: its samples, and behind them the filters' state before it. Then
the output of all of them is one matrix product, taken in tiles of 64 rows. The bits of a product depend on its shape,
and the shape is fixed: a row comes out the same beside any others, none, or itself at another time.

What remains to be done one step after the other are multiplications of single numbers, see `Oscillations`. NumPy does
them for all channels at once, SciPy's `lfilter` for all steps of a channel: the same operations, so the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detection.bandpass import TILE, Indices
from detection.matrices import Floats
from detection.plan import Plan
from detection.workspace import Workspace

_PASS = 1024  # rows taken through a product and what follows it at once: they stay in the second-level cache
_CALL = 250  # numbers that `lfilter` works through while one step of all channels is handed to NumPy
_SHORT = 1000  # samples; shorter channels are joined before they are copied, which is one copy more and fewer calls


class Table:
    """Steps of channels of any lengths, filled up with zeros; memory that the next table takes again.

    Parameters
    ----------
    plan : of the channels
    samples : one array of counts for each
    lengths : (n_channels,) of them, samples
    before : (n_channels, n_bands, n_states) of the filters before the first step
    work : memory

    Attributes
    ----------
    after : (n_channels, n_bands, n_states) of the filters after each channel's last step
    """

    def __init__(
        self, plan: Plan, samples: Sequence[Floats], lengths: Indices, before: Floats, work: Workspace
    ) -> None:
        self._plan, self._work = plan, work
        self._n_channels, self._n_steps = len(samples), -(-int(lengths.max()) // plan.n_step)
        self._n = self._n_channels * self._n_steps
        n_states = len(plan.bands) * plan.n_states
        self._rows = work.take("rows", -(-self._n // TILE) * TILE, plan.n_step + n_states)
        self._rows[self._n :] = 0
        cut = np.flatnonzero(lengths % plan.n_step)
        self._cut_rows = cut * self._n_steps + lengths[cut] // plan.n_step
        self._cut_at = lengths[cut] % plan.n_step
        drive = self._drive(samples)
        keep = np.concatenate([band.oscillations.keep for band in plan.bands])
        states = _states(drive[: self._n].reshape(self._n_channels, self._n_steps, -1), keep, before)
        known = self._rows[: self._n].reshape(self._n_channels, self._n_steps, -1)[:, :, plan.n_step :]
        known.reshape(*known.shape[:2], -1, 2)[:] = states[:, :-1]
        self.after = states[np.arange(len(lengths)), -(-lengths // plan.n_step)].reshape(before.shape)

    def _drive(self, samples: Sequence[Floats]) -> Floats:
        """Take in the samples; what they add to the states."""
        n_step, n_steps = self._plan.n_step, self._n_steps
        drives = np.concatenate([band.oscillations.drive for band in self._plan.bands], axis=1)
        made = self._work.take("drive", len(self._rows), drives.shape[1])
        known = self._rows[: self._n].reshape(len(samples), n_steps, -1)[:, :, :n_step]
        n_at_once, n_done = max(_PASS // n_steps, 1), 0
        for first in range(0, len(samples), n_at_once):
            _fill(known[first : first + n_at_once], samples[first : first + n_at_once])
            n_filled = min(first + n_at_once, len(samples)) * n_steps
            end = len(made) if n_filled == self._n else n_filled // TILE * TILE
            _product(self._rows[n_done:end, :n_step], drives, made[n_done:end])
            n_done = end
        return made

    def filter(self, number: int) -> Rows:
        """One of the plan's bands."""
        return Rows(self, number, self._ends(number))

    def _ends(self, number: int) -> Floats:
        """What `AverageStep.ends` makes of each step: (n_ends, n_steps, n_channels)."""
        ends_of = self._plan.averages.ends.T
        ends = self._work.take("ends", len(self._rows), ends_of.shape[1])
        for first in range(0, len(ends), _PASS):
            part = slice(first, min(first + _PASS, len(ends)))
            made = self._work.take("made", part.stop - first, self._plan.n_step)
            self._filter(number, self._rows[part], made)
            for row in np.flatnonzero((self._cut_rows >= first) & (self._cut_rows < part.stop)).tolist():
                made[self._cut_rows[row] - first, self._cut_at[row] :] = 0
            _product(made, ends_of, ends[part])
        by_step = ends[: self._n].reshape(self._n_channels, self._n_steps, -1)
        return np.ascontiguousarray(by_step.transpose(2, 1, 0))

    def signal(self, number: int, channels: Indices, steps: Indices) -> Floats:
        """What is averaged of one of the plan's bands, energies or amplitudes, in some steps: it is made once more.

        What the filter makes behind a channel's last sample counts as 0.

        Parameters
        ----------
        channels, steps : (n,) each

        Returns
        -------
        signal : (n, n_step)
        """
        chosen = channels * self._n_steps + steps
        rows = np.zeros((-(-len(chosen) // TILE) * TILE, self._rows.shape[1]))
        rows[: len(chosen)] = self._rows[chosen]
        made = np.empty((len(rows), self._plan.n_step))
        self._filter(number, rows, made)
        for row, at in zip(self._cut_rows.tolist(), self._cut_at.tolist(), strict=True):
            made[: len(chosen)][chosen == row, at:] = 0
        return made[: len(chosen)]

    def _filter(self, number: int, rows: Floats, out: Floats) -> None:
        _product(rows, self._plan.outputs[number], out)
        self._plan.rectify(out, out=out)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One band of a table: ends (n_ends, n_steps, n_channels). Few of its samples are asked for, and made again."""

    table: Table
    band: int
    ends: Floats

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        return self.table.signal(self.band, channels, steps)

    def rows(self, steps: Indices, channels: Indices) -> Floats:
        signal = self.table.signal(self.band, np.repeat(channels, steps.shape[1]), steps.ravel())
        return signal.reshape(*steps.shape, -1)


def _product(rows: Floats, matrix: Floats, out: Floats) -> None:
    """(k * TILE, n) rows times a matrix, in tiles of one shape; `out` is in one piece."""
    np.matmul(rows.reshape(-1, TILE, rows.shape[1]), matrix, out=out.reshape(-1, TILE, matrix.shape[1]))


def _fill(table: Floats, samples: Sequence[Floats]) -> None:
    """Samples of some channels into their rows, (n_channels, n_steps, n_step)."""
    _, n_steps, n_step = table.shape
    n_all = n_steps * n_step
    if n_all < _SHORT and all(len(values) == n_all for values in samples):
        table[:] = np.concatenate(samples).reshape(table.shape)
        return
    for row, values in zip(table, samples, strict=True):
        n_whole, n_left = divmod(len(values), n_step)
        row[:n_whole] = values[: n_whole * n_step].reshape(n_whole, n_step)
        row[n_whole:] = 0
        if n_left:
            row[n_whole, :n_left] = values[-n_left:]


def _states(drive: Floats, keep: NDArray[np.complex128], before: Floats) -> Floats:
    """z[k + 1] = drive[k] + keep z[k] for every oscillation z of every channel.

    Parameters
    ----------
    drive : (n_channels, n_steps, 2 * n_modes)
    keep : (n_modes,)
    before : (n_channels, ...) z[0]

    Returns
    -------
    states : (n_channels, n_steps + 1, n_modes, 2)
    """
    n_channels, n_steps, _ = drive.shape
    first = before.reshape(n_channels, len(keep), 2)
    if n_steps == 1 or n_channels * len(keep) > _CALL:
        return _by_step(drive, keep, first)
    return _by_channel(drive.view(np.complex128), keep, first)


def _by_step(drive: Floats, keep: NDArray[np.complex128], first: Floats) -> Floats:
    """One step of all channels after the other.

    In real numbers: NumPy's own product of complex ones rounds in another way where the processor can. Every operand
    lies along one dimension, which halves what NumPy's calls cost.
    """
    n_channels, n_steps, _ = drive.shape
    driven = drive.swapaxes(0, 1).reshape(n_steps, -1)
    states = np.empty((n_steps + 1, first.size))
    states[0] = first.ravel()
    straight = np.tile(np.repeat(keep.real, 2), n_channels)
    crossed = np.tile(keep.imag, n_channels)
    other = np.empty(first.size)
    to_real, to_imaginary, minus = other[::2], other[1::2], -crossed
    pairs = zip(states[:-1], states[:-1, ::2], states[:-1, 1::2], states[1:], driven, strict=True)
    for before, real, imaginary, after, more in pairs:
        np.multiply(before, straight, out=after)
        np.multiply(imaginary, minus, out=to_real)
        np.multiply(real, crossed, out=to_imaginary)
        np.add(after, other, out=after)
        np.add(after, more, out=after)
    return states.reshape(n_steps + 1, n_channels, len(keep), 2).swapaxes(0, 1)


def _by_channel(drive: NDArray[np.complex128], keep: NDArray[np.complex128], first: Floats) -> Floats:
    """All steps of one channel after those of the other."""
    n_channels, n_steps, n_modes = drive.shape
    states = np.empty((n_channels, n_steps + 1, n_modes, 2))
    states[:, 0] = first
    for mode, factor in enumerate(keep.tolist()):
        kept = np.empty((n_channels, 1), dtype=np.complex128)
        kept.real[:, 0] = first[:, mode, 0] * factor.real - first[:, mode, 1] * factor.imag
        kept.imag[:, 0] = first[:, mode, 0] * factor.imag + first[:, mode, 1] * factor.real
        made, _ = lfilter([1.0], [1.0, -factor], drive[:, :, mode], axis=1, zi=kept)
        states[:, 1:, mode] = made.view(np.float64).reshape(n_channels, n_steps, 2)
    return states
