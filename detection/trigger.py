"""Where triggers start: hysteresis on the STA/LTA ratio, dead time, and re-arming inside a trigger that is still on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats

Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


def hysteresis(ratio: Floats, was_on: Bools, *, on: float, off: float) -> Bools:
    """Whether each sample lies in a trigger: from the first ratio of `on` to the last one of `off` or more.

    The same intervals as `obspy.signal.trigger.trigger_onset`, for many channels, carried from block to block.

    Parameters
    ----------
    ratio : (n_channels, n) dimensionless
    was_on : (n_channels,) state after the previous sample
    on, off : ratios, off < on

    Returns
    -------
    state : (n_channels, n); its last column goes in with the next block
    """
    is_on = ratio >= on
    # the number of each sample that decides, twice, and one more for on; from there it lasts until the next one
    numbers = np.arange(2, 2 * ratio.size + 2, 2, dtype=np.int32).reshape(ratio.shape)
    marks = numbers * (is_on | (ratio < off)) + is_on
    is_first = marks[:, 0] == 0
    marks[is_first, 0] = numbers[is_first, 0] + was_on[is_first]
    flat = marks.reshape(-1)
    np.maximum.accumulate(flat, out=flat)
    return np.asarray(marks & 1, dtype=np.bool_)


def intervals(state: Bools) -> list[tuple[int, int]]:
    """First sample of each trigger in one row of `hysteresis`, and the first one after it.

    Parameters
    ----------
    state : (n,)
    """
    edges = ((state[1:] != state[:-1]).nonzero()[0] + 1).tolist()
    if state[0]:
        edges.insert(0, 0)
    if state[-1]:
        edges.append(len(state))
    return list(zip(edges[::2], edges[1::2], strict=True))


class Spans(NamedTuple):
    """Triggers in some stretches of samples, one behind the other.

    Parameters
    ----------
    starts, stops : (n,) first sample of each, and the first one after it
    stretches : (n,) in which stretch each lies
    last : (n,) whether it lasts to its stretch's end
    """

    starts: Indices
    stops: Indices
    stretches: Indices
    last: Bools


def spans_of(ratio: Floats, edges: Indices, was_on: Indices, *, on: float, off: float) -> Spans:
    """The intervals of `hysteresis` in some stretches that lie one behind the other.

    Parameters
    ----------
    ratio : (n,) dimensionless; the samples of one stretch behind those of the other
    edges : (n_stretches + 1,) first sample of each stretch, and n
    was_on : first sample of each stretch before which a trigger lasts
    on, off : ratios, off < on
    """
    is_on = ratio >= on
    is_on[was_on] = ratio[was_on] >= off
    at, below = is_on.nonzero()[0], (ratio < off).nonzero()[0]
    n_below, stretches = below.searchsorted(at), edges.searchsorted(at, "right") - 1
    is_first = np.ones(len(at), dtype=np.bool_)  # in its stretch, or since the ratio fell
    np.not_equal((n_below + stretches)[1:], (n_below + stretches)[:-1], out=is_first[1:])
    starts, n_below, stretches = at[is_first], n_below[is_first], stretches[is_first]
    ends = edges[stretches + 1]
    stops = np.minimum(np.append(below, len(ratio))[n_below], ends)
    return Spans(starts, stops, stretches, stops == ends)


@dataclass(slots=True)
class Growth:
    """Finds the larger shock inside a trigger that is still on.

    A sample re-arms when its STA exceeds `factor` times the largest since the trigger's start, the last `n_lag`
    samples and the first `n_lag` of the trigger apart: so long the onset of one shock may take to grow.

    Parameters
    ----------
    n_lag : samples
    factor : ratio of energies
    n_on : samples since the trigger's start
    peaks : (min(n_on, n_lag),) counts²; the largest STA so far, at each of the latest samples
    """

    n_lag: int
    factor: float
    n_on: int = 0
    peaks: Floats = field(default_factory=lambda: np.empty(0))

    def first(self, sta: Floats) -> int | None:
        """Sample of `sta` that re-arms; None if none does, and then `sta` counts as seen.

        Parameters
        ----------
        sta : (n,) counts²; adjoins what was seen before
        """
        peaks = np.concatenate((self.peaks, sta))
        np.maximum.accumulate(peaks, out=peaks)
        if self.n_on + len(sta) > self.n_lag + 1:  # else none is old enough: most triggers end before
            ages = np.arange(self.n_on, self.n_on + len(sta))
            reference = np.maximum(ages - self.n_lag, self.n_lag) - (self.n_on - len(self.peaks))
            old = ages > self.n_lag
            grown = np.flatnonzero(sta[old] > self.factor * peaks[reference[old]])
            if len(grown):
                return int(grown[0]) + int(np.argmax(old))
        self.n_on += len(sta)
        self.peaks = peaks[-self.n_lag :].copy()
        return None


@dataclass(slots=True)
class Starts:
    """Finds where triggers start on one channel, and keeps the dead time behind each.

    An interval of the hysteresis that begins in dead time does not count, however long it lasts; a larger shock inside
    it does, and from then on it counts.

    Parameters
    ----------
    n_rearm, factor : of `Growth`
    n_dead : samples behind the last one of a trigger in which none starts
    growth : of the interval that lasts, None if none does
    counts : whether that one is a trigger
    dead_until : number of the first sample at which one may start
    """

    n_rearm: int
    factor: float
    n_dead: int
    growth: Growth | None = None
    counts: bool = False
    dead_until: int = 0

    def find(self, first: int, sta: Floats, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Numbers of the samples at which triggers start.

        Parameters
        ----------
        first : number of the stretch's first sample
        sta : (n,) short-term average
        spans : `intervals` of the hysteresis in these samples
        """
        found: list[int] = []
        if self.growth is not None and (not spans or spans[0][0]):
            self.end(first)
        for start, stop in spans:
            if self.growth is None:
                counts = first + start >= self.dead_until
                if counts:
                    found.append(first + start)
                if stop < len(sta) and stop - start <= self.n_rearm + 1:  # most are over before they can re-arm
                    if counts:
                        self.dead_until = first + stop + self.n_dead
                    continue
                self.growth, self.counts = Growth(self.n_rearm, self.factor), counts
            while (again := self.growth.first(sta[start:stop])) is not None:
                start += again
                found.append(first + start)
                self.growth, self.counts = Growth(self.n_rearm, self.factor), True
            if stop < len(sta):
                self.end(first + stop)
        return found

    def end(self, stop: int) -> None:
        """The interval that lasts, if any, ends before sample `stop`."""
        if self.growth is not None and self.counts:
            self.dead_until = stop + self.n_dead
        self.growth, self.counts = None, False

    def begin(self, stop: int, first: int, n_missing: int) -> None:
        """The segment ended before sample `stop`; the next one starts with sample `first`, `n_missing` later."""
        self.end(stop)
        self.dead_until = first + max(self.dead_until - stop - n_missing, 0)
