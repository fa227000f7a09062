"""Signals of a command that runs for months, heard from its first moment on: importing all it needs takes seconds."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """SIGINT and SIGTERM ask to stop, SIGHUP to read the configuration again.

    A SIGHUP that comes because the terminal was closed asks to stop: nobody would know of a daemon that went on. What
    came before `hand_to` is told there.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._reloading = False
        self._has_terminal = sys.stdin is not None and os.isatty(0)
        self._stop: Callable[[], None] = lambda: None
        self._reload: Callable[[], None] | None = None
        self._before = {number: signal.signal(number, self._heard) for number in _NUMBERS}

    def restore(self) -> None:
        """Leave the signals to whom they belonged before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hand_to(self, stop: Callable[[], None], reload: Callable[[], None] | None) -> None:
        """Say whom to tell; without `reload` SIGHUP asks to stop. Both must be safe in a signal handler."""
        self._stop, self._reload = stop, reload
        if self.stopping or (self._reloading and reload is None):
            stop()
        elif self._reloading and reload is not None:
            reload()

    def _heard(self, signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGHUP and not (self._has_terminal and not os.isatty(0)):
            self._reloading = True
            (self._reload or self._stop)()
        else:
            self.stopping = True
            self._stop()
