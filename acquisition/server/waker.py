"""Wakes a thread that waits for sockets."""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """Interrupts a thread that waits in `select` or `poll`; only the first call after `arm` costs a system call.

    Who was woken calls `drain`, then `arm`, and then looks for what is new: nothing that comes in between is missed.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._armed = True

    def fileno(self) -> int:
        return self._reader.fileno()

    def arm(self) -> None:
        """From now on the next `wake` interrupts."""
        self._armed = True

    def wake(self) -> None:
        """Interrupt the waiting thread; never blocks."""
        if self._armed:
            self._armed = False
            # Closed, or so many wake-ups are unread that one more changes nothing.
            with contextlib.suppress(OSError):
                self._writer.send(b"w")

    def drain(self) -> None:
        """Forget wake-ups so far."""
        with contextlib.suppress(BlockingIOError):
            while len(self._reader.recv(64)) == 64:
                continue

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
