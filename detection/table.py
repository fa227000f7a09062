"""Band-pass of few channels, or of many that are long: all steps of all of them at once.

Every channel is cut into steps, a row of a table each. What a row adds to a filter's state is a matrix product; once
the states before all rows are known, another one makes the output of samples and states. Both are taken in tiles of 64
rows and passes that stay in the cache: no more than the states of all rows is kept, and what is looked at by sample is
made again. The bits of a product depend on its shape, and the shape is fixed: a row comes out the same beside any
others, none, or itself at another time.

What remains to be done one step after the other are multiplications of single numbers, see `Oscillations`. NumPy does
them for all channels at once, SciPy's `lfilter` for all steps of a channel: the same operations, so the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from detection.bandpass import TILE, Filtered, Indices, Rows, silence
from detection.carried import carried
from detection.matrices import Floats
from detection.oscillations import GROUP
from detection.plan import Plan
from detection.stack import Stack
from detection.workspace import Workspace
from houfeng.types import Samples

_PASS = 2048  # rows taken through a product and what follows it at once


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
        self._plan, self._work, self._lengths = plan, work, lengths
        n_channels, n_step, n_bands = len(samples), plan.n_step, len(plan.bands)
        self._stack = stack = Stack(tails, samples, n_step)
        n_whole, cut = lengths // n_step, np.flatnonzero(lengths % n_step)
        self._cut_rows, self._cut_at = stack.firsts[cut] + n_whole[cut], lengths[cut] % n_step
        # Of each group of steps: what its samples add to the state, step by step, and the state before it.
        self._driven = work.take("driven", n_bands, stack.n_rows // GROUP, (GROUP + 1) * plan.n_states)
        self._states = work.take("states", n_bands, stack.n_rows, plan.n_states)  # before each row
        states = self._carry(self._drive(), before)
        self._ends = self._average()
        n_groups, n_left = np.divmod(stack.firsts - stack.begins[:-1] + n_whole, GROUP)
        self.after = states[np.arange(n_channels), n_groups].reshape(before.shape)
        n_left[cut] = 0  # its segment has ended
        self.tails = [_last(*each) for each in zip(tails, samples, (n_left * n_step).tolist(), strict=True)]

    def _drive(self) -> Floats:
        """Take in the samples; what each group adds to the states of all bands, (n_groups, n_bands * n_states)."""
        n_states, bands = self._plan.n_states, self._plan.bands
        together = self._work.take("together", self._stack.n_rows // GROUP, len(bands) * n_states)
        for rows, counts in self._passes(0):
            drive = self._work.take("drive", len(counts), n_states)
            groups = slice(rows.start // GROUP, rows.stop // GROUP)
            for number, band in enumerate(bands):
                _product(counts, band.oscillations.drive, drive)
                of_groups = drive.reshape(-1, GROUP * n_states)
                self._driven[number, groups, n_states:] = of_groups
                own = slice(number * n_states, (number + 1) * n_states)
                _product(of_groups, band.oscillations.together, together[groups, own])
        return together

    def _passes(self, n_before: int) -> Iterator[tuple[slice, Floats]]:
        """Some rows after the others: which they are, and their counts behind `n_before` columns of anything."""
        for first in range(0, self._stack.n_rows, _PASS):
            rows = slice(first, min(first + _PASS, self._stack.n_rows))
            table = self._work.take("table", rows.stop - first, n_before + self._plan.n_step)
            self._stack.fill(table[:, n_before:], first)
            yield rows, table

    def _carry(self, driven: Floats, before: Floats) -> Floats:
        """The states before each group of steps, and at the end: (n_channels, n_groups + 1, n_modes, 2).

        Behind a channel's last group there is anything.
        """
        n_states, bands = self._plan.n_states, self._plan.bands
        keep = np.concatenate([band.oscillations.keep for band in bands])
        edges = list(pairwise((self._stack.begins // GROUP).tolist()))
        longest = max(stop - start for start, stop in edges)
        side_by_side = np.zeros((len(edges), longest, driven.shape[1]))
        for own, (start, stop) in zip(side_by_side, edges, strict=True):
            own[: stop - start] = driven[start:stop]
        states = carried(side_by_side, keep, before)
        for own, (start, stop) in zip(states, edges, strict=True):
            of_bands = own[: stop - start].reshape(-1, len(bands), n_states)
            self._driven[:, start:stop, :n_states] = of_bands.swapaxes(0, 1)
        self._driven[:, edges[-1][1] :, :n_states] = 0
        return states

    def _average(self) -> Floats:
        """What `AverageStep.ends` makes of each step: (n_bands, n_ends, n_rows)."""
        plan, ends_of = self._plan, self._plan.averages.ends
        ends = self._work.take("ends", len(plan.bands), len(ends_of), self._stack.n_rows)
        for rows, table in self._passes(plan.n_states):
            groups = slice(rows.start // GROUP, rows.stop // GROUP)
            signal = self._work.take("signal", len(table), plan.n_step)
            for number, of_band in enumerate(ends):
                states = self._states[number, rows]
                of_groups = states.reshape(-1, TILE, GROUP * plan.n_states)
                driven = self._driven[number, groups]
                plan.bands[number].oscillations.between.apply(driven.reshape(-1, TILE, driven.shape[1]), of_groups)
                table[:, : plan.n_states] = states
                self._rectified(number, table, signal)
                for row in np.flatnonzero((self._cut_rows >= rows.start) & (self._cut_rows < rows.stop)).tolist():
                    # what rings on behind the last sample
                    signal[self._cut_rows[row] - rows.start, self._cut_at[row] :] = 0
                tiles = signal.reshape(-1, TILE, plan.n_step).swapaxes(1, 2)
                np.matmul(ends_of, tiles, out=of_band[:, rows].reshape(len(ends_of), -1, TILE).swapaxes(0, 1))
        return ends

    def filter(self, number: int) -> Filtered:
        """One of the plan's bands; its `ends` are good until the next one is asked for."""
        n_steps = -(-self._lengths // self._plan.n_step)
        found = self._work.take("found", len(self._ends[number]), len(n_steps), int(n_steps.max()))
        for channel, (at, n) in enumerate(zip(self._stack.firsts.tolist(), n_steps.tolist(), strict=True)):
            found[:, channel, :n], found[:, channel, n:] = self._ends[number, :, at : at + n], 0
        return Rows(self, number, found.swapaxes(1, 2))

    def signal(self, number: int, channels: Indices, steps: Indices) -> Floats:
        """What is averaged of one of the plan's bands, energies or amplitudes, in some steps: it is made once more.

        What the filter makes behind a channel's last sample counts as 0.

        Parameters
        ----------
        number : of the band
        channels, steps : (n,) each, one channel's behind those of the other

        Returns
        -------
        signal : (n, n_step); good until the next ones are asked for
        """
        plan, n = self._plan, len(channels)
        n_all = -(-n // TILE) * TILE
        table = self._work.take("picked", n_all, plan.n_states + plan.n_step)
        made = self._work.take("remade", n_all, plan.n_step)
        rows = np.minimum(self._stack.firsts[channels] + steps, self._stack.n_rows - 1)
        table[:n, : plan.n_states] = self._states[number, rows]
        self._stack.pick(table[:n, plan.n_states :], channels, steps)
        table[n:] = 0
        self._rectified(number, table, made)
        silence(made[:n], self._lengths[channels] - steps * plan.n_step)
        return made[:n]

    def _rectified(self, number: int, table: Floats, out: Floats) -> None:
        """Energies or amplitudes of one band (n_rows, n_step), of the states before each row and its counts."""
        output = self._plan.bands[number].oscillations.output
        output.apply(table.reshape(-1, TILE, table.shape[1]), out.reshape(-1, TILE, out.shape[1]))
        self._plan.rectify(out, out=out)


def _product(rows: Floats, matrix: Floats, out: Floats) -> None:
    """(k * TILE, n) rows times a matrix, in tiles of one shape."""
    np.matmul(rows.reshape(-1, TILE, rows.shape[1]), matrix, out=out.reshape(-1, TILE, matrix.shape[1]))


def _last(tail: Samples, samples: Samples, n: int) -> Samples:
    """The last `n` of some samples, which are in two parts."""
    return samples[len(samples) - n :].copy() if n <= len(samples) else np.concatenate((tail, samples))[-n:]
