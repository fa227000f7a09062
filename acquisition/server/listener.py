"""The sockets of the SeedLink server: one thread accepts, one thread a client moves bytes."""

from __future__ import annotations

import errno
import logging
import select
import socket
import threading
import time
from types import TracebackType
from typing import Self

from acquisition.server.access import Access
from acquisition.server.connection import Connection, Waker
from acquisition.server.info import Identity
from acquisition.server.ring import Backlog
from acquisition.server.session import Session
from acquisition.server.tls import Certificate
from houfeng import __version__
from houfeng.errors import SourceError
from houfeng.times import now_ns

# Each costs a thread and two sockets; a national centre's SeedLink server has some tens of clients.
MAX_CLIENTS = 200
# Out of file descriptors, memory or threads: how long to wait for some to be freed.
ACCEPT_RETRY_S = 1.0

_log = logging.getLogger(__name__)


class SeedLinkServer:
    """Serves a backlog to SeedLink clients, versions 3.1 and 4.0, until it is closed.

    Parameters
    ----------
    host, port : where to listen; port 0 takes any free one
    backlog : records to serve; may grow while the server runs
    organization : what HELLO and INFO say about who runs it
    access : which stations which address may see
    max_clients : connections at a time; further ones are refused
    certificate, tls_port : where to listen for TLS as well, if there is a certificate

    Raises
    ------
    SourceError : if an address cannot be listened on; the message names it

    Examples
    --------
    >>> with SeedLinkServer("127.0.0.1", 0, Ring()) as server:  # doctest: +SKIP
    ...     print(server.port)
    """

    def __init__(
        self,
        host: str,
        port: int,
        backlog: Backlog,
        *,
        organization: str = "Houfeng",
        access: Access | None = None,
        max_clients: int = MAX_CLIENTS,
        certificate: Certificate | None = None,
        tls_port: int = 0,
    ) -> None:
        self.backlog = backlog
        self._identity = Identity(f"Houfeng/{__version__}", organization, now_ns())
        self._access = access or Access()
        self._max_clients = max_clients
        self._certificate = certificate
        self._listener = _listen(host, port)
        self._tls_listener = None
        if certificate is not None:
            try:
                self._tls_listener = _listen(host, tls_port)
            except SourceError:
                self._listener.close()
                raise
        self._clients: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()
        self._waker = Waker()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="seedlink-accept", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._listener.getsockname()[1])

    @property
    def tls_port(self) -> int | None:
        """The port listened on for TLS; None without a certificate."""
        return None if self._tls_listener is None else int(self._tls_listener.getsockname()[1])

    def close(self) -> None:
        """Stop listening, close every connection and wait for the threads; calling it twice is allowed."""
        if self._closed:
            return
        self._closed = True
        self._waker.wake()
        self._thread.join()
        for listener in self._listeners():
            listener.close()
        with self._lock:
            clients = dict(self._clients)
        for client in clients.values():
            client.stop()
        for thread in clients:
            thread.join()
        self._waker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listeners(self) -> list[socket.socket]:
        return [self._listener] if self._tls_listener is None else [self._listener, self._tls_listener]

    def _accept(self) -> None:
        waiting = select.poll()
        waiting.register(self._waker, select.POLLIN)
        listeners = {listener.fileno(): listener for listener in self._listeners()}
        for descriptor in listeners:
            waiting.register(descriptor, select.POLLIN)
        while not self._closed:
            for descriptor, _ in waiting.poll():
                if descriptor in listeners and not self._closed:
                    self._accept_one(listeners[descriptor])

    def _accept_one(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
            try:
                self._admit(connection, address[0], address[1], secured=listener is self._tls_listener)
            except BaseException:
                connection.close()
                raise
        except (BlockingIOError, ConnectionAbortedError):
            return  # the client left before it was accepted
        except (OSError, RuntimeError) as error:
            _log.error("cannot accept a connection: %s", error)
            time.sleep(ACCEPT_RETRY_S)

    def _admit(self, connection: socket.socket, host: str, port: int, *, secured: bool) -> None:
        peer = f"{host}:{port}"
        with self._lock:
            if len(self._clients) >= self._max_clients:
                _log.warning("%s: refused, %d clients are connected already", peer, self._max_clients)
                connection.close()
                return
            if secured and self._certificate is not None:
                context = self._certificate.context()
                connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            backlog = self._access.view(self.backlog, host)
            client = Connection(connection, Session(backlog, self._identity, peer), backlog, peer)
            thread = threading.Thread(target=self._serve, args=(client,), name=f"seedlink-{peer}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads
                client.release()
                raise
            self._clients[thread] = client

    def _serve(self, client: Connection) -> None:
        try:
            client.run()
        except OSError as error:
            _log.info("%s: connection lost: %s", client.peer, error)
        except Exception:
            _log.exception("%s: internal error, connection closed", client.peer)
        finally:
            client.release()
            with self._lock:
                self._clients.pop(threading.current_thread(), None)


def _listen(host: str, port: int) -> socket.socket:
    # The resolver would quietly take port 70000 for 4464.
    if not 0 <= port < 65536:
        raise SourceError(f"{host}:{port}: cannot listen there: a port from 0 to 65535 is needed")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SourceError(f"{host}:{port}: cannot listen there: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(64)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        used = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if used else str(error)
        raise SourceError(f"{host}:{port}: cannot listen there: {reason}") from error
    return listener
