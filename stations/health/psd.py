"""Power spectral density of ground noise, window by window, as McNamara & Buland describe it and ObsPy's PPSD makes it.

Levels are of counts: what the instrument does to them is a correction of a few numbers, added when they are shown.
StationXML that is put right later puts the noise right as well, without reading the records again.

References
----------
McNamara & Buland (2004) BSSA 94, 1517-1527: windows of an hour, 13 segments of them, averages over an octave in steps
of an eighth. ObsPy 1.5 averages decibels there, and so does this; the authors average power, which gives medians
higher by 0.3 to 1.8 dB.
Bailey (1990) J. Supercomputing 4, 23-35: the transform as rows and columns of a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from obspy.signal.invsim import cosine_taper
from scipy.fft import fft

from houfeng.errors import WindowError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.float64] | NDArray[np.int32]

WINDOW_S = 3600.0
_PER_WINDOW = 4
# Segments overlap by three quarters: each begins one quarter after the one before.
_QUARTERS = 4
_TAPERED = 0.2
_STEPS_PER_OCTAVE = 8
# Below this root mean square, counts, the noise of a transform in single precision (1e-7 of it) changes the noise that
# whole numbers have of themselves (0.29 counts) by less than 0.01 dB.
_LOUD = 3e4
# Of a window without any signal: what ObsPy takes the logarithm of then.
_LEAST_POWER = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True, eq=False)
class PsdPlan:
    """Everything about windows of one sampling rate.

    Parameters
    ----------
    rate_hz : samples per second
    n_window, n_segment, n_step : samples of a window, of a segment, and from segment to segment
    scale : of squared magnitudes, to power per hertz
    first, last : (n_periods,) frequencies that are averaged, numbers of the transform, `last` exclusive
    periods_s : (n_periods,) middle of each average, seconds, rising
    """

    rate_hz: float
    n_window: int
    n_segment: int
    n_step: int
    scale: float
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    periods_s: Floats

    @property
    def frequencies_hz(self) -> Floats:
        """(n_segment / 2,) of the transform, from the lowest that is not 0 to Nyquist's."""
        return np.asarray(np.arange(1, self.n_segment // 2 + 1) * (self.rate_hz / self.n_segment), dtype=np.float64)

    def average(self, decibels: NDArray[np.floating]) -> Floats:
        """Mean over an octave about each period.

        Parameters
        ----------
        decibels : (..., n_segment / 2) at `frequencies_hz`

        Returns
        -------
        levels : (..., n_periods)
        """
        shape = (*decibels.shape[:-1], decibels.shape[-1] + 1)
        sums = np.zeros(shape)
        np.cumsum(decibels, axis=-1, dtype=np.float64, out=sums[..., 1:])
        return np.asarray((sums[..., self.last] - sums[..., self.first]) / (self.last - self.first))


@lru_cache(maxsize=32)
def psd_plan(rate_hz: float, window_s: float = WINDOW_S) -> PsdPlan:
    """The plan of one sampling rate.

    Raises
    ------
    WindowError : if a window has too few samples
    """
    n_window = int(rate_hz * window_s)
    if n_window < 16 * _PER_WINDOW:
        needed = 16 * _PER_WINDOW
        raise WindowError(f"{window_s:g} s at {rate_hz:g} Hz are {n_window} samples; a spectrum needs {needed}")
    n_segment = 1 << int(np.log2(rate_hz * window_s / _PER_WINDOW))
    taper = np.asarray(cosine_taper(n_segment, _TAPERED), dtype=np.float64)
    left_s, middle_s, right_s = _bins(2 / rate_hz, n_segment / rate_hz)
    frequencies_hz = np.arange(1, n_segment // 2 + 1) * (rate_hz / n_segment)
    periods_s = (1 / frequencies_hz)[::-1]
    n = len(periods_s)
    from_short = np.searchsorted(periods_s, left_s, side="left")
    to_long = np.searchsorted(periods_s, right_s, side="right")
    return PsdPlan(
        rate_hz,
        n_window,
        n_segment,
        n_step=n_segment // _QUARTERS,
        scale=1 / (rate_hz * float(taper @ taper)),
        first=n - to_long,
        last=n - from_short,
        periods_s=middle_s,
    )


def _bins(shortest_s: float, longest_s: float) -> tuple[Floats, Floats, Floats]:
    """Left end, middle and right end of octaves whose middles go from the shortest period to the longest or beyond."""
    left = [shortest_s / 2**0.5]
    # One after the other, as ObsPy multiplies: every eighth end is a frequency of the transform but for rounding.
    while (left[-1] * 2 * left[-1]) ** 0.5 < longest_s:
        left.append(left[-1] * 2 ** (1 / _STEPS_PER_OCTAVE))
    left_s = np.array(left)
    right_s = left_s * 2
    middle_s = np.sqrt(left_s * right_s)
    used = (right_s > shortest_s) & (left_s < longest_s)
    return left_s[used], middle_s[used], right_s[used]


def psd_levels(counts: Counts, plan: PsdPlan) -> Floats:
    """Noise of one window.

    Parameters
    ----------
    counts : (n_window,) samples; 0 where they are missing, as ObsPy fills gaps
    plan : of their sampling rate

    Returns
    -------
    levels : (n_periods,) dB relative to 1 count^2/Hz
    """
    if counts.shape != (plan.n_window,):
        raise WindowError(f"a window has {plan.n_window} samples, not {counts.shape}")
    # A whole number, and no mean: what is left of whole counts is then exact in single precision.
    centred = counts - np.rint(counts.mean(dtype=np.float64))
    single = centred.astype(np.float32)
    is_quiet = float(np.sqrt(centred @ centred / len(centred))) < _LOUD and bool((np.rint(single) == centred).all())
    power = _power(single if is_quiet else centred, plan)
    return plan.average(10 * np.log10(np.maximum(power, _LEAST_POWER)))


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What the transform of a segment needs, in one precision.

    Parameters
    ----------
    taper : (n_segment,) of cosine
    position : (n_segment,) samples from the segment's middle
    twiddles : (rows, columns) factors between the two halves of the transform
    """

    taper: Floats | Singles
    position: Floats | Singles
    twiddles: NDArray[np.complexfloating]


@lru_cache(maxsize=32)
def _tables(n_segment: int, is_single: bool) -> _Tables:
    n_rows = 1 << (n_segment.bit_length() - 1) // 2
    turns = np.outer(np.arange(n_rows), np.arange(n_segment // n_rows)) / n_segment
    taper = np.asarray(cosine_taper(n_segment, _TAPERED), dtype=np.float64)
    position, twiddles = np.arange(n_segment) - (n_segment - 1) / 2, np.exp(-2j * np.pi * turns)
    if is_single:
        return _Tables(taper.astype(np.float32), position.astype(np.float32), twiddles.astype(np.complex64))
    return _Tables(taper, position, twiddles)


def _power(centred: Floats | Singles, plan: PsdPlan) -> Floats:
    """(n_segment / 2,) power per hertz, of one side, mean of all segments.

    Two segments are transformed as the real and the imaginary part of one series z: the sum of their powers, which is
    all that is wanted, is (|Z(f)|^2 + |Z(-f)|^2) / 2. The transform is done as rows and columns of a matrix (Bailey
    1990): each fits the nearest cache, and four go through the processor's vectors at once. 65,536 samples take 0.22
    ms, as a series on its own 0.6 ms. Every array is made once: fresh ones of this size cost more than the transforms.
    """
    tables = _tables(plan.n_segment, centred.dtype == np.float32)
    segments = np.lib.stride_tricks.sliding_window_view(centred, plan.n_segment)[:: plan.n_step]
    offsets, slopes = _lines(centred, plan, len(segments))
    pair, line = np.zeros(tables.twiddles.shape, dtype=tables.twiddles.dtype), np.empty_like(tables.taper)
    squares = np.zeros((*pair.shape, 2), dtype=centred.dtype)
    for first in range(0, len(segments), 2):
        pair = pair.reshape(-1)
        pair.imag = 0
        for number, part in zip(range(first, min(first + 2, len(segments))), (pair.real, pair.imag), strict=False):
            np.multiply(tables.position, slopes[number], out=line)
            line += offsets[number]
            np.subtract(segments[number], line, out=line)
            np.multiply(line, tables.taper, out=part)
        pair = fft(pair.reshape(tables.twiddles.shape), axis=0, overwrite_x=True)
        pair *= tables.twiddles
        pair = fft(pair, axis=1, overwrite_x=True)
        parts = pair.view(centred.dtype).reshape(squares.shape)
        np.square(parts, out=parts)
        squares += parts
    both = (squares[..., 0] + squares[..., 1]).T.ravel().astype(np.float64)  # frequency row + n_rows * column
    half = plan.n_segment // 2
    power: Floats = (both[1 : half + 1] + both[: half - 1 : -1]) * (plan.scale / len(segments))
    power[-1] /= 2  # Nyquist's frequency has no other side
    return power


def _lines(centred: Floats | Singles, plan: PsdPlan, n_segments: int) -> tuple[list[float], list[float]]:
    """Value in the middle, and slope per sample, of the straight line through each segment.

    Segments share their quarters, whose sums are made once.
    """
    blocks = centred[: (n_segments + _QUARTERS - 1) * plan.n_step].reshape(-1, plan.n_step)
    inside = np.arange(plan.n_step) - (plan.n_step - 1) / 2
    sums = np.lib.stride_tricks.sliding_window_view(blocks.sum(axis=1, dtype=np.float64), _QUARTERS)
    moments = np.lib.stride_tricks.sliding_window_view(
        (blocks @ inside.astype(centred.dtype)).astype(np.float64), _QUARTERS
    )
    middles = (np.arange(_QUARTERS) - (_QUARTERS - 1) / 2) * plan.n_step
    n = plan.n_segment
    slopes = (moments.sum(axis=1) + sums @ middles) * (12 / (n * (n * n - 1)))
    return (sums.sum(axis=1) / n).tolist(), slopes.tolist()
