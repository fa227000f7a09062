"""`/api/v1/stream`: tells pages that something changed (Server-Sent Events), and whether we are alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, jsonify

from database import queries
from database.store import Store
from houfeng.errors import StoreError
from houfeng.times import format_ns, now_ns
from webui import reading

blueprint = Blueprint("stream", __name__)

_log = logging.getLogger(__name__)

_POLL_S = 0.5
# Often enough that a page sees a dead connection within 10 s, and that proxies keep a quiet stream open.
_HEARTBEAT_S = 4.0


class Changes:
    """The database's change number, asked by one thread for all clients of this process.

    Parameters
    ----------
    store : is asked every half second, from the first client on
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether streams should end."""
        return self._closed.is_set()

    def wait(self, seen: int, timeout_s: float) -> int:
        """The change number as soon as it is not `seen`, or after the timeout, or when all is closed."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._poll, name="changes", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._version != seen or self.closed, timeout_s)
            return self._version

    def close(self) -> None:
        """End all streams; may be called in a signal handler."""
        self._closed.set()

    def _poll(self) -> None:
        away = False
        while not self.closed:
            try:
                with self._store.read() as snapshot:
                    version = queries.state_version(snapshot)
            except StoreError as error:
                if not away:
                    _log.warning("%s", error)
                away = True
            else:
                away = False
                self._tell(version)
            self._closed.wait(_POLL_S)
        self._tell(self._version)

    def _tell(self, version: int) -> None:
        with self._changed:
            if version != self._version or self.closed:
                self._version = version
                self._changed.notify_all()


@blueprint.get("/api/v1/stream")
def stream() -> Response:
    """Events `change` with the change number, the current one first, and `beat` in between; data is the server's time.

    A comment would keep the connection open too, but no script sees comments, and a page must notice silence.
    """
    changes: Changes = current_app.extensions["changes"]

    def events() -> Iterator[str]:
        seen = -1
        yield "retry: 2000\n\n"
        while True:
            version = changes.wait(seen, _HEARTBEAT_S)
            if changes.closed:
                return
            if version == seen:
                yield f"event: beat\ndata: {format_ns(now_ns())}\n\n"
            else:
                seen = version
                yield f"event: change\nid: {version}\ndata: {format_ns(now_ns())}\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events(), mimetype="text/event-stream", headers=headers)


@blueprint.get("/livez")
def livez() -> Response:
    """This process answers."""
    return jsonify({"alive": True})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers too; 503 when it does not."""
    try:
        reading.read(queries.state_version)
    except StoreError as error:
        response = jsonify({"ready": False, "reason": str(error)})
        response.status_code = 503
        return response
    return jsonify({"ready": True})
