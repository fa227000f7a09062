"""Onset of a triggered phase: AIC of the whitened trace, and how well that is known from how far others are apart.

Against analysts (40 P of `picks_ncedc`, cropped at random), median, 90 % within, share beyond 1 s: this onset 10 ms,
30 ms, 0; AIC of the trace above 1 Hz 10 ms, 31 ms, 2.5 %; of the triggering band 50 ms, 100 ms, 2.5 %; the first where
its SNR is above 3, else the second, 15 ms, 52 ms, 2.5 %; the steepest rise of kurtosis 30 ms, 91 ms, 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt

from detection.matrices import Floats
from detection.onset.aic import LEAST_SAMPLES, Indices, Splits, best, criteria, energies, widths
from detection.onset.frames import Frame, Frames
from detection.onset.polarity import first_motions
from detection.onset.rails import clipped
from detection.onset.whitening import noise_models, whiten
from detection.plan import Plan

LARGEST_SNR = 1e6  # 120 dB; synthetic silence would give infinity, which JSON cannot carry
ENDS_S = 1.0  # the noise ends so long before the trigger, which comes after the onset
LEAST_NOISE_S = 0.5
BATCH = 32  # rows; their arrays stay in the cache
WHITE, HIGHPASSED, DIFFERENCES, BANDED = range(4)  # what the pickers see; the first has the onset
# 68 % of the errors are inside it, on originals and on copies with noise added alike: docs/measurements.md
SCALE, SPREAD_POWER = 0.8, 0.3
# Noise that swells before a weak P splits a window about as well as P does. A split that is nearly as good (by so much
# of the criterion) and behind which the next 0.3 s stand out this much more, in amplitude, is taken instead: at UH3 of
# Unterhaching that mends 0.4 s, and against analysts, with and without noise, no share is worse.
NEARLY, CLEARER, CLEAR_S = 6.0, 1.5, 0.3
LEAST_S = 0.01  # what analysts read


@dataclass(frozen=True, slots=True)
class Onset:
    """Where a phase starts in a window.

    Parameters
    ----------
    index : sample of the window
    uncertainty_s : one standard deviation
    spread_s : standard deviation of the onsets of four pickers
    snr : amplitude ratio, root mean square after the onset to before it
    polarity : first motion in counts, "up" or "down"; "" where it is not clear
    is_clipped : samples of the window are at the channel's rails
    """

    index: int
    uncertainty_s: float
    spread_s: float
    snr: float
    polarity: str
    is_clipped: bool


def find_onsets(frames: Sequence[Frame], plan: Plan) -> list[Onset | None]:
    """The onset in each frame.

    Parameters
    ----------
    frames : of channels with this plan, any number
    plan : of the channels' sampling rate

    Returns
    -------
    onsets : relative to the window's start; None if the window is too short, or grows calmer wherever it is split. The
        same for a frame alone and among others
    """
    found: list[Onset | None] = [None] * len(frames)
    numbers = [n for n, frame in enumerate(frames) if len(frame.samples) - frame.start >= LEAST_SAMPLES]
    for begin in range(0, len(numbers), BATCH):
        batch = numbers[begin : begin + BATCH]
        for number, onset in zip(batch, _read([frames[n] for n in batch], plan), strict=True):
            found[number] = onset
    return found


def _read(batch: Sequence[Frame], plan: Plan) -> list[Onset | None]:
    frames = Frames.of(batch, plan)
    n = plan.n_before + plan.n_after
    splits = Splits.of(frames.first - plan.n_run_in, frames.stop - plan.n_run_in, n)
    traces = _traces(frames, [frame.band for frame in batch], plan)
    sums = energies(traces, splits)
    aic = criteria(sums, splits)
    picks, is_there = best(aic)
    picks[WHITE] = _clearest(aic[WHITE], sums[WHITE], splits, picks[WHITE], round(CLEAR_S * plan.rate_hz))
    index, is_found = picks[WHITE], is_there[WHITE]
    spread = _deviation(np.where(is_there, picks, index).astype(np.float64))
    aic[WHITE, ~is_found] = 0.0
    sigma = SCALE * (1 + widths(aic[WHITE], index)) * (1 + spread) ** SPREAD_POWER
    snr = _snr(sums[[HIGHPASSED, BANDED]], splits, index, 2 * plan.n_sta).max(axis=0)
    found = zip(
        is_found.tolist(),
        (index - splits.first).tolist(),
        np.maximum(sigma / plan.rate_hz, LEAST_S).tolist(),
        (spread / plan.rate_hz).tolist(),
        snr.tolist(),
        first_motions(traces[HIGHPASSED], sums[HIGHPASSED], splits, index, plan.rate_hz),
        clipped(frames.raw[:, plan.n_run_in :], splits.first, splits.stop),
        strict=True,
    )
    return [Onset(*values) if is_one else None for is_one, *values in found]


def _clearest(aic: Floats, sums: Floats, splits: Splits, index: Indices, n_signal: int) -> Indices:
    """Of the splits that are nearly as good as the best, the one behind which the trace stands out most: (m,) columns.

    Parameters
    ----------
    aic, sums, index : of the onset's picker alone
    n_signal : samples behind a split that count
    """
    rows, columns = np.arange(len(aic)), np.arange(1, sums.shape[1])
    ends = np.minimum(columns + n_signal, splits.stop[:, np.newaxis])
    before = sums[:, :-1]
    signal = (np.take_along_axis(sums, ends - 1, axis=1) - before) / np.maximum(ends - columns, 1)
    least = np.maximum(sums[:, -1:] / LARGEST_SNR**2, np.finfo(np.float64).tiny)
    noise = np.maximum(before / splits.n_before, least)
    best_one = index - 1
    is_near = aic <= aic[rows, best_one][:, np.newaxis] + NEARLY
    ratios = np.where(is_near, signal / noise, 0.0)
    clearest = ratios.argmax(axis=1)
    is_clearer = ratios[rows, clearest] > CLEARER**2 * ratios[rows, best_one]
    return np.where(is_clearer, clearest + 1, index)


def _traces(frames: Frames, bands: Sequence[int], plan: Plan) -> Floats:
    """What the four pickers see of the windows: (4, m, n) counts."""
    start = plan.n_run_in
    highpassed, banded = np.empty((2, *frames.raw.shape))
    for number in sorted(set(bands)):
        rows = np.flatnonzero(np.array(bands) == number)
        band = plan.bands[number]
        highpassed[rows] = _filtered(frames.raw[rows], band.highpass, band.highpass_rest)
        banded[rows] = _filtered(frames.raw[rows], band.sections, band.rest)
    noise = highpassed[:, plan.n_settle : start + plan.n_before - round(ENDS_S * plan.rate_hz)]
    models = noise_models(noise, frames.begin, round(LEAST_NOISE_S * plan.rate_hz))
    traces = np.empty((4, len(bands), plan.n_before + plan.n_after))
    whiten(highpassed, models, start, traces[WHITE])
    traces[HIGHPASSED] = highpassed[:, start:]
    np.subtract(highpassed[:, start:], highpassed[:, start - 1 : -1], out=traces[DIFFERENCES])
    traces[BANDED] = banded[:, start:]
    return traces


def _filtered(raw: Floats, sections: Floats, rest: Floats) -> Floats:
    filtered, _ = sosfilt(sections, raw, axis=1, zi=rest[:, np.newaxis, :] * raw[np.newaxis, :, :1])
    return np.asarray(filtered)


def _deviation(picks: Floats) -> Floats:
    """Standard deviation along the first axis, which is short: added up one by one."""
    mean = sum(picks[1:], picks[0]) / len(picks)
    squares = (picks - mean) ** 2
    return np.asarray(np.sqrt(sum(squares[1:], squares[0]) / len(picks)))


def _snr(sums: Floats, splits: Splits, index: Indices, n_signal: int) -> Floats:
    """Amplitude ratio of `n_signal` samples from the onset on to all before it: (k, m), of (k, m, n) energies."""
    rows = np.arange(len(index))
    end = np.minimum(index + n_signal, splits.stop)
    before = sums[:, rows, np.maximum(index, 1) - 1]
    noise = np.sqrt(before / np.maximum(index - splits.first, 1))
    signal = np.sqrt((sums[:, rows, end - 1] - before) / np.maximum(end - index, 1))
    return np.asarray(signal / np.maximum(np.maximum(noise, signal / LARGEST_SNR), np.finfo(np.float64).tiny))
