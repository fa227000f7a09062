"""Where the next event begins in a record, so that its waves are not taken for this one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detection.magnitude.records import Record
from detection.magnitude.settings import MagnitudeSettings
from detection.magnitude.station import GUARD_S, Sight
from detection.plan import Floats
from houfeng.times import NS_PER_S

# Largest steps of half a second, against those of all seconds before. Behind S the waves of 17 events of the Ridgecrest
# sequence grew by up to 2.9 (the M 7.1 itself); where a larger shock followed within the window they grew by 3.5 to 44.
STEP_S = 0.5
GROWTH = 4.0
# S takes so long to unfold.
UNFOLDED_S = 2.0
# And this long its waves, and those scattered nearby, are the event's own.
OWN_S = 5.0


def before_follower(records: Sequence[Record], s_after_p_s: float) -> list[Record]:
    """The records up to where a larger event begins on the first of them; as they are where none does.

    An event of about the same size is not seen: what it adds is less than 0.6 units. See `ebbed`.

    Parameters
    ----------
    records : of one instrument's components
    s_after_p_s : when the last of S is expected after P, seconds; the records' signal begins at P
    """
    ends_s = [_follower_s(record, s_after_p_s) for record in records]
    end_s = min((each for each in ends_s if each is not None), default=None)
    return list(records) if end_s is None else [_ended(record, end_s) for record in records]


def own_waves_s(sight: Sight, settings: MagnitudeSettings) -> float:
    """How long an event's own waves last at a station at least, seconds from where the signal begins.

    To `OWN_S` behind S, or to the end of the slowest waves if that is later. Of the shocks in the coda of Ridgecrest's
    M 7.1, all that stood out at ten stations had their largest amplitude within 3.5 s of S.
    """
    slowest_s = (sight.origin_ns - sight.p_ns) / NS_PER_S + sight.hypocentral_km / settings.ml_slowest_km_s
    return GUARD_S + max(sight.s_after_p_s + OWN_S, slowest_s)


def ebbed(amplitudes: Floats, noise: float, rate_hz: float, own_s: float) -> int:
    """Number of samples until an event's waves are down to the level before it, all where they never are.

    A shock in the coda of a larger one often has another as large behind it, which `before_follower` does not see.

    Parameters
    ----------
    amplitudes : (n,) absolute values from where the signal begins
    noise : largest absolute value before it
    own_s : not before so many seconds
    """
    n_step = max(round(STEP_S * rate_hz), 1)
    n_steps = len(amplitudes) // n_step
    first = int(np.ceil(min(own_s, len(amplitudes) / rate_hz) / STEP_S))
    heights = amplitudes[: n_steps * n_step].reshape(n_steps, n_step).max(axis=1)
    low = np.flatnonzero(heights[first:] <= noise)
    return (first + int(low[0]) + 1) * n_step if len(low) else len(amplitudes)


def _follower_s(record: Record, s_after_p_s: float) -> float | None:
    """When a larger event begins, seconds after the signal does."""
    n_step = max(round(STEP_S * record.rate_hz), 1)
    # differences of samples: a microseism changes little from one to the next
    jumps = np.abs(np.diff(record.samples[record.n_signal : record.n_end]))
    n_steps = len(jumps) // n_step
    first = max(int(np.ceil((s_after_p_s + UNFOLDED_S) / STEP_S)) + 1, 2)
    if n_steps <= first:
        return None
    heights = jumps[: n_steps * n_step].reshape(n_steps, n_step).max(axis=1)
    before = np.maximum.accumulate(heights)
    grown = np.flatnonzero(heights[first:] > GROWTH * np.maximum(before[first - 2 : -2], 1.0))
    # one step earlier: what begins slowly has begun there
    return (first + int(grown[0]) - 1) * STEP_S if len(grown) else None


def _ended(record: Record, end_s: float) -> Record:
    n_stop = min(record.n_signal + round(end_s * record.rate_hz), len(record.samples))
    n_end = min(n_stop - round(STEP_S / 2 * record.rate_hz), record.n_end)
    return replace(record, samples=record.samples[:n_stop], n_end=n_end, n_fade_out=n_stop - n_end)
