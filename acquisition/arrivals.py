"""When each archived record came: a log in the archive's folder, 16 bytes a record, for those who replay it so.

The folder `.arrivals` holds a file for each day of arrival, `2026-01-31`: entries of a hash of the record's first bytes
and the time at which it came, ns UTC, both of 8 bytes, little-endian. What came twice came when it came first.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Self

import numpy as np

from houfeng.errors import SourceError
from houfeng.times import NS_PER_S
from houfeng.types import Packet

_log = logging.getLogger(__name__)

FOLDER = ".arrivals"
ENTRY_BYTES = 16
_ENTRY = np.dtype([("key", "<u8"), ("at_ns", "<i8")])
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_NS = 86_400 * NS_PER_S
# The first bytes tell a record from all others: stream, time and first samples. They are one block of BLAKE2b; all 512
# are four.
_HASHED_BYTES = 128


def _key(raw: bytes) -> bytes:
    return blake2b(raw[:_HASHED_BYTES], digest_size=8).digest()


class ArrivalLog:
    """Writer of the log of one archive. It is never synced: what a power cut takes of it is not missed by anybody else.

    Parameters
    ----------
    root : the archive's folder
    days : so many files of earlier days are kept: a clock that is years ahead makes none of them too old
    """

    def __init__(self, root: Path, days: float) -> None:
        self._folder = root / FOLDER
        self._days = days
        self._day = -1
        self._fd = -1
        self._fault = ""

    def note(self, packets: Iterable[Packet]) -> None:
        """Enter records that were archived; a disk that refuses it is reported once, and the archive goes on."""
        came = [packet for packet in packets if packet.received_ns]
        if not came:
            return
        entries = b"".join(_key(packet.raw) + packet.received_ns.to_bytes(8, "little") for packet in came)
        try:
            self._open(max(packet.received_ns for packet in came) // _DAY_NS)
            written = os.write(self._fd, entries)
            if written != len(entries):
                raise OSError(f"{written} of {len(entries)} bytes were written")
        except OSError as error:
            self.close()  # the next opening cuts off what is half an entry
            if str(error) != self._fault:
                self._fault = str(error)
                _log.error("%s: arrivals not noted: %s; the archive goes on", self._folder, error)
        else:
            self._fault = ""

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._day = self._fd = -1

    def _open(self, day: int) -> None:
        if day == self._day:
            return
        self.close()
        self._folder.mkdir(exist_ok=True)
        path = self._folder / _name(day)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._fd).st_size
        os.ftruncate(self._fd, size - size % ENTRY_BYTES)
        self._day = day
        for old in _files(self._folder)[: -int(self._days) - 1]:
            old.unlink()


class Arrivals:
    """When records came, by what is in them.

    Parameters
    ----------
    paths : files of logs, of which each was read
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        entries = np.concatenate([_entries(path) for path in paths])
        order = np.lexsort((entries["at_ns"], entries["key"]))
        keys, first = np.unique(entries["key"][order], return_index=True)
        self._keys, self._at_ns = keys, entries["at_ns"][order][first]

    @classmethod
    def below(cls, folders: Iterable[Path], start_ns: int | None = None) -> Self:
        """What the logs of some archives hold from a day on: a record may come long after its time, not before it.

        Parameters
        ----------
        start_ns : of the records that are asked for, ns UTC; None for all

        Raises
        ------
        SourceError : if none of them has a log of these days
        """
        folders = list(folders)
        first = "" if start_ns is None else _name(start_ns // _DAY_NS - 1)
        paths = [path for folder in folders for path in _files(folder / FOLDER) if path.name >= first]
        if not paths:
            raise SourceError(
                f"{', '.join(map(str, folders))}: no log of arrivals of that time: the daemon keeps one while "
                "archive.arrivals_days is more than 0"
            )
        return cls(paths)

    def at_ns(self, packet: Packet) -> int | None:
        """When a record came, ns UTC; None of one that no log knows."""
        key = int.from_bytes(_key(packet.raw), "little")
        at = int(np.searchsorted(self._keys, np.uint64(key)))
        if at < len(self._keys) and int(self._keys[at]) == key:
            return int(self._at_ns[at])
        return None

    def hashed(self) -> list[tuple[Path, str, int]]:
        """Each file with the SHA-256 of its content, and its bytes."""
        contents = ((path, path.read_bytes()) for path in self.paths)
        return [(path, sha256(content).hexdigest(), len(content)) for path, content in contents]


def _entries(path: Path) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    content = path.read_bytes()
    return np.frombuffer(content, dtype=_ENTRY, count=len(content) // ENTRY_BYTES)


def _files(folder: Path) -> list[Path]:
    """A log's files, in the order of their days."""
    return sorted(path for path in folder.iterdir() if _DAY.fullmatch(path.name)) if folder.is_dir() else []


def _name(day: int) -> str:
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
