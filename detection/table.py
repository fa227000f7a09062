"""Band-pass of few channels, or of many that are long: all steps of all of them at once.

Every channel is cut into steps, a row of a table each. What a filter that was at rest makes of a row, and what the row
adds to the filter's state, are matrix products, taken in tiles of 64 rows; once the states before all rows are known,
one more product makes what they add to the output. The bits of a product depend on its shape, and the shape is fixed:
a row comes out the same beside any others, none, or itself at another time.

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
        self._first = np.arange(n_channels) * n_row + n_tail  # the row of each channel's first step behind its tail
        cut = np.flatnonzero(lengths % n_step)
        self._cut_rows, self._cut_at = self._first[cut] + n_whole[cut], lengths[cut] % n_step
        n_bands, n_states, n_rows = len(plan.bands), plan.n_states, _ceil(n_channels * n_row, TILE * GROUP)
        # What the filters make of each row when they are at rest; once a band is filtered, what is averaged of it.
        self._made = work.take("made", n_bands, n_rows, n_step)
        # Of each group of steps: what its samples add to the state, step by step, and the state before it.
        self._driven = work.take("driven", n_bands, n_rows // GROUP, (GROUP + 1) * n_states)
        driven = self._drive(list(zip(tails, samples, strict=True)), n_row)
        states = self._carry(driven[: n_channels * n_row // GROUP], before)
        n_groups, n_left = np.divmod(n_tail + n_whole, GROUP)
        self.after = states[np.arange(n_channels), n_groups].reshape(before.shape)
        n_left[cut] = 0  # its segment has ended
        self.tails = [_last(*each) for each in zip(tails, samples, (n_left * n_step).tolist(), strict=True)]

    def _drive(self, parts: Sequence[tuple[Samples, Samples]], n_row: int) -> Floats:
        """Take in the samples; what each group adds to the states of all bands, (n_groups, n_bands * n_states)."""
        n_step, n_states, n_rows = self._plan.n_step, self._plan.n_states, self._made.shape[1]
        together = self._work.take("together", n_rows // GROUP, len(self._made) * n_states)
        for first in range(0, n_rows, _PASS):
            rows = slice(first, min(first + _PASS, n_rows))
            groups = slice(first // GROUP, rows.stop // GROUP)
            counts = self._work.take("counts", rows.stop - first, n_step)
            drive = self._work.take("drive", len(counts), n_states)
            _fill(counts.reshape(-1), first * n_step, parts, n_row * n_step)
            for number, band in enumerate(self._plan.bands):
                own = slice(number * n_states, (number + 1) * n_states)
                _product(counts, band.oscillations.output, self._made[number, rows])
                _product(counts, band.oscillations.drive, drive)
                of_groups = drive.reshape(-1, GROUP * n_states)
                self._driven[number, groups, :-n_states] = of_groups
                _product(of_groups, band.oscillations.together, together[groups, own])
        return together

    def _carry(self, driven: Floats, before: Floats) -> Floats:
        """The states before each group of steps, and at the end: (n_channels, n_groups + 1, n_modes, 2)."""
        n_states, bands = self._plan.n_states, self._plan.bands
        keep = np.concatenate([band.oscillations.keep for band in bands])
        states = _carried(driven.reshape(len(before), -1, driven.shape[1]), keep, before)
        carried = states[:, :-1].reshape(len(driven), len(bands), n_states)
        self._driven[:, : len(driven), -n_states:] = carried.swapaxes(0, 1)
        self._driven[:, len(driven) :, -n_states:] = 0
        return states

    def filter(self, number: int) -> Filtered:
        """One of the plan's bands."""
        return Rows(self, number, self._ends(number))

    def _ends(self, number: int) -> Floats:
        """What `AverageStep.ends` makes of each step: (n_ends, n_steps, n_channels)."""
        signal, ends_of = self._made[number], self._plan.averages.ends
        how, n_states = self._plan.bands[number].oscillations, self._plan.n_states
        ends = self._work.take("ends", len(ends_of), len(signal))
        for first in range(0, len(signal), _PASS):
            part, groups = signal[first : first + _PASS], slice(first // GROUP, (first + _PASS) // GROUP)
            states = self._work.take("states", len(part), n_states)
            ringing = self._work.take("ringing", len(part), part.shape[1])
            _product(self._driven[number, groups], how.between, states.reshape(-1, GROUP * n_states))
            _product(states, how.ringing, ringing)
            part += ringing
            self._plan.rectify(part, out=part)
            for row in np.flatnonzero((self._cut_rows >= first) & (self._cut_rows < first + len(part))).tolist():
                part[self._cut_rows[row] - first, self._cut_at[row] :] = 0  # what rings on behind the last sample
            tiles = part.reshape(-1, TILE, part.shape[1]).swapaxes(1, 2)
            of_tiles = ends[:, first : first + len(part)].reshape(len(ends), -1, TILE)
            np.matmul(ends_of, tiles, out=of_tiles.swapaxes(0, 1))
        found = np.empty((len(ends), len(self._first), self._n_steps))
        for channel, at in enumerate(self._first.tolist()):
            found[:, channel] = ends[:, at : at + self._n_steps]
        return found.swapaxes(1, 2)

    def signal(self, number: int, channels: Indices, steps: Indices) -> Floats:
        """What is averaged of one of the plan's bands, energies or amplitudes, in some steps.

        What the filter makes behind a channel's last sample counts as 0.

        Parameters
        ----------
        number : of a band that was filtered
        channels, steps : (n,) each

        Returns
        -------
        signal : (n, n_step)
        """
        return np.asarray(self._made[number, self._first[channels] + steps])


def _product(rows: Floats, matrix: Floats, out: Floats) -> None:
    """(k * TILE, n) rows times a matrix, in tiles of one shape."""
    np.matmul(rows.reshape(-1, TILE, rows.shape[1]), matrix, out=out.reshape(-1, TILE, matrix.shape[1]))


def _fill(counts: Floats, begin: int, parts: Sequence[tuple[Samples, Samples]], n_each: int) -> None:
    """Samples of some channels, in two parts each, as if all lay side by side.

    Parameters
    ----------
    counts : (n,) to be filled
    begin : number of the first of them, counted from the first channel's first sample
    parts : of every channel
    n_each : samples of a channel, zeros behind its parts included
    """
    counts[max(len(parts) * n_each - begin, 0) :] = 0
    for number in range(begin // n_each, min(-(-(begin + len(counts)) // n_each), len(parts))):
        at = number * n_each - begin
        for values in parts[number]:
            stop = max(min(at + len(values), len(counts)), 0)
            counts[max(at, 0) : stop] = values[max(-at, 0) : max(stop - at, 0)]
            at += len(values)
        counts[max(at, 0) : max((number + 1) * n_each - begin, 0)] = 0


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
