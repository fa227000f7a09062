"""Noise of an archive kept in the database, day by day: made once, and anew when records or responses change.

What a day was made from stands beside it. So there is one way to be right after late records, a repair, a crash or
days without the daemon: compare, and make what differs.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from acquisition.waveform_files import ArchiveWindows
from database import holdings, noise_days
from database.noise_days import NoiseDay
from database.store import Store
from houfeng.errors import InventoryError, WindowError
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import SourceId
from houfeng.waveforms import RecordedWaveforms
from stations.health.noise import STEP_NS, WINDOW_NS, NoiseWindow, correction_db, noise_windows
from stations.health.noise_days import noise_metrics, pack, unpack
from stations.health.psd import Floats, psd_plan
from stations.health.rules import is_ground_motion
from stations.response import Response
from stations.responsexml import Responses

_log = logging.getLogger(__name__)

_DAY_NS = 86_400 * NS_PER_S


class NoiseArchive:
    """Noise by day of one archive, in the database.

    Parameters
    ----------
    root : folder of the archive; `houfeng.indexing.ArchiveIndex` keeps what the database says of it up to date
    store : open
    delay_s : how long after its last window has ended a day is first looked at, seconds
    go_on : asked between days; False ends `update` early
    """

    def __init__(self, root: Path, store: Store, delay_s: float, go_on: Callable[[], bool] = lambda: True) -> None:
        self._root = root
        self._store = store
        self._delay_ns = seconds_ns(delay_s)
        self._go_on = go_on

    def update(self, responses: Responses, now_ns: int) -> int:
        """Bring the database up to date.

        Parameters
        ----------
        responses : of the channels, for the metrics; levels are of counts
        now_ns : present time, ns UTC

        Returns
        -------
        number of days that were made

        Raises
        ------
        StoreError : if the database does not answer; what was not done is done the next time
        ArchiveError : if a file cannot be read
        """
        with self._store.read() as snapshot:
            source_ids = {each for each in holdings.streams(snapshot) if is_ground_motion(each.channel)}
            source_ids.update(noise_days.channels(snapshot, with_windows=False))
        n_made = 0
        for source_id in sorted(source_ids):
            n_made += self._update_channel(source_id, responses, now_ns)
        return n_made

    def _update_channel(self, source_id: SourceId, responses: Responses, now_ns: int) -> int:
        until_ns = now_ns - self._delay_ns - _DAY_NS - STEP_NS
        with self._store.read() as snapshot:
            prints = noise_days.prints(snapshot, source_id, until_ns + 1)
            made_from = noise_days.made_from(snapshot, source_id)
        gone = [day_ns for day_ns in made_from if day_ns < until_ns and day_ns not in prints]
        if gone:
            self._store.run(lambda unit: noise_days.forget(unit.connection, source_id, gone))
        n_made = 0
        recorded = RecordedWaveforms(ArchiveWindows(self._root))
        for day_ns in sorted(day_ns for day_ns, seen in prints.items() if made_from.get(day_ns) != seen):
            if not self._go_on():
                return n_made
            rows = [_day(source_id, day_ns, windows, responses) for windows in _windows(source_id, day_ns, recorded)]
            seen = prints[day_ns]
            self._store.run(
                lambda unit, day_ns=day_ns, seen=seen, rows=rows: noise_days.save(  # type: ignore[misc]
                    unit.connection, source_id, day_ns, seen, rows
                )
            )
            n_made += 1
        self._look_at_responses(source_id, responses)
        return n_made

    def _look_at_responses(self, source_id: SourceId, responses: Responses) -> None:
        """Days whose response is another one by now."""
        with self._store.read() as snapshot:
            seen = noise_days.responses(snapshot, source_id)
        changed = {(day, rate) for day, rate, crc in seen if _correction(responses, source_id, day, rate)[1] != crc}
        if not changed:
            return
        with self._store.read() as snapshot:
            days = [
                row
                for row in noise_days.read(snapshot, source_id, min(changed)[0], max(changed)[0] + 1)
                if (row.day_ns, row.sample_rate_hz) in changed
            ]
        rows = [_judged(source_id, row, responses) for row in days]
        self._store.run(lambda unit: noise_days.save_metrics(unit.connection, source_id, rows))


def stored_levels(
    days: list[NoiseDay], source_id: SourceId, responses: Responses, start_ns: int | None, end_ns: int | None
) -> dict[float, list[Floats]]:
    """Levels of ground acceleration by sampling rate, of the windows that reach between two times, ns UTC.

    Raises
    ------
    InventoryError : if a channel has no response at the time of a window
    """
    found: dict[float, list[Floats]] = {}
    epochs: dict[tuple[int, float], Floats] = {}
    for day in days:
        plan = psd_plan(day.sample_rate_hz)
        starts_ns, levels = unpack(day.slots, day.levels, day.day_ns, plan)
        is_in = [
            (start_ns is None or each + WINDOW_NS > start_ns) and (end_ns is None or each < end_ns)
            for each in starts_ns
        ]
        corrected = []
        for each in starts_ns:
            response = responses.at(source_id, each)
            key = id(response), day.sample_rate_hz
            if key not in epochs:
                epochs[key] = correction_db(response, plan)
            corrected.append(epochs[key])
        if any(is_in):
            found.setdefault(day.sample_rate_hz, []).append((levels + corrected)[is_in])
    return found


def _windows(source_id: SourceId, day_ns: int, recorded: RecordedWaveforms) -> Iterator[list[NoiseWindow]]:
    """The windows that begin in a day, of one sampling rate after the other."""
    until_ns = day_ns + _DAY_NS + WINDOW_NS - STEP_NS
    stretches = recorded.read([source_id], day_ns, until_ns).get(source_id, ())
    for rate_hz in sorted({stretch.rate_hz for stretch in stretches}):
        try:
            found = noise_windows([each for each in stretches if each.rate_hz == rate_hz], day_ns, until_ns)
        except WindowError:  # a rate that is too low for a spectrum
            continue
        if found:
            yield found


def _day(source_id: SourceId, day_ns: int, windows: list[NoiseWindow], responses: Responses) -> NoiseDay:
    slots, levels = pack(windows, day_ns)
    return _judged(source_id, NoiseDay(day_ns, windows[0].rate_hz, len(windows), slots, levels), responses)


def _judged(source_id: SourceId, day: NoiseDay, responses: Responses) -> NoiseDay:
    """The day with its metrics, which are of the response at its beginning."""
    correction, crc = _correction(responses, source_id, day.day_ns, day.sample_rate_hz)
    if correction is None:
        return day._replace(response_crc=None, metrics={})
    plan = psd_plan(day.sample_rate_hz)
    _, levels = unpack(day.slots, day.levels, day.day_ns, plan)
    return day._replace(response_crc=crc, metrics=asdict(noise_metrics(levels + correction, plan)))


def _correction(
    responses: Responses, source_id: SourceId, t_ns: int, rate_hz: float
) -> tuple[Floats | None, int | None]:
    try:
        response = responses.at(source_id, t_ns)
    except InventoryError:
        return None, None
    return _with_crc(response, rate_hz)


@lru_cache(maxsize=256)
def _with_crc(response: Response, rate_hz: float) -> tuple[Floats, int]:
    correction = correction_db(response, psd_plan(rate_hz))
    return correction, zlib.crc32(np.rint(correction * 100).astype("<i4").tobytes())
