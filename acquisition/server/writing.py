"""Bytes into the ledger's files, and onto the disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from houfeng.errors import SyncError


def write_at(fd: int, content: bytes, offset: int) -> None:
    """Write at the end of a file, which is at `offset`: all or nothing.

    Raises
    ------
    OSError : if the disk refuses
    """
    try:
        rewrite(fd, content, offset)
    except OSError:
        with suppress(OSError):  # of a disk that fails altogether; what is written next begins at the same place
            os.ftruncate(fd, offset)
        raise


def rewrite(fd: int, content: bytes, offset: int = 0) -> None:
    """Write bytes over those that are there.

    After a sync that failed, what a file holds may be in memory alone, where a further sync passes over it: the next
    start writes it again.

    Raises
    ------
    OSError : if the disk refuses
    """
    done = 0
    while done < len(content):  # a disk that is nearly full writes less than it was asked to
        done += os.pwrite(fd, content[done:], offset + done)


def create(path: Path, content: bytes) -> int:
    """A new file that is on the disk, but for its name.

    Raises
    ------
    OSError : if the disk refuses
    SyncError : if it fails to store the file
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_at(fd, content, 0)
        sync(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def sync(fd: int, path: Path) -> None:
    """Return only when a file or folder is on the disk.

    Raises
    ------
    SyncError : if the disk reports a failure: what it holds is unknown then, and a second sync would not tell
    """
    try:
        os.fsync(fd)
    except OSError as error:
        raise SyncError(f"{path}: the disk failed to store it: {error.strerror}") from error


def sync_path(path: Path) -> None:
    """`sync` of a file or folder that is not open.

    Raises
    ------
    OSError : if it cannot be opened
    SyncError : if the disk reports a failure
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(fd, path)
    finally:
        os.close(fd)
