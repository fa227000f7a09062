"""How a reader learns at once that another process has written to a folder."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import select
import struct
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from acquisition.server.waker import Waker

# Where the system tells of changes: how often the folder is looked at nevertheless.
_TOLD_S = 1.0
# Where it does not: how often while somebody waits for news, and while nobody does.
_HURRY_S = 0.005
_QUIET_S = 0.1
# Changes found without having been told of before the system is no longer relied on.
_MAX_UNTOLD = 3
# linux/inotify.h: IN_MODIFY, IN_MOVED_TO and IN_CREATE; and what tells that the folder is gone
_MASK = 0x2 | 0x80 | 0x100
_IGNORED = 0x8000
_EVENT = struct.Struct("iIII")

_log = logging.getLogger(__name__)


class _Inotify:
    """The system's own telling of changes: inotify(7), in three calls.

    Raises
    ------
    OSError : if the system allows no more of them (128 a user), or has none
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "there is no inotify")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        return self._fd

    def watch(self, folder: Path) -> None:
        self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK))

    def read(self) -> bool:
        """Forget what was told so far; whether the folder is still watched."""
        still = True
        with contextlib.suppress(BlockingIOError):
            while content := os.read(self._fd, 4096):
                at = 0
                while at < len(content):
                    _, mask, _, n_name = _EVENT.unpack_from(content, at)
                    still = still and not mask & _IGNORED
                    at += _EVENT.size + n_name
        return still

    def close(self) -> None:
        os.close(self._fd)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


class Changes:
    """Waits for changes in a folder, which may still be absent.

    Linux tells of them (inotify), but not of those that another computer makes on a network file system: there, and on
    other systems, waiting ends every few milliseconds.

    Parameters
    ----------
    folder : whose files another process writes to
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waker = Waker()
        self._inotify: _Inotify | None = None
        self._is_watching = False
        self._was_told = True
        self._n_untold = 0
        self._waiting = select.poll()
        self._waiting.register(self._waker, select.POLLIN)
        try:
            self._inotify = _Inotify()
        except OSError as error:
            _log.warning("%s: the system does not tell of changes: %s; looking every 5 ms", folder, error)
        else:
            self._waiting.register(self._inotify, select.POLLIN)

    def wait(self, *, hurry: bool) -> None:
        """Until there may be a change, or `wake` is called.

        Parameters
        ----------
        hurry : whether somebody waits for what may have changed
        """
        if self._inotify is not None and not self._is_watching and self._watch(self._inotify):
            return  # what changed just before was not told of
        timeout_s = _TOLD_S if self._is_watching else _HURRY_S if hurry else _QUIET_S
        ready = [descriptor for descriptor, _ in self._waiting.poll(timeout_s * 1000)]
        if self._waker.fileno() in ready:
            self._waker.drain()
            self._waker.arm()
        self._was_told = bool(ready)
        if self._inotify is not None and self._inotify.fileno() in ready:
            self._is_watching = self._inotify.read()

    def found(self) -> None:
        """There was a change: if nobody told of it, as from another computer, asking must do."""
        if self._is_watching and not self._was_told and self._inotify is not None:
            self._n_untold += 1
            if self._n_untold > _MAX_UNTOLD:
                _log.info("%s: the file system does not tell of changes; looking every 5 ms", self._folder)
                self._give_up(self._inotify)
        self._was_told = True

    def wake(self) -> None:
        """End the waiting of another thread."""
        self._waker.wake()

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
        self._waker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self, inotify: _Inotify) -> bool:
        try:
            inotify.watch(self._folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            _log.warning("%s: the system does not tell of changes: %s; looking every 5 ms", self._folder, error)
            self._give_up(inotify)
            return False
        self._is_watching = True
        return True

    def _give_up(self, inotify: _Inotify) -> None:
        self._waiting.unregister(inotify)
        inotify.close()
        self._inotify = None
        self._is_watching = False
