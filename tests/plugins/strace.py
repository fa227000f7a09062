"""System calls of a running process: counted, failed, or ended in the middle of (strace, Linux)."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

_CALL = re.compile(r"^(\d+) +(\w+)\(")


@cache
def missing() -> str:
    """Why no process can be traced here; empty where one can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt install strace)"
    tried = subprocess.run(["strace", "-e", "inject=sync:error=EIO", "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"this system forbids tracing: {tried.stderr.strip()[:200]}"


def need_strace() -> None:
    """Skip the test where no process can be traced."""
    if reason := missing():
        pytest.skip(reason)


@dataclass(frozen=True)
class Trace:
    """What is looked at, and what happens to it.

    Parameters
    ----------
    out : file that lists the calls
    calls : system calls; names that this machine does not have are passed over
    paths : only calls that have to do with one of these; all when there is none
    injection : what happens to one of the calls, in strace's words: `write:error=EIO:when=3`. Each thread counts its
        own calls of each name.
    """

    out: Path
    calls: tuple[str, ...]
    paths: tuple[Path, ...] = ()
    injection: str = ""

    def listed(self) -> list[tuple[str, int]]:
        """Every call that was listed, by its name and its number among the calls of that name in one thread."""
        found: Counter[tuple[str, str]] = Counter()
        for line in self.out.read_text(errors="replace").splitlines():
            if match := _CALL.match(line):
                found[match[2], match[1]] += 1
        most: dict[str, int] = {}
        for (name, _), n in found.items():
            most[name] = max(n, most.get(name, 0))
        return [(name, n) for name in sorted(most) for n in range(1, most[name] + 1)]

    def injected(self) -> str:
        """The call that something happened to, as it was listed; empty when it was not reached."""
        lines = self.out.read_text(errors="replace").splitlines()
        return next((line for line in lines if "(INJECTED" in line or "killed by" in line), "")


@contextmanager
def traced(pid: int, trace: Trace) -> Iterator[subprocess.Popen[bytes]]:
    """Trace a process, its threads and its children while the block lasts.

    Parameters
    ----------
    pid : of the process; it must not begin its work before the block does
    """
    names = ",".join(f"?{name}" for name in trace.calls)
    command = ["strace", "-f", "-y", "-o", str(trace.out), "-p", str(pid), "-e", f"trace={names}"]
    for path in trace.paths:
        command += ["-P", str(path)]
    if trace.injection:
        command += ["-e", f"inject={trace.injection}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
        try:
            _wait_until_attached(pid, tracer)
            yield tracer
        finally:
            if tracer.poll() is None:
                tracer.terminate()  # strace lets the process go


def _wait_until_attached(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    status = Path(f"/proc/{pid}/status")
    until = time.monotonic() + 120
    while f"TracerPid:\t{tracer.pid}\n" not in status.read_text():
        assert tracer.poll() is None and time.monotonic() < until, "strace did not attach"
        time.sleep(0.005)
