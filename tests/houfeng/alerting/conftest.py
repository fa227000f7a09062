"""Recipients that run: a mail server, a web server; and a store with an alert that they are to be told of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from acquisition.heartbeat import Heartbeat
from database import alerts, deliveries
from database.deliveries import Delivery
from database.store import Store
from houfeng.alerting.deliverer import Deliverer, Post
from houfeng.alerting.settings import DeliverySettings, RecipientSettings, SmtpSettings
from houfeng.times import now_ns
from stations.alerts.alert import Alert, Child, Step
from stations.alerts.words import Action, Kind, Severity

OPENED_NS = now_ns()
ALERT = Alert(
    Kind.SERVER,
    "server s",
    Severity.CRITICAL,
    OPENED_NS,
    "server",
    "Server s is not connected",
    (Child("KR.NRN", OPENED_NS), Child("KZ.AAK", OPENED_NS)),
)
OPENED = Step(ALERT.alert_id, OPENED_NS, Action.OPENED, "houfeng", "Server s is not connected")
COUNTRIES = {"KR.NRN": "KG", "KZ.AAK": "KZ"}


class Mailbox(MessageHandler):
    """Keeps what came."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@contextmanager
def mail_server(port: int, **options: Any) -> Iterator[Mailbox]:
    """A real SMTP server on this port."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


class Hook:
    """A web server that answers as it is told, and then 200; every request is kept."""

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers
        self.requests: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.answers.pop(0) if hook.answers else 200
                hook.requests.append((dict(self.headers), body))
                self.send_response(status)
                if status in (301, 307):
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(f"said {status}".encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Hook:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def keys(self) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.requests]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    with opened.begin() as unit:
        alerts.save(unit, [ALERT], [OPENED], [])
    yield opened
    opened.close()


@pytest.fixture
def told(store: Store) -> Callable[[], list[Delivery]]:
    """Every delivery about the alert."""

    def read() -> list[Delivery]:
        with store.read() as snapshot:
            return deliveries.of_alert(snapshot, ALERT.alert_id)

    return read


@contextmanager
def delivering(
    store: Store, *recipients: RecipientSettings, smtp: SmtpSettings | None = None, **settings: float
) -> Iterator[Deliverer]:
    """The thread at work, impatient."""
    times = DeliverySettings(**{"retry_min_s": 0.05, "retry_max_s": 0.2, "timeout_s": 5.0, **settings})
    post = Post(recipients, smtp or SmtpSettings(), times, COUNTRIES)
    deliverer = Deliverer(store, lambda: post, Heartbeat(), look_s=0.02)
    deliverer.start()
    try:
        yield deliverer
    finally:
        deliverer.stop()
