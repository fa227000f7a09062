"""What a sensor or an amplifier makes of a jump: one damped oscillation, a decay, or a sine that was switched on.

Each is a sum of few exponentials from one instant on, and ground motion is not. So they are fitted about a trigger and
taken out of a copy. Whether that is worth while, the eigenvalues of a small matrix tell before: nine of ten triggers
on noise and on earthquakes end there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgeev, dgelss, dsyevd

from detection.glitches import middle
from detection.matrices import Floats

N_EXPONENTIALS = 3  # a damped oscillation, and a decay or the noise's own swing
RATE_HZ = 50.0  # means of so many a second tell the exponentials: at the full rate noise hides how slow they are
EARLY_S = (0.0, 0.04, 0.08, 0.15, 0.25, 0.4)  # before the trigger; there it may have begun
LEAST_SAMPLES = 20  # means behind the trigger
LONGEST = 16  # means in a window of the Hankel matrix, whose eigenvectors cost its third power: 24 refuse the same
SHORT = 12  # the same where only its eigenvalues are asked
JUMP = 2  # differences that the beginning itself takes
N_NEAR = 5  # differences before the beginning, whose median tells how the trace goes on without it
N_BEFORE = 30  # differences before it, whose median stands for these
# Of the differences' energy, what exponentials can in no way explain: where it is more, none are fitted. All but one of
# 263 triggers that are refused had less than 0.027, one in eleven of 2,982 others.
HOPELESS = 0.03
CALMER = 10.0  # times less energy behind the trigger than before it: a sine was switched off
# Of the differences' energy, what is left where the exponentials are found: what must leave more is not fitted, for
# `detection.vetoes` refuses for less. Where more is left they may begin between those moments, or behind one that was
# livelier: of 19 artefacts in 4,244 that still triggered, that was so of four.
GOOD_LEFT = 0.09
FINELY_HZ = 100.0  # so many moments a second are tried then

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
        it. None instead of both where exponentials do not describe what follows, or too little follows, or they leave
        too much

    References
    ----------
    Kung, Arun & Rao (1983) J. Opt. Soc. Am. 73, 1799-1811 (exponentials from the subspace of a Hankel matrix).
    Eckart & Young (1936) Psychometrika 1, 211-218 (what no matrix of a lower rank comes closer than).
    """
    n_early = [round(early_s * rate_hz) for early_s in EARLY_S]
    differences = raw[1:] - raw[:-1]  # an offset is gone, and slow swell is small
    before, behind = differences[max(2 * at - len(raw), 0) : max(at - n_early[-1] - 1, 0)], differences[at:]
    if CALMER * float(behind @ behind) * len(before) < float(before @ before) * len(behind):
        found = _without(raw[::-1], -differences[::-1], [len(raw) - 1 - at + n for n in n_early], rate_hz)
        if found is not None and found[1] < GOOD_LEFT:
            return found[0][::-1], found[1]
    return _without(raw, differences, [at - n for n in n_early], rate_hz)


