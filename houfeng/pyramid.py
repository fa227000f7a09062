"""Least and greatest sample of every second of a channel's day: made once, kept on disk, followed while it grows."""

from __future__ import annotations

import json
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from acquisition.archive import day_path
from acquisition.archive_spans import Mark, read_on
from houfeng.envelopes import Envelope, envelope
from houfeng.errors import ArchiveError
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId

_log = logging.getLogger(__name__)

DAY_NS = 86_400 * NS_PER_S
_HOUR_NS = 3600 * NS_PER_S
_DAY_S, _HOUR_S = 86_400, 3600
# Of a day 2 MB.
_N_IN_MEMORY = 32
# Every so many days kept the folder is looked through for what is too much.
_TIDY_EVERY = 16
_FORM = 1

Reader = Callable[[SourceId, int, int], tuple[Stretch, ...]]
_Signature = list[list[int]]


@dataclass(slots=True)
class _Day:
    """A day as it was read last: the files it is of, how far its own was read, and the hours whose seconds are made."""

    signature: _Signature
    mark: Mark | None
    seconds: Envelope
    hours: set[int]


class Pyramid:
    """Envelopes of whole days, a column for each second.

    A day is made hour by hour, as hours are asked for. While its file grows, only hours that new records reach are made
    again, from all that is there: what comes out does not depend on when anybody looked.

    Parameters
    ----------
    root : folder of the archive
    reader : stretches of a channel between two times, ns UTC
    folder : whole days that are over are kept here
    max_bytes : of the folder; what was looked at longest ago goes first
    """

    def __init__(self, root: Path, reader: Reader, folder: Path, max_bytes: int) -> None:
        self._root = root
        self._reader = reader
        self._folder = folder
        self._max_bytes = max_bytes
        self._days: OrderedDict[tuple[SourceId, int], _Day] = OrderedDict()
        self._n_saved = 0
        self._lock = Lock()

    def seconds(self, source_id: SourceId, start_ns: int, end_ns: int) -> Iterator[Envelope]:
        """Envelopes of the days between two times, right in the hours between them; days without a file are left out.

        Raises
        ------
        ArchiveError : if a file is there and cannot be read
        """
        for day_ns in range(start_ns // DAY_NS * DAY_NS, end_ns, DAY_NS):
            first, last = max(start_ns - day_ns, 0) // _HOUR_NS, -(-(end_ns - day_ns) // _HOUR_NS)
            with self._lock:
                found = self._day(source_id, day_ns, range(first, min(last, 24)))
            if found is not None:
                yield found

    def _day(self, source_id: SourceId, day_ns: int, hours: range) -> Envelope | None:
        key = source_id, day_ns
        # the day's file and the one before, whose last record may reach into the day
        signature = [file_signature(day_path(self._root, source_id, t_ns)) for t_ns in (day_ns - DAY_NS, day_ns)]
        known = self._days.pop(key, None)
        if not any(signature):
            return None
        is_over = day_ns + DAY_NS < now_ns()
        if known is None or known.signature != signature:
            known = self._load(source_id, day_ns, signature) or self._followed(source_id, day_ns, signature, known)
            if known.mark is None and not is_over:
                known.mark = self._new_mark(source_id, day_ns)
        missing = [hour for hour in hours if hour not in known.hours]
        for hour in missing:
            self._make(source_id, known, hour)
        if missing and is_over and len(known.hours) == 24:
            self._save(source_id, day_ns, known)
        self._days[key] = known
        while len(self._days) > _N_IN_MEMORY:
            self._days.popitem(last=False)
        return known.seconds

    def _followed(self, source_id: SourceId, day_ns: int, signature: _Signature, known: _Day | None) -> _Day:
        """What is still right of a day whose files have changed."""
        if known is None or known.mark is None:
            return _Day(signature, None, _nothing(day_ns), set())
        path = day_path(self._root, source_id, day_ns)
        reading = read_on(self._root, path, source_id, known.mark)
        if reading is None or reading.is_whole:
            return _Day(signature, None, _nothing(day_ns), set())
        reached = {0} if known.signature[0] != signature[0] else set()
        for span in reading.spans:
            first, last = (span.start_ns - day_ns) // _HOUR_NS, (span.end_ns - day_ns) // _HOUR_NS
            reached |= set(range(first, last + 1))
        return _Day(signature, reading.mark, known.seconds, known.hours - reached)

    def _new_mark(self, source_id: SourceId, day_ns: int) -> Mark | None:
        reading = read_on(self._root, day_path(self._root, source_id, day_ns), source_id, None)
        return reading.mark if reading else None

    def _make(self, source_id: SourceId, day: _Day, hour: int) -> None:
        start_ns = day.seconds.start_ns + hour * _HOUR_NS
        made = envelope(self._reader(source_id, start_ns, start_ns + _HOUR_NS), start_ns, NS_PER_S, _HOUR_S)
        place = slice(hour * _HOUR_S, (hour + 1) * _HOUR_S)
        # readers may hold the arrays that were there
        low, high, n_samples = day.seconds.low.copy(), day.seconds.high.copy(), day.seconds.n_samples.copy()
        low[place], high[place], n_samples[place] = made.low, made.high, made.n_samples
        day.seconds = Envelope(day.seconds.start_ns, NS_PER_S, low, high, n_samples)
        day.hours.add(hour)

    def _path(self, source_id: SourceId, day_ns: int) -> Path:
        name = day_path(self._root, source_id, day_ns).name
        return self._folder / source_id.network / source_id.station / f"{name}.npz"

    def _load(self, source_id: SourceId, day_ns: int, signature: _Signature) -> _Day | None:
        """A day that is kept and whose files are as they were; None for any other."""
        path = self._path(source_id, day_ns)
        try:
            with np.load(path) as kept:
                if json.loads(str(kept["head"])) != [_FORM, signature]:
                    return None
                low, high, n_samples = (kept[name] for name in ("low", "high", "n_samples"))
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            _log.warning("%s: cannot be used and is made anew: %s", path, error)
            return None
        empty = n_samples == 0
        low, high = (np.where(empty, np.nan, each.astype(np.float64)) for each in (low, high))
        return _Day(signature, None, Envelope(day_ns, NS_PER_S, low, high, n_samples.astype(np.int64)), set(range(24)))

    def _save(self, source_id: SourceId, day_ns: int, day: _Day) -> None:
        """Keep a day; on a full or read-only disk it is made again the next time."""
        path = self._path(source_id, day_ns)
        new = path.with_suffix(f".{os.getpid()}.new")
        low, high = _compact(day.seconds.low), _compact(day.seconds.high)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                head = np.array(json.dumps([_FORM, day.signature]))
                np.savez(file, head=head, low=low, high=high, n_samples=day.seconds.n_samples.astype(np.uint32))
            new.replace(path)
            self._n_saved += 1
            if self._n_saved % _TIDY_EVERY == 1:
                self._tidy()
        except OSError as error:
            new.unlink(missing_ok=True)
            _log.warning("%s: cannot be kept: %s", path, error.strerror or error)

    def _tidy(self) -> None:
        found = [(path.stat(), path) for path in self._folder.rglob("*.npz")]
        n_bytes = sum(status.st_size for status, _ in found)
        for status, path in sorted(found, key=lambda each: each[0].st_mtime_ns):
            if n_bytes <= self._max_bytes:
                return
            path.unlink(missing_ok=True)
            n_bytes -= status.st_size


def file_signature(path: Path) -> list[int]:
    """Size, time of change and inode of a file; empty where there is none.

    Raises
    ------
    ArchiveError : if it cannot be asked for
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _nothing(day_ns: int) -> Envelope:
    nothing = np.full(_DAY_S, np.nan)
    return Envelope(day_ns, NS_PER_S, nothing, nothing, np.zeros(_DAY_S, np.int64))


def _compact(values: np.ndarray) -> np.ndarray:
    """Counts of digitisers in four bytes; anything else as it is."""
    filled = np.nan_to_num(values)
    if np.abs(filled).max(initial=0) < 2**31 and (filled == np.rint(filled)).all():
        return np.asarray(filled, np.int32)
    return np.asarray(filled)
