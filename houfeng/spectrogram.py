"""Power by time and frequency, of the ground where the instrument is known, else of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, samples_ns
from stations.response import Response

Floats = NDArray[np.float64]

N_COLUMNS = 800
# A window of 1024 samples tells 512 frequencies; longer times are averages of several windows.
_LARGEST, _LEAST = 1024, 64


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Power spectral density.

    Parameters
    ----------
    rate_hz, window_s : samples per second, and length of a window
    frequencies_hz : (m,) rising, without 0
    levels_db : (m, n) dB relative to 1 (m/s^2)^2/Hz, or to 1 count^2/Hz, in n columns of equal width between the times
        asked for; NaN where no whole window lies
    is_ground : which of the two
    """

    rate_hz: float
    window_s: float
    frequencies_hz: Floats
    levels_db: Floats
    is_ground: bool


def spectrogram(
    stretches: Sequence[Stretch], start_ns: int, end_ns: int, response: Response | None
) -> Spectrogram | None:
    """One-sided power spectral density of Hann windows without their mean, each half over the next.

    Each stretch is transformed by itself.

    Parameters
    ----------
    stretches : of one channel; those of the rate that most samples have are used
    start_ns, end_ns : of the picture, ns UTC
    response : from ground displacement to counts; None leaves counts

    Returns
    -------
    None where no window fits into a stretch
    """
    rates = {each.rate_hz for each in stretches}
    rate_hz = max(
        sorted(rates), key=lambda rate: sum(len(s.samples) for s in stretches if s.rate_hz == rate), default=0
    )
    n = _n_window((end_ns - start_ns) / NS_PER_S, rate_hz)
    if not n:
        return None
    column_s = max((end_ns - start_ns) / NS_PER_S / N_COLUMNS, n / 2 / rate_hz)
    n_columns = max(1, round((end_ns - start_ns) / NS_PER_S / column_s))
    power, n_windows = np.zeros((n // 2, n_columns)), np.zeros(n_columns)
    for stretch in stretches:
        if stretch.rate_hz == rate_hz and len(stretch.samples) >= n:
            found, middles_ns = _windows(stretch, n)
            column = (middles_ns - start_ns) * n_columns // (end_ns - start_ns)
            inside = (column >= 0) & (column < n_columns)
            np.add.at(power.T, column[inside], found.T[inside])
            np.add.at(n_windows, column[inside], 1)
    if not n_windows.any():
        return None
    frequencies_hz = np.asarray(np.fft.rfftfreq(n, 1 / rate_hz)[1:], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels_db: Floats = 10 * np.log10(power / n_windows)
        if response is not None:
            per_metre = np.abs(response.counts_per_metre(frequencies_hz))
            levels_db -= 20 * np.log10(per_metre / (2 * np.pi * frequencies_hz) ** 2)[:, None]
    levels_db[~np.isfinite(levels_db)] = np.nan
    return Spectrogram(rate_hz, n / rate_hz, frequencies_hz, levels_db, response is not None)


def _n_window(length_s: float, rate_hz: float) -> int:
    """Samples of a window: so many that there are about as many windows as columns; 0 where there is no rate."""
    wanted = 2 * length_s * rate_hz / N_COLUMNS
    return 0 if not rate_hz else int(np.clip(2 ** np.ceil(np.log2(max(wanted, 1))), _LEAST, _LARGEST))


def _windows(stretch: Stretch, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Power of every whole window, without frequency 0, and when its middle is, ns UTC."""
    transform = _transform(n, stretch.rate_hz)
    samples = stretch.samples
    first, last = transform.lower_border_end[1], transform.upper_border_begin(len(samples))[1]
    if last <= first:
        return np.empty((n // 2, 0)), np.empty(0, np.int64)
    power = transform.spectrogram(samples, detr="constant", p0=first, p1=last)
    # of Nyquist's frequency there is one side only: ShortTimeFFT leaves it alone, as welch does
    middles_ns = stretch.start_ns + np.array(
        [samples_ns(each * transform.hop, stretch.rate_hz) for each in range(first, last)]
    )
    return power[1:], middles_ns


@lru_cache(maxsize=32)
def _transform(n: int, rate_hz: float) -> ShortTimeFFT:
    return ShortTimeFFT(hann(n, sym=False), n // 2, rate_hz, fft_mode="onesided2X", scale_to="psd")
