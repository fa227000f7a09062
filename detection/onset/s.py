"""Onset of S on the two horizontal components, once that of P is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from detection.matrices import Floats
from detection.onset.aic import Splits, best, criteria, energies, widths
from detection.settings import HIGHPASS_HZ

AFTER_P_S = 0.3
LEAST_SNR = 1.5  # of amplitude, S to the coda of P: below it analysts and the criterion are often apart
LARGEST_SNR = 1e6
LEAST_S = 0.2  # shorter windows are not split


@dataclass(frozen=True, slots=True)
class SOnset:
    """Where S starts.

    Parameters
    ----------
    index : sample of the given traces
    uncertainty_s : one standard deviation
    spread_s : how far the components' own onsets are apart
    snr : amplitude ratio of the horizontals, after the onset to before it
    """

    index: int
    uncertainty_s: float
    spread_s: float
    snr: float


def find_s(
    north: Floats, east: Floats, n_p: int, rate_hz: float, expected: tuple[int, int] | None = None
) -> SOnset | None:
    """The onset of S between that of P and the largest horizontal motion.

    Parameters
    ----------
    north, east : (n,) counts; the horizontals of one sensor, same samples, from before P until the wave train
        has passed its maximum
    n_p : sample of P's onset
    rate_hz : samples per second
    expected : first and last sample at which S may be, from an origin; without it all that follows P

    Returns
    -------
    onset : None if it is not clear: fewer than 0.2 s between P and the largest motion, or an S that does not stand
        out of the coda of P
    """
    both = np.stack((north, east)).astype(np.float64)
    sections = butter(2, HIGHPASS_HZ, "highpass", fs=rate_hz, output="sos")
    rest = sosfilt_zi(sections)[:, np.newaxis, :] * both[np.newaxis, :, :1]
    both, _ = sosfilt(sections, both, zi=rest)
    start = n_p + round(AFTER_P_S * rate_hz)
    stop = both.shape[1]
    if expected is not None:
        start, stop = max(start, expected[0]), min(stop, expected[1] + round(rate_hz))
    if stop - start < LEAST_S * rate_hz:
        return None
    energy = np.sum(both[:, start:stop] ** 2, axis=0)
    window = both[:, start : start + int(np.argmax(energy)) + 1]
    if window.shape[1] < LEAST_S * rate_hz:
        return None
    n = window.shape[1]
    splits = Splits.of(np.zeros(2, dtype=np.int64), np.full(2, n), n)
    sums = energies(window, splits)
    aic = criteria(sums, splits)
    total = aic.sum(axis=0, keepdims=True)
    (index,), (is_found,) = best(total)
    if not is_found:
        return None
    apart = float(np.std(best(aic)[0]))
    width = float(widths(total, np.array([index]))[0])
    before = float(sums[:, index - 1].sum())
    noise = before / index
    snr = float(np.sqrt((sums[:, -1].sum() - before) / (n - index) / noise)) if noise else LARGEST_SNR
    if snr < LEAST_SNR:
        return None
    return SOnset(start + int(index), max(width, apart, 1.0) / rate_hz, apart / rate_hz, snr)
