"""One turn of many channels: filter, average, compare; then each channel keeps its books."""

from __future__ import annotations

from collections.abc import Sequence

from detection.bank import Bank
from detection.blocks import Chunk
from detection.channel import Channel
from detection.readings import Reading, read
from detection.search import search
from detection.windowed_search import search_windows
from houfeng.types import Pick


def advance(bank: Bank, channels: Sequence[Channel], chunks: Sequence[Chunk]) -> list[Pick]:
    """Search one chunk of each channel, and read the onsets of what triggered.

    Parameters
    ----------
    bank : of these channels
    channels, chunks : as many of each

    Returns
    -------
    picks : those that became complete, channel by channel
    """
    readings: list[Reading] = []
    for channel, chunk in zip(channels, chunks, strict=True):
        if chunk.gap is not None:
            readings += channel.begin(chunk)
    rows, samples = [channel.row for channel in channels], [chunk.samples for chunk in chunks]
    searching = search_windows if bank.plan.is_windowed else search
    for found in searching(bank, rows, samples):
        channels[found.number].note(found)
    for channel, chunk in zip(channels, chunks, strict=True):
        readings += channel.advance(chunk.samples)
    return read(readings, bank.plan)
