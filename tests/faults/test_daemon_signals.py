"""Signals at every moment of the daemon's life: asked to stop, it stops, and says so with status 0."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.server import Ring, SeedLinkServer
from tests.plugins.daemon import archived, daemon, record, wait_for

CONFIG = '[[seedlink]]\nname = "up"\naddress = "127.0.0.1:{}"\nstreams = ["XX.*.*.*"]\n[web]\nenabled = false\n'


def hears(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which signals a process handles")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_that_is_still_starting_stops_cleanly(tmp_path: Path, number: int) -> None:
    config = tmp_path / "houfeng.toml"
    config.write_text(CONFIG.format(1))
    with daemon(config) as running:
        wait_for("a handler", lambda: hears(running.process.pid, signal.SIGHUP))  # the last; Python has one for SIGINT
        running.process.send_signal(number)
        assert running.process.wait(120) == 0, running.log
        assert "running as" not in running.log, "the handler came only when everything ran"


def test_a_daemon_at_work_archives_what_it_has_and_stops(tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config.write_text(CONFIG.format(server.port))
        with daemon(config) as running:
            running.wait_for_log("connected to")
            sent = [record(n) for n in range(200)]
            for raw in sent:
                ring.append(raw)
            wait_for("a record", lambda: archived(tmp_path))
            assert running.stop() == 0
            assert "stopped; every received record is archived" in running.log
            kept = archived(tmp_path)
            assert kept == sent[: len(kept)]


def test_a_closed_terminal_is_no_reload(tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    config.write_text(CONFIG.format(1))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "houfeng", "run", str(config)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=log, start_new_session=True)
    os.close(theirs)
    try:
        wait_for("its start", lambda: b"running as" in (tmp_path / "log").read_bytes())
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert process.wait(120) == 0
        assert "stopped" in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
