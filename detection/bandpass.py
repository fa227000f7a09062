"""Band-pass of many channels at once, state carried from step to step.

Two ways to the same numbers, the last bits apart:

- tiles of 64 columns, a channel each, filtered as matrix products. The bits of a product depend on its shape, and the
  shape is fixed: a column comes out the same beside any others, none, or itself at another time.
- `sosfilt` along each channel, several times faster for a few long ones, for which a tile is mostly empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from detection.matrices import Floats
from detection.plan import Band

TILE = 64  # columns of one product: 32 had two thirds of its speed, 128 no more
_PASS = 16  # tiles times steps filtered at once: their samples, outputs and states stay in the second-level cache

Indices = NDArray[np.intp]


class Filtered(Protocol):
    """Band-passed samples of one batch, by step and channel; whatever their order, `values` holds them all."""

    @property
    def values(self) -> Floats: ...

    def ends(self, matrix: Floats) -> Floats:
        """(n_rows of the matrix, n_steps, n_channels) products of a matrix and each channel's samples of each step."""

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        """(n, n_step) samples of these steps of these channels."""

    def rows(self, steps: slice, channels: Indices) -> Floats:
        """(n, n_steps, n_step) samples of some steps of these channels."""


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Samples as columns: values (n_steps, n_tiles, n_step, TILE)."""

    values: Floats
    n_channels: int

    def cut_off(self, lengths: Indices) -> None:
        """Silence what the filter makes after a channel's last sample.

        Parameters
        ----------
        lengths : (n_channels,) samples, the longest channel first
        """
        n_step = self.values.shape[2]
        for channel in np.flatnonzero(lengths % n_step):
            step, n = divmod(int(lengths[channel]), n_step)
            self.values[step, channel // TILE, n:, channel % TILE] = 0

    def ends(self, matrix: Floats) -> Floats:
        products = np.matmul(matrix, self.values)
        n_steps, n_tiles, n, _ = products.shape
        columns = products.transpose(2, 0, 1, 3).reshape(n, n_steps, n_tiles * TILE)
        return np.asarray(columns[:, :, : self.n_channels])

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        return np.asarray(self.values[steps, channels // TILE, :, channels % TILE])

    def rows(self, steps: slice, channels: Indices) -> Floats:
        return np.asarray(self.values[steps, channels // TILE, :, channels % TILE])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Samples along rows: values (n_channels * n_steps, n_step), filled up to a multiple of TILE."""

    values: Floats
    n_channels: int
    n_steps: int

    def ends(self, matrix: Floats) -> Floats:
        n_step = self.values.shape[1]
        products = np.matmul(self.values.reshape(-1, TILE, n_step), matrix.T).reshape(-1, len(matrix))
        used = products[: self.n_channels * self.n_steps].reshape(self.n_channels, self.n_steps, -1)
        return np.asarray(used.transpose(2, 1, 0))

    def pairs(self, steps: Indices, channels: Indices) -> Floats:
        return np.asarray(self.values[channels * self.n_steps + steps])

    def rows(self, steps: slice, channels: Indices) -> Floats:
        used = self.values[: self.n_channels * self.n_steps]
        return np.asarray(used.reshape(self.n_channels, self.n_steps, -1)[channels, steps])


def columns_of(samples: Sequence[Floats], n_steps: int, n_step: int) -> Floats:
    """Channels of any lengths as tiles of columns, filled up with zeros.

    Parameters
    ----------
    samples : one array of counts each, at most n_steps * n_step
    n_steps, n_step : steps, and samples of one

    Returns
    -------
    columns : (n_steps, n_tiles, n_step, TILE) counts; along time in memory, which a matrix product reads as fast
        and a copy does not
    """
    n_tiles = -(-len(samples) // TILE)
    rows = np.zeros((n_tiles * TILE, n_steps * n_step))
    if all(len(values) == rows.shape[1] for values in samples):
        np.concatenate(samples, out=rows[: len(samples)].reshape(-1))
    else:
        for row, values in zip(rows, samples, strict=False):
            row[: len(values)] = values
    return rows.reshape(n_tiles, TILE, n_steps, n_step).transpose(2, 0, 3, 1)


def filter_tiles(band: Band, columns: Floats, state: Floats, steps_of: Indices) -> tuple[Tiles, Floats]:
    """Filter tiles of columns.

    Parameters
    ----------
    band : the filter
    columns : (n_steps, n_tiles, n_step, TILE) counts
    state : (n_channels, n_states) before the first step
    steps_of : (n_channels,) steps that each channel has

    Returns
    -------
    filtered : counts
    state : (n_channels, n_states) after each channel's last step
    """
    n_steps, n_tiles, n_step, _ = columns.shape
    n_channels, n_states = state.shape
    step = band.step
    states = np.zeros((n_steps + 1, n_tiles, n_states, TILE))
    padded = np.zeros((n_tiles * TILE, n_states))
    padded[:n_channels] = state
    states[0] = padded.reshape(n_tiles, TILE, n_states).swapaxes(1, 2)
    values = np.empty(columns.shape)
    n_pass = max(_PASS // n_tiles, 1)
    for first in range(0, n_steps, n_pass):
        part = slice(first, min(first + n_pass, n_steps))
        made = np.matmul(step.from_samples, columns[part])
        for number in range(part.start, part.stop):
            after = states[number + 1]
            np.matmul(step.state_from_state, states[number], out=after)
            after += made[number - first, :, n_step:]
        np.matmul(step.output_from_state, states[part], out=values[part])
        values[part] += made[:, :, :n_step]
    channels = np.arange(n_channels)
    return Tiles(values, n_channels), states[steps_of, channels // TILE, :, channels % TILE]


def filter_rows(band: Band, samples: Sequence[Floats], state: Floats, n_steps: int, n_step: int) -> tuple[Rows, Floats]:
    """Filter channels one by one; parameters and returned values as above, and as those of `columns_of`."""
    n_channels = len(samples)
    n_rows = -(-n_channels * n_steps // TILE) * TILE
    values = np.zeros((n_rows, n_step))
    by_channel = values[: n_channels * n_steps].reshape(n_channels, -1)
    after = np.empty(state.shape)
    for number, row in enumerate(samples):
        zi = state[number].reshape(-1, 2)
        by_channel[number, : len(row)], zf = sosfilt(band.sections, row, zi=zi)
        after[number] = zf.ravel()
    return Rows(values, n_channels, n_steps), after
