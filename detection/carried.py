"""Oscillations carried from one group of steps to the next, of many channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detection.matrices import Floats

_CALL = 250  # numbers that `lfilter` works through while one step of all channels is handed to NumPy


def carried(drive: Floats, keep: NDArray[np.complex128], before: Floats) -> Floats:
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
