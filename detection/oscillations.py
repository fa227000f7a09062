"""A band-pass over one step as a sum of oscillations: what lets all steps of a channel be filtered at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats, Output

GROUP = 8  # steps whose states are one matrix product: what SciPy carries one after the other is an eighth of them


@dataclass(frozen=True, slots=True, eq=False)
class Oscillations:
    """A filter over one step, as the sum of one decaying oscillation for every pair of its poles.

    Oscillations do not act on each other: their values before each group of steps are one recursion of a complex number
    each, and then those before each step, and the output, of all steps of all channels are one matrix product each. In
    a state, the real and the imaginary part of every oscillation stand side by side.

    Parameters
    ----------
    drive : (n_step, n_states); what the step's samples add to the state
    together : (GROUP * n_states, n_states); what the steps of a group add to it, of what their samples add
    keep : (n_states / 2,) complex; what each oscillation is multiplied by in a group of steps
    between : makes the states before each step of a group, side by side, out of the state before the group and of what
        the samples of the steps add
    output : makes the output out of the state before the step and the step's samples
    rest : (n_states,) state after an endless run of ones
    """

    drive: Floats
    together: Floats
    keep: NDArray[np.complex128]
    between: Output
    output: Output
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
    kept = [_turns(powers[-1] ** number) for number in range(GROUP + 1)]
    nothing = np.zeros_like(kept[0])
    drives = [
        [kept[step - 1 - number] if number < step else nothing for step in range(GROUP)] for number in range(GROUP)
    ]
    return Oscillations(
        _pairs(powers[-2::-1]),
        np.concatenate(kept[-2::-1]),
        (powers[-1] ** GROUP).astype(np.complex128),
        Output.of(np.block([kept[:-1], *drives])),
        Output.of(np.concatenate((states, samples)).astype(np.float64)),
        _pairs(1 / (1 - poles)),
    )


def _pairs(values: NDArray[np.clongdouble]) -> Floats:
    """Real and imaginary parts side by side, along the last axis."""
    return np.stack((values.real, values.imag), axis=-1).reshape(*values.shape[:-1], -1).astype(np.float64)


def _turns(factors: NDArray[np.clongdouble]) -> Floats:
    """The matrix that multiplies each oscillation of a state (a row) by a complex number."""
    turns = np.zeros((2 * len(factors), 2 * len(factors)))
    for number, factor in enumerate(factors):
        here = slice(2 * number, 2 * number + 2)
        turns[here, here] = [[factor.real, factor.imag], [-factor.imag, factor.real]]
    return turns
