"""Restarts that somebody asked for on the web page: the database has them, the daemon does them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from acquisition.daemon.jobs import Job
from acquisition.daemon.link import StoreLink
from database import tasks
from database.store import Store
from database.tasks import Task
from houfeng.errors import TaskError
from houfeng.times import now_ns

_log = logging.getLogger(__name__)

# Somebody waits for it at a page.
_LOOK_S = 2.0
DAEMON = "daemon"


class Requests:
    """Does what was asked for, once each, and says what came of it.

    Parameters
    ----------
    store, link : of the session
    restart : restarts a server of this name, or everything; a TaskError tells why not
    """

    def __init__(self, store: Store, link: StoreLink, restart: Callable[[str], str]) -> None:
        self._store = store
        self._link = link
        self._restart = restart

    def job(self) -> Job:
        """Looks for requests; servers are opened and closed by the daemon's own thread alone."""
        return Job("requests", _LOOK_S, self.look, on_loop=True)

    def look(self) -> None:
        """Do what was asked for since the last look."""
        self._link.do(self._look)

    def _look(self) -> bool:
        with self._store.read() as snapshot:
            waiting = [each for each in tasks.tasks(snapshot, kind="restart") if each.state == "asked"]
        for each in reversed(waiting):
            self._do(each)
        return bool(waiting)

    def _do(self, asked: Task) -> None:
        state: tasks.State = "done"
        try:
            if not asked.is_open(now_ns()):
                # nobody wants a restart of today for what was amiss when the daemon was away
                raise TaskError("asked for while nobody listened: too late now")
            said = self._restart(asked.about)
        except TaskError as error:
            state, said = "failed", str(error)
        _log.info("restart of %s, asked for by %s (%s): %s", asked.about, asked.who, asked.why, said)
        self._store.run(lambda unit: tasks.note(unit, asked.task_id, state, said, now_ns()))
