"""Detection of a session, joined to the database whenever that is there.

The archive is the spool: what is detected on and not saved, or not detected on at all, is found there again from the
last saved state of each channel on. While the database is away picks wait in memory, up to a limit; beyond it, and
while the database has not answered since the start, records are archived and nothing more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from acquisition.archive import Archive
from acquisition.daemon.link import StoreLink
from acquisition.daemon.restore import Missed, begin, restore
from configs import Settings
from database.store import Store
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.types import Cursor, Packet, SourceId

_log = logging.getLogger(__name__)

# A pick takes about 0.5 kB: 10 MB. A hundred channels bring so many in a day.
MAX_UNSAVED_PICKS = 20_000
# What is not looked at when the process ends is looked at after the next start: nobody waits long for it.
_LOOKING_S = 10.0


class SessionDetection:
    """Takes every archived record once, in a session's own thread.

    Parameters
    ----------
    settings, network : of the session
    archive : where records are found again
    store : picks, states and cursors go there
    link : does the work with the store
    run_id : of what is found
    go_on : called between parts of the archive that are read again; may hand over records. False leaves the rest
    """

    def __init__(
        self,
        settings: Settings,
        network: Network,
        archive: Archive,
        store: Store,
        link: StoreLink,
        run_id: str,
        go_on: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._network = network
        self._archive = archive
        self._store = store
        self._link = link
        self._run_id = run_id
        self._go_on = go_on
        self._pipeline: Pipeline | None = None
        self._is_joining = False
        self._is_begun = True
        self._fed_s, self._looked_in_silence = time.monotonic(), False
        # since the last commit
        self._missed = Missed()
        self._cursors: dict[str, dict[str, Cursor]] = {}

    @property
    def pipeline(self) -> Pipeline | None:
        """What detects; None while records are archived and nothing more."""
        return self._pipeline

    def feed(self, packets: Sequence[Packet], cursors: Mapping[str, Mapping[str, Cursor]]) -> None:
        """Detect on archived packets, and save what that brings and how far the servers are received."""
        for server, at in cursors.items():
            self._cursors.setdefault(server, {}).update(at)
        self._missed.add(packets)
        self._fed_s, self._looked_in_silence = time.monotonic(), False
        if self._pipeline is not None:
            self._pipeline.detect(packets, cursors)
            self._commit(self._pipeline)

    def look(self) -> None:
        """While nothing is fed: look at events that came in too quick a succession, a few at a time.

        Once no stream has brought anything for `inspection.wait_s`, look at all that wait for data: data time stands
        still then. What comes later has them looked at again, so the clock decides nothing that stays.
        """
        if self._pipeline is None or not self._link.is_worth_trying:
            return
        is_silent = time.monotonic() - self._fed_s >= self._settings.inspection.wait_s
        found = self._pipeline.look()
        if is_silent and not self._looked_in_silence:
            self._looked_in_silence = True
            found = self._pipeline.look_at_all() or found
        if found:
            self._commit(self._pipeline)

    def finish(self) -> None:
        """Nothing more is fed: look at what is due, as long as a stop may take, and save the detector's state."""
        until_s = time.monotonic() + _LOOKING_S
        while self._pipeline is not None and self._pipeline.look() and time.monotonic() < until_s:
            pass
        self.checkpoint()

    def pass_over(self, passed: Iterable[tuple[SourceId, int]]) -> None:
        """Archived records came too fast: go on from the last saved state, with what the archive has since.

        Parameters
        ----------
        passed : streams, and when records begin that were not fed, ns UTC
        """
        for source_id, start_ns in passed:
            self._missed.add_from(source_id, start_ns)
        if self._pipeline is not None:
            _log.warning("records come faster than detection takes them: it reads them from the archive, and is late")
            self._pipeline = None

    def join(self) -> None:
        """Catch up with the archive when the store is there and that was not done yet."""
        if self._pipeline is None and not self._is_joining:
            self._is_joining = True
            try:
                self._link.do(self._restore)
            finally:
                self._is_joining = False

    def checkpoint(self) -> None:
        """Save the detector's state, so that a restart reads little of the archive again."""
        if self._pipeline is not None and self._link.is_worth_trying:
            self._pipeline.keep_states()
            self._commit(self._pipeline)

    def take_on(self, settings: Settings, network: Network) -> None:
        """Tell the store of other stations, now or when it is there."""
        self._settings, self._network = settings, network
        self._is_begun = False
        if self._pipeline is not None:
            self._commit(self._pipeline)

    def _commit(self, pipeline: Pipeline) -> None:
        def commit() -> bool:
            if not self._is_begun:
                begin(self._settings, self._network, self._store, self._run_id)
                self._is_begun = True
            return pipeline.commit()

        if self._link.do(commit):
            self._missed.take()
            self._cursors.clear()
        elif pipeline.n_unsaved_picks > MAX_UNSAVED_PICKS:
            _log.warning(
                "%d picks wait for the database: from here on they are left to the archive", pipeline.n_unsaved_picks
            )
            self._pipeline = None

    def _restore(self) -> None:
        self._store.prepare()
        pipeline = restore(
            self._settings, self._network, self._archive, self._store, self._run_id, self._missed, self._go_on
        )
        if pipeline is not None:
            self._is_begun = True
            pipeline.feed([], self._cursors)
            self._cursors.clear()
            self._pipeline = pipeline
