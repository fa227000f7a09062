"""What the samples of one minute look like, gathered record by record and exact for integers in any order."""

from __future__ import annotations

from math import sqrt

import numpy as np

from houfeng.types import Samples

# Distinct values are counted up to this; a channel with at most 2 in a minute is dead.
MAX_DISTINCT = 3

_N_PROBE = 8


class Minute:
    """Sums over the samples and records of one minute of one channel.

    Sums of integers are exact (Python integers over int64 parts), so every packetisation gives the same bits.
    Sums of floats are taken about the first sample, which keeps an offset of 5e6 counts out of the rounding.
    """

    __slots__ = ("n_clipped", "n_records", "n_samples", "reference", "squares", "timing", "total", "values")

    def __init__(self) -> None:
        self.n_samples = 0
        self.reference: float = 0
        self.total: float = 0
        self.squares: float = 0
        self.n_clipped = 0
        self.values: frozenset[float] = frozenset()
        self.timing = 0
        self.n_records = 0

    def add(self, samples: Samples, clip_counts: float) -> None:
        """Count the samples in.

        Parameters
        ----------
        samples : (n,) counts, integer or float; samples that are not finite are left out
        clip_counts : magnitude from which a sample counts as clipped
        """
        low, high = samples.min(), samples.max()
        if samples.dtype.kind == "f":
            if not (np.isfinite(low) and np.isfinite(high)):
                samples = samples[np.isfinite(samples)]
                if not len(samples):
                    return
                low, high = samples.min(), samples.max()
            samples = self._about_reference(samples.astype(np.float64))
            clipped = samples + self.reference
        else:
            samples = clipped = samples.astype(np.int64)
        peak = max(abs(float(low)), abs(float(high)))
        n_samples = len(samples)
        self.n_samples += n_samples
        self.total += samples.sum().item()
        if samples.dtype.kind == "f" or peak * peak * n_samples < 2.0**62:
            self.squares += np.dot(samples, samples).item()
        else:
            self.squares += sum(value * value for value in samples.tolist())
        if peak >= clip_counts:
            self.n_clipped += int(np.count_nonzero(np.abs(clipped) >= clip_counts))
        if len(self.values) < MAX_DISTINCT:
            self._count_values(clipped, low.item(), high.item())

    @property
    def mean(self) -> float:
        """Counts; of at least one sample."""
        return self.reference + self.total / self.n_samples

    @property
    def rms(self) -> float:
        """Counts, about the mean: sqrt(mean((x - mean)²)); of at least one sample."""
        n = self.n_samples
        return sqrt(max(0.0, (n * self.squares - self.total * self.total) / (n * n)))

    @property
    def clipping_percent(self) -> float:
        """Share of the samples at full scale; of at least one sample."""
        return 100 * self.n_clipped / self.n_samples

    def _about_reference(self, samples: Samples) -> Samples:
        if not self.n_samples:
            self.reference = float(samples[0])
        return samples - self.reference

    def _count_values(self, samples: Samples, low: float, high: float) -> None:
        # Eight samples of a living channel hold three values: only a dying one pays for the full comparison.
        values = self.values | set(samples[:_N_PROBE].tolist()) | {low, high}
        if len(values) < MAX_DISTINCT and not ((samples == low) | (samples == high)).all():
            values |= set(np.unique(samples)[:MAX_DISTINCT].tolist())
        self.values = frozenset(sorted(values)[:MAX_DISTINCT])
