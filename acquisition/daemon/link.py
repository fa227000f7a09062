"""The way from the daemon's own thread to the database, which may be away for days.

Nothing waits for a database that is known to be away: a thread of its own asks for it now and then, and what is to be
saved is tried again when it has answered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from database.store import Store
from houfeng.errors import StoreAwayError, StoreError
from houfeng.times import now_ns

_log = logging.getLogger(__name__)

# A server that is out of reach does not answer within 10 s, a locked file within 30 s.
_PATIENCE_S = 5.0
_ASK_FIRST_S = 1.0
_ASK_SELDOM_S = 30.0


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the database was when it was last wanted.

    Parameters
    ----------
    up : whether that went well
    since_ns : when that began, ns UTC
    fault : what the database said; empty while it is up
    """

    up: bool
    since_ns: int
    fault: str = ""


class StoreLink:
    """Does work with the store while it answers. One thread works; any may look at the state.

    Parameters
    ----------
    store : perhaps away from the beginning
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state = LinkState(True, now_ns())
        self._answered = threading.Event()
        self._enough = threading.Event()

    @property
    def state(self) -> LinkState:
        """How the database is."""
        return self._state

    @property
    def is_worth_trying(self) -> bool:
        """Whether the database is up, or has answered since it was away."""
        return self._state.up or self._answered.is_set()

    def prepare(self) -> None:
        """Make or migrate the tables if the database answers soon; otherwise it is away: nobody waits to record.

        Raises
        ------
        StoreError : if it is not Houfeng's, or newer than this program
        """
        outcome: list[StoreError] = []

        def prepare() -> None:
            try:
                self._store.prepare()
            except StoreError as error:
                outcome.append(error)

        thread = threading.Thread(target=prepare, name="prepare", daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)
        if thread.is_alive():
            self.is_away(f"the database has not answered for {_PATIENCE_S:g} s")
        elif outcome:
            if not isinstance(outcome[0], StoreAwayError):
                raise outcome[0]
            self.is_away(str(outcome[0]))

    def do(self, work: Callable[[], object]) -> bool:
        """Do something with the store unless it is away; whether it was done.

        Parameters
        ----------
        work : may raise StoreError, and is then wanted again later. False says that there was nothing to save,
            which tells nothing of the database
        """
        if not self.is_worth_trying:
            return False
        try:
            outcome = work()
        except StoreError as error:
            self.is_away(str(error))
            return False
        if outcome is not False:
            self._is_up()
        return True

    def close(self) -> None:
        """Ask no more."""
        self._enough.set()

    def is_away(self, fault: str) -> None:
        """Wait for the database in the background from now on.

        Parameters
        ----------
        fault : what it said
        """
        if self._state.up:
            _log.error("%s; the archive goes on, and picks wait in memory and in the archive", fault)
            self._state = LinkState(False, now_ns(), fault)
        elif fault != self._state.fault:
            _log.error("%s", fault)
            self._state = LinkState(False, self._state.since_ns, fault)
        self._answered.clear()
        self._enough.set()  # of a thread that may still ask
        self._enough = threading.Event()
        # It may wait for a server for longer than the daemon takes to stop: nobody waits for it.
        asker = threading.Thread(target=self._ask, args=(self._enough, self._answered), name="database", daemon=True)
        asker.start()

    def _is_up(self) -> None:
        if not self._state.up:
            _log.warning("the database is back")
            self._state = LinkState(True, now_ns())
        self._answered.clear()
        self._enough.set()

    def _ask(self, enough: threading.Event, answered: threading.Event) -> None:
        pause_s = _ASK_FIRST_S
        while not enough.wait(pause_s):
            try:
                self._store.ask()
            except StoreError:
                pause_s = min(2 * pause_s, _ASK_SELDOM_S)
            except Exception:
                _log.exception("asking for the database failed")
                pause_s = _ASK_SELDOM_S
            else:
                answered.set()
                return
