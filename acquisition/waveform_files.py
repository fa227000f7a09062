"""Packets of a window, read again from an archive or from the files of a replay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from acquisition.archive import day_path
from acquisition.record_windows import Decode, RecordWindows
from acquisition.replay import RecordFile
from houfeng.errors import ArchiveError, SourceError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId

_DAY_NS = 86_400 * NS_PER_S
# A record that begins this long before a day may still reach into it.
_MAX_RECORD_NS = 3600 * NS_PER_S
# Files whose index is kept, the least used is forgotten first: 25 kB for a channel's day of records of 2.5 s.
_MAX_FILES = 4096


class _Known:
    """Indexes of files, as many as fit."""

    def __init__(self) -> None:
        self._windows: OrderedDict[Path, RecordWindows] = OrderedDict()

    def of(self, path: Path) -> RecordWindows:
        windows = self._windows.pop(path, None) or RecordWindows(path)
        self._windows[path] = windows
        if len(self._windows) > _MAX_FILES:
            self._windows.popitem(last=False)
        return windows


class ArchiveWindows:
    """Windows of an SDS archive, beside its writer.

    Parameters
    ----------
    root : of the archive
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known = _Known()

    def __call__(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Packet]:
        """Packets of these streams that hold samples at or after start and before end, ns UTC; in any order.

        Raises
        ------
        ArchiveError : if a day file is there and cannot be read
        """
        return self.read(source_ids, start_ns, end_ns)

    def read(
        self, source_ids: Collection[SourceId], start_ns: int, end_ns: int, decode: Decode | None = None
    ) -> list[Packet]:
        """The same, of packets that `decode` makes, as for `RecordWindows.read`."""
        found: list[Packet] = []
        for source_id in sorted(source_ids):
            for day in range((start_ns - _MAX_RECORD_NS) // _DAY_NS, (end_ns - 1) // _DAY_NS + 1):
                path = day_path(self._root, source_id, day * _DAY_NS)
                try:
                    found += self._known.of(path).read({source_id}, start_ns, end_ns, decode)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
        return found


class _Held(NamedTuple):
    """A file in which a stream is: which of all it is by time, and from when to when anything in it is, ns UTC."""

    number: int
    path: Path
    start_ns: int
    end_ns: int


class ReplayWindows:
    """Windows of the files that are replayed; whatever a file is named, its records say whose they are.

    Parameters
    ----------
    files : from `acquisition.replay.find_files`
    start_ns, end_ns : only packets that hold samples at or after start and start before end, as they are replayed
    """

    def __init__(self, files: Sequence[RecordFile], *, start_ns: int | None = None, end_ns: int | None = None) -> None:
        self._unseen = [file.path for file in sorted(files, key=lambda file: file.start_ns, reverse=True)]
        self._known = _Known()
        self._held: dict[SourceId, list[_Held]] = {}
        self._n_seen = 0
        self._start_ns = start_ns
        self._end_ns = end_ns

    def __call__(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Packet]:
        """Packets of these streams that hold samples at or after start and before end, ns UTC; in any order.

        Raises
        ------
        SourceError : if a file cannot be read any more
        """
        wanted = set(source_ids)
        found: list[Packet] = []
        for path in self.holding(wanted, start_ns, end_ns):
            try:
                found += self._known.of(path).read(wanted, start_ns, end_ns)
            except OSError as error:
                raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
        return [packet for packet in found if self._is_replayed(packet)]

    def holding(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Path]:
        """Files that may hold samples of these streams between two times, ns UTC.

        Raises
        ------
        SourceError : if a file cannot be read any more
        """
        try:
            self._look()
        except OSError as error:
            raise SourceError(f"{error.filename}: cannot be read: {error.strerror}") from error
        found = {
            held.number: held.path
            for source_id in set(source_ids)
            for held in self._held.get(source_id, ())
            if held.start_ns < end_ns + NS_PER_S
            and held.end_ns > start_ns - NS_PER_S  # they are known to a millisecond
        }
        return [found[number] for number in sorted(found)]

    def span(self, source_id: SourceId) -> tuple[int, int]:
        """From when to when there may be samples of a stream, ns UTC; both 0 if there are none.

        Raises
        ------
        OSError : if a file cannot be read any more
        """
        self._look()
        held = self._held.get(source_id, ())
        return min((each.start_ns for each in held), default=0), max((each.end_ns for each in held), default=0)

    def _look(self) -> None:
        """Note what the files hold: what is replayed does not grow, so once is enough."""
        while self._unseen:
            path = self._unseen[-1]
            windows = self._known.of(path)
            windows.look()
            for source_id in windows.source_ids:
                held = _Held(self._n_seen, path, windows.start_ns, windows.end_ns)
                self._held.setdefault(source_id, []).append(held)
            self._n_seen += 1
            self._unseen.pop()

    def _is_replayed(self, packet: Packet) -> bool:
        if self._start_ns is not None and packet.next_ns <= self._start_ns:
            return False
        return self._end_ns is None or packet.start_ns < self._end_ns
