"""Steps of channels of any lengths as rows of one table, a channel below the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from detection.bandpass import TILE, Indices
from detection.matrices import Floats
from detection.oscillations import GROUP
from houfeng.types import Samples


class Stack:
    """Where the steps of each channel are, each channel filled up with zeros to whole groups of rows.

    Parameters
    ----------
    tails, samples : counts of each channel, in two parts; the first is whole steps
    n_step : samples of a row

    Attributes
    ----------
    begins : (n_channels + 1,) the first row of each channel, and the one behind the last channel
    firsts : (n_channels,) the row of each channel's first step behind its tail
    n_rows : of the table, whole tiles of groups; those behind the last channel hold zeros
    """

    def __init__(self, tails: Sequence[Samples], samples: Sequence[Samples], n_step: int) -> None:
        self._parts, self._n_step = list(zip(tails, samples, strict=True)), n_step
        n_tail = np.array([len(tail) for tail in tails]) // n_step
        self._whole = [values[: len(values) // n_step * n_step].reshape(-1, n_step) for values in samples]
        self._n_whole = np.array([len(whole) for whole in self._whole])
        n_each = n_tail - np.array([len(values) for values in samples]) // -n_step
        self.begins: Indices = np.concatenate(([0], (-(-n_each // GROUP) * GROUP).cumsum()))
        self.firsts: Indices = self.begins[:-1] + n_tail
        self.n_rows = -(-int(self.begins[-1]) // (TILE * GROUP)) * TILE * GROUP

    def fill(self, table: Floats, first: int) -> None:
        """Put counts into (n, n_step) rows of the table, from row `first` on."""
        n_step, stop = table.shape[1], first + len(table)
        table[max(int(self.begins[-1]) - first, 0) :] = 0
        of_these = slice(int(self.begins.searchsorted(first, "right")) - 1, int(self.begins.searchsorted(stop)))
        ends = self.begins[1:][of_these].tolist()
        for begin, end, parts in zip(self.begins[of_these].tolist(), ends, self._parts[of_these], strict=False):
            row = begin - first
            for values in parts:
                n_whole, n_left = divmod(len(values), n_step)
                above, below = max(row, 0), min(row + n_whole, len(table))
                if above < below:
                    table[above:below] = values[(above - row) * n_step : (below - row) * n_step].reshape(-1, n_step)
                row += n_whole
                if n_left and 0 <= row < len(table):
                    table[row, :n_left], table[row, n_left:] = values[-n_left:], 0
                row += n_left > 0
            table[max(row, 0) : max(end - first, 0)] = 0

    def pick(self, table: Floats, channels: Indices, steps: Indices) -> None:
        """Put some steps of some channels' samples into rows; behind the last sample are zeros.

        Parameters
        ----------
        table : (n, n_step)
        channels, steps : (n,) each, one channel's behind those of the other
        """
        n_whole = self._n_whole[channels]
        inside = np.minimum(steps, n_whole - 1)
        edges = [*np.flatnonzero(np.diff(channels, prepend=-1)).tolist(), len(channels)]
        found = [self._whole[channel] for channel in channels[edges[:-1]].tolist()]
        rows = [
            whole.take(inside[begin:stop], axis=0) if len(whole) else np.zeros((stop - begin, self._n_step), np.int32)
            for whole, (begin, stop) in zip(found, pairwise(edges), strict=True)
        ]
        if rows:
            table[:] = np.concatenate(rows)
        for row in np.flatnonzero(steps >= n_whole).tolist():
            table[row] = 0
            if steps[row] == n_whole[row]:
                left = self._parts[channels[row]][1][int(n_whole[row]) * self._n_step :]
                table[row, : len(left)] = left
