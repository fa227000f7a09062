"""Processes beside the daemon: started again when they end, ended when the daemon does, however that comes about."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from configs import Settings
from configs.handover import packed

_log = logging.getLogger(__name__)

_STOP_S = 10.0
_RETRY_MIN_S = 0.5
_RETRY_MAX_S = 30.0
# One that lived this long did not fail at its start.
_SETTLED_S = 60.0


class Companions:
    """The processes that a configuration wants beside the daemon.

    Each is a command `houfeng`, whose standard input ends with this process, also when that is killed: it is expected
    to end then. One whose settings did not change is not disturbed by another configuration. The settings themselves
    are the first line there: one that has to be started again while the file has a mistake in it, which a reload
    refused, starts with what is in force.

    Parameters
    ----------
    config : the file they read
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._running: dict[str, _Companion] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for companion in self._running.values():
            companion.stopping.set()
        for companion in self._running.values():
            companion.thread.join()

    def take_on(self, settings: Settings) -> None:
        """Start, end and start anew what these settings ask for, without waiting for it."""
        wanted = _wanted(settings, str(self._config))
        for name, running in self._running.items():
            if running.wanted != wanted.get(name):
                running.stopping.set()
        for name, command in wanted.items():
            before = self._running.get(name)
            if before is None or before.stopping.is_set():
                self._running[name] = _Companion(name, command, packed(settings), before)


def _wanted(settings: Settings, config: str) -> dict[str, _Command]:
    """By what they are called in messages."""
    wanted = {}
    log_format = settings.daemon.log_format
    if settings.web.enabled:
        # The page asks the database and reads the archive; the daemon goes on without it if it fails.
        wanted["the web page"] = _Command(
            ("serve", "web", config),
            (settings.web, settings.database, settings.archive.path, settings.daemon.log_format),
        )
    if settings.seedlink_server.enabled:
        # In a process of its own its clients cannot hold the archive up.
        wanted["the SeedLink server"] = _Command(
            ("serve", "seedlink", config), (settings.seedlink_server, settings.archive.path, log_format)
        )
    return wanted


@dataclass(frozen=True, slots=True)
class _Command:
    """What to run, and the settings that it reads."""

    arguments: tuple[str, ...]
    settings: tuple[object, ...]


class _Companion:
    """One process that is kept running, once the one before it has let go of its port."""

    def __init__(self, name: str, wanted: _Command, settings: bytes, before: _Companion | None) -> None:
        self.wanted = wanted
        self._settings = settings
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(name, before), name=wanted.arguments[1])
        self.thread.start()

    def _run(self, name: str, before: _Companion | None) -> None:
        if before is not None:
            before.thread.join()
        _keep(name, (*self.wanted.arguments, "--of-daemon"), self._settings, self.stopping)


def _keep(name: str, arguments: tuple[str, ...], settings: bytes, stopping: threading.Event) -> None:
    pause_s = _RETRY_MIN_S
    while not stopping.is_set():
        # A process group of its own: Ctrl-C at the terminal reaches only us.
        command = [sys.executable, "-m", "houfeng", *arguments]
        # What systemd is told, the daemon tells it: gunicorn would, too.
        environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True, env=environment
        ) as process:
            _hand_over(process, settings)
            lived_s = _watch(name, process, stopping)
        if stopping.is_set():
            return
        pause_s = _RETRY_MIN_S if lived_s > _SETTLED_S else min(2 * pause_s, _RETRY_MAX_S)
        _log.error("%s ended with status %d; starting it again in %g s", name, process.returncode, pause_s)
        stopping.wait(pause_s)


def _hand_over(process: subprocess.Popen[bytes], settings: bytes) -> None:
    assert process.stdin is not None
    rest = memoryview(settings)
    with suppress(BrokenPipeError):  # it ended before it had read them, and is watched
        while rest:
            rest = rest[process.stdin.write(rest) :]


def _watch(name: str, process: subprocess.Popen[bytes], stopping: threading.Event) -> float:
    """Until the process ends, or has been ended because we are stopping; how long it lived, seconds."""
    lived_s = 0.0
    while process.poll() is None and not stopping.wait(0.1):
        lived_s += 0.1
    if stopping.is_set():
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            _log.warning("%s did not stop in %g s and was killed", name, _STOP_S)
            process.kill()
    return lived_s
