"""Samples at a channel's rails: what the digitiser or the amplifier could not follow, it wrote as its largest value."""

from __future__ import annotations

import numpy as np

from detection.matrices import Floats
from detection.onset.aic import Indices

LEAST_AT_RAIL = 3  # samples with the very largest or smallest value
# A wave that was cut off reaches the rail at a slope; about its own crest it is equal to itself only as far as its
# values are rounded, and two crests are equal by chance only where there are few values.
LEAST_STEP_SHARE = 0.02  # of the range
LEAST_STEP_UNITS = 8  # of the smallest step
LEAST_RANGE_UNITS = 200


def clipped(raw: Floats, first: Indices, stop: Indices) -> list[bool]:
    """Whether each window's largest or smallest value is a rail.

    Parameters
    ----------
    raw : (m, n) counts
    first, stop : (m,) columns; where each window begins, and the first one behind it
    """
    found = (first > 0) | (stop < raw.shape[1])  # to be looked at one by one; of full windows only the few that pass
    for extreme in (raw.max(axis=1, keepdims=True), raw.min(axis=1, keepdims=True)):
        found |= np.count_nonzero(raw == extreme, axis=1) >= LEAST_AT_RAIL
    for row in np.flatnonzero(found).tolist():
        samples = raw[row, first[row] : stop[row]]
        found[row] = _touches(samples, samples.max()) or _touches(samples, samples.min())
    return [bool(one) for one in found]


def _touches(samples: Floats, extreme: float) -> bool:
    at = samples == extreme
    if np.count_nonzero(at) < LEAST_AT_RAIL:
        return False
    steps = np.abs(np.diff(samples))
    if not steps.any():
        return False
    unit, extent = float(steps[steps > 0].min()), float(np.ptp(samples))
    if extent < LEAST_RANGE_UNITS * unit:
        return False
    touching = at[1:] | at[:-1]  # steps that start or end there
    return bool(steps[touching].max() >= max(LEAST_STEP_SHARE * extent, LEAST_STEP_UNITS * unit))
