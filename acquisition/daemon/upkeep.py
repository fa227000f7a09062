"""What the archive and the inventory need every few hours; done in the scheduler's pool, in nobody's way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from acquisition.archive_checksums import seal
from acquisition.daemon.jobs import Job
from acquisition.fdsn.documents import imported_files
from acquisition.fdsn.refresh import Refresh
from configs import Settings
from houfeng.times import now_ns
from stations.inventory import parse_stationxml

_log = logging.getLogger(__name__)

# How often the age of the StationXML is looked at; a service that failed is asked again as soon.
_LOOK_S = 600.0
# An operator who has just imported metadata waits for it.
_LOOK_FOR_IMPORTS_S = 30.0
# Servers come first.
_FIRST_S = 5.0


def upkeep(settings: Callable[[], Settings], reload: Callable[[], None]) -> Iterator[Job]:
    """Jobs that look after the archive and the inventory.

    Parameters
    ----------
    settings : the present ones, whenever they are asked for
    reload : called when station metadata have changed: it says what did, and takes it on
    """

    def seal_closed() -> None:
        archive = settings().archive
        done = seal(Path(archive.path), now_ns(), archive.closed_after_days)
        if done.n_new or done.n_grown:
            _log.info("%s: sealed %d day files, and %d anew that had grown", archive.path, done.n_new, done.n_grown)

    def refresh() -> None:
        present = settings()
        streams = dict.fromkeys(pattern for server in present.seedlink for pattern in server.streams)
        if Refresh(present.fdsn, streams, Path(present.archive.path), parse_stationxml).run():
            reload()

    known = imported_files(Path(settings().archive.path))

    def look_for_imports() -> None:
        nonlocal known
        found = imported_files(Path(settings().archive.path))
        if found != known:
            known = found
            reload()

    yield Job("inventory", _LOOK_S, refresh, first_s=_FIRST_S)
    yield Job("imports", _LOOK_FOR_IMPORTS_S, look_for_imports)
    if interval_h := settings().archive.seal_interval_h:
        yield Job("seal", interval_h * 3600, seal_closed)
