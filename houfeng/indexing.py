"""Keeps what the database says of the archive in step with the archive.

The day files are the truth; the database holds how far each was read and which time its samples cover, saved in one
transaction. So there is one way to be right after a crash, an import, a repair, a database that was away or one that
was made anew: read every file from where it was read to. A file that is not what it was up to there is read anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from acquisition.archive import day_path
from acquisition.archive_files import channel_folders, files_in, years_of
from acquisition.archive_spans import Mark, read_on
from acquisition.backfill import BOOK_NAME
from acquisition.fdsn import book
from acquisition.spans import merged
from database import holdings
from database.holdings import FileKey
from database.store import Store
from database.unit import UnitOfWork
from houfeng.errors import HoufengError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, Span

_log = logging.getLogger(__name__)

_DAY_NS = 86_400 * NS_PER_S
# Files that are read between two transactions: a channel's noisy day has 10 MB.
_FILES_PER_UNIT = 100

_Found = dict[FileKey, tuple[Mark, list[Span]] | None]
_Channel = tuple[str, str, str]


class ArchiveIndex:
    """Spans of one archive in the database. Threads may share it.

    Parameters
    ----------
    root : folder of the archive
    store : open
    go_on : asked between files; False ends `update` early
    """

    def __init__(self, root: Path, store: Store, go_on: Callable[[], bool] = lambda: True) -> None:
        self._root = root
        self._store = store
        self._asked = go_on
        self._is_interrupted = False
        self._touched: set[FileKey] = set()
        self._guard = threading.Lock()
        self._busy = threading.Lock()
        self._is_compared = False
        self._book_seen: tuple[int, ...] | None = None

    def touch(self, packets: Iterable[Packet]) -> None:
        """These were archived: `update` reads their files. 0.5 us each."""
        self._touch({(packet.source_id, packet.start_ns // _DAY_NS * _DAY_NS) for packet in packets})

    def touch_days(self, spans: Iterable[tuple[SourceId, int, int]]) -> None:
        """The same for records of which is known but the stream, and when the first and the last begin, ns UTC."""
        self._touch(
            {
                (source_id, day_ns)
                for source_id, start_ns, newest_ns in spans
                for day_ns in range(start_ns // _DAY_NS * _DAY_NS, newest_ns + 1, _DAY_NS)
            }
        )

    def _touch(self, keys: set[tuple[SourceId, int]]) -> None:
        with self._guard:
            self._touched |= keys

    def update(self) -> int:
        """Bring the database up to date: the first time all of the archive, later what was touched.

        Returns
        -------
        number of day files that were read

        Raises
        ------
        StoreError : if the database does not answer; what was not done is done the next time
        ArchiveError : if a file cannot be read
        SourceError : if the list of absent data cannot be read
        """
        with self._busy:
            n_read = 0
            if not self._is_compared:
                n_read += self._compare()
            with self._guard:
                touched, self._touched = self._touched, set()
            try:
                n_read += self._read_all(touched)
            except HoufengError:
                with self._guard:
                    self._touched |= touched
                raise
            self._copy_book()
            return n_read

    def interrupt(self) -> None:
        """Let an `update` in another thread come to its end soon; safe in any thread."""
        self._is_interrupted = True

    def finish(self) -> None:
        """After `interrupt`: bring what was touched up to date, unless the whole was never compared.

        Raises
        ------
        StoreError, ArchiveError, SourceError : as `update`
        """
        with self._busy:
            self._is_interrupted = False
        if self._is_compared:
            self.update()

    def compare_again(self) -> None:
        """Let the next `update` look at all of the archive: others wrote to it."""
        self._is_compared = False

    def _go_on(self) -> bool:
        return not self._is_interrupted and self._asked()

    def _compare(self) -> int:
        """Look at every day file, newest years first, and read those that are not what the database knows."""
        n_read = 0
        with self._store.read() as snapshot:
            known = {_channel_of(source_id): set[SourceId]() for source_id in holdings.streams(snapshot)}
            for source_id in holdings.streams(snapshot):
                known[_channel_of(source_id)].add(source_id)
            days = holdings.days(snapshot)
        in_database = range(_year(days[0]), _year(days[1]) + 1) if days else ()
        for year in sorted({*years_of(self._root), *in_database}, reverse=True):
            folders = channel_folders(self._root, year)
            for channel in sorted({*folders, *known}):
                if not self._go_on():
                    return n_read
                n_read += self._compare_channel(year, folders.get(channel), known.get(channel, set()))
        self._is_compared = True
        if n_read:
            _log.info("%s: %d day files were read for what they hold", self._root, n_read)
        return n_read

    def _compare_channel(self, year: int, folder: Path | None, known: set[SourceId]) -> int:
        found = files_in(self._root, folder) if folder is not None else {}
        streams = known | {source_id for source_id, _ in found}
        with self._store.read() as snapshot:
            marks = holdings.marks(snapshot, streams, _year_ns(year), _year_ns(year + 1))
        differ = [key for key, seen in found.items() if key not in marks or not Mark(*marks[key]).is_of(seen.status)]
        differ += [key for key in marks if key not in found]
        return self._read_all(sorted(differ, key=lambda key: -key[1]))

    def _read_all(self, keys: Iterable[FileKey]) -> int:
        n_read = 0
        for part in _parts(keys):
            if not self._go_on():
                with self._guard:
                    self._touched |= set(part)
                continue
            found, marks = self._read(part)
            self._store.run(lambda unit, found=found, marks=marks: self._save(unit, found, marks))  # type: ignore[misc]
            n_read += len(found)
        return n_read

    def _read(self, keys: list[FileKey]) -> tuple[_Found, dict[FileKey, holdings.FileMark]]:
        """What the files hold now, and how far the database said they were read."""
        with self._store.read() as snapshot:
            marks, spans = holdings.marks_of(snapshot, keys), holdings.spans_of(snapshot, keys)
        found: _Found = {}
        for key in keys:
            mark = Mark(*marks[key]) if key in marks else None
            reading = read_on(self._root, day_path(self._root, *key), key[0], mark)
            if reading is None:
                found[key] = None
            elif reading.is_whole:
                found[key] = reading.mark, reading.spans
            else:
                found[key] = reading.mark, merged([*spans.get(key, []), *reading.spans])
        return found, marks

    def _save(self, unit: UnitOfWork, found: _Found, marks: dict[FileKey, holdings.FileMark]) -> None:
        """Save what nobody else saved in between: what others read is looked at again the next time."""
        now = holdings.marks_of(unit.connection, found)
        mine = {key: value for key, value in found.items() if now.get(key) == marks.get(key)}
        holdings.save(unit.connection, mine)
        with self._guard:
            self._touched |= found.keys() - mine.keys()

    def _copy_book(self) -> None:
        """What data centres were asked for in vain: the file beside the archive has it, also without a database."""
        path = self._root / BOOK_NAME
        seen: tuple[int, ...] = ()
        if path.exists():
            status = path.stat()
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._book_seen:
            return
        rows = [
            holdings.AbsenceRow(server, absence.gap, absence.tries, absence.next_try_ns, absence.reason)
            for server, absences in book.load_all(path).items()
            for absence in absences
        ]
        self._store.run(lambda unit: holdings.save_absences(unit.connection, rows))
        self._book_seen = seen


def _parts(keys: Iterable[FileKey]) -> Iterator[list[FileKey]]:
    ordered = list(keys)
    for first in range(0, len(ordered), _FILES_PER_UNIT):
        yield ordered[first : first + _FILES_PER_UNIT]


def _channel_of(source_id: SourceId) -> _Channel:
    return source_id.network, source_id.station, source_id.channel


def _year(day_ns: int) -> int:
    return datetime.fromtimestamp(day_ns // NS_PER_S, UTC).year


def _year_ns(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
