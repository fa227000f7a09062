"""One turn of many channels: filter, average, compare; then each channel keeps its books."""

from __future__ import annotations

from collections.abc import Sequence

from detection.bank import Bank
from detection.blocks import Chunk
from detection.channel import Channel, Reading, read
from detection.search import search
from detection.windowed_search import search_windows
from houfeng.types import Pick


def advance(bank: Bank, channels: Sequence[Channel], chunks: Sequence[Chunk], *, by_rows: bool) -> list[Pick]:
    """Search one chunk of each channel, and read the onsets of what triggered.

    Parameters
    ----------
    bank : of these channels
    channels, chunks : as many of each
    by_rows : filter channel by channel, not in tiles

    Returns
    -------
    picks : those that became complete, channel by channel
    """
    readings: list[Reading] = []
    for channel, chunk in zip(channels, chunks, strict=True):
        if chunk.gap is not None:
            readings += channel.begin(chunk)
    rows, samples = [channel.row for channel in channels], [chunk.samples for chunk in chunks]
    windowed = bank.plan.is_windowed
    for found in search_windows(bank, rows, samples) if windowed else search(bank, rows, samples, by_rows=by_rows):
        channels[found.number].note(found)
    for channel, chunk in zip(channels, chunks, strict=True):
        readings += channel.advance(chunk.samples)
    return read(readings, bank.plan)
