"""Triggers whose windows are complete, and the picks that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detection.onset.frames import Frame
from detection.onset.p import find_onsets
from detection.plan import Plan
from houfeng.times import samples_ns
from houfeng.types import Pick, SourceId

METHOD = "AR-AIC"
VERSION = 3


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A trigger whose window is complete, with all that its pick will say: the channel may go on.

    Parameters
    ----------
    frame : the samples
    source_id : channel
    grid_ns, start : the grid, ns UTC, and the number of the window's first sample on it
    is_near_gap : the segment starts or ends inside the window
    band, trigger_ns : name of the band that triggered, and when, ns UTC
    trigger_rate_h : triggers of this channel in the hour before this one
    """

    frame: Frame
    source_id: SourceId
    grid_ns: int
    start: int
    is_near_gap: bool
    band: str
    trigger_ns: int
    trigger_rate_h: float


def read(readings: Sequence[Reading], plan: Plan) -> list[Pick]:
    """Picks of triggers whose windows are complete; none for a window without an onset.

    Parameters
    ----------
    readings : of channels with this plan; many at once are read faster, with the same picks
    """
    onsets = find_onsets([reading.frame for reading in readings], plan)
    return [
        Pick(
            onset_ns=reading.grid_ns + samples_ns(reading.start + onset.index, plan.rate_hz),
            source_id=reading.source_id,
            phase="P",
            method=METHOD,
            version=VERSION,
            uncertainty_s=onset.uncertainty_s,
            snr=onset.snr,
            band=reading.band,
            trigger_ns=reading.trigger_ns,
            polarity=onset.polarity,
            spread_s=onset.spread_s,
            is_clipped=onset.is_clipped,
            is_near_gap=reading.is_near_gap,
            trigger_rate_h=reading.trigger_rate_h,
        )
        for reading, onset in zip(readings, onsets, strict=True)
        if onset is not None
    ]
