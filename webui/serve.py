"""The application under gunicorn, in this process."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.gthread import ThreadWorker

from houfeng.errors import SourceError
from webui.front import Front
from webui.settings import WebSettings

# One process with many threads: an open event stream holds a thread, and 2 x 32 died at 100 streams.
_THREADS = 400
# Pages and JSON are made in milliseconds; streams are ended by us.
_STOP_S = 1
# A browser asks for what a page needs right after it, on the same connection. Giving that back to the one thread that
# waits for all takes as long as an answer from memory, so its thread waits this long itself, and then for the others:
# who asks without an end must not keep a thread for himself.
_LINGER_MS, _MOST_IN_A_ROW = 10, 100


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Answers what follows on a connection in the same thread.

    Ends the event streams when it is told to stop: they would hold it until it is killed.
    """

    def handle(self, conn: Any) -> Any:
        is_kept = super().handle(conn)
        for _ in range(_MOST_IN_A_ROW):
            # anything else than True is for gunicorn to know
            if is_kept is not True or not self.alive or not _asks_soon(conn.sock):
                break
            is_kept = super().handle(conn)
        return is_kept

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        app = getattr(self, "wsgi", None)
        if isinstance(app, Flask):
            app.extensions["changes"].close()


def _asks_soon(connection: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(_LINGER_MS))


class _Logger(GunicornLogger):  # type: ignore[misc]
    """gunicorn's messages among ours, in the form that the process has chosen for them."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: WebSettings, make: Callable[[], Flask]) -> None:
        self._settings = settings
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "workers": 1,
            "worker_class": _Worker,
            "threads": _THREADS,
            "graceful_timeout": _STOP_S,
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
        }
        for key, value in options.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> Flask:
        # after the fork: connections must not be shared with the parent
        app = self._make()
        app.wsgi_app = Front(app.wsgi_app)  # type: ignore[method-assign]
        return app


def run(settings: WebSettings, make: Callable[[], Flask]) -> None:
    """Serve until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : where to listen
    make : the application, with connections of its own

    Raises
    ------
    SourceError : if the address cannot be listened on
    """
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SourceError(
                f"port {settings.port} on {settings.host} cannot be listened on: {error.strerror or error}; "
                "choose another with --port"
            ) from error
    _Server(settings, make).run()
