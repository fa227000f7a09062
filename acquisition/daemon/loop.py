"""The daemon: servers in, archive and store out, for months.

The recorder brings records to the disk in threads of its own; the thread that calls `run` detects on them and saves
what that brings. It is the only one that writes to the store. One configuration at work is a session; another
configuration is another session in the same process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack

from acquisition.daemon.front import Front
from acquisition.daemon.reload import described, fits_running_session
from acquisition.daemon.session import Session, run_id
from acquisition.daemon.vitals import Vitals
from configs import Settings
from houfeng.errors import HoufengError
from houfeng.network import Network

_log = logging.getLogger(__name__)

_IDLE_S = 0.2
# Every turn saves cursors in a transaction: one for each of the archive's syncs, a hundred a second, took more of the
# interpreter than all the rest, and the archive waited for it. Records are a second long and more.
_TURN_S = 0.1

# What a configuration file says now.
Reread = Callable[[], tuple[Settings, Network]]


class Daemon:
    """Acquisition, archive, detection and health, as a configuration says, and as it says after a reload.

    Parameters
    ----------
    settings : of the network and this machine
    network : sites and channels the settings name
    reread : reads the configuration again; without it there is nothing to reload
    taken_on : called with the settings at the start, and with others once they are taken on
    """

    def __init__(
        self,
        settings: Settings,
        network: Network,
        reread: Reread | None = None,
        taken_on: Callable[[Settings], None] = lambda settings: None,
    ) -> None:
        self._present = (settings, network)
        self._before: tuple[Settings, Network] | None = None
        self._reread = reread
        self._taken_on = taken_on
        self._vitals = Vitals()
        self._front = Front(self._vitals)
        self._heart = self._vitals.heartbeats.part("detection")

    @property
    def run_id(self) -> str:
        """Of the picks and events that are found with the present settings."""
        return run_id(self._present[0])

    def stop(self) -> None:
        """Ask `run` to drain and return; safe in a signal handler."""
        self._vitals.stop.set()

    def reload(self) -> None:
        """Ask `run` to read the configuration again; safe in a signal handler."""
        self._vitals.reload.set()

    def run(self) -> None:
        """Work until `stop`; then archive and detect on what was received, save the detector's state and let go.

        Raises
        ------
        ArchiveError : if the archive is not ours to write, or the disk failed to store records: the process must
            end and start anew, because what the disk lost is unknown
        StoreError : if the store cannot be opened
        """
        with self._front:
            self._take_on()
            while not self._vitals.stop.is_set():
                with ExitStack() as stack:
                    session = self._open(stack)
                    self._front.recording(session)
                    while not self._vitals.stop.is_set():
                        began_s = time.monotonic()
                        session.turn(_IDLE_S)
                        self._vitals.stop.wait(began_s + _TURN_S - time.monotonic())
                        if self._vitals.reload.is_set() and not self._reload_into(session):
                            break
                        if self._vitals.restart.is_set():
                            self._vitals.restart.clear()
                            _log.info("restarting: all servers, archive and detection")
                            break
                    else:
                        self._front.stopping()
        _log.info("stopped; every received record is archived")

    def _open(self, stack: ExitStack) -> Session:
        """A session of the present configuration, or of the one before where that cannot work here."""
        try:
            session = stack.enter_context(Session.running(*self._present, self._vitals))
        except HoufengError as error:
            if self._before is None:
                raise
            _log.error("%s; going on with the configuration before", error)
            self._present, self._before = self._before, None
            return stack.enter_context(Session.running(*self._present, self._vitals))
        if self._before is not None:
            self._take_on()
            self._before = None
        return session

    def _reload_into(self, session: Session) -> bool:
        """Read the configuration again; whether the session goes on, with it or because there is nothing new."""
        self._vitals.reload.clear()
        if self._reread is None:
            return True
        self._heart.beat("reading the configuration")
        self._front.reloading()
        try:
            new = self._reread()
            lines = described(self._present, new)
            if fits_running_session(self._present, new):
                session.take_on(*new)
                goes_on = True
            else:
                self._before, goes_on = self._present, False
        except HoufengError as error:
            _log.error("%s; not reloaded, going on as before", error)
            self._front.recording(session)
            return True
        self._present = new
        for line in lines or ["nothing has changed"]:
            _log.info("reloaded: %s", line)
        if goes_on:
            self._take_on()
            self._front.recording(session)
        return goes_on

    def _take_on(self) -> None:
        self._front.take_on(self._present[0])
        self._taken_on(self._present[0])