def _without(raw: Floats, differences: Floats, starts: list[int], rate_hz: float) -> tuple[Floats, float] | None:
    """The same of exponentials that begin at one of these samples, whichever explains most."""
    n_mean = max(int(rate_hz // RATE_HZ), 1)
    earliest, latest = max(min(starts), 0), max(starts)
    usual = middle(differences[max(earliest - N_BEFORE, 0) : max(earliest, 1)])
    jumps = differences[earliest:] - usual
    largest = earliest + int(np.abs(jumps[: latest + 1 - earliest]).argmax())
    latest = len(raw) - LEAST_SAMPLES * n_mean
    starts = [start for start in dict.fromkeys((largest + 1, *starts)) if JUMP < start <= latest]
    if not starts:
        return None
    means = _means(differences[earliest:], n_mean)
    if _least_left(means[max(starts) - earliest :], n_mean) > HOPELESS * _energy(jumps, n_mean):
        return None
    fits = _Fits(differences, jumps, means, earliest, n_mean)
    fits.try_starts(starts)
    if fits.are_near and fits.share >= GOOD_LEFT:
        finely = range(min(starts), max(starts) + 1, max(round(rate_hz / FINELY_HZ), 1))
        fits.try_starts([start for start in finely if start not in starts])
    best, begin = fits.best, fits.begin
    if best is None:
        return None
    differences = differences.copy()
    slope = middle(differences[max(begin - JUMP - N_NEAR, 0) : begin - JUMP])  # else slow swell ends in a kink
    differences[begin:] = best + slope
    differences[max(begin - JUMP, 0) : begin] = slope
    return np.concatenate(([raw[0]], raw[0] + np.cumsum(differences))), fits.share


@dataclass(slots=True, eq=False)
class _Fits:
    """Exponentials that begin at this sample or that, and the best of them so far.

    Parameters
    ----------
    differences : of the trace
    jumps : the same from the earliest start on, less the slope before
    means : of differences from there on
    earliest : the sample where these begin
    n_mean : differences of a mean
    share, best, begin : of the energy what the best leaves, the differences that it leaves, its beginning
    are_near : whether behind any of these samples exponentials may be all there is
    """

    differences: Floats
    jumps: Floats
    means: Floats
    earliest: int
    n_mean: int
    share: float = np.inf
    best: Floats | None = None
    begin: int = 0
    are_near: bool = False

    def try_starts(self, starts: Iterable[int]) -> None:
        """Fit exponentials that begin at each of some samples."""
        for start in starts:
            behind, means = self.differences[start:], self.means[start - self.earliest :]
            least = _least_left(means, self.n_mean)
            if least > HOPELESS * _energy(behind, self.n_mean):
                continue
            self.are_near = True
            early = self.jumps[: max(start - JUMP - self.earliest, 0)]  # the beginning itself is nobody's
            before = _energy(early, self.n_mean)
            whole = before + _energy(self.jumps[start - self.earliest :], self.n_mean)
            if before + least >= GOOD_LEFT * whole:
                continue
            left = _left(behind, means, self.n_mean)
            rest = before + _energy(left, self.n_mean)
            if rest < self.share * whole:
                self.share, self.best, self.begin = rest / whole, left, start


def _means(values: Floats, n_mean: int) -> Floats:
    """Of `n_mean` values each."""
    if n_mean == 1:
        return values
    totals = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray((totals[n_mean:] - totals[:-n_mean]) / n_mean)


def _energy(differences: Floats, n_mean: int) -> float:
    """Of the means of `n_mean` differences: noise beyond 25 Hz is not asked."""
    means = _means(differences, n_mean)
    return float(means @ means)


def _hankel(means: Floats, n_mean: int, longest: int) -> Floats:
    """Products of windows of every `n_mean`-th value, summed: a sum of k exponentials has k eigenvalues but 0."""
    n_values = len(means) // n_mean
    n_window = min(n_values // 2, longest)
    n_windows = len(means) - (n_window - 1) * n_mean
    values = np.ascontiguousarray(means)
    overlapping = np.ndarray((n_window, n_windows), np.float64, values, 0, (n_mean * values.itemsize, values.itemsize))
    windows = overlapping.copy()  # what overlaps is multiplied without BLAS, which takes twice as long
    return np.asarray(windows @ windows.T)


def _least_left(means: Floats, n_mean: int) -> float:
    """The energy that any sum of exponentials and a slope leaves at least."""
    products = _hankel(means, n_mean, SHORT)
    values, *_ = dsyevd(products, compute_v=0)
    return float(values[: -N_EXPONENTIALS - 1].sum()) / len(products)


def _left(differences: Floats, means: Floats, n_mean: int) -> Floats:
    """What exponentials and a slope leave."""
    exponentials = _exponentials(_means(means, n_mean), n_mean)
    n = len(differences)
    columns = [np.ones(n)]
    for one in exponentials[exponentials.imag >= 0]:
        values = np.full(n, one)
        values[0] = 1.0
        np.multiply.accumulate(values, out=values)
        columns += [values.real, values.imag] if one.imag > 0 else [values.real]
    table = np.stack(columns, axis=1)
    _, found, *_ = dgelss(table, differences)
    return np.asarray(differences - table @ found[: len(columns)])


def _exponentials(means: Floats, n_mean: int) -> Complex:
    """The factors from sample to sample of the exponentials that describe a series best; none grows."""
    _, vectors, _ = dsyevd(_hankel(means, n_mean, LONGEST))
    main = vectors[:, -N_EXPONENTIALS:]
    last = main[-1]  # without it they are not orthonormal: the inverse of their products is of rank one
    step = main[:-1].T @ main[1:]
    step += last[:, np.newaxis] * (last @ step) / max(1 - float(last @ last), 1e-12)
    real, imaginary, *_ = dgeev(step, compute_vl=0, compute_vr=0)
    factors = real + 1j * imaginary
    return np.asarray((factors / np.maximum(np.abs(factors), 1.0)) ** (1 / n_mean))
