"""Band-pass of few channels, or of many that are long: all steps of all of them at once.

Every channel is cut into steps, a row of a table each: its samples, and behind them the filters' state before it. Then
the output of all of them is one matrix product, taken in tiles of 64 rows. The bits of a product depend on its shape,
and the shape is fixed: a row comes out the same beside any others, none, or itself at another time.

What remains to be done one step after the other are multiplications of single numbers, see `Oscillations`. NumPy does
them for all channels at once, SciPy's `lfilter` for all steps of a channel: the same operations, so the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detection.bandpass import TILE, Filtered, Indices, Rows
from detection.matrices import Floats
from detection.oscillations import GROUP
from detection.plan import Plan
from detection.workspace import Workspace
from houfeng.types import Samples

_PASS = 1024  # rows taken through a product and what follows it at once: they stay in the second-level cache
_CALL = 250  # numbers that `lfilter` works through while one step of all channels is handed to NumPy


class Table:
    """Steps of channels of any lengths, filled up with zeros; memory that the next table takes again.

    Parameters
    ----------
    plan : of the channels
    tails : counts of each channel's latest steps that are no whole group; they are filtered once more, so that every
        group is the same product however the samples came
    samples : counts of each channel behind them
    lengths : (n_channels,) of the latter, samples
    before : (n_channels, n_bands, n_states) of the filters before the tails
    work : memory

    Attributes
    ----------
    after, tails : what goes in with the samples that follow
    """

    def __init__(
        self,
        plan: Plan,
        tails: Sequence[Samples],
        samples: Sequence[Samples],
        lengths: Indices,
        before: Floats,
        work: Workspace,
    ) -> None:
        self._plan, self._work = plan, work
        n_channels, n_step, self._n_steps = len(samples), plan.n_step, -(-int(lengths.max()) // plan.n_step)
        n_tail, n_whole = np.array([len(tail) for tail in tails]) // n_step, lengths // n_step
        n_row = _ceil(int(n_tail.max()) + self._n_steps, GROUP)
        self._n = n_channels * n_row
        self._first = np.arange(n_channels) * n_row + n_tail  # the row of each channel's first step behind its tail
        self._rows = work.take("rows", _ceil(self._n, TILE * GROUP), n_step + plan.n_states)
        self._rows[self._n :] = 0
        cut = np.flatnonzero(lengths % n_step)
        self._cut_rows, self._cut_at = self._first[cut] + n_whole[cut], lengths[cut] % n_step
        self._drives = self._driven([(tail, values) for tail, values in zip(tails, samples, strict=True)], n_row)
        states = self._carry(before)
        n_groups, n_left = np.divmod(n_tail + n_whole, GROUP)
        self.after = states[np.arange(n_channels), n_groups].reshape(before.shape)
        n_left[cut] = 0  # its segment has ended
        self.tails = [_last(*each) for each in zip(tails, samples, (n_left * n_step).tolist(), strict=True)]

    def _driven(self, parts: Sequence[tuple[Samples, Samples]], n_row: int) -> list[Floats]:
        """Take in the samples; what they add to the states of each band, (n_rows, n_states)."""
        bands, n_step = self._plan.bands, self._plan.n_step
        made = [self._work.take(f"drive {n}", len(self._rows), self._plan.n_states) for n in range(len(bands))]
        known = self._rows[: self._n].reshape(len(parts), n_row, -1)[:, :, :n_step]
        n_at_once, n_done = max(_PASS // n_row, 1), 0
        for first in range(0, len(parts), n_at_once):
            _fill(known[first : first + n_at_once], parts[first : first + n_at_once])
            n_filled = min(first + n_at_once, len(parts)) * n_row
            end = len(self._rows) if n_filled == self._n else n_filled // TILE * TILE
            for band, drive in zip(bands, made, strict=True):
                _product(self._rows[n_done:end, :n_step], band.oscillations.drive, drive[n_done:end])
            n_done = end
        return made

    def _carry(self, before: Floats) -> Floats:
        """The states before each group of steps, and at the end: (n_channels, n_groups + 1, n_modes, 2)."""
        n_states, n_groups, bands = self._plan.n_states, self._n // GROUP, self._plan.bands
        together = self._work.take("together", len(bands), len(self._rows) // GROUP, n_states)
        for drive, band, made in zip(self._drives, bands, together, strict=True):
            _product(drive.reshape(-1, GROUP * n_states), band.oscillations.together, made)
        driven = np.concatenate(together[:, :n_groups], axis=1).reshape(len(before), -1, before[0].size)
        states = _carried(driven, np.concatenate([band.oscillations.keep for band in bands]), before)
        carried = states[:, :-1].reshape(n_groups, len(bands), n_states)
        self._groups, self._states = [], []
        for number in range(len(bands)):
            known = self._work.take(f"groups {number}", len(self._rows) // GROUP, n_states)
            known[:n_groups], known[n_groups:] = carried[:, number], 0
            self._groups.append(known)
            self._states.append(self._work.take(f"states {number}", len(self._rows), n_states))
        return states

    def filter(self, number: int) -> Filtered:
        """One of the plan's bands."""
        return Rows(self, number, self._ends(number))

    def _ends(self, number: int) -> Floats:
        """What `AverageStep.ends` makes of each step: (n_ends, n_steps, n_channels)."""
        ends_of = self._plan.averages.ends.T
        ends = self._work.take("ends", len(self._rows), ends_of.shape[1])
        for first in range(0, len(ends), _PASS):
            part = slice(first, min(first + _PASS, len(ends)))
            made = self._work.take("made", part.stop - first, self._plan.n_step)
            self._place_states(number, part)
            self._filter(number, self._rows[part], made)
            for row in np.flatnonzero((self._cut_rows >= first) & (self._cut_rows < part.stop)).tolist():
                made[self._cut_rows[row] - first, self._cut_at[row] :] = 0
            _product(made, ends_of, ends[part])
        found = np.empty((ends.shape[1], self._n_steps, len(self._first)))
        for channel, at in enumerate(self._first.tolist()):
            found[:, :, channel] = ends[at : at + self._n_steps].T
        return found

    def _place_states(self, number: int, part: slice) -> None:
        """Put a band's states before each of some steps, whole groups, behind the samples."""
        n_states, groups = self._plan.n_states, slice(part.start // GROUP, part.stop // GROUP)
        taken = self._work.take("taken", groups.stop - groups.start, (GROUP + 1) * n_states)
        taken[:, :-n_states] = self._drives[number][part].reshape(len(taken), -1)
        taken[:, -n_states:] = self._groups[number][groups]
        made = self._states[number][part]
        _product(taken, self._plan.bands[number].oscillations.between, made.reshape(len(taken), -1))
        self._rows[part, self._plan.n_step :] = made

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
        chosen = self._first[channels] + steps
        rows = np.zeros((-(-len(chosen) // TILE) * TILE, self._rows.shape[1]))
        rows[: len(chosen)] = self._rows[chosen]
        rows[: len(chosen), self._plan.n_step :] = self._states[number][chosen]
        made = np.empty((len(rows), self._plan.n_step))
        self._filter(number, rows, made)
        for row, at in zip(self._cut_rows.tolist(), self._cut_at.tolist(), strict=True):
            made[: len(chosen)][chosen == row, at:] = 0
        return made[: len(chosen)]

    def _filter(self, number: int, rows: Floats, out: Floats) -> None:
        _product(rows, self._plan.bands[number].oscillations.output, out)
        self._plan.rectify(out, out=out)


def _product(rows: Floats, matrix: Floats, out: Floats) -> None:
    """(k * TILE, n) rows times a matrix, in tiles of one shape; `out` is in one piece."""
    np.matmul(rows.reshape(-1, TILE, rows.shape[1]), matrix, out=out.reshape(-1, TILE, matrix.shape[1]))


def _fill(table: Floats, parts: Sequence[tuple[Samples, Samples]]) -> None:
    """Samples of some channels, in two parts each, into their rows, (n_channels, n_steps, n_step)."""
    n_step = table.shape[2]
    for row, (tail, values) in zip(table, parts, strict=True):
        begin, (n_whole, n_left) = len(tail) // n_step, divmod(len(values), n_step)
        end = begin + n_whole
        row[:begin] = tail.reshape(begin, n_step)
        row[begin:end] = values[: n_whole * n_step].reshape(n_whole, n_step)
        row[end:] = 0
        if n_left:
            row[end, :n_left] = values[-n_left:]


def _last(tail: Samples, samples: Samples, n: int) -> Samples:
    """The last `n` of some samples, which are in two parts."""
    return samples[len(samples) - n :].copy() if n <= len(samples) else np.concatenate((tail, samples))[-n:]


def _ceil(n: int, of: int) -> int:
    return -(-n // of) * of


def _carried(drive: Floats, keep: NDArray[np.complex128], before: Floats) -> Floats:
    """z[k + 1] = drive[k] + keep z[k] for every oscillation z of every channel, k a group of steps.

    Parameters
    ----------
    drive : (n_channels, n_groups, 2 * n_modes)
    keep : (n_modes,)
    before : (n_channels, ...) z[0]

    Returns
    -------
    states : (n_channels, n_groups + 1, n_modes, 2)
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
