"""Noise of recorded channels: day by day out of files, against Peterson's models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypedDict

import numpy as np
from sqlalchemy import Connection

from acquisition.replay import RecordFile
from acquisition.waveform_files import ReplayWindows
from database import noise_days
from houfeng.errors import InventoryError, WindowError
from houfeng.noise_archive import stored_levels
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from houfeng.waveforms import RecordedWaveforms
from stations.health.noise import (
    STEP_NS,
    WINDOW_NS,
    Noise,
    NoiseWindow,
    correction_db,
    high_noise_db,
    low_noise_db,
    noise_windows,
)
from stations.health.psd import psd_plan
from stations.responsexml import Responses

_DAY_NS = 86_400 * NS_PER_S


class NoiseRow(TypedDict):
    """Levels of one period, dB relative to 1 (m/s^2)^2/Hz, and Peterson's models."""

    channel: str
    n_windows: int
    period_s: float
    p05_db: float
    p50_db: float
    p95_db: float
    low_noise_db: float | None
    high_noise_db: float | None


@dataclass(frozen=True, slots=True)
class ChannelNoise:
    """What the records of one channel say of the noise at its site.

    Parameters
    ----------
    source_id : channel
    noise : of ground acceleration; None where there is none
    remark : why there is none, or what was left out; "" otherwise
    """

    source_id: SourceId
    noise: Noise | None
    remark: str = ""

    def rows(self) -> list[NoiseRow]:
        """One for each period: percentiles of the level and Peterson's models, dB relative to 1 (m/s^2)^2/Hz."""
        if self.noise is None:
            return []
        periods_s = self.noise.periods_s
        low, high = low_noise_db(periods_s), high_noise_db(periods_s)
        p05, p50, p95 = (self.noise.percentile(percent) for percent in (5, 50, 95))
        return [
            {
                "channel": str(self.source_id),
                "n_windows": self.noise.n_windows,
                "period_s": round(float(period_s), 5),
                "p05_db": round(float(p05[k]), 2),
                "p50_db": round(float(p50[k]), 2),
                "p95_db": round(float(p95[k]), 2),
                "low_noise_db": _rounded(low[k]),
                "high_noise_db": _rounded(high[k]),
            }
            for k, period_s in enumerate(periods_s)
        ]


def channels_of(files: Sequence[RecordFile], patterns: Sequence[str]) -> list[SourceId]:
    """Channels that files begin with and one of the patterns fits, sorted; all of them without a pattern."""
    return matching({file.source_id for file in files}, patterns)


def matching(source_ids: Iterable[SourceId], patterns: Sequence[str]) -> list[SourceId]:
    """Channels that one of the patterns fits, sorted; all of them without a pattern."""
    found = sorted(source_ids)
    return [each for each in found if not patterns or any(fnmatchcase(str(each), pattern) for pattern in patterns)]


def channel_noise(
    source_id: SourceId,
    windows: ReplayWindows,
    responses: Responses,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> ChannelNoise:
    """The noise of one channel; a day of samples is in memory at a time.

    Parameters
    ----------
    windows : of the files
    responses : of the channels; what the instrument does is taken off each window as of its own time
    start_ns, end_ns : only windows between, ns UTC
    progress : called with the share that is done after each day

    Raises
    ------
    SourceError, OSError : if a file cannot be read
    """
    levels: dict[float, list[np.ndarray]] = {}
    try:
        for window in _windows(source_id, windows, start_ns, end_ns, progress):
            response = responses.at(source_id, window.start_ns)
            found = window.levels + correction_db(response, psd_plan(window.rate_hz))
            levels.setdefault(window.rate_hz, []).append(found)
    except (InventoryError, WindowError) as error:
        return ChannelNoise(source_id, None, str(error))
    return _channel_noise(source_id, levels)


def stored_noise(
    source_id: SourceId,
    snapshot: Connection,
    responses: Responses,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> ChannelNoise:
    """The noise of one channel as the database has it: a year in a third of a second. Parameters as `channel_noise`."""
    days = noise_days.read(snapshot, source_id, start_ns, end_ns)
    try:
        levels = stored_levels(days, source_id, responses, start_ns, end_ns)
    except InventoryError as error:
        return ChannelNoise(source_id, None, str(error))
    return _channel_noise(source_id, {rate_hz: list(np.concatenate(found)) for rate_hz, found in levels.items()})


def _channel_noise(source_id: SourceId, levels: dict[float, list[np.ndarray]]) -> ChannelNoise:
    if not levels:
        return ChannelNoise(source_id, None, "no window of an hour is without a gap")
    rate_hz = max(levels, key=lambda rate_hz: len(levels[rate_hz]))
    n_other = sum(map(len, levels.values())) - len(levels[rate_hz])
    remark = f"{n_other} windows of another rate than {rate_hz:g} Hz are left out" if n_other else ""
    return ChannelNoise(source_id, Noise(psd_plan(rate_hz).periods_s, np.array(levels[rate_hz])), remark)


def _windows(
    source_id: SourceId,
    windows: ReplayWindows,
    start_ns: int | None,
    end_ns: int | None,
    progress: Callable[[float], None],
) -> Iterator[NoiseWindow]:
    """Every hour and half hour (UTC), day by day: a window belongs to the day that it begins in."""
    begin_ns, stop_ns = windows.span(source_id)
    begin_ns, stop_ns = max(begin_ns, start_ns or begin_ns), min(stop_ns, end_ns or stop_ns)
    if stop_ns <= begin_ns:
        return
    recorded = RecordedWaveforms(windows)
    first_ns = (begin_ns - WINDOW_NS) // STEP_NS * STEP_NS
    for day_ns in range(first_ns // _DAY_NS * _DAY_NS, stop_ns, _DAY_NS):
        until_ns = day_ns + _DAY_NS + WINDOW_NS - STEP_NS
        stretches = recorded.read([source_id], max(first_ns, day_ns), until_ns).get(source_id, ())
        for rate_hz in sorted({stretch.rate_hz for stretch in stretches}):
            of_rate = [each for each in stretches if each.rate_hz == rate_hz]
            yield from noise_windows(of_rate, max(first_ns, day_ns), until_ns)
        progress(min((day_ns + _DAY_NS - begin_ns) / (stop_ns - begin_ns), 1.0))


def _rounded(level_db: float) -> float | None:
    return round(float(level_db), 2) if np.isfinite(level_db) else None
