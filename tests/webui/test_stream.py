"""The event stream through a real gunicorn: changes arrive, silence is noticed, stopping is quick."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse

import pytest

from database.store import Store
from houfeng.errors import SourceError
from tests.webui.conftest import make_status
from webui import serve
from webui.app import create_app
from webui.settings import WebSettings
from webui.stream import Changes

_PROGRAM = """
import sys
from database.store import Store
from webui import serve
from webui.app import create_app
from webui.settings import WebSettings
page = WebSettings(port=int(sys.argv[1]))
serve._THREADS = int(sys.argv[3])
serve.run(page, lambda: create_app(page, Store.open(sys.argv[2])))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(url: str, n_threads: int = 400) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Port and process of the page, once it answers."""
    port = free_port()
    command = [sys.executable, "-c", _PROGRAM, str(port), url, str(n_threads)]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
                        assert json.load(answer) == {"alive": True}
                    break
                except OSError:
                    assert time.monotonic() < until, "the page did not start"
                    time.sleep(0.1)
            yield port, process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def stream(port: int) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/api/v1/stream")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type", "").startswith("text/event-stream")
        yield answer
    finally:
        connection.close()


def event(answer: HTTPResponse, name: str) -> dict[str, str]:
    """The next event of this name."""
    fields: dict[str, str] = {}
    while line := answer.readline().decode():
        field, _, value = line.rstrip("\n").partition(": ")
        if field:
            fields[field] = value
        elif fields.get("event") == name:
            return fields
        else:
            fields = {}
    pytest.fail(f"the stream ended before {name}")


def test_a_write_of_another_process_reaches_every_client(filled: Store, url: str) -> None:
    with served(url) as (port, _), stream(port) as one, stream(port) as two:
        first = [event(each, "change") for each in (one, two)]
        began = time.monotonic()
        with filled.begin() as unit:
            unit.save_statuses([make_status("II.AAK")])
        then = [event(each, "change") for each in (one, two)]
        assert time.monotonic() - began < 15
        assert int(then[0]["id"]) == int(then[1]["id"]) > int(first[0]["id"])
        assert event(one, "beat")["data"].endswith("Z")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_open_streams(filled: Store, url: str, number: signal.Signals) -> None:
    with ExitStack() as stack:
        port, process = stack.enter_context(served(url))
        streams = [stack.enter_context(stream(port)) for _ in range(20)]
        for each in streams:
            event(each, "change")
        began = time.monotonic()
        process.send_signal(number)
        process.wait(60)
        assert time.monotonic() - began < 15
        assert process.returncode == 0
        assert all(each.read().decode().count("event") <= 1 for each in streams)


def test_who_asks_without_an_end_keeps_no_thread_from_the_others(url: str) -> None:
    n_asked, n_bytes = 20_000, [0]

    def read(greedy: socket.socket) -> None:
        while content := greedy.recv(65536):
            n_bytes[0] += len(content)

    def ask(greedy: socket.socket) -> None:
        with suppress(OSError):  # it is closed in the middle
            greedy.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * n_asked)

    with served(url, n_threads=1) as (port, _), ThreadPoolExecutor(2) as pool:
        greedy = socket.create_connection(("127.0.0.1", port))
        try:
            pool.submit(ask, greedy)
            pool.submit(read, greedy)
            while not n_bytes[0]:
                time.sleep(0.01)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=60) as answer:
                assert json.load(answer) == {"alive": True}
            # an answer has some 100 bytes at least
            assert n_bytes[0] < 100 * n_asked
        finally:
            greedy.shutdown(socket.SHUT_RDWR)
            greedy.close()


def test_what_follows_on_a_connection_is_answered_at_once_later_and_both_together(url: str) -> None:
    with served(url) as (port, _), socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        answers = one.makefile("rb")
        asked = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for n_together, wait_s in ((1, 0.0), (1, 0.2), (2, 0.0), (1, 0.2)):
            one.sendall(asked * n_together)
            for _ in range(n_together):
                head = b"".join(iter(answers.readline, b"\r\n"))
                assert head.startswith(b"HTTP/1.1 200")
                length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
                assert json.loads(answers.read(int(length.split()[1]))) == {"alive": True}
            time.sleep(wait_s)


def test_a_port_in_use_names_the_option_that_changes_it(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SourceError, match=rf"port {port} on 127\.0\.0\.1 .*in use.*--port"):
            serve.run(WebSettings(port=port), lambda: create_app(WebSettings(), Store.open(url)))


def test_one_thread_asks_the_database_for_all(filled: Store) -> None:
    changes = Changes(filled)
    before = threading.active_count()
    seen = [changes.wait(-1, 5) for _ in range(3)]
    assert len(set(seen)) == 1
    assert threading.active_count() == before + 1
    assert changes.wait(seen[0], 0.05) == seen[0]
    changes.close()
    assert changes.wait(seen[0], 30) == seen[0]  # at once
