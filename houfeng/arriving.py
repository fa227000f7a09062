"""Keeps in the database how late records come while they come. Nobody can make these rows again from the archive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from database import latencies
from database.latencies import TABLES
from database.measures import DAY_NS, forget_before
from database.retention import present_ns
from database.store import Store
from houfeng.times import seconds_ns
from houfeng.types import Packet, SourceId, Span
from stations.health.latencies import Latencies, LatencyWatch
from stations.settings import MetricsSettings

_log = logging.getLogger(__name__)

# Rows that wait for a database that is away: two hours of 3000 channels; 50 MB.
MAX_WAITING = 360_000
_ROWS_AT_ONCE = 3_000


class Arriving:
    """Latencies of what is received, as rows; all of it is safe in any thread.

    Parameters
    ----------
    store : open
    settings : how long rows are kept
    max_ahead_s : a record whose samples are so much later than its arrival is not counted
    """

    def __init__(self, store: Store, settings: MetricsSettings, max_ahead_s: float) -> None:
        self._store = store
        self._settings = settings
        self._watch = LatencyWatch(max_ahead_s)
        self._lock = threading.Lock()
        self._waiting: list[tuple[SourceId, Latencies]] = []
        self._purged_ns = 0

    def observe(self, packets: Iterable[Packet]) -> None:
        """Count records in as they come."""
        with self._lock:
            self._watch.observe(packets)

    def cover(self, source_id: SourceId, span: Span, arrived_ns: int, n_records: int) -> None:
        """Count records in whose samples are not at hand."""
        with self._lock:
            if arrived_ns:
                self._watch.arrive(source_id, span.end_ns, arrived_ns, n_records)

    def save(self, now_ns: int) -> int:
        """Save the minutes that are over, and let go of rows that are too old.

        Parameters
        ----------
        now_ns : by the computer's clock, ns UTC

        Returns
        -------
        number of minutes of channels that were saved

        Raises
        ------
        StoreError : if the database does not answer; rows wait for the next time, the oldest of too many are lost
        """
        with self._lock:
            self._waiting += self._watch.finished(now_ns)
        if len(self._waiting) > MAX_WAITING:
            _log.warning("latencies: %d rows waited for the database too long", len(self._waiting) - MAX_WAITING)
            del self._waiting[:-MAX_WAITING]
        n_saved = 0
        while self._waiting:
            rows = self._waiting[:_ROWS_AT_ONCE]
            self._store.run(lambda unit, rows=rows: latencies.save(unit.connection, rows))  # type: ignore[misc]
            del self._waiting[: len(rows)]
            n_saved += len(rows)
        self._purge(now_ns)
        return n_saved

    def _purge(self, now_ns: int) -> None:
        with self._store.read() as snapshot:
            now_ns = present_ns(snapshot, now_ns)
            today_ns = now_ns // DAY_NS * DAY_NS
            if self._purged_ns >= today_ns:
                return
            source_ids = latencies.channels(snapshot)
        for name, days in (("minute", self._settings.minutes_days), ("hour", self._settings.hours_days)):
            from_ns = (now_ns - seconds_ns(days * 86_400)) // DAY_NS * DAY_NS
            for source_id in source_ids:
                self._store.run(
                    lambda unit, name=name, source_id=source_id, from_ns=from_ns: forget_before(  # type: ignore[misc]
                        unit.connection, TABLES[name], source_id, from_ns
                    )
                )
        self._purged_ns = today_ns
