"""`houfeng run` as a process, and the records of a small network for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest

from acquisition.records import pack
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId

_BEGAN_NS = now_ns() // NS_PER_S * NS_PER_S - 2400 * NS_PER_S


def wait_for(what: str, condition: Callable[[], object], seconds: float = 120, *, shown: Path | None = None) -> None:
    """Return as soon as the condition holds; fail the test, with a log where one is named, when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"{what}: not within {seconds:g} s\n{shown.read_text() if shown else ''}")
        time.sleep(0.02)


class DaemonProcess:
    """`houfeng run CONFIG` with its log in a file beside the configuration.

    Parameters
    ----------
    config : file to run
    environment : of the process; None for ours
    """

    def __init__(self, config: Path, environment: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.log_path = config.parent / "log"
        with self.log_path.open("ab") as log:
            command = [sys.executable, "-m", "houfeng", "run", str(config)]
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.log_path.read_text()

    def wait_for_log(self, text: str, n_times: int = 1, seconds: float = 120) -> None:
        """Return when the log has this text so many times."""
        wait_for(f"{text!r} in the log", lambda: self.log.count(text) >= n_times, seconds, shown=self.log_path)

    def reload(self, text: str) -> None:
        """Write another configuration and have it read."""
        self.config.write_text(text)
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@contextmanager
def daemon(config: Path, environment: Mapping[str, str] | None = None) -> Iterator[DaemonProcess]:
    """`houfeng run CONFIG`; what is left of it at the end of the block is killed."""
    running = DaemonProcess(config, environment)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def record(second: int, channel: SourceId | None = None) -> bytes:
    """One second of noise at 100 Hz, the first 40 minutes before the tests began."""
    rng = np.random.default_rng(second)
    samples = rng.integers(-100, 100, 100, dtype=np.int32)
    start_ns = _BEGAN_NS + second * NS_PER_S
    return pack(channel or SourceId("XX", "TEST", "00", "HHZ"), start_ns, 100.0, samples)[0]


def archived(folder: Path) -> list[bytes]:
    """Every record of 512 bytes in an archive, file by file."""
    contents = [path.read_bytes() for path in sorted((folder / "archive").rglob("*.D.*"))]
    return [content[at : at + 512] for content in contents for at in range(0, len(content), 512)]


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, str]:
    """HTTP status and body of a probe; status 0 while nobody listens."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


class NotifySocket:
    """The service manager's end of NOTIFY_SOCKET: every message with when it came.

    Parameters
    ----------
    folder : for the socket; a short path, as they may have 107 bytes
    """

    def __init__(self, folder: Path) -> None:
        self.messages: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._path = folder / "notify"
        self._socket.bind(str(self._path))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """Of a service whose watchdog waits for half a minute."""
        return {**os.environ, "NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": "30000000"}

    def count(self, text: str) -> int:
        """Messages that begin so."""
        return sum(message.startswith(text) for _, message in self.messages)

    def last(self, text: str) -> float:
        """When the last message came that begins so, by the monotonic clock, seconds; 0 when none did."""
        return max((when for when, message in self.messages if message.startswith(text)), default=0.0)

    def close(self) -> None:
        """Hear no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", str(self._path))
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while (message := self._socket.recv(4096)) != b"end":
            self.messages.append((time.monotonic(), message.decode()))
