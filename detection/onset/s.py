"""Onset of S on the two horizontal components, once that of P is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from detection.matrices import Floats
from detection.onset.aic import Splits, best, criteria, energies, widths
from detection.settings import HIGHPASS_HZ

# Of this picker, as picks carry them. The version grows with every change that moves an onset or its figures; 2 fitted
# the uncertainty to analysts' S and looks where an origin expects S.
METHOD, VERSION = "S-AIC", 2

AFTER_P_S = 0.3
# Of amplitude, S to the coda of P. Of 27 analysts' S 25 are read then, all within 0.3 s; with 1.5 one more, half a
# second off. Of P without S, 7 % get one.
LEAST_SNR = 1.8
SIGNAL_S = 0.5  # S lasts longer than the largest swing of P's coda
LARGEST_SNR = 1e6
LEAST_S = 0.2  # shorter windows are not split
BEYOND_S = 1.0  # after the last expected S: there its largest motion may be
# Against 36 analysts' S (27 of `picks_ncedc`, 9 of `corinth2010`): fitted on half of them, 67 % of the others' errors
# are inside one sigma, 83 % inside 1.645; with the width or the components' distance alone more were misjudged.
SCALE, LEAST_WIDTH_S, LEAST_APART_S = 1.2, 0.01, 0.02
MOST_UNCERTAIN_S = 0.5


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
    onset : None if it is not clear: fewer than 0.2 s between P and the largest motion; horizontals that only grow
        calmer; an S less than 1.8 times the coda of P; or one that is not known within 0.5 s
    """
    start = n_p + round(AFTER_P_S * rate_hz)
    stop = len(north)
    if expected is not None:
        start, stop = max(start, expected[0]), min(stop, expected[1] + round(BEYOND_S * rate_hz))
    if stop - start < LEAST_S * rate_hz:
        return None
    both = np.stack((north, east)).astype(np.float64)
    sections, rest = _highpass(rate_hz)
    both, _ = sosfilt(sections, both, zi=rest[:, np.newaxis, :] * both[np.newaxis, :, :1])
    energy = np.sum(both[:, start:stop] ** 2, axis=0)
    window = both[:, start : start + int(np.argmax(energy)) + 1]
    if window.shape[1] < LEAST_S * rate_hz:
        return None
    split = _split(window)
    if split is None:
        return None
    index, width, apart = split
    uncertainty_s = SCALE * sqrt((LEAST_WIDTH_S + width / rate_hz) * (LEAST_APART_S + apart / rate_hz))
    at = start + index
    noise, signal = _amplitude(both[:, start:at]), _amplitude(both[:, at : at + round(SIGNAL_S * rate_hz)])
    snr = signal / max(noise, signal / LARGEST_SNR)
    if snr < LEAST_SNR or uncertainty_s > MOST_UNCERTAIN_S:
        return None
    return SOnset(at, uncertainty_s, apart / rate_hz, snr)


@lru_cache(maxsize=64)
def _highpass(rate_hz: float) -> tuple[Floats, Floats]:
    """What rids traces of drift: second-order sections, and their state after an endless run of ones."""
    sections = butter(2, HIGHPASS_HZ, "highpass", fs=rate_hz, output="sos")
    return sections, sosfilt_zi(sections)


def _split(window: Floats) -> tuple[int, float, float] | None:
    """Where both components together split best, how wide that is, and how far their own splits are apart; samples.

    A component that only grows calmer has no say.
    """
    n = window.shape[1]
    splits = Splits.of(np.zeros(2, dtype=np.int64), np.full(2, n), n)
    aic = criteria(energies(window, splits), splits)
    aic = aic[np.isfinite(aic).any(axis=1)]
    total = aic.sum(axis=0, keepdims=True)
    if not (len(aic) and np.isfinite(total).any()):
        return None
    (index,), _ = best(total)
    return int(index), float(widths(total, np.array([index]))[0]), float(np.std(best(aic)[0]))


def _amplitude(both: Floats) -> float:
    return float(np.sqrt(np.mean(both * both)))
