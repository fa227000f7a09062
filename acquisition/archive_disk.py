"""Getting bytes and names onto the disk for good."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from acquisition.dayfile import DayFile


def sync_files(root_fd: int, files: Iterable[DayFile]) -> None:
    """Return only when the files' bytes and names are on the disk.

    Parameters
    ----------
    root_fd : open folder whose file system holds most of the files
    files : written since the last time

    Raises
    ------
    OSError : if a disk reports a failure
    """
    # One syncfs is as fast as 3 fdatasync and covers the names of new files too; 600 files one by one took 26
    # times as long as one journal write. Only Linux has it.
    device = -1
    if sys.platform == "linux":
        if _libc().syncfs(root_fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        device = os.fstat(root_fd).st_dev
    for day_file in files:
        if os.fstat(day_file.fileno()).st_dev != device:  # old years are often moved to a disk of their own
            day_file.sync()
            sync_folder(day_file.path.parent)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def store_new(folder: Path, stem: str, content: bytes) -> Path:
    """A new file that is on the disk before the same bytes are taken from another.

    Parameters
    ----------
    folder : where; it exists
    stem : of the name; a number is added when it is taken
    content : of the file
    """
    path = folder / f"{stem}.bin"
    n = 0
    while True:
        try:
            file = path.open("xb")
            break
        except FileExistsError:  # a clock that was set back names a moment twice
            n += 1
            path = folder / f"{stem}-{n}.bin"
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
    sync_folder(folder)
    return path
