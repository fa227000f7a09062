"""HTTP for those who watch the daemon: is it alive, is it ready, what does it measure."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from prometheus_client import CollectorRegistry, make_wsgi_app
from waitress.channel import HTTPChannel
from waitress.server import create_server

from acquisition.daemon.status import Status

_log = logging.getLogger(__name__)

_THREADS = 2
# A connection that says nothing for so long is closed; the answers are a few kB.
_SILENCE_S = 5
_MAX_CONNECTIONS = 50
# However lively, a connection ends after this: one that sends a byte now and then would keep its place for ever, and
# fifty of them would shut out all others. An answer takes milliseconds; Prometheus connects anew.
_LIFE_S = 15.0
_MAX_HEADER_BYTES = 8192
# None of the requests has a body.
_MAX_BODY_BYTES = 1024
_TEXT = "text/plain; charset=utf-8"

Answer = tuple[str, str, str]


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection with an end: waitress's own limit begins anew with every byte."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._until_s = time.monotonic() + _LIFE_S

    def writable(self) -> bool:
        """Asked at least once a second by the loop, which parts from what will close."""
        if time.monotonic() > self._until_s:
            self.will_close = True
        return bool(super().writable())


class Probe:
    """Answers /livez, /readyz, /status and /metrics in threads of its own, few and limited: nobody who asks, however
    rude, delays a record.

    Parameters
    ----------
    host, port : to listen on; port 0 for any
    status : at the moment of the call
    metrics : for /metrics

    Raises
    ------
    OSError : if the address cannot be listened on
    """

    def __init__(self, host: str, port: int, status: Callable[[], Status], metrics: CollectorRegistry) -> None:
        self._status = status
        self._metrics = make_wsgi_app(metrics)
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = listening.getsockname()[1]
        # It warns of every request that waits for a thread, and of every connection above the limit.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._server: Any = create_server(
            self._answer,
            sockets=[listening],
            threads=_THREADS,
            connection_limit=_MAX_CONNECTIONS,
            channel_timeout=_SILENCE_S,
            cleanup_interval=1,
            max_request_header_size=_MAX_HEADER_BYTES,
            max_request_body_size=_MAX_BODY_BYTES,
            ident=None,
        )
        self._server.channel_class = _Channel
        self._thread = threading.Thread(target=self._server.run, name="probe", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more; the port is free when this returns."""
        server = self._server

        def end() -> None:
            for channel in list(server.active_channels.values()):
                channel.handle_close()
            server.close()

        server.trigger.pull_trigger(end)  # the loop's own thread alone may close what it waits for
        self._thread.join()
        server.task_dispatcher.shutdown()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            status, kind, text = "405 Method Not Allowed", _TEXT, "GET or HEAD is needed\n"
        elif path == "/metrics":
            scraped: Iterable[bytes] = self._metrics(environ, start_response)
            return scraped
        elif path in _ANSWERS:
            status, kind, text = _ANSWERS[path](self._status())
        else:
            status, kind, text = "404 Not Found", _TEXT, f"there are {', '.join(_ANSWERS)} and /metrics\n"
        body = text.encode()
        start_response(
            status,
            [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")],
        )
        return [body] if method == "GET" else []


def _alive(status: Status) -> Answer:
    return _verdict(status.stuck)


def _ready(status: Status) -> Answer:
    return _verdict(status.faults)


def _verdict(faults: Iterable[str]) -> Answer:
    text = "".join(f"{fault}\n" for fault in faults)
    return ("503 Service Unavailable", _TEXT, text) if text else ("200 OK", _TEXT, "ok\n")


def _json(status: Status) -> Answer:
    return "200 OK", "application/json", json.dumps(asdict(status) | {"faults": status.faults}, ensure_ascii=False)


_ANSWERS: dict[str, Callable[[Status], Answer]] = {"/livez": _alive, "/readyz": _ready, "/status": _json}
