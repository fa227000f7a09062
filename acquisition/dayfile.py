"""One day of one stream on disk: appended raw, each record once, whole after any crash."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from acquisition import mseed
from acquisition.archive_index import RecordIndex
from houfeng.errors import ArchiveError, SyncError
from houfeng.types import Packet

Quarantine = Callable[[bytes, str], None]


class Verdict(Enum):
    """What became of a record offered to the archive."""

    WRITTEN = "written"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"  # written too: same time and length as a record we have, other bytes
    FUTURE = "future"  # begins later than a record can: kept apart, once


class DayFile:
    """An SDS day file, open for appending.

    Opening reads the file once: the records in it become the index that keeps later ones from being written
    twice, and bytes behind the last whole record (a write cut off by a crash) are moved to the quarantine.

    Parameters
    ----------
    path : file to append to; it and its folders are made when absent
    quarantine : called with bytes that are no record and the reason, before they leave the file

    Raises
    ------
    ArchiveError : if the file cannot be opened or read
    """

    def __init__(self, path: Path, quarantine: Quarantine) -> None:
        self.path = path
        self.is_new = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ArchiveError(f"{path}: cannot be opened for appending: {error.strerror}") from error
        self._index = RecordIndex()
        self._is_torn = False
        try:
            self._size = self._recover(quarantine)
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, packets: Sequence[Packet]) -> list[Verdict]:
        """Write the raw records that are not there yet, in one go when they come in order of time.

        Returns
        -------
        verdicts : of each packet

        Raises
        ------
        ArchiveError : if the disk refuses. Records before the one that it refused are in the file, each of them whole,
            the others are not, and what was written of one is cut off now or by the next call
        """
        verdicts = []
        waiting: list[Packet] = []
        newest_ns = self._index.newest_ns
        for packet in packets:
            if packet.start_ns > newest_ns:  # nearly always: no record in the file or before it in the batch is like it
                verdict, newest_ns = Verdict.WRITTEN, packet.start_ns
            else:
                self._write(waiting)
                waiting = []
                verdict = self._judge(packet)
            if verdict is not Verdict.DUPLICATE:
                waiting.append(packet)
            verdicts.append(verdict)
        self._write(waiting)
        return verdicts

    @property
    def size(self) -> int:
        """Bytes of whole records, and of what was found between them."""
        return self._size

    def cut(self, size: int) -> None:
        """Give up what was appended behind this byte: nothing more can be appended then."""
        os.ftruncate(self._fd, size)

    def holds(self, packet: Packet) -> bool:
        """Whether the very same record is in the file."""
        return self._judge(packet) is Verdict.DUPLICATE

    def sync(self) -> None:
        """Force the file's bytes to the disk."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)

    def fileno(self) -> int:
        return self._fd

    def _judge(self, packet: Packet) -> Verdict:
        verdict = Verdict.WRITTEN
        for offset, length in self._index.candidates(packet.start_ns):
            raw = os.pread(self._fd, length, offset)
            if raw == packet.raw:
                return Verdict.DUPLICATE
            if any(record.start_ns == packet.start_ns for record in mseed.split(raw, _ignore)):
                verdict = Verdict.CONFLICT
        return verdict

    def _write(self, packets: list[Packet]) -> None:
        if not packets:
            return
        content = packets[0].raw if len(packets) == 1 else b"".join([packet.raw for packet in packets])
        done = 0
        try:
            if self._is_torn:
                self._mend()
            while done < len(content):  # a disk that is nearly full writes less than it was asked to
                done += os.write(self._fd, content[done:] if done else content)
        except OSError as error:
            self._note(packets, done)
            self._is_torn = True
            with suppress(OSError):  # of a disk that fails altogether; the next record tries again
                self._mend()
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise ArchiveError(f"{self.path}: record not written, {reason}") from error
        self._note(packets, done)

    def _note(self, packets: list[Packet], n_written: int) -> None:
        """Take those that were written whole into the index."""
        for packet in packets:
            length = len(packet.raw)
            n_written -= length
            if n_written < 0:
                return
            self._index.add(packet.start_ns, self._size, length)
            self._size += length

    def _mend(self) -> None:
        """Cut off the part of a record that could not be written whole: the next one would stand behind it."""
        os.ftruncate(self._fd, self._size)
        self._is_torn = False

    def _recover(self, quarantine: Quarantine) -> int:
        content = self.path.read_bytes()
        damages: list[tuple[int, int, str]] = []
        offset = n_damages = 0
        for start_ns, raw in mseed.split(content, lambda *damage: damages.append(damage)):
            if len(damages) > n_damages:  # the record stands behind what was stepped over
                offset, n_damages = damages[-1][0] + damages[-1][1], len(damages)
            self._index.add(start_ns, offset, len(raw))
            offset += len(raw)
        for offset, length, reason in damages:
            if offset + length == len(content):
                quarantine(content[offset:], f"{self.path}: torn tail at byte {offset}: {reason}")
                os.ftruncate(self._fd, offset)
                try:
                    os.fdatasync(self._fd)
                except OSError as error:
                    raise SyncError(f"{self.path}: the disk failed to store it: {error.strerror}") from error
                return offset
        return len(content)


def _ignore(offset: int, length: int, reason: str) -> None:
    """What was once a record and is none any more equals nothing."""
