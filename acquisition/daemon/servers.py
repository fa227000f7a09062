"""The sources of one session: SeedLink servers and data centres, and how far each of them was received."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from acquisition.archive import Archive
from acquisition.archive_newest import newest
from acquisition.backfill import BackfillSource
from acquisition.daemon.link import StoreLink
from acquisition.fdsn.settings import FdsnSettings
from acquisition.heartbeat import Heartbeats
from acquisition.recorder import Recorder
from acquisition.seedlink import ServerState, advance, by_time, open_source
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject, Source
from configs import Settings
from database import queries
from database.store import Store
from houfeng.types import Cursor, Packet

_log = logging.getLogger(__name__)

Wanted = SeedLinkSettings | FdsnSettings
Batches = list[tuple[str, list[Packet]]]


class Servers:
    """Opens sources, and knows the cursors of what came from them.

    Parameters
    ----------
    archive : whose gaps data centres fill; tells where to go on while the store is away
    store : has the cursors of the last process
    link : does the work with the store
    heartbeats : each source's thread has one
    reject : called with bytes that are no record
    """

    def __init__(self, archive: Archive, store: Store, link: StoreLink, heartbeats: Heartbeats, reject: Reject) -> None:
        self._archive = archive
        self._store = store
        self._link = link
        self._heartbeats = heartbeats
        self._reject = reject
        self._cursors: dict[str, dict[str, Cursor]] = {}
        self._open: dict[str, Source] = {}
        self._fillers: set[str] = set()

    def open(self, settings: Settings) -> Iterator[tuple[str, Source]]:
        """Every source that the settings name, with what it is called."""
        for name, each in _by_name(settings).items():
            yield name, self._source(each)

    def change(self, old: Settings, new: Settings, recorder: Recorder) -> Batches:
        """Close sources that are gone or set otherwise, open new ones, leave all others alone; what came meanwhile.

        A server that is connected to anew resumes from what was detected on: it may send again what still waits for
        the archive, where each record is kept once.
        """
        before, after = _by_name(old), _by_name(new)
        left: Batches = []
        for name in [name for name, each in before.items() if after.get(name) != each]:
            left += recorder.remove(name)
            del self._open[name]
        for name, each in after.items():
            if before.get(name) != each:
                recorder.add(name, self._source(each))
        return left

    def restart(self, wanted: Wanted, recorder: Recorder) -> Batches:
        """Close a source and open it anew, where detection has got to; what came meanwhile."""
        name = _called(wanted)
        left = recorder.remove(name)
        del self._open[name]
        recorder.add(name, self._source(wanted))
        return left

    def live(self, taken: Batches) -> Batches:
        """Without back-filled records, which are archived and served.

        Detection has gone past their time, and what the live streams are like is not theirs to tell.
        """
        return [(server, batch) for server, batch in taken if self.is_live(server)]

    def is_live(self, server: str) -> bool:
        """Whether it is no data centre whose records fill gaps."""
        return server not in self._fillers

    def advance(self, taken: Iterable[tuple[str, list[Packet]]]) -> dict[str, dict[str, Cursor]]:
        """Cursors of the stations that packets came from, after these packets."""
        moved: dict[str, dict[str, Cursor]] = {}
        for server, packets in taken:
            known = self._cursors.setdefault(server, {})
            stations = advance(known, packets)
            known.update(stations)
            moved.setdefault(server, {}).update(stations)
        return moved

    def states(self) -> dict[str, ServerState]:
        """How each SeedLink server is doing; may be read from any thread."""
        return {name: source.state for name, source in list(self._open.items()) if hasattr(source, "state")}

    def cursors(self, server: str) -> Mapping[str, Cursor]:
        """By station id: how far a server was received; may be read from any thread."""
        return dict(self._cursors.get(server, {}))

    def senders(self) -> dict[str, tuple[str, ...]]:
        """By station id: which SeedLink servers sent it."""
        found: dict[str, tuple[str, ...]] = {}
        for name in sorted(self._cursors.keys() & self._open.keys()):
            for station_id in self._cursors[name] if self.is_live(name) else ():
                found[station_id] = (*found.get(station_id, ()), name)
        return found

    def _source(self, settings: Wanted) -> Source:
        name = _called(settings)
        if isinstance(settings, SeedLinkSettings):
            source = open_source(settings, self._known(settings), self._reject, self._heartbeats.part(name))
        else:
            self._fillers.add(name)  # for good: what it has sent may still be on its way when it is removed
            source = BackfillSource(settings, self._archive.root, self._reject, self._heartbeats.part(name))
        self._open[name] = source
        return source

    def _known(self, server: SeedLinkSettings) -> Mapping[str, Cursor]:
        if server.name not in self._cursors:
            self._link.do(lambda: self._read(server.name))
        if server.name not in self._cursors:
            ends_ns = newest(self._archive.root, server.wants)
            _log.warning(
                "%s: without the database, %d stations are resumed by the time of their newest record in the archive",
                server.name,
                len(ends_ns),
            )
            self._cursors[server.name] = {station_id: by_time(end_ns) for station_id, end_ns in ends_ns.items()}
        return self._cursors[server.name]

    def _read(self, server: str) -> None:
        self._store.prepare()
        with self._store.read() as snapshot:
            self._cursors[server] = queries.cursors(snapshot, server)


def _by_name(settings: Settings) -> dict[str, Wanted]:
    every: list[Wanted] = [*settings.seedlink, *settings.fdsn]
    return {_called(each): each for each in every}


def _called(settings: Wanted) -> str:
    """What a source is called in the log; never a data centre and a server alike."""
    return settings.name if isinstance(settings, SeedLinkSettings) else f"back-fill {settings.address}"
