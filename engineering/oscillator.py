"""Response of linear oscillators of one degree of freedom to recorded ground acceleration."""

from __future__ import annotations

from enum import StrEnum
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from houfeng.errors import MotionError

Floats = NDArray[np.float64]

# Straight lines between samples attenuate by sinc^2(f dt), which is made good beforehand, and add faint images of the
# record at higher frequencies: with 40 samples a period, or four times the recorder's, PSA of a strong record is within
# 0.2 % of what 64 times as many samples give, at 95 of 100 periods within 0.03 %.
SAMPLES_PER_PERIOD = 40
DENSEST = 4
_N_TERMS = 16  # of a series of matrices whose norm is 1/2 at most: what is left out is less than 1e-19
MAX_DAMPING = 0.99  # what is written here is an oscillator that swings


class Between(StrEnum):
    """What ground acceleration is between its samples."""

    BAND_LIMITED = "band-limited"  # what a recorder with an anti-alias filter saw: nothing above the Nyquist frequency
    LINEAR = "linear"  # straight lines, as most agencies' own programs have it


def dense(acceleration: Floats, factor: int) -> Floats:
    """Samples `factor` times as dense, between which straight lines have the record's spectrum below its Nyquist.

    They are not the ground's acceleration: what straight lines take from it is added.

    Parameters
    ----------
    acceleration : (..., n); what is before and after it is 0, so its ends are best tapered
    factor : 1 or more

    Returns
    -------
    samples : (..., (n - 1) * factor + 1)
    """
    n = acceleration.shape[-1]
    n_fft = 2 * next_fast_len(n, real=True)
    spectrum = rfft(acceleration, n_fft)
    spectrum[..., -1] /= min(factor, 2)  # the Nyquist frequency is one line here, and two in a denser grid
    spectrum /= np.sinc(np.arange(spectrum.shape[-1]) / (n_fft * factor)) ** 2
    return cast(Floats, irfft(spectrum, n_fft * factor)[..., : (n - 1) * factor + 1] * factor)


class Quantity(StrEnum):
    """What of an oscillator is asked for, relative to the ground."""

    DISPLACEMENT = "displacement"
    VELOCITY = "velocity"


def recursions(
    periods_s: Floats, damping: float, step_s: float, quantity: Quantity = Quantity.DISPLACEMENT
) -> tuple[Floats, Floats]:
    """Filters that make an oscillator's motion from ground acceleration; exact for straight lines between samples.

    Parameters
    ----------
    periods_s : (k,) undamped periods
    damping : share of critical
    step_s : time between samples
    quantity : what they make

    Returns
    -------
    b, a : (k, 3) each, as of `scipy.signal.lfilter`; the unit of acceleration times s^2, or s

    References
    ----------
    Nigam & Jennings (1969) BSSA 59, 909-922. Their matrices are here those of a first-order hold, by one exponential
    of a matrix, which loses no digits at long periods as their formulas do; each quantity is freed of the other.
    """
    phase = 2 * np.pi / periods_s * step_s
    motion = np.zeros((len(periods_s), 4, 4))  # displacement, velocity, acceleration, and its slope
    motion[:, 0, 1] = phase
    motion[:, 1, 0] = motion[:, 1, 2] = -phase
    motion[:, 1, 1] = -2 * damping * phase
    motion[:, 2, 3] = 1.0
    step = _exponential(motion)
    own, other = (0, 1) if quantity is Quantity.DISPLACEMENT else (1, 0)
    cross, far = step[:, own, other], step[:, other, other]
    new = step[:, :2, 3].T  # the part of the new sample of acceleration, and of the old one
    old = step[:, :2, 2].T - new
    b = np.stack(
        (new[own], old[own] - far * new[own] + cross * new[other], cross * old[other] - far * old[own]), axis=1
    )
    near = step[:, own, own]
    a = np.stack((np.ones_like(near), -(near + far), near * far - cross * step[:, other, own]), axis=1)
    return b * (periods_s / (2 * np.pi))[:, None] ** (2 - own), a


def _exponential(matrices: Floats) -> Floats:
    """Of each matrix, (k, n, n): its series at 2^-s of it, s times squared.

    `scipy.linalg.expm` wakes threads for each matrix, however small: 0.02 to 6 ms each, as busy as the machine is.
    """
    halvings = np.maximum(np.ceil(np.log2(np.abs(matrices).sum(axis=-1).max(axis=-1))) + 1, 0).astype(int)
    small = matrices / 2.0 ** halvings[:, None, None]
    found = term = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
    for n in range(1, _N_TERMS + 1):
        term = term @ small / n
        found = found + term
    for n in range(int(halvings.max())):
        again = halvings > n
        found[again] = found[again] @ found[again]
    return found


def factor_for(period_s: float, rate_hz: float) -> int:
    """How much denser samples must be for an oscillator: a power of two, so that few records are made."""
    factor = 1
    while factor < DENSEST and period_s * rate_hz * factor < SAMPLES_PER_PERIOD:
        factor *= 2
    return factor


def check_record(acceleration: Floats, rate_hz: float) -> None:
    """Refuse what has no spectrum.

    Raises
    ------
    MotionError : if a sample is missing, or the rate is not positive
    """
    n = acceleration.shape[-1]
    n_missing = int(np.count_nonzero(~np.isfinite(acceleration)))
    if n < 2 or n_missing:
        raise MotionError(f"a spectrum needs two samples and more, all finite; came {n}, {n_missing} of all not finite")
    if not (rate_hz > 0 and np.isfinite(rate_hz)):
        raise MotionError(f"the sample rate must be more than 0 Hz, came {rate_hz}")


def check_oscillators(periods_s: Floats, damping: float) -> None:
    """Refuse what does not swing.

    Raises
    ------
    MotionError : if a period is not positive, or damping not in 0 to 0.99
    """
    if not (len(periods_s) and np.all(periods_s > 0) and np.isfinite(periods_s).all()):
        raise MotionError(f"periods must be more than 0 s, came {periods_s.tolist()}")
    if not 0 <= damping <= MAX_DAMPING:
        raise MotionError(f"damping must be a share of critical from 0 to {MAX_DAMPING}, came {damping}")
