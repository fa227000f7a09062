"""A thread that sees to it that somebody learns when a part of the daemon is stuck."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from acquisition.daemon.notify import Notifier
from acquisition.daemon.status import Status
from acquisition.heartbeat import Heartbeats

_log = logging.getLogger(__name__)

_EVERY_S = 1.0


class Watch:
    """Looks at the heartbeats every second: feeds systemd's watchdog while all beat, and logs those that do not.

    Parameters
    ----------
    heartbeats : of all parts
    notifier : tells systemd
    status : what the daemon does, for systemd's one line
    """

    def __init__(self, heartbeats: Heartbeats, notifier: Notifier, status: Callable[[], Status]) -> None:
        self._heartbeats = heartbeats
        self._notifier = notifier
        self._status = status
        self._stop = threading.Event()
        self._known: set[str] = set()
        # A part that is stuck for good keeps the process from ending in order; this thread shall not.
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self._look()
            except Exception:  # the watchdog is not fed then
                _log.exception("the watch failed")

    def _look(self) -> None:
        stuck = {found.part: found for found in self._heartbeats.stuck()}
        for part in stuck.keys() - self._known:
            _log.critical("stuck: %s", stuck[part])
        for part in self._known - stuck.keys():
            _log.warning("%s gets on again", part)
        self._known = set(stuck)
        if not stuck:
            self._notifier.alive()
        self._notifier.status(self._status().line)
