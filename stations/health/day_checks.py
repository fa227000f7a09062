"""What a day of samples says of a channel beside its noise: distinct values, leaks between components, polarity.

References
----------
MUSTANG metrics cross_talk and polarity_check (EarthScope). Theirs look at strong events of a catalogue; a day without
one has no value. Here every window of the day counts, so that each day says something.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]

DAY_S = 86_400
# Components are compared at up to so many samples a second: a leak is at every frequency.
CROSS_TALK_HZ = 20.0
_CROSS_TALK_S = 1800
# Of the largest sample, root mean square: what is less is rounding.
_ON_A_LINE = 1e-6
# Neighbours see the same long waves: at 20 s and more 30 km are a quarter of a wave, and microseisms are weak.
POLARITY_HZ = 0.25
_POLARITY_BAND_HZ = 0.02, 0.1
_POLARITY_S = 600
SAME_WAVE = 0.7
# The slowest wave that is looked for; onsets and the filter leave a few seconds more.
_SLOWEST_KM_S = 2.5
_LEAST_LAG_S = 8.0
# A table of values is taken where it has fewer entries than that: sorting a day of 100 Hz takes five times longer.
_MAX_TABLE = 20_000_000


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like another channel one is.

    Parameters
    ----------
    other : NET.STA.LOC.CHA
    correlation : -1 to 1
    """

    other: str
    correlation: float


def n_distinct(parts: Iterable[Floats]) -> int:
    """Distinct values among samples; those that are not finite do not count."""
    found = [part[np.isfinite(part)] for part in parts]
    samples = np.concatenate([*found, np.empty(0)])
    if not len(samples):
        return 0
    low, high = samples.min(), samples.max()
    if high - low >= _MAX_TABLE or not np.array_equal(samples, np.rint(samples)):
        return len(np.unique(samples))
    seen = np.zeros(int(high - low) + 1, dtype=bool)
    seen[(samples - low).astype(np.intp)] = True
    return int(np.count_nonzero(seen))


def means(stretches: Sequence[Stretch], day_ns: int, most_hz: float) -> tuple[Counts, float]:
    """A day on an even grid, as means of some samples each.

    Parameters
    ----------
    stretches : of one channel and rate, at least one
    day_ns : midnight, ns UTC
    most_hz : the rate that means have at most; a lower one if that of the samples is no multiple

    Returns
    -------
    means : (n,) counts about the day's mean; NaN where a sample is missing
    rate_hz : of them
    """
    rate_hz = stretches[0].rate_hz
    n_each = max(1, int(np.ceil(rate_hz / most_hz - 1e-6)))
    n_means = int(DAY_S * rate_hz / n_each)
    day = np.full(n_means * n_each, np.nan)
    for stretch in stretches:
        first = round((stretch.start_ns - day_ns) * rate_hz / NS_PER_S)
        begin, end = max(first, 0), min(first + len(stretch.samples), len(day))
        if begin < end:
            day[begin:end] = stretch.samples[begin - first : end - first]
    made = day.reshape(n_means, n_each).mean(axis=1)
    known = np.isfinite(made)
    return (made - (made[known].mean() if known.any() else 0.0)).astype(np.float32), rate_hz / n_each


def half_hours(counts: Counts, rate_hz: float) -> Counts:
    """Half hours of a day of which `cross_talk` is told: their trend taken off, for temperature moves all components.

    Parameters
    ----------
    counts, rate_hz : as of `means`

    Returns
    -------
    parts : (n_parts, n_samples) of a norm of 1 each; NaN throughout where a sample is missing, or all are on a line
    """
    n_samples = int(_CROSS_TALK_S * rate_hz)
    n_parts = len(counts) // n_samples
    parts = counts[: n_parts * n_samples].reshape(n_parts, n_samples).astype(np.float64)
    x = np.arange(n_samples) - (n_samples - 1) / 2
    size = np.nanmax(np.abs(parts), axis=1, initial=1.0, keepdims=True)
    parts = parts - parts.mean(axis=1, keepdims=True)
    parts -= (parts @ x)[:, None] / (x @ x) * x
    norm = np.sqrt((parts**2).sum(axis=1, keepdims=True))
    norm[norm < _ON_A_LINE * size * np.sqrt(n_samples)] = np.nan
    return np.asarray(parts / norm, dtype=np.float32)


def cross_talk(one: Counts, other: Counts) -> float | None:
    """How like two components of a sensor are: median over half hours of the correlation without a shift.

    Parameters
    ----------
    one, other : of one shape, as of `half_hours`

    Returns
    -------
    correlation : 1 for one channel that is sent twice, -1 where it is inverted; None without a whole half hour
    """
    found = np.einsum("ij,ij->i", one, other, dtype=np.float64)
    found = found[np.isfinite(found)]
    return float(np.median(found)) if len(found) else None


def long_waves(stretches: Sequence[Stretch], day_ns: int) -> Counts | None:
    """A day between 10 and 50 s, at `POLARITY_HZ`: what neighbours have in common.

    Returns
    -------
    trace : (86,400 POLARITY_HZ,) counts; NaN where a sample is missing; None for a rate that is too low
    """
    counts, rate_hz = means(stretches, day_ns, 1.0)
    n_each = rate_hz / POLARITY_HZ
    if rate_hz < 2 * POLARITY_HZ or abs(n_each - round(n_each)) > 1e-6:
        return None
    known = np.isfinite(counts)
    sos = butter(4, _POLARITY_BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    filtered = sosfiltfilt(sos, np.where(known, counts, 0.0))
    # A hole's edges ring for a period or two.
    n_edge = int(60 * rate_hz)
    near = np.convolve(~known, np.ones(2 * n_edge + 1), "same") > 0.5
    made = np.where(near, np.nan, filtered)[:: round(n_each)]
    return made.astype(np.float32)


def polarity(one: Counts, other: Counts, distance_km: float) -> float | None:
    """Whether neighbours move alike: median over the windows of ten minutes in which they see the same wave.

    Without such a wave there is nothing to tell: two components of one station, which see different ones, correlate
    by up to 0.64 in the best window of a day with an earthquake, and noise by up to 0.37.

    Parameters
    ----------
    one, other : (n,) as of `long_waves`
    distance_km : between them; waves of 2.5 km/s and faster are looked for

    Returns
    -------
    correlation : near -1 where one of the two is inverted; None where no window has as much as `SAME_WAVE`
    """
    n_window = int(_POLARITY_S * POLARITY_HZ)
    n_lag = round(max(distance_km / _SLOWEST_KM_S, _LEAST_LAG_S) * POLARITY_HZ)
    n_fft = 2 ** int(np.ceil(np.log2(2 * n_window)))
    n_parts = min(len(one), len(other)) // n_window
    a, b = (each[: n_parts * n_window].reshape(n_parts, n_window).astype(np.float64) for each in (one, other))
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    whole = np.isfinite(norm) & (norm > 0)
    a, b, norm = a[whole], b[whole], norm[whole]
    lags = np.fft.irfft(np.fft.rfft(a, n_fft) * np.conj(np.fft.rfft(b, n_fft)), n_fft) / norm[:, None]
    near = np.concatenate([lags[:, : n_lag + 1], lags[:, -n_lag:]], axis=1)
    peaks = np.take_along_axis(near, np.abs(near).argmax(axis=1)[:, None], axis=1)[:, 0]
    peaks = peaks[np.abs(peaks) >= SAME_WAVE]
    return float(np.median(peaks)) if len(peaks) else None
