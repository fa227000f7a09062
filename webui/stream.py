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

blueprint = Blueprint("stream", __name__)

_log = logging.getLogger(__name__)

_POLL_S = 0.5
# A comment this often keeps proxies from closing a quiet stream, and finds clients that are gone.
_HEARTBEAT_S = 5.0


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
        self._thread: threading.Thread | None = None

    def wait(self, seen: int, timeout_s: float) -> int:
        """The change number as soon as it is not `seen`, or after the timeout."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._poll, name="changes", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._version != seen, timeout_s)
            return self._version

    def _poll(self) -> None:
        pause = threading.Event()
        while True:
            try:
                with self._store.read() as snapshot:
                    version = queries.state_version(snapshot)
            except StoreError as error:
                _log.warning("%s", error)
            else:
                with self._changed:
                    if version != self._version:
                        self._version = version
                        self._changed.notify_all()
            pause.wait(_POLL_S)


@blueprint.get("/api/v1/stream")
def stream() -> Response:
    """An event `change` with the change number at every change, the current one first; comments in between."""
    changes: Changes = current_app.extensions["changes"]

    def events() -> Iterator[str]:
        seen = -1
        yield "retry: 2000\n\n"
        while True:
            version = changes.wait(seen, _HEARTBEAT_S)
            if version == seen:
                yield ": alive\n\n"
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
    store: Store = current_app.config["STORE"]
    try:
        with store.read() as snapshot:
            queries.state_version(snapshot)
    except StoreError as error:
        response = jsonify({"ready": False, "reason": str(error)})
        response.status_code = 503
        return response
    return jsonify({"ready": True})
