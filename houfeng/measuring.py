"""Keeps the measures of channels in step with the archive: rows of minutes, and of the hours and days they make.

The archive is the truth. How far each day file was measured stands in the database beside the rows, saved in one
transaction with them; what lies behind that is measured, and what it touches is measured anew. So late records,
back-filling, duplicates, a crash between two commits and a database that was made anew all end in the same rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from acquisition.archive import day_path
from acquisition.archive_spans import Mark, read_on
from acquisition.mseed_flags import record_flags
from acquisition.spans import is_hole
from acquisition.waveform_files import ArchiveWindows
from database import holdings, measures
from database.holdings import FileKey
from database.measures import DAY_NS, HOUR_NS, TABLES
from database.retention import present_ns
from database.store import Store
from database.unit import UnitOfWork
from houfeng.times import NS_PER_S
from houfeng.types import SourceId, Span
from stations.health.measures import MARGIN_SAMPLES, MINUTE_NS, MeasuredRecord, Measures, measure, rolled_up
from stations.settings import MetricsSettings

_log = logging.getLogger(__name__)

_CHANNELS_PER_UNIT = 100
_PER_HOUR = HOUR_NS // MINUTE_NS
_PER_DAY = DAY_NS // MINUTE_NS
# Records that are measured together: more would need more memory, fewer would read records of their edges twice.
_MINUTES_AT_ONCE = 6 * _PER_HOUR
# A record of a slow channel may begin in the day before.
_SLOW_HZ = 5.0
_Change = tuple[SourceId, int, int | None]


class _Found(NamedTuple):
    """What was measured of one channel: minutes by number, and how far its files were measured."""

    source_id: SourceId
    minutes: dict[int, Measures]
    marks: dict[FileKey, tuple[int, int] | None]


class Measuring:
    """Measures of one archive in the database.

    Parameters
    ----------
    root : folder of the archive; `houfeng.indexing.ArchiveIndex` keeps what the database says of it up to date
    store : open
    settings : how long rows are kept
    clip_counts : magnitude from which a sample counts as clipped
    go_on : asked between channels; False ends `update` early
    """

    def __init__(
        self,
        root: Path,
        store: Store,
        settings: MetricsSettings,
        clip_counts: float,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._root = root
        self._store = store
        self._settings = settings
        self._clip_counts = clip_counts
        self._go_on = go_on
        self._windows = ArchiveWindows(root)
        self._purged_ns = 0

    def update(self, now_ns: int) -> int:
        """Measure what was archived since the last time, and let go of rows that are too old.

        Parameters
        ----------
        now_ns : by the computer's clock, ns UTC; it decides which rows are kept, never what is in them

        Returns
        -------
        number of channels with new rows

        Raises
        ------
        StoreError : if the database does not answer; what was not done is done the next time
        ArchiveError : if a file cannot be read
        """
        with self._store.read() as snapshot:
            kept = _Kept.at(present_ns(snapshot, now_ns), self._settings)
            changed: dict[SourceId, list[_Change]] = {}
            for change in measures.changed_files(snapshot):
                changed.setdefault(change[0], []).append(change)
        channels = list(changed.values())
        n_done = 0
        for first in range(0, len(channels), _CHANNELS_PER_UNIT):
            part = channels[first : first + _CHANNELS_PER_UNIT]
            keys = [(source_id, day_ns) for each in part for source_id, day_ns, _ in each]
            with self._store.read() as snapshot:
                known, done = holdings.marks_of(snapshot, keys), measures.marks(snapshot, keys)
            found = [self._measured(each, kept, known, done) for each in part if self._go_on()]
            self._store.run(lambda unit, found=found: _save(unit, found, kept))  # type: ignore[misc]
            n_done += len(found)
        self._purge(kept)
        return n_done

    def _measured(
        self,
        changes: list[_Change],
        kept: _Kept,
        known: dict[FileKey, holdings.FileMark],
        done: dict[FileKey, tuple[int, int]],
    ) -> _Found:
        """Every minute of a channel that its changed files touch."""
        source_id = changes[0][0]
        keys = [(source_id, day_ns) for _, day_ns, _ in changes]
        touched = [span for key in keys for span in self._touched(key, known.get(key), done.get(key))]
        marks = {key: (known[key][0], known[key][4]) if key in known else None for key in keys}
        if not touched:
            return _Found(source_id, {}, marks)
        first_ns, last_ns = min(span.start_ns for span in touched), max(span.end_ns for span in touched)
        with self._store.read() as snapshot:
            near = measures.spans_near(snapshot, source_id, first_ns, last_ns)
            wanted = kept.widened(_minutes(touched, near))
            # All that the gaps of these minutes depend on: the last may lie far behind what was touched.
            begin_ns, end_ns = min(wanted) * MINUTE_NS, (max(wanted) + 1) * MINUTE_NS
            spans = measures.spans_near(snapshot, source_id, begin_ns, end_ns)
        slowest_hz = min((span.sample_rate_hz for span in [*touched, *spans] if span.sample_rate_hz), default=1.0)
        rows = {minute: Measures(minute * MINUTE_NS) for minute in wanted}
        for part in _runs(sorted(wanted)):
            rows |= {row.start_ns // MINUTE_NS: row for row in self._measure(source_id, part, slowest_hz)}
        for minute, lengths_ns in _gaps(spans).items():
            if minute in rows:
                rows[minute] = replace(rows[minute], num_gaps=len(lengths_ns), max_gap_ns=max(lengths_ns))
        return _Found(source_id, rows, marks)

    def _touched(self, key: FileKey, known: holdings.FileMark | None, done: tuple[int, int] | None) -> list[Span]:
        """Times of which something in the file is new, or no longer there."""
        source_id, day_ns = key
        whole = [Span(day_ns, day_ns + DAY_NS + HOUR_NS, 0.0)]
        if known is None:
            return whole
        mark = None if done is None else Mark(done[0], -1, known[2], -1, done[1])
        reading = read_on(self._root, day_path(self._root, source_id, day_ns), source_id, mark)
        if reading is None:
            return whole
        return [*reading.spans, *(whole if reading.is_whole and done is not None else [])]

    def _measure(self, source_id: SourceId, minutes: list[int], slowest_hz: float) -> list[Measures]:
        margin_ns = max(round(MARGIN_SAMPLES * NS_PER_S / slowest_hz), DAY_NS if slowest_hz < _SLOW_HZ else 0)
        start_ns, end_ns = minutes[0] * MINUTE_NS - margin_ns, (minutes[-1] + 1) * MINUTE_NS + margin_ns
        records = []
        for packet in self._windows([source_id], start_ns, end_ns):
            flags = record_flags(packet.raw)
            records.append(MeasuredRecord(packet, flags.is_locked, flags.is_clipped, flags.is_calibrating))
        return measure(records, minutes, self._clip_counts)

    def _purge(self, kept: _Kept) -> None:
        """Once for each day that has become too old, channel by channel: nobody waits long for the writer."""
        if kept.minutes_from_ns <= self._purged_ns:
            return
        with self._store.read() as snapshot:
            # Of the days, which stay: two weeks of minutes are sixty million rows to look through.
            source_ids = measures.channels(snapshot, TABLES["day"])
        for table, from_ns in (("minute", kept.minutes_from_ns), ("hour", kept.hours_from_ns)):
            for source_id in source_ids:
                if not self._go_on():
                    return
                self._store.run(
                    lambda unit, table=table, source_id=source_id, from_ns=from_ns: measures.forget_before(  # type: ignore[misc]
                        unit.connection, TABLES[table], source_id, from_ns
                    )
                )
        self._purged_ns = kept.minutes_from_ns


class _Kept(NamedTuple):
    """From when on there are rows of minutes and of hours: from a midnight, ns UTC."""

    minutes_from_ns: int
    hours_from_ns: int

    @classmethod
    def at(cls, now_ns: int, settings: MetricsSettings) -> _Kept:
        minutes_ns, hours_ns = (now_ns - round(days * DAY_NS) for days in (settings.minutes_days, settings.hours_days))
        return cls(minutes_ns // DAY_NS * DAY_NS, hours_ns // DAY_NS * DAY_NS)

    def whole(self, t_ns: int) -> tuple[int, int]:
        """The minute, hour or day about a time that has to be measured together: its parts have no rows any more."""
        unit_ns = MINUTE_NS if t_ns >= self.minutes_from_ns else HOUR_NS if t_ns >= self.hours_from_ns else DAY_NS
        return t_ns // unit_ns * unit_ns, (t_ns // unit_ns + 1) * unit_ns

    def widened(self, minutes: Iterable[int]) -> set[int]:
        """These minutes, and those that have to be measured together with them."""
        found: set[int] = set()
        for minute in minutes:
            if minute not in found:
                start_ns, end_ns = self.whole(minute * MINUTE_NS)
                found.update(range(start_ns // MINUTE_NS, end_ns // MINUTE_NS))
        return found


def _minutes(touched: Iterable[Span], spans: list[Span]) -> set[int]:
    """Minutes that change with these times: theirs, those beside them, and the one that ends the gap behind."""
    found: set[int] = set()
    for span in touched:
        margin_ns = round(MARGIN_SAMPLES * NS_PER_S / span.sample_rate_hz) if span.sample_rate_hz else 0
        found.update(range((span.start_ns - margin_ns) // MINUTE_NS, (span.end_ns + margin_ns) // MINUTE_NS + 1))
        after = min((other.start_ns for other in spans if other.start_ns >= span.end_ns), default=None)
        if after is not None:
            found.add(after // MINUTE_NS)
    return found


def _gaps(spans: Iterable[Span]) -> dict[int, list[int]]:
    """Lengths of the gaps by the minute that each ends in, ns."""
    found: dict[int, list[int]] = {}
    reach_ns: int | None = None
    for span in spans:
        if reach_ns is not None and is_hole(span.start_ns - reach_ns, span.sample_rate_hz):
            found.setdefault(span.start_ns // MINUTE_NS, []).append(span.start_ns - reach_ns)
        reach_ns = span.end_ns if reach_ns is None else max(reach_ns, span.end_ns)
    return found


def _runs(minutes: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for minute in minutes:
        if run and (minute > run[-1] + 2 or minute >= run[0] + _MINUTES_AT_ONCE):
            yield run
            run = []
        run.append(minute)
    if run:
        yield run


def _save(unit: UnitOfWork, channels: Sequence[_Found], kept: _Kept) -> None:
    connection = unit.connection
    minutes = [(found.source_id, row) for found in channels for row in found.minutes.values()]
    measures.save(connection, TABLES["minute"], [each for each in minutes if each[1].start_ns >= kept.minutes_from_ns])
    hours = {
        found.source_id: _rolled_up(
            unit, found.source_id, found.minutes.values(), "minute", HOUR_NS, kept.minutes_from_ns
        )
        for found in channels
    }
    rows = [(source_id, row) for source_id, its in hours.items() for row in its]
    measures.save(connection, TABLES["hour"], [each for each in rows if each[1].start_ns >= kept.hours_from_ns])
    days = {
        source_id: _rolled_up(unit, source_id, its, "hour", DAY_NS, kept.hours_from_ns)
        for source_id, its in hours.items()
    }
    measures.save(connection, TABLES["day"], [(source_id, row) for source_id, its in days.items() for row in its])
    measures.save_marks(connection, {key: mark for found in channels for key, mark in found.marks.items()})


def _rolled_up(
    unit: UnitOfWork, source_id: SourceId, parts: Iterable[Measures], table: str, unit_ns: int, from_ns: int
) -> list[Measures]:
    """The hours or days that these belong to: of rows that are kept, else of the parts at hand, which then are all."""
    at_hand: dict[int, list[Measures]] = {}
    for part in parts:
        at_hand.setdefault(part.start_ns // unit_ns * unit_ns, []).append(part)
    found = []
    for start_ns, its in at_hand.items():
        rows = sorted(its, key=lambda row: row.start_ns)
        if start_ns >= from_ns:
            rows = measures.read(unit.connection, TABLES[table], source_id, start_ns, start_ns + unit_ns)
        rows = [row for row in rows if row.covered_ns or row.n_records]
        found.append(rolled_up(rows, start_ns) if rows else Measures(start_ns))
    return found
