"""Raw samples around triggers, laid out alike, so that the onsets of many are read at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection.matrices import Floats
from detection.onset.aic import Indices
from detection.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The samples that one onset is read from.

    Parameters
    ----------
    samples : (n,) counts; run-in for the filters, then the window in which the onset is looked for
    start : index of the window's first sample
    trigger : index of the trigger
    band : number of the band that triggered
    """

    samples: Floats
    start: int
    trigger: int
    band: int


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Frames in rows, their triggers in one column; what a frame lacks on either side is its outermost value again.

    Parameters
    ----------
    raw : (m, n_run_in + n_before + n_after) counts
    begin, first, stop : (m,) columns; of the first sample, of the window's first one, and behind its last one
    """

    raw: Floats
    begin: Indices
    first: Indices
    stop: Indices

    @classmethod
    def of(cls, frames: Sequence[Frame], plan: Plan) -> Frames:
        """Frames of channels of one plan."""
        trigger = plan.n_run_in + plan.n_before
        raw = np.empty((len(frames), trigger + plan.n_after))
        begin = np.empty(len(frames), dtype=np.int64)
        first, stop = begin.copy(), begin.copy()
        for number, frame in enumerate(frames):
            left = trigger - frame.trigger
            right = left + len(frame.samples)
            row = raw[number]
            row[:left], row[left:right], row[right:] = frame.samples[0], frame.samples, frame.samples[-1]
            begin[number], first[number], stop[number] = left, left + frame.start, right
        return cls(raw, begin, first, stop)
