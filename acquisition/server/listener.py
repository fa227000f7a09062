"""The SeedLink server: where it listens, and whom it lets in."""

from __future__ import annotations

import errno
import socket
from types import TracebackType
from typing import Self

from acquisition.server.access import Access
from acquisition.server.client import Client
from acquisition.server.demand import Demands
from acquisition.server.info import Identity
from acquisition.server.loop import Loop
from acquisition.server.ring import Backlog
from acquisition.server.session import Session
from acquisition.server.tls import Certificate
from houfeng import __version__
from houfeng.errors import SourceError
from houfeng.times import now_ns

# Each costs a socket and some 10 kB; a national centre's SeedLink server has some tens of clients.
MAX_CLIENTS = 200


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
        self._certificate = certificate
        self._listener = _listen(host, port)
        self._tls_listener = None
        if certificate is not None:
            try:
                self._tls_listener = _listen(host, tls_port)
            except SourceError:
                self._listener.close()
                raise
        self._demands = Demands()
        self._loop = Loop(self._listeners(), self._admit, backlog, max_clients)
        self._closed = False

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._listener.getsockname()[1])

    @property
    def tls_port(self) -> int | None:
        """The port listened on for TLS; None without a certificate."""
        return None if self._tls_listener is None else int(self._tls_listener.getsockname()[1])

    @property
    def n_clients(self) -> int:
        """Connections that are open."""
        return self._loop.n_clients

    def close(self) -> None:
        """Stop listening, close every connection and wait for the threads; calling it twice is allowed."""
        if self._closed:
            return
        self._closed = True
        self._loop.close()
        for listener in self._listeners():
            listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listeners(self) -> list[socket.socket]:
        return [self._listener] if self._tls_listener is None else [self._listener, self._tls_listener]

    def _admit(self, listener: socket.socket, connection: socket.socket, address: tuple[str, int]) -> Client:
        host, port = address[:2]
        if listener is self._tls_listener and self._certificate is not None:
            context = self._certificate.context()
            connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        peer = f"{host}:{port}"
        session = Session(self._access.view(self.backlog, host), self._identity, peer, self._demands)
        return Client(connection, session, peer)


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
        listener.listen(socket.SOMAXCONN)  # who does not fit in the queue tries again after a second
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        used = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if used else str(error)
        raise SourceError(f"{host}:{port}: cannot listen there: {reason}") from error
    return listener
