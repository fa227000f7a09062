"""An end for transfers that have none of their own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Cut:
    """Cuts the connections of the transfer under way: after a deadline, or when another thread closes it.

    A socket's own timeout begins anew with every byte, so a server that sends one a minute holds a reader for ever,
    in the headers and the TLS handshake as well as in the body.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._closed = False
        self.reason = ""

    @contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        """The transfer of this block is cut when it lasts longer; `reason` then says so."""
        self.reason = "closed" if self._closed else ""
        timer = threading.Timer(seconds, self._cut, [f"not done after {seconds:g} s; cut off"])
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            with self._lock:
                for handle in self._handles:
                    handle.close()
                self._handles.clear()

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection too when the time comes."""
        # A handle of our own: TLS takes the first one away, urllib closes it early, and shutdown works on any.
        with self._lock:
            self._handles.append(socket.socket(fileno=os.dup(connection.fileno())))
            overdue = bool(self.reason)
        if overdue:
            self._cut(self.reason)

    def close(self) -> None:
        """Cut the transfer under way and every later one."""
        self._closed = True
        self._cut("closed")

    def _cut(self, reason: str) -> None:
        with self._lock:
            self.reason = self.reason or reason
            for handle in self._handles:
                with suppress(OSError):  # it has ended by itself
                    handle.shutdown(socket.SHUT_RDWR)
