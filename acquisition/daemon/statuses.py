"""Status of the stations on its way to the database; what changed while that was away is saved when it is back."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from acquisition.daemon.link import StoreLink
from database.store import Store
from database.unit import UnitOfWork
from stations.health.status import StationStatus

_log = logging.getLogger(__name__)

# About 1 kB each. A thousand stations that change ten times a day for ten days.
MAX_WAITING = 100_000


class StatusChanges:
    """Changes of state that the database does not have yet, oldest first; in memory, so they end with the process.

    They are no function of the records, as picks are: nothing could tell them anew.
    """

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._waiting: dict[tuple[str, int], StationStatus] = {}
        self._n_lost = 0

    @property
    def waiting(self) -> list[StationStatus]:
        """What is to be saved."""
        return list(self._waiting.values())

    def note(self, statuses: Collection[StationStatus]) -> None:
        """Remember those whose state began since they were noted last."""
        for status in statuses:
            if self._since_ns.get(status.station_id) != status.since_ns:
                self._since_ns[status.station_id] = status.since_ns
                self._waiting[status.station_id, status.since_ns] = replace(status, channels=())
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
            if not self._n_lost:
                _log.error("more than %d changes of status wait for the database; the oldest are lost", MAX_WAITING)
            self._n_lost += 1

    def saved(self, changes: Collection[StationStatus]) -> None:
        """The database has these."""
        for change in changes:
            self._waiting.pop((change.station_id, change.since_ns), None)
        self._n_lost = 0


def save_statuses(store: Store, link: StoreLink, changes: StatusChanges, statuses: Collection[StationStatus]) -> None:
    """Save how the stations are, and every change since the database had the last; later, if it is away.

    Parameters
    ----------
    store, link : of the session
    changes : that wait
    statuses : of every station, evaluated now
    """
    changes.note(statuses)
    waiting = changes.waiting

    def save(unit: UnitOfWork) -> None:
        unit.save_status_changes(waiting)
        unit.save_statuses(statuses)

    if link.do(lambda: store.run(save)):
        changes.saved(waiting)
