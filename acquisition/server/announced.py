"""Which day files were about to grow while a segment was the newest: its `.files`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from acquisition.server.writing import rewrite, sync, write_at

_log = logging.getLogger(__name__)


class Announced:
    """Day files and their size before they grew, a line each; a line that was cut off is not there.

    Parameters
    ----------
    path : of the list, made when absent
    root : the archive's folder

    Attributes
    ----------
    ends : size of each day file when it was first announced, as the list said when it was opened

    Raises
    ------
    OSError : if the list cannot be read or written
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            os.ftruncate(self._fd, len(whole))
            rewrite(self._fd, whole)
        except OSError:
            self.close()
            raise
        self._size = len(whole)
        self.ends = self._parse(whole)

    @classmethod
    def anew(cls, path: Path, root: Path, files: Iterable[tuple[Path, int]]) -> Self:
        """A list in place of another.

        Raises
        ------
        OSError : if the disk refuses
        SyncError : if it fails to store the list
        """
        path.unlink(missing_ok=True)
        announced = cls(path, root)
        try:
            announced.add(files)
        except BaseException:
            announced.close()
            raise
        return announced

    def add(self, files: Iterable[tuple[Path, int]]) -> None:
        """Announce files with their size, durably: all of them, or none.

        Raises
        ------
        OSError : if the disk refuses
        SyncError : if it fails to store them
        """
        content = "".join(f"{end} {path.relative_to(self._root)}\n" for path, end in files).encode()
        if content:
            write_at(self._fd, content, self._size)
            sync(self._fd, self._path)
            self._size += len(content)

    def close(self) -> None:
        os.close(self._fd)

    def _parse(self, content: bytes) -> dict[Path, int]:
        ends: dict[Path, int] = {}
        for line in content.decode("ascii", errors="replace").split("\n")[:-1]:
            end, _, name = line.partition(" ")
            path = self._root / name
            # A power cut may leave anything behind what was synced.
            if end.isascii() and end.isdecimal() and name.isprintable() and name and not path.is_dir():
                ends.setdefault(path, int(end))
            else:
                _log.warning("%s: %r announces no day file; left out", self._path, line[:200])
        return ends
