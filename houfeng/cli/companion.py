"""A process beside the daemon: started again when it ends, ended when the daemon does, however that comes about."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)

_STOP_S = 10.0
_RETRY_MIN_S = 0.5
_RETRY_MAX_S = 30.0
# One that lived this long did not fail at its start.
_SETTLED_S = 60.0


@contextmanager
def companion(name: str, *arguments: str) -> Iterator[None]:
    """Keep `houfeng ARGUMENTS` running while the block lasts.

    Its standard input ends with this process, also when that is killed: the command is expected to end then.

    Parameters
    ----------
    name : what it is called in messages
    arguments : of the command houfeng
    """
    stopping = threading.Event()
    thread = threading.Thread(target=_keep, args=(name, arguments, stopping), name=arguments[1])
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _keep(name: str, arguments: tuple[str, ...], stopping: threading.Event) -> None:
    pause_s = _RETRY_MIN_S
    while not stopping.is_set():
        # A process group of its own: Ctrl-C at the terminal reaches only us.
        command = [sys.executable, "-m", "houfeng", *arguments]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
            lived_s = _watch(name, process, stopping)
        if stopping.is_set():
            return
        pause_s = _RETRY_MIN_S if lived_s > _SETTLED_S else min(2 * pause_s, _RETRY_MAX_S)
        _log.error("%s ended with status %d; starting it again in %g s", name, process.returncode, pause_s)
        stopping.wait(pause_s)


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
