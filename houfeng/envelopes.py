"""Least and greatest sample of each column of a picture: spikes of one sample are seen at any scale, as are gaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Columns of equal width, one behind the other.

    Parameters
    ----------
    start_ns : when the first column begins, ns UTC
    step_ns : how long a column is
    low, high : (n,) least and greatest sample of each column; NaN where it has none
    n_samples : (n,) samples in each column
    """

    start_ns: int
    step_ns: int
    low: Floats
    high: Floats
    n_samples: Counts

    @property
    def end_ns(self) -> int:
        """When the last column ends, ns UTC."""
        return self.start_ns + len(self.low) * self.step_ns


def envelope(stretches: Iterable[Stretch], start_ns: int, step_ns: int, n_columns: int) -> Envelope:
    """The envelope of samples; where two stretches have samples of one time, both count.

    Parameters
    ----------
    stretches : of one channel
    start_ns : when the first column begins, ns UTC
    step_ns, n_columns : how long a column is, and how many there are
    """
    low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
    n_samples = np.zeros(n_columns, np.int64)
    borders_ns = start_ns + step_ns * np.arange(n_columns + 1, dtype=np.int64)
    for stretch in stretches:
        edges = _first_at(stretch, borders_ns)
        n = np.diff(edges)
        filled = np.flatnonzero(n)
        if filled.size:
            samples = stretch.samples[: edges[-1]]
            low[filled] = np.minimum(low[filled], np.minimum.reduceat(samples, edges[filled]))
            high[filled] = np.maximum(high[filled], np.maximum.reduceat(samples, edges[filled]))
            n_samples += n
    low[n_samples == 0] = high[n_samples == 0] = np.nan
    return Envelope(start_ns, step_ns, low, high, n_samples)


def coarser(parts: Iterable[Envelope], start_ns: int, step_ns: int, n_columns: int) -> Envelope:
    """Wider columns of envelopes that adjoin; each of their columns must lie in one of the new ones or outside all."""
    low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
    n_samples = np.zeros(n_columns, np.int64)
    for part in parts:
        has = np.flatnonzero(part.n_samples)
        column = (part.start_ns - start_ns + has * part.step_ns) // step_ns
        inside = (column >= 0) & (column < n_columns)
        has, column = has[inside], column[inside]
        if not has.size:
            continue
        begins = np.flatnonzero(np.diff(column, prepend=-1))
        at = column[begins]
        low[at] = np.minimum(low[at], np.minimum.reduceat(part.low[has], begins))
        high[at] = np.maximum(high[at], np.maximum.reduceat(part.high[has], begins))
        n_samples[at] += np.add.reduceat(part.n_samples[has], begins)
    low[n_samples == 0] = high[n_samples == 0] = np.nan
    return Envelope(start_ns, step_ns, low, high, n_samples)


def _first_at(stretch: Stretch, borders_ns: Counts) -> NDArray[np.intp]:
    """Number of the first sample at or after each of some times; a sample's time is rounded to nanoseconds."""
    after_ns = (borders_ns - stretch.start_ns).astype(np.float64)
    found = np.ceil(after_ns * stretch.rate_hz / NS_PER_S)
    for step in (-1, 1):  # rounding moves a sample over a border by one place at most
        there_ns = np.rint((found + min(step, 0)) * NS_PER_S / stretch.rate_hz)
        found[there_ns >= after_ns if step < 0 else there_ns < after_ns] += step
    return np.clip(found, 0, len(stretch.samples)).astype(np.intp)
