"""Band-pass of many channels at once, state carried from step to step.

Tiles of 64 columns, a channel each, are filtered as matrix products. The bits of a product depend on its shape, and
the shape is fixed: a column comes out the same beside any others, none, or itself at another time. `detection.table`
is the other way to the same numbers, the last bits apart, for a few channels, whose tiles would be mostly empty.
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

TILE = 64  # columns of one product: 32 had two thirds of its speed, 128 no more
_PASS = 16  # tiles times steps taken through filter, energy and sums at once: they stay in the second-level cache

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


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Samples as columns: values (n_steps, n_tiles, n_step, TILE)."""

    values: Floats
    ends: Floats

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        return np.asarray(self.values[steps, channels // TILE, :, channels % TILE])

    def rows(self, steps: Indices, channels: Indices) -> Floats:
        column = channels[:, np.newaxis]
        return np.asarray(self.values[steps, column // TILE, :, column % TILE])


def rows_of(samples: Sequence[Floats], n: int, work: Workspace) -> Floats:
    """Channels of any lengths side by side, filled up with zeros.

    Parameters
    ----------
    samples : one array of counts each, at most `n`
    n : samples; a whole number of steps

    Returns
    -------
    rows : (n_tiles * TILE, n) counts
    """
    n_rows = -(-len(samples) // TILE) * TILE
    rows = work.take("rows", n_rows, n)
    rows[len(samples) :] = 0
    if all(len(values) == n for values in samples):
        np.concatenate(samples, out=rows[: len(samples)].reshape(-1))
    else:
        for row, values in zip(rows, samples, strict=False):
            row[: len(values)] = values
            row[len(values) :] = 0
    return rows


def filter_tiles(
    plan: Plan, number: int, rows: Floats, before: Floats, lengths: Indices, work: Workspace
) -> tuple[Tiles, Floats]:
    """Filter tiles of columns and take their energies.

    A step's samples and the state before it are one matrix, its output and the state after it another one.

    Parameters
    ----------
    number : of the plan's band
    rows : from `rows_of`
    before : (n_channels, n_states) state before the first step
    lengths : (n_channels,) samples, the longest channel first; what the filter makes behind them counts as 0

    Returns
    -------
    filtered : in the workspace's memory
    after : (n_channels, n_states) after each channel's last step
    """
    n_channels, n_states = before.shape
    n_step, n_tiles, matrix, ends_of = plan.n_step, len(rows) // TILE, plan.bands[number].step, plan.averages.ends
    columns = rows.reshape(n_tiles, TILE, -1, n_step).transpose(2, 0, 3, 1)
    n_steps = len(columns)
    made = work.take(f"made {number}", n_steps, n_tiles, len(matrix), TILE)
    ends = work.take("ends", n_steps, n_tiles, len(ends_of), TILE)
    n_pass = min(max(_PASS // n_tiles, 1), n_steps)
    taken = work.take("taken", n_pass, n_tiles, len(matrix), TILE)
    states = np.zeros((n_tiles * TILE, n_states))
    states[:n_channels] = before
    ragged = bool((lengths % n_step).any())
    taken[0, :, n_step:] = states.reshape(n_tiles, TILE, n_states).swapaxes(1, 2)
    for first in range(0, n_steps, n_pass):
        part = slice(first, min(first + n_pass, n_steps))
        taken[: part.stop - first, :, :n_step] = columns[part]
        for step in range(first, part.stop):
            np.matmul(matrix, taken[step - first], out=made[step])
            taken[(step + 1 - first) % n_pass, :, n_step:] = made[step, :, n_step:]
        values = made[part, :, :n_step]
        if ragged:
            _cut_off(values, lengths - first * n_step)
        plan.rectify(values, out=values)
        np.matmul(ends_of, values, out=ends[part])
    channels = np.arange(n_channels)
    after = made[-(-lengths // n_step) - 1, channels // TILE, n_step:, channels % TILE]
    by_end = ends.transpose(2, 0, 1, 3).reshape(len(ends_of), n_steps, -1)
    return Tiles(made[:, :, :n_step], by_end[:, :, :n_channels]), after


def _cut_off(values: Floats, lengths: Indices) -> None:
    """Silence what the filter makes after a channel's last sample, if that lies within one of these steps."""
    n_steps, _, n_step, _ = values.shape
    for channel in np.flatnonzero((lengths % n_step > 0) & (lengths > 0) & (lengths < n_steps * n_step)):
        step, n = divmod(int(lengths[channel]), n_step)
        values[step, channel // TILE, n:, channel % TILE] = 0
