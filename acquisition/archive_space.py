"""Room on the archive's disk: watched, and a ballast file that makes room for the database when it is full."""

from __future__ import annotations

import errno
import logging
import os
import time
from pathlib import Path

from houfeng.errors import ArchiveError

_log = logging.getLogger(__name__)

MIB = 1 << 20
# A disk that fills at 100 MB/s is seen to be nearly full 200 MB later.
_WATCH_S = 2.0
_REMIND_S = 3600.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Space:
    """Decides whether the archive may write.

    A full disk stops the database as well: it cannot even delete rows. When the archive meets one it deletes the
    ballast, which leaves that much to the database and the logs, and writes nothing more until there is room for
    a new ballast and as much again. While there is no ballast the archive leaves its place free.

    Parameters
    ----------
    root : folder of the archive; it exists
    ballast_mib : size of the ballast; 0 for none
    min_free_mib : less free space is reported
    """

    def __init__(self, root: Path, *, ballast_mib: int, min_free_mib: int) -> None:
        self._root = root
        self._path = root / ".ballast"
        self._ballast_bytes = ballast_mib * MIB
        self.min_free_bytes = min_free_mib * MIB
        self._is_full = False
        self._is_low = False
        self._next_watch = -_REMIND_S
        self._next_report = -_REMIND_S
        if self._path.exists() and self._path.stat().st_size != self._ballast_bytes:
            self._path.unlink()

    @property
    def free_bytes(self) -> int:
        """What may still be written by us, without the blocks reserved for root."""
        status = os.statvfs(self._root)
        return status.f_bavail * status.f_frsize

    def check(self) -> None:
        """Look at the disk before something is written.

        Raises
        ------
        ArchiveError : while the disk is full
        """
        now = time.monotonic()
        if not self._is_full and now < self._next_watch:
            return
        self._next_watch = now + _WATCH_S
        free = self.free_bytes
        self._report_low(free, now)
        if self._path.exists() or not self._ballast_bytes:
            return
        if free >= 2 * self._ballast_bytes:
            self._build()
        elif self._is_full or free < self._ballast_bytes:
            self._is_full = True
            raise ArchiveError(
                f"{self._root}: the disk is full: {free / MIB:.1f} MiB free; records are written again when "
                f"{2 * self._ballast_bytes / MIB:.0f} MiB are"
            )

    def ran_out(self, error: OSError) -> None:
        """Make room for others if this error says that the disk is full."""
        if error.errno not in _FULL or not self._path.exists():
            return
        self._is_full = True
        self._path.unlink()
        _log.critical(
            "%s: the disk is full: deleted the ballast of %d MiB, so that the database and the logs can go on; "
            "records wait until space is freed",
            self._root,
            self._ballast_bytes // MIB,
        )

    def _report_low(self, free: int, now: float) -> None:
        if free < self.min_free_bytes and now >= self._next_report:
            self._is_low = True
            self._next_report = now + _REMIND_S
            _log.error(
                "%s: the disk is nearly full: %.1f MiB free, less than archive.min_free_mib = %d",
                self._root,
                free / MIB,
                self.min_free_bytes // MIB,
            )
        elif self._is_low and free >= self.min_free_bytes * 1.1:  # not at every record about the limit
            self._is_low = False
            self._next_report = now
            _log.warning("%s: the disk has room again: %.1f MiB free", self._root, free / MIB)

    def _build(self) -> None:
        # Allocated, not merely long: a file of holes would free nothing.
        try:
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(number, 0, self._ballast_bytes)
            finally:
                os.close(number)
        except OSError as error:
            self._path.unlink(missing_ok=True)
            _log.warning("%s: no ballast could be made: %s", self._path, error.strerror)
            return
        if self._is_full:
            self._is_full = False
            _log.warning("%s: there is room again; records are written, the ballast is back", self._root)
