"""The daemon: servers in, archive and store out, for months.

The recorder brings records to the disk in threads of its own; the thread that calls `run` detects on them and saves
what that brings. It is the only one that writes to the store. One configuration at work is a session; another
configuration is another session in the same process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from acquisition.daemon.session import Session, Vitals, run_id
from configs import Settings
from houfeng.errors import HoufengError
from houfeng.network import Network

_log = logging.getLogger(__name__)

_IDLE_S = 0.2

# What a configuration file says now.
Reread = Callable[[], tuple[Settings, Network]]


class Daemon:
    """Acquisition, archive, detection and health, as a configuration says, and as it says after a reload.

    Parameters
    ----------
    settings : of the network and this machine
    network : sites and channels the settings name
    reread : reads the configuration again; without it there is nothing to reload
    """

    def __init__(self, settings: Settings, network: Network, reread: Reread | None = None) -> None:
        self.settings = settings
        self._network = network
        self._reread = reread
        self._reload = threading.Event()
        self._vitals = Vitals()

    @property
    def run_id(self) -> str:
        """Of the picks and events that are found with the present settings."""
        return run_id(self.settings)

    def stop(self) -> None:
        """Ask `run` to drain and return; safe in a signal handler."""
        self._vitals.stop.set()

    def reload(self) -> None:
        """Ask `run` to read the configuration again; safe in a signal handler."""
        self._reload.set()

    def run(self) -> None:
        """Work until `stop`; then archive and detect on what was received, save the detector's state and let go.

        Raises
        ------
        ArchiveError : if the archive is not ours to write, or the disk failed to store records: the process must
            end and start anew, because what the disk lost is unknown
        StoreError : if the store cannot be opened
        """
        while not self._vitals.stop.is_set():
            with Session.running(self.settings, self._network, self._vitals) as session:
                while not self._vitals.stop.is_set():
                    session.turn(_IDLE_S)
                    if self._reload.is_set() and self._has_changed():
                        break
        _log.info("stopped; every received record is archived")

    def _has_changed(self) -> bool:
        """Read the configuration; whether there is another one to run now."""
        self._reload.clear()
        if self._reread is None:
            return False
        try:
            settings, network = self._reread()
        except HoufengError as error:
            _log.error("%s; not reloaded, going on as before", error)
            return False
        if (settings, network) == (self.settings, self._network):
            _log.info("reloaded: nothing has changed")
            return False
        self.settings, self._network = settings, network
        return True
