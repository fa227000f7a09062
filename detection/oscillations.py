"""A band-pass over one step as a sum of oscillations: what lets all steps of a channel be filtered at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Oscillations:
    """A filter over one step, as the sum of one decaying oscillation for every pair of its poles.

    Oscillations do not act on each other: their values before each step are one recursion of a complex number each,
    and then the output of all steps of all channels is one matrix product. In a state, the real and the imaginary part
    of every oscillation stand side by side.

    Parameters
    ----------
    drive : (n_step, n_states); what the step's samples add to the state
    keep : (n_states / 2,) complex; what each oscillation is multiplied by in one step
    output : (n_step + n_states, n_step); makes the output of the step's samples and the state before it
    rest : (n_states,) state after an endless run of ones
    """

    drive: Floats
    keep: NDArray[np.complex128]
    output: Floats
    rest: Floats


def oscillations(sections: Floats, n_step: int) -> Oscillations:
    """The matrices of a filter whose poles are all complex and different, as those of a Butterworth band-pass are.

    Formed in long doubles: poles near 1 lie so close together that their differences lose the digits.

    Parameters
    ----------
    sections : (n_sections, 6), second order
    n_step : samples

    References
    ----------
    Oppenheim & Schafer (2010) Discrete-Time Signal Processing, 3rd ed., section 6.3.4 (parallel form).
    """
    exact = sections.astype(np.longdouble)
    b0, b1, b2, a0, a1, a2 = exact.T
    poles = (-a1 + np.sqrt((a1 * a1 - 4 * a0 * a2).astype(np.clongdouble))) / (2 * a0)
    every = np.concatenate((poles, poles.conj()))
    residues = []
    for number, pole in enumerate(poles):
        zeros = np.prod((b0 * pole + b1) * pole + b2) / np.prod(a0)
        residues.append(2 * zeros / np.prod(pole - np.delete(every, number)))
    at_once = np.prod(b0 / a0)
    powers = poles ** np.arange(n_step + 1)[:, np.newaxis]
    later = powers[:-1] * np.array(residues)  # what a state of 1 adds to the output
    response = np.concatenate(([at_once], later[:-1].sum(axis=1).real))
    samples = np.zeros((n_step, n_step), dtype=np.longdouble)
    for number in range(n_step):
        samples[number, number:] = response[: n_step - number]
    states = np.stack((later.real, -later.imag), axis=2).reshape(n_step, -1).T
    return Oscillations(
        _pairs(powers[-2::-1]),
        powers[-1].astype(np.complex128),
        np.concatenate((samples, states)).astype(np.float64),
        _pairs(1 / (1 - poles)),
    )


def _pairs(values: NDArray[np.clongdouble]) -> Floats:
    """Real and imaginary parts side by side, along the last axis."""
    return np.stack((values.real, values.imag), axis=-1).reshape(*values.shape[:-1], -1).astype(np.float64)


def outputs(bands: Sequence[Oscillations]) -> tuple[Floats, ...]:
    """What makes the output of each of some filters out of a step's samples and the states of all of them.

    The zeros in it cost less than to copy one filter's states at a time.
    """
    found = []
    n_step = len(bands[0].drive)
    for number, band in enumerate(bands):
        own = len(band.rest)
        every = np.zeros((n_step + len(bands) * own, n_step))
        every[:n_step] = band.output[:n_step]
        every[n_step + number * own : n_step + (number + 1) * own] = band.output[n_step:]
        found.append(every)
    return tuple(found)
