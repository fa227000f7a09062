"""A TCP proxy in front of a SeedLink server that does what bad links do, a hundred lines of it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

# A packet of version 4 with a miniSEED 2 data record, up to the next one.
_PACKET_V4 = re.compile(rb"SE2D(?:(?!SE2D).)*", re.DOTALL)
# The same of version 3; INFO packets begin otherwise.
_PACKET_V3 = re.compile(rb"SL[0-9A-F]{6}[0-9]{6}(?:(?!SL[0-9A-F]{6}[0-9]{6}).)*", re.DOTALL)


@dataclass(frozen=True)
class Fault:
    """What happens to one connection, once the server has sent so many bytes.

    cut: closed in the middle of a packet; stall: nothing more, but open; garbage, duplicate, reorder: between packets;
    delay: everything from then on comes late.
    """

    kind: Literal["cut", "stall", "garbage", "duplicate", "reorder", "delay"]
    after_bytes: int


class FaultProxy:
    """Forwards connections to a server on loopback; the first connections each meet one of the faults.

    Parameters
    ----------
    port : of the server; may be changed while the proxy runs
    faults : one a connection, in order; later connections meet none
    tls : what clients are answered with; None talks in the clear
    only_v3 : whether the server's version 4 is kept from the clients
    """

    def __init__(
        self, port: int, faults: Iterable[Fault] = (), *, tls: ssl.SSLContext | None = None, only_v3: bool = False
    ) -> None:
        self.server_port = port
        self.n_connections = 0
        self._faults = list(faults)
        self.n_spoilt = 0
        self._tls, self._only_v3 = tls, only_v3
        self._packet = _PACKET_V3 if only_v3 else _PACKET_V4
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.drop()
        for thread in self._threads:
            thread.join()
        for one in (*self._sockets, self._listener):
            one.close()

    def drop(self) -> None:
        """Close every connection."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.n_connections += 1
            try:
                client = self._tls.wrap_socket(client, server_side=True) if self._tls else client
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:  # a client that does not trust us, or no server
                client.close()
                continue
            self._sockets += [client, server]
            self._start(self._upstream, client, server)
            self._start(self._downstream, server, client, self._faults.pop(0) if self._faults else None)

    def _upstream(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _downstream(self, server: socket.socket, client: socket.socket, fault: Fault | None) -> None:
        n_sent = 0
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self._only_v3:
                    data = data.replace(b"SLPROTO:4.0", b"SLPROTO:3.0")  # as long: it is inside INFO records too
                n_sent += len(data)
                if fault is None or n_sent <= fault.after_bytes:
                    client.sendall(data)
                elif fault.kind == "cut":
                    client.sendall(data[: len(data) // 2 + 7])
                    break
                else:
                    client.sendall(self._spoil(data, fault))
                    fault = fault if fault.kind in ("stall", "delay") else None
        for one in (client, server):  # closing alone would not end the thread that reads the other way
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _spoil(self, data: bytes, fault: Fault) -> bytes:
        packets = self._packet.findall(data)
        self.n_spoilt += 1
        if fault.kind == "delay":
            time.sleep(0.2)
            return data
        if fault.kind == "stall":
            return b""
        head = data[: data.find(packets[0])] if packets else data
        if fault.kind == "garbage":
            return head + b"\x00garbage\xff" * 50 + b"".join(packets)
        *whole, last = packets or [b""]  # of the last one, more may come
        if fault.kind == "duplicate":
            return head + b"".join(packet * 2 for packet in whole) + last
        return head + b"".join(reversed(whole)) + last
