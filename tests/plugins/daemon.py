"""`houfeng run` as a process, and the records of a small network for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition.records import pack
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId


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
    """One second of noise at 100 Hz, the first an hour ago."""
    rng = np.random.default_rng(second)
    samples = rng.integers(-100, 100, 100, dtype=np.int32)
    hour_ns = 3600 * NS_PER_S
    start_ns = now_ns() // hour_ns * hour_ns - hour_ns + second * NS_PER_S
    return pack(channel or SourceId("XX", "TEST", "00", "HHZ"), start_ns, 100.0, samples)[0]


def archived(folder: Path) -> list[bytes]:
    """Every record of 512 bytes in an archive, file by file."""
    contents = [path.read_bytes() for path in sorted((folder / "archive").rglob("*.D.*"))]
    return [content[at : at + 512] for content in contents for at in range(0, len(content), 512)]
