"""One connection of the SeedLink server: bytes between a socket and its session."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
import time

from acquisition.server.ring import Backlog
from acquisition.server.session import Session

# A connection that neither asks for records nor for INFO gives its place to another after this long.
HANDSHAKE_TIMEOUT_S = 120.0
# Nothing taken for this long: the client is gone without a word, or will reconnect and resume.
STALL_TIMEOUT_S = 120.0
# How often a quiet connection looks at its clocks.
TICK_S = 1.0

# A whole TLS record: what is left of one would not wake anybody.
_RECEIVE_BYTES = 16384
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
# Found dead after idle + interval x count = 60 s, as long as nothing waits to be sent.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))

_log = logging.getLogger(__name__)


class Waker:
    """Interrupts a thread that waits in `select`; only the first call after `arm` costs a system call."""

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


class Connection:
    """Moves bytes between one socket and its session; memory is bounded by one answer or batch of records."""

    def __init__(self, connection: socket.socket, session: Session, backlog: Backlog, peer: str) -> None:
        self.peer = peer
        self._socket = connection
        self._session = session
        self._pending = memoryview(b"")
        self._stopped = False
        self._waker = Waker()
        self._unwatch = backlog.watch(self._waker.wake)
        self._moved = time.monotonic()
        # poll, not select: a process with many open files has descriptors above select's 1023.
        self._waiting = select.poll()
        self._waiting.register(connection, select.POLLIN)
        self._waiting.register(self._waker, select.POLLIN)
        connection.setblocking(False)

    def stop(self) -> None:
        """End `run` from another thread."""
        self._stopped = True
        self._waker.arm()
        self._waker.wake()

    def release(self) -> None:
        """Give back the socket and everything else."""
        self._unwatch()
        self._socket.close()
        self._waker.close()

    def run(self) -> None:
        """Serve until the client leaves, is let go, or `stop` is called.

        Raises
        ------
        OSError : if the connection breaks
        """
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in _KEEPALIVE:
            self._socket.setsockopt(socket.IPPROTO_TCP, option, seconds)
        if isinstance(self._socket, ssl.SSLSocket) and not self._shake_hands(self._socket):
            return
        while not self._stopped:
            if not self._pending:
                if self._session.closing:
                    return
                self._pending = memoryview(self._session.step())
            if self._pending:
                self._send()
            readable = self._wait() if self._pending or self._session.idle else True
            if readable and not self._pending and not self._session.has_commands and not self._receive():
                return
            if self._is_overdue():
                return

    def _shake_hands(self, secured: ssl.SSLSocket) -> bool:
        """Agree on keys; False when the client takes too long or the server stops."""
        while not self._stopped and not self._is_overdue():
            try:
                secured.do_handshake()
                return True
            except ssl.SSLWantReadError:
                self._poll(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._poll(select.POLLOUT)
        return False

    def _send(self) -> None:
        try:
            sent = self._socket.send(self._pending)
        except _NOT_NOW:
            return
        self._pending = self._pending[sent:]
        self._moved = time.monotonic()

    def _wait(self) -> bool:
        """Until the socket or the backlog has something, or a tick has passed; whether it may be the socket."""
        if self._pending:
            return self._poll(select.POLLOUT)
        # Armed first, then looked at once more: a record that comes in between is seen by one of the two.
        self._waker.arm()
        self._session.notice()
        self._pending = memoryview(self._session.step())
        if self._pending or not self._session.idle:
            return False
        readable = self._poll(select.POLLIN)
        self._session.notice()
        return readable

    def _poll(self, events: int) -> bool:
        self._waiting.modify(self._socket, events)
        ready = [descriptor for descriptor, _ in self._waiting.poll(TICK_S * 1000)]
        if self._waker.fileno() in ready:
            self._waker.drain()
        return self._socket.fileno() in ready

    def _receive(self) -> bool:
        """Read what has arrived; False when the client has left."""
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except _NOT_NOW:
            return True
        if data:
            self._session.receive(data)
            self._moved = time.monotonic()
        return bool(data)

    def _is_overdue(self) -> bool:
        quiet_s = time.monotonic() - self._moved
        if self._pending and quiet_s > STALL_TIMEOUT_S:
            _log.warning("%s: took nothing for %.0f s, connection closed", self.peer, quiet_s)
            return True
        if not self._session.streaming and quiet_s > HANDSHAKE_TIMEOUT_S:
            _log.info("%s: said nothing for %.0f s, connection closed", self.peer, quiet_s)
            return True
        return False
