"""Band-pass of many channels at once, state carried from step to step.

A step of a channel is a row: its samples, and behind them the filters' states before it. Tiles of 64 rows, a channel
each, go through matrix products. The bits of a product depend on its shape, and the shape is fixed: a row comes out
the same beside any others, none, or itself at another time. `detection.table` is the other way to the same numbers,
the last bits apart, for a few channels, whose tiles would be mostly empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats
from detection.plan import Plan
from detection.workspace import Workspace
from houfeng.types import Samples

TILE = 64  # rows of one product
_TURN = 4096  # rows taken in, and filtered, before the next ones: they stay in the second-level cache
_PASS = 1024  # of these, rows whose output is there at once
_SHORT = 1000  # samples; shorter channels are joined before they are copied, which is one copy more and fewer calls

Indices = NDArray[np.intp]


class Filtered(Protocol):
    """What is averaged of one band (energies or amplitudes), by step and channel.

    Attributes
    ----------
    ends : (n_ends, n_steps, n_channels); what `AverageStep.ends` makes of each step
    """

    @property
    def ends(self) -> Floats: ...

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        """(n, n_step) samples of these steps of these channels."""

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
        self._rows = work.take("rows", n_all, self._n_steps, len(plan.carry))
        self._ends = work.take("ends", len(plan.bands), len(plan.averages.ends), self._n_steps, n_all)
        cut = np.flatnonzero(lengths % plan.n_step)
        self._cut_rows = cut * self._n_steps + lengths[cut] // plan.n_step
        self._cut_at = lengths[cut] % plan.n_step
        states = np.zeros((n_all, plan.carry.shape[1]))
        states[:n_channels] = before.reshape(n_channels, -1)
        n_at_once = max(_TURN // (self._n_steps * TILE), 1) * TILE
        for first in range(0, n_all, n_at_once):
            turn = slice(first, min(first + n_at_once, n_all))
            _fill(self._rows[turn, :, : plan.n_step], samples[turn], lengths[turn])
            self._carry(self._rows[turn], states[turn])
            for number in range(len(plan.bands)):
                self._average(number, turn)
        steps_of = -(-lengths // plan.n_step)
        early = np.flatnonzero(steps_of < self._n_steps)
        states[early] = self._rows[early, steps_of[early], plan.n_step :]
        self.after = states[:n_channels].reshape(before.shape)

    def _carry(self, rows: Floats, states: Floats) -> None:
        """Put the states before each step behind its samples; `states` become those after the last step."""
        n_step, carry = self._plan.n_step, self._plan.carry
        tiles, of_tiles = rows.reshape(-1, TILE, *rows.shape[1:]), states.reshape(-1, TILE, states.shape[1])
        tiles[:, :, 0, n_step:] = of_tiles
        for step in range(1, self._n_steps):
            np.matmul(tiles[:, :, step - 1], carry, out=tiles[:, :, step, n_step:])
        np.matmul(tiles[:, :, -1], carry, out=of_tiles)

    def _average(self, number: int, turn: slice) -> None:
        """What `AverageStep.ends` makes of one band of some channels."""
        rows = self._rows[turn].reshape(-1, TILE, self._rows.shape[2])
        to_ends = self._plan.averages.ends.T
        ends = self._work.take("ends of a turn", len(rows), TILE, to_ends.shape[1])
        for first in range(0, len(rows), _PASS // TILE):
            part = slice(first, min(first + _PASS // TILE, len(rows)))
            made = self._work.take("made", part.stop - first, TILE, self._plan.n_step)
            np.matmul(rows[part], self._plan.outputs[number], out=made)
            if len(self._cut_rows):
                self._cut_off(made.reshape(-1, self._plan.n_step), turn.start * self._n_steps + first * TILE)
            self._plan.rectify(made, out=made)
            np.matmul(made, to_ends, out=ends[part])
        by_channel = ends.reshape(turn.stop - turn.start, self._n_steps, -1)
        self._ends[number, :, :, turn] = by_channel.transpose(2, 1, 0)

    def _cut_off(self, values: Floats, first: int) -> None:
        """Silence what the filter makes after a channel's last sample, if that lies within one of these steps."""
        for number in np.flatnonzero((self._cut_rows >= first) & (self._cut_rows < first + len(values))).tolist():
            values[self._cut_rows[number] - first, self._cut_at[number] :] = 0

    def filter(self, number: int) -> Filtered:
        """One of the plan's bands."""
        return Rows(self, number, self._ends[number, :, :, : len(self._lengths)])

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
        rows = np.zeros((-(-len(channels) // TILE), TILE, self._rows.shape[2]))
        rows.reshape(-1, rows.shape[2])[: len(channels)] = self._rows[channels, steps]
        made = np.empty((*rows.shape[:2], self._plan.n_step))
        np.matmul(rows, self._plan.outputs[number], out=made)
        made = made.reshape(-1, self._plan.n_step)[: len(channels)]
        n_known = self._lengths[channels] - steps * self._plan.n_step
        for row in np.flatnonzero(n_known < self._plan.n_step):
            made[row, max(n_known[row], 0) :] = 0
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


def _fill(rows: Floats, samples: Sequence[Samples], lengths: Indices) -> None:
    """Samples of some channels into their rows, (n_rows, n_steps, n_step); the rest is 0."""
    _, n_steps, n_step = rows.shape
    n_all, n_full = n_steps * n_step, int(np.searchsorted(-lengths, -n_steps * n_step, "right"))
    if n_full and n_all < _SHORT:
        rows[:n_full] = np.concatenate(samples[:n_full]).reshape(n_full, n_steps, n_step)
    else:
        for row, values in zip(rows, samples[:n_full], strict=False):
            row[:] = values.reshape(n_steps, n_step)
    for row, values in zip(rows[n_full:], samples[n_full:], strict=False):
        n_whole, n_left = divmod(len(values), n_step)
        row[:n_whole] = values[: n_whole * n_step].reshape(n_whole, n_step)
        row[n_whole:] = 0
        if n_left:
            row[n_whole, :n_left] = values[-n_left:]
    rows[len(samples) :] = 0
