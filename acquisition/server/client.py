"""One client of the SeedLink server: its socket, its session, and what it has not taken yet."""

from __future__ import annotations

import enum
import logging
import socket
import ssl
import time

from acquisition.server.session import Session

# A connection that neither asks for records nor for INFO gives its place to another after this long.
HANDSHAKE_TIMEOUT_S = 120.0
# Nothing taken for this long: the client is gone without a word, or will reconnect and resume.
STALL_TIMEOUT_S = 120.0

# A whole TLS record: what is left of one would not wake anybody.
_RECEIVE_BYTES = 16384
# Found dead after idle + interval x count = 60 s, as long as nothing waits to be sent.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))

_log = logging.getLogger(__name__)


class Needs(enum.Enum):
    """What a client needs to go on."""

    INPUT = "bytes from the client"
    ROOM = "room for bytes to the client"
    TURN = "another turn"
    TIME = "a worker: the next step may take long"
    NOTHING = "nothing: it is over"


class Client:
    """Moves bytes between one socket and its session; memory is bounded by one answer or batch of records.

    For one thread at a time. No call waits for the socket; all may raise OSError when the connection breaks.
    """

    def __init__(self, connection: socket.socket, session: Session, peer: str) -> None:
        self.peer = peer
        self.session = session
        self.socket = connection
        self.events = 0  # that its selector watches for
        self.is_broken = False
        self.moved_s = time.monotonic()
        self._pending = memoryview(b"")
        # In a TLS handshake: what it waits for, or TIME when it can go on.
        self._securing = Needs.TIME if isinstance(connection, ssl.SSLSocket) else None
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in _KEEPALIVE:
            connection.setsockopt(socket.IPPROTO_TCP, option, seconds)

    @property
    def has_pending(self) -> bool:
        """Whether bytes wait for room."""
        return bool(self._pending)

    def turn(self) -> Needs:
        """Send what waits, or take a step that is quick."""
        if self.is_broken:
            return Needs.NOTHING
        if self._securing is not None:
            return self._securing
        if not self._pending:
            if self.session.closing:
                return Needs.NOTHING
            if self.session.idle:
                return Needs.INPUT
            if not self.session.quick:
                return Needs.TIME
            self._pending = memoryview(self.session.step())
        if self._pending:
            needs = self._send()
            if self._pending:
                return needs
        return Needs.INPUT if self.session.idle else Needs.TURN

    def work(self) -> None:
        """Take a step that may take long; `turn` comes next."""
        if self._securing is None:
            self._pending = memoryview(self.session.step())
        else:
            assert isinstance(self.socket, ssl.SSLSocket)
            self._secure(self.socket)

    def ready(self, *, readable: bool) -> bool:
        """The socket has what was needed: take it in; False when the client has left."""
        if self._securing is not None:
            self._securing = Needs.TIME
        elif readable and not self._pending and not self.session.has_commands:
            return self._receive()
        return True

    def is_overdue(self) -> bool:
        """Whether the client had its time: to ask for something, or to take what it asked for."""
        quiet_s = time.monotonic() - self.moved_s
        if self._pending and quiet_s > STALL_TIMEOUT_S:
            _log.warning("%s: took nothing for %.0f s, connection closed", self.peer, quiet_s)
            return True
        if not self.session.streaming and quiet_s > HANDSHAKE_TIMEOUT_S:
            _log.info("%s: said nothing for %.0f s, connection closed", self.peer, quiet_s)
            return True
        return False

    def close(self) -> None:
        self.socket.close()

    def _secure(self, secured: ssl.SSLSocket) -> None:
        try:
            secured.do_handshake()
            self._securing = None
        except ssl.SSLWantReadError:
            self._securing = Needs.INPUT
        except ssl.SSLWantWriteError:
            self._securing = Needs.ROOM

    def _send(self) -> Needs:
        try:
            sent = self.socket.send(self._pending)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return Needs.ROOM
        except ssl.SSLWantReadError:
            return Needs.INPUT
        self._pending = self._pending[sent:]
        self.moved_s = time.monotonic()
        return Needs.TURN

    def _receive(self) -> bool:
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        if data:
            self.session.receive(data)
            self.moved_s = time.monotonic()
        return bool(data)
