"""One step of many channels: filter, average, compare, all in 2-D arrays (channels x samples)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detection.blocks import Chunk
from detection.channel import Channel
from detection.plan import Floats, Plan
from detection.stalta import average_rows, filter_rows, ratio_rows
from detection.trigger import Bools, hysteresis
from houfeng.types import Pick


def advance(plan: Plan, channels: Sequence[Channel], chunks: Sequence[Chunk]) -> list[Pick]:
    """Filter one chunk of each channel and read what triggered.

    Parameters
    ----------
    plan : of all these channels
    channels, chunks : as many of each; all chunks of one length

    Returns
    -------
    picks : those that became complete, channel by channel
    """
    picks: list[Pick] = []
    for channel, chunk in zip(channels, chunks, strict=True):
        if chunk.gap is not None:
            picks += channel.begin(chunk)
    raw = np.stack([chunk.samples for chunk in chunks])
    state = np.stack([channel.filter_state for channel in channels])
    filtered, state = filter_rows(plan.bandpass, raw, state)
    energy = np.square(filtered)
    sta = average_rows(energy, np.array([channel.sta for channel in channels]), plan.n_sta)
    lta = average_rows(energy, np.array([channel.lta for channel in channels]), plan.n_lta)
    n_blind = np.array([max(plan.n_lta - channel.n_learnt, channel.n_blind) for channel in channels])
    was_on = np.array([channel.growth is not None for channel in channels])
    is_on = _triggered(ratio_rows(sta, lta, n_blind), was_on, plan)
    for row, channel in enumerate(channels):
        channel.filter_state = state[row].copy()
        picks += channel.advance(raw[row], sta[row], float(lta[row, -1]), is_on.get(row))
    return picks


def _triggered(ratio: Floats, was_on: Bools, plan: Plan) -> dict[int, Bools]:
    """Whether each sample lies in a trigger, by row; a quiet row costs one comparison and is left out."""
    rows = np.flatnonzero(was_on | (ratio.max(axis=1) >= plan.settings.on_ratio))
    if not len(rows):
        return {}
    on, off = plan.settings.on_ratio, plan.settings.off_ratio
    return dict(zip(rows.tolist(), hysteresis(ratio[rows], was_on[rows], on=on, off=off), strict=True))
