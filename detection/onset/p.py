"""Onset of a triggered phase: AIC in a window around the trigger, its uncertainty and signal-to-noise ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt

from detection.matrices import Floats
from detection.onset.aic import akaike
from detection.plan import Band, Plan

CLEAR_SNR = 3.0  # below it the band-passed trace gives the better onset
LARGEST_SNR = 1e6  # 120 dB; synthetic silence would give infinity, which JSON cannot carry
LEAST_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Onset:
    """Where a phase starts in a window.

    Parameters
    ----------
    index : sample of the window
    spread : samples; standard deviation of the onset under the Akaike weights
    snr : amplitude ratio, root mean square after the onset to before it
    """

    index: int
    spread: float
    snr: float


def find_onset(raw: Floats, n_before_window: int, plan: Plan, band: Band) -> Onset | None:
    """The onset in a window of raw samples.

    Parameters
    ----------
    raw : (n,) counts; run-in for the filters, then the window
    n_before_window : samples of run-in
    plan : of the channel's sampling rate
    band : that triggered

    Returns
    -------
    onset : relative to the window's start; None if the window is too short, or grows calmer wherever it is split
    """
    if len(raw) - n_before_window < LEAST_SAMPLES:
        return None
    clear = _onset_in(_filtered(raw, plan.highpass, plan.highpass_rest)[n_before_window:], plan)
    if clear is not None and clear.snr > CLEAR_SNR:
        return clear
    return _onset_in(_filtered(raw, band.sections, band.rest)[n_before_window:], plan)


def _filtered(raw: Floats, sections: Floats, rest: Floats) -> Floats:
    filtered, _ = sosfilt(sections, raw, zi=rest * raw[0])
    return np.asarray(filtered)


def _onset_in(trace: Floats, plan: Plan) -> Onset | None:
    aic = akaike(trace)
    index = int(np.argmin(aic))
    if not np.isfinite(aic[index]):
        return None
    weights = np.exp(-0.5 * (aic - aic[index]))
    weights /= weights.sum()
    spread = float(np.sqrt(np.sum(weights * (np.arange(len(aic)) - index) ** 2)))
    before, after = trace[:index], trace[index : index + 2 * plan.n_sta]
    noise = float(np.sqrt(np.mean(before * before)))
    signal = float(np.sqrt(np.mean(after * after)))
    return Onset(index, spread, signal / max(noise, signal / LARGEST_SNR))
