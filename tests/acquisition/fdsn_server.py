"""An FDSN web service on loopback that misbehaves on command: real sockets, real HTTP."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from acquisition import mseed
from houfeng.times import parse_ns
from houfeng.types import Packet
from tests.acquisition.digest import Doorman

MSEED = "application/vnd.fdsn.mseed"
LONG_S = 60.0

Answer = Callable[["Handler", bytes], None]


@dataclass
class FdsnServer:
    """What a data centre holds, what it does wrong with the next requests, and what it was asked.

    Parameters
    ----------
    records : miniSEED, in any order
    answers : for the first requests of dataselect, in order; later ones are answered soundly
    others : answers of the other services, by name; without one a service is not offered (404)
    restricted : stations whose records only those get whom `doorman` lets in
    """

    records: list[Packet]
    answers: list[Answer] = field(default_factory=list)
    others: dict[str, Answer] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    restricted: tuple[str, ...] = ()
    doorman: Doorman = field(default_factory=Doorman)
    gone: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    scheme: str = "http"

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def select(self, request: str, *, restricted: bool = True) -> bytes:
        """Whole records that hold samples of what a request's lines ask for, as most data centres answer."""
        wanted = [line.split() for line in request.splitlines() if "=" not in line]
        found = {}
        for net, sta, loc, cha, start, end in wanted:
            pattern = f"{net}.{sta}.{loc.replace('--', '')}.{cha}"
            for packet in self.records:
                inside = packet.start_ns <= parse_ns(end) and packet.next_ns > parse_ns(start)
                allowed = restricted or packet.source_id.station not in self.restricted
                if inside and allowed and fnmatchcase(str(packet.source_id), pattern):
                    found[packet.raw] = packet
        return b"".join(p.raw for p in sorted(found.values(), key=lambda p: (p.source_id, p.start_ns)))


class Handler(BaseHTTPRequestHandler):
    """One connection; the answers below use `send` and `wfile`."""

    data: FdsnServer

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        service, query = self.path.split("/")[2], self.path.split("/")[4]
        if query not in ("query", "queryauth"):
            self.data.others.get(query, status(404, b"Not found"))(self, request.encode())
            return
        if query == "queryauth" and not self.data.doorman.lets_in(self):
            return
        if service != "dataselect":
            self.data.others.get(service, status(404, b"Not found"))(self, request.encode())
            return
        self.data.bodies.append(request)
        self.data.times.append(time.monotonic())
        answer = self.data.answers.pop(0) if self.data.answers else sound
        answer(self, self.data.select(request, restricted=query == "queryauth"))

    def send(self, status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def sound(handler: Handler, body: bytes) -> None:
    if body:
        handler.send(200, body, length=len(body), Content_Type=MSEED)
    else:
        handler.send(204)


def status(number: int, text: bytes = b"", **headers: str) -> Answer:
    """An answer of this status and nothing of use."""
    return lambda handler, body: handler.send(number, text, length=len(text), **headers)


def always(xml: bytes) -> Answer:
    """The same document whatever is asked for."""
    return lambda handler, body: handler.send(200, xml, Content_Type="application/xml")


def page(handler: Handler, body: bytes) -> None:
    """A login page where data should be, as captive portals and broken proxies send it."""
    text = b"<!DOCTYPE html><html><body>Please sign in</body></html>" * 20
    handler.send(200, text, length=len(text), Content_Type="text/html")


def cut_without_length(share: float) -> Answer:
    """A 200 that ends early and never said how long it would be: HTTP calls it complete."""
    return lambda handler, body: handler.send(200, body[: int(len(body) * share)], Content_Type=MSEED)


def cut_with_length(share: float) -> Answer:
    """A 200 that ends before the length it announced."""
    return lambda handler, body: handler.send(200, body[: int(len(body) * share)], length=len(body))


def cut_in_chunk(handler: Handler, body: bytes) -> None:
    """A chunked 200 whose connection ends in the middle of a chunk."""
    handler.protocol_version = "HTTP/1.1"
    half = body[: len(body) // 2]
    handler.send(200, b"%x\r\n%s\r\n%x\r\n" % (len(half), half, len(half)) + half[:100], Transfer_Encoding="chunked")
    handler.close_connection = True


def stall_in_body(share: float) -> Answer:
    """Sends a part and then nothing, with the connection open."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.send(200, body[: int(len(body) * share)], length=len(body), Content_Type=MSEED)
        handler.wfile.flush()
        handler.data.gone.wait(LONG_S)

    return answer


def drip(part: bytes) -> Answer:
    """A byte now and then for ever: no timeout of a single read ever comes."""

    def answer(handler: Handler, body: bytes) -> None:
        while not handler.data.gone.wait(0.05):
            try:
                handler.wfile.write(part)
            except OSError:
                return

    return answer


@contextmanager
def serving(
    records: list[Packet], answers: list[Answer] | None = None, *, tls: Path | None = None
) -> Iterator[FdsnServer]:
    """The service while the block lasts; with TLS when a file with key and certificate is given."""
    data = FdsnServer(records, list(answers or []), scheme="https" if tls else "http")
    handler = type("Handler", (Handler,), {"data": data})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.handle_error = ignore  # type: ignore[method-assign]  # clients that hang up are what is tested
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        data.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield data
        finally:
            data.gone.set()
            server.shutdown()
            thread.join()


def ignore(*connection: Any) -> None:
    """A client that hung up, or an answer that broke off."""


def packets_of(raws: list[bytes]) -> list[Packet]:
    return [mseed.decode(raw) for raw in raws]
