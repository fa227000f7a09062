"""What a sensor or an amplifier makes of a jump: one damped oscillation, a decay, or a sine that was switched on.

Each is a sum of few exponentials from one instant on, and ground motion is not. So they are fitted about a trigger and
taken out of a copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats

N_EXPONENTIALS = 3  # a damped oscillation, and a decay or the noise's own swing
RATE_HZ = 50.0  # means of so many a second tell the exponentials: at the full rate noise hides how slow they are
EARLY_S = (0.0, 0.04, 0.08, 0.15, 0.25, 0.4)  # before the trigger; there it may have begun
LEAST_SAMPLES = 20  # means behind the trigger
LONGEST = 24  # means in a window of the Hankel matrix, whose eigenvectors cost its third power
JUMP = 2  # differences that the beginning itself takes
N_BEFORE = 30  # differences before it, whose median stands for these
FIRST_LEFT = 0.6  # of the differences' energy, from the largest one on: what leaves more is no sum of exponentials
CALMER = 10.0  # times less energy behind the trigger than before it: a sine was switched off

Complex = NDArray[np.complex128]


def without_response(raw: Floats, at: int, rate_hz: float) -> tuple[Floats, float] | None:
    """A copy without the exponentials that begin at or before a trigger, or that end there.

    Parameters
    ----------
    raw : (n,) counts
    at : sample at which it triggered
    rate_hz : samples per second

    Returns
    -------
    copy : (n,) counts
    left : the share of the energy of the differences from sample to sample that is left, about the trigger and behind
        it. None instead of both where exponentials do not describe what follows, or too little follows

    References
    ----------
    Kung, Arun & Rao (1983) J. Opt. Soc. Am. 73, 1799-1811 (exponentials from the subspace of a Hankel matrix).
    """
    n_early = [round(early_s * rate_hz) for early_s in EARLY_S]
    before, behind = np.diff(raw[max(2 * at - len(raw), 0) : max(at - n_early[-1], 0)]), np.diff(raw[at:])
    if len(before) and len(behind) and CALMER * float(np.mean(behind**2)) < float(np.mean(before**2)):
        found = _without(raw[::-1], [len(raw) - 1 - at + n for n in n_early], rate_hz)
        return None if found is None else (found[0][::-1], found[1])
    return _without(raw, [at - n for n in n_early], rate_hz)


def _without(raw: Floats, starts: list[int], rate_hz: float) -> tuple[Floats, float] | None:
    """The same of exponentials that begin at one of these samples, whichever explains most."""
    differences = np.diff(raw)  # an offset is gone, and slow swell is small
    n_mean = max(int(rate_hz // RATE_HZ), 1)
    earliest, latest = max(min(starts), 0), max(starts)
    usual = float(np.median(differences[max(earliest - N_BEFORE, 0) : max(earliest, 1)]))
    jumps = differences - usual
    largest = earliest + int(np.abs(jumps[earliest : latest + 1]).argmax())
    share, best, begin = np.inf, None, 0
    for number, start in enumerate([largest + 1, *starts]):
        left = _left(raw, differences, start, n_mean)
        if left is None:
            continue
        early = jumps[earliest : max(start - JUMP, earliest)]  # the beginning itself is nobody's
        whole = _energy(np.concatenate((early, jumps[start:])), n_mean)
        rest = _energy(np.concatenate((early, left)), n_mean)
        if rest < share * whole:
            share, best, begin = rest / whole, left, start
        if number == 0 and share > FIRST_LEFT:
            return None
    if best is None:
        return None
    differences[begin:] = best
    differences[max(begin - JUMP, 0) : begin] = usual
    return np.concatenate(([raw[0]], raw[0] + np.cumsum(differences))), share


def _energy(differences: Floats, n_mean: int) -> float:
    """Of the means of `n_mean` differences: noise beyond 25 Hz is not asked."""
    totals = np.concatenate(([0.0], np.cumsum(differences)))
    means = totals[n_mean:] - totals[:-n_mean]
    return float(means @ means) / n_mean**2


def _left(raw: Floats, differences: Floats, start: int, n_mean: int) -> Floats | None:
    """What exponentials and a slope leave of the differences from `start` on."""
    n_means = (len(raw) - start) // n_mean
    if start <= JUMP or n_means < LEAST_SAMPLES:
        return None
    means = raw[start : start + n_means * n_mean].reshape(n_means, n_mean).mean(axis=1)
    exponentials = _exponentials(np.diff(means)) ** (1 / n_mean)
    wanted = differences[start:]
    columns = [np.ones(len(wanted))]
    for one in exponentials[exponentials.imag >= 0]:
        values = one ** np.arange(len(wanted))
        columns += [values.real, values.imag] if one.imag > 0 else [values.real]
    table = np.stack(columns, axis=1)
    found, *_ = np.linalg.lstsq(table, wanted, rcond=None)
    return np.asarray(wanted - table @ found)


def _exponentials(values: Floats) -> Complex:
    """The factors from sample to sample of the exponentials that describe a series best; none grows."""
    windows = np.lib.stride_tricks.sliding_window_view(values, min(len(values) // 2, LONGEST))
    _, vectors = np.linalg.eigh(windows.T @ windows)
    main = vectors[:, -N_EXPONENTIALS:]
    step, *_ = np.linalg.lstsq(main[:-1], main[1:], rcond=None)
    factors = np.linalg.eigvals(step).astype(np.complex128)
    return np.asarray(factors / np.maximum(np.abs(factors), 1.0))
