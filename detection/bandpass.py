"""Band-pass of many channels at once, state carried from step to step.

A step of a channel is a row: the filters' states before it, and behind them its samples. Tiles of 64 rows, a channel
each, go through matrix products. The bits of a product depend on its shape, and the shape is fixed: a row comes out
the same beside any others, none, or itself at another time. `detection.table` is the other way to the same numbers,
the last bits apart, for a few channels, whose tiles would be mostly empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats
from detection.plan import Plan
from detection.workspace import Workspace
from houfeng.types import Samples

TILE = 64  # rows of one product
_TURN = 2048  # rows taken in and filtered before the next ones: with their output they stay in the second-level cache
_PASS = 1024  # of these, rows whose output is there at once
# Samples. Others are joined before they are taken in: to go through a few steps of each channel after the other took
# half as long again as to read each whole, in the order of memory, and take it in from the cache.
_LONG = 8192

Indices = NDArray[np.intp]


class Filtered(Protocol):
    """What is averaged of one band (energies or amplitudes), by step and channel.

    Attributes
    ----------
    ends : (n_ends, n_steps, n_channels); what `AverageStep.ends` makes of each step. Good until another band's is made
    """

    @property
    def ends(self) -> Floats: ...

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        """(n, n_step) samples of these steps of these channels, one channel's behind those of the other.

        Good until more are asked for, as those of `rows` are.
        """

    def rows(self, steps: Indices, channels: Indices) -> Floats:
        """(n, n_steps, n_step) samples of these (n, n_steps) steps of these (n,) channels."""


class Tiles:
    """Channels of any lengths, the longest first, filled up with zeros; memory that the next tiles take again.

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
        self, plan: Plan, samples: Sequence[Samples], lengths: Indices, before: Floats, work: Workspace
    ) -> None:
        self._plan, self._work, self._lengths = plan, work, lengths
        n_channels, self._n_steps = len(samples), -(-int(lengths[0]) // plan.n_step)
        n_all = -(-n_channels // TILE) * TILE
        self._are_cut = bool((lengths % plan.n_step).any())
        self._width = max(_TURN // (self._n_steps * TILE), 1) * TILE
        n_groups = -(-n_all // self._width)
        self._rows = work.take("rows", n_groups, self._n_steps, self._width, len(plan.carry))
        self._ends = work.take("ends", len(plan.bands), len(plan.averages.ends), self._n_steps, n_all)
        states = np.zeros((n_all, plan.carry.shape[1]))
        states[:n_channels] = before.reshape(n_channels, -1)
        n_at_once = max(_TURN // self._width, 1)
        for group, first in enumerate(range(0, n_all, self._width)):
            channels = slice(first, min(first + self._width, n_all))
            joined = _joined(samples[channels], lengths[channels])
            for begin in range(0, self._n_steps, n_at_once):
                steps = slice(begin, min(begin + n_at_once, self._n_steps))
                rows = self._rows[group, steps, : channels.stop - first]
                _fill(rows[:, :, -plan.n_step :], joined, begin)
                self._carry(rows, states[channels])
                for number in range(len(plan.bands)):
                    self._average(number, rows, steps, channels)
        steps_of = -(-lengths // plan.n_step)
        early = np.flatnonzero(steps_of < self._n_steps)
        states[early] = self._rows[early // self._width, steps_of[early], early % self._width, : -plan.n_step]
        self.after = states[:n_channels].reshape(before.shape)

    def _carry(self, rows: Floats, states: Floats) -> None:
        """Put the states before each step before its samples; `states` become those after the last step."""
        carry, n_states = self._plan.carry, states.shape[1]
        tiles, of_tiles = rows.reshape(len(rows), -1, TILE, rows.shape[2]), states.reshape(-1, TILE, states.shape[1])
        tiles[0, :, :, :n_states] = of_tiles
        for before, after in pairwise(tiles):
            np.matmul(before, carry, out=after[:, :, :n_states])
        np.matmul(tiles[-1], carry, out=of_tiles)

    def _average(self, number: int, rows: Floats, steps: slice, channels: slice) -> None:
        """What `AverageStep.ends` makes of one band of some channels."""
        plan, (n_steps, n_channels, _) = self._plan, rows.shape
        n_at_once = max(_PASS // n_channels, 1)
        for first in range(0, n_steps, n_at_once):
            tiles = rows[first : first + n_at_once].reshape(-1, TILE, rows.shape[2])
            made = self._work.take("made", len(tiles), TILE, plan.n_step)
            plan.outputs[number].apply(tiles, made)
            here = slice(steps.start + first, min(steps.start + first + n_at_once, steps.stop))
            if self._are_cut:
                self._cut_off(made.reshape(-1, n_channels, plan.n_step), here, channels)
            plan.rectify(made, out=made)
            ends = np.matmul(made, plan.averages.ends.T).reshape(-1, n_channels, len(plan.averages.ends))
            self._ends[number, :, here, channels] = ends.transpose(2, 0, 1)

    def _cut_off(self, values: Floats, steps: slice, channels: slice) -> None:
        """Silence what the filter makes after a channel's last sample, if that lies within one of these steps."""
        n_step, lengths = self._plan.n_step, self._lengths[channels]
        ends_here = (lengths > steps.start * n_step) & (lengths < steps.stop * n_step) & (lengths % n_step > 0)
        for channel in ends_here.nonzero()[0].tolist():
            step, at = divmod(int(lengths[channel]), n_step)
            values[step - steps.start, channel, at:] = 0

    def filter(self, number: int) -> Filtered:
        """One of the plan's bands."""
        return Rows(self, number, self._ends[number, :, :, : len(self._lengths)])

    def signal(self, number: int, channels: Indices, steps: Indices) -> Floats:
        """What is averaged of one of the plan's bands, energies or amplitudes, in some steps: it is made once more.

        What the filter makes behind a channel's last sample counts as 0.

        Parameters
        ----------
        channels, steps : (n,) each, one channel's behind those of the other

        Returns
        -------
        signal : (n, n_step)
        """
        rows = np.zeros((-(-len(channels) // TILE), TILE, self._rows.shape[3]))
        groups, columns = np.divmod(channels, self._width)
        rows.reshape(-1, rows.shape[2])[: len(channels)] = self._rows[groups, steps, columns]
        made = np.empty((*rows.shape[:2], self._plan.n_step))
        self._plan.outputs[number].apply(rows, made)
        made = made.reshape(-1, self._plan.n_step)[: len(channels)]
        silence(made, self._lengths[channels] - steps * self._plan.n_step)
        self._plan.rectify(made, out=made)
        return made


class Remaking(Protocol):
    """What filters channels, and can make any step of a band once more."""

    def signal(self, number: int, channels: Indices, steps: Indices) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One band: ends (n_ends, n_steps, n_channels). Few of its samples are asked for, and made again."""

    source: Remaking
    band: int
    ends: Floats

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        return self.source.signal(self.band, channels, steps)

    def rows(self, steps: Indices, channels: Indices) -> Floats:
        signal = self.source.signal(self.band, np.repeat(channels, steps.shape[1]), steps.ravel())
        return np.asarray(signal.reshape(*steps.shape, -1))


def silence(made: Floats, n_known: Indices) -> None:
    """What a filter makes behind a channel's last sample counts as 0.

    Parameters
    ----------
    made : (n, n_step)
    n_known : (n,) samples of each step that there are, or more; 0 or fewer if there are none
    """
    for row in np.flatnonzero(n_known < made.shape[1]).tolist():
        made[row, max(int(n_known[row]), 0) :] = 0


def _joined(samples: Sequence[Samples], lengths: Indices) -> list[Samples]:
    """Channels side by side, (n_channels, n_samples) each: those of one length together, unless they are long."""
    edges = np.flatnonzero(np.diff(lengths, prepend=-1))
    joined = []
    for start, stop in pairwise([*edges.tolist(), len(samples)]):
        if lengths[start] > _LONG:
            joined += [values[np.newaxis] for values in samples[start:stop]]
        else:
            joined.append(np.concatenate(samples[start:stop]).reshape(stop - start, -1))
    return joined


def _fill(rows: Floats, joined: Sequence[Samples], begin: int) -> None:
    """Samples of some channels from step `begin` on into their rows, (n_steps, n_channels, n_step); the rest is 0."""
    n_steps, _, n_step = rows.shape
    column = 0
    for values in joined:
        here, part = rows[:, column : column + len(values)], values[:, begin * n_step : (begin + n_steps) * n_step]
        n_whole, n_left = divmod(part.shape[1], n_step)
        here[:n_whole] = part[:, : n_whole * n_step].reshape(len(values), n_whole, n_step).swapaxes(0, 1)
        here[n_whole:] = 0
        if n_left:
            here[n_whole, :, :n_left] = part[:, -n_left:]
        column += len(values)
    rows[:, column:] = 0
