"""`houfeng status` beside a running daemon, one that is not there, and something else on its port."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console

from acquisition.server import Ring, SeedLinkServer
from houfeng.cli.status import page
from tests.acquisition.seedlink_scripted import ScriptedServer
from tests.plugins.daemon import archived, ask, daemon, free_port, record, wait_for

SERVER = '[[seedlink]]\nname = "{}"\naddress = "127.0.0.1:{}"\nstreams = ["XX.*.*.*"]\n'


def configured(folder: Path, probe: int, *servers: str) -> Path:
    config = folder / "houfeng.toml"
    config.write_text("".join(servers) + f"[web]\nenabled = false\n[daemon]\nprobe_port = {probe}\n")
    return config


def status(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "houfeng", "status", str(config), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_servers_that_stream_are_down_and_refuse(tmp_path: Path) -> None:
    probe = free_port()
    with ExitStack() as stack:
        good = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
        refusing = stack.enter_context(ScriptedServer(answers={"AUTH": b"ERROR AUTH wrong password\r\n"}))
        (tmp_path / "secret").write_text("guess")
        login = 'auth = "userpass"\nuser = "me"\nsecret = "file:secret"\n'
        servers = SERVER.format("good", good.port), SERVER.format("down", 1)
        config = configured(tmp_path, probe, *servers, SERVER.format("closed", refusing.port) + login)
        running = stack.enter_context(daemon(config))
        ring.append(record(0))
        wait_for("the record", lambda: len(archived(tmp_path)) == 1, shown=running.log_path)
        running.wait_for_log("wrong password")
        running.wait_for_log("cannot connect")
        # a record is in its file before it is counted, and the database is said to be up when it was written to
        wait_for("readiness", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
        wait_for("its count", lambda: '"written": 1' in ask(probe, "/status")[1], shown=running.log_path)
        table, rows, whole = status(config), status(config, "--format", "csv"), status(config, "--format", "json")
        assert running.stop() == 0
    lines = {line.split()[0]: line for line in table.stdout.splitlines() if line.strip()}
    assert table.returncode == 0, table.stderr
    assert "recording" in lines["Houfeng"]
    assert "streaming" in lines["good"]
    assert "waiting: 127.0.0.1:1: cannot connect: Connection refused" in lines["down"]
    assert "refused" in lines["closed"]
    assert "wrong password" in lines["closed"]
    assert "1 written" in lines["archive"]
    assert "up since" in lines["database"]
    assert [row["name"] for row in csv.DictReader(rows.stdout.splitlines())] == ["good", "down", "closed"]
    assert json.loads(whole.stdout)["session"]["servers"][0]["n_packets"] == 1
    assert "guess" not in table.stdout + rows.stdout + whole.stdout


def test_no_server_and_no_daemon(tmp_path: Path) -> None:
    probe = free_port()
    config = configured(tmp_path, probe)
    absent = status(config)
    assert (absent.returncode, absent.stdout) == (1, "")
    assert absent.stderr.startswith(f"houfeng: no daemon answers at 127.0.0.1:{probe} (daemon.probe_host, daemon.prob")
    assert absent.stderr.count("\n") == 1
    with daemon(config) as running:
        wait_for("its answer", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
        assert "No [[seedlink]] server is configured." in status(config).stdout
        assert running.stop() == 0


def test_the_daemon_of_another_archive_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """Two networks on one computer that forgot to tell their ports apart: the page showed the other's servers."""
    probe = free_port()
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    with daemon(configured(there, probe)) as running:
        wait_for("its answer", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
        found = status(configured(here, probe))
        assert status(configured(there, probe)).returncode == 0
        assert running.stop() == 0
    assert (found.returncode, found.stdout) == (1, "")
    assert f"is the daemon of another archive, {there / 'archive'}, not of {here / 'archive'}" in found.stderr


class Stranger(BaseHTTPRequestHandler):
    """Answers every question with a list."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[1, 2]")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing on the test's standard error."""


def test_something_else_on_the_port(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        found = status(configured(tmp_path, server.server_port))
        server.shutdown()
        thread.join()
    assert found.returncode == 1
    assert "is no Houfeng daemon" in found.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    server = {
        "name": "a-rather-long-name-of-a-server",
        "phase": "waiting",
        "reason": "host.example.org:18000: cannot connect: Connection refused [Errno 111]",
        "refused": False,
        "packets_per_s": 1234.5,
        "last_packet_age_s": 90_000.0,
        "latency_s": None,
        "n_gaps_1h": 12,
        "silent": ["XX.AAA.00.HHZ"] * 9,
    }
    answer = {"version": "1", "doing": "", "uptime_s": 5.0, "pid": 1, "stuck": [], "session": None}
    session = {
        "servers": [server],
        "archive": {"free_bytes": None, "n_records": {"written": 5}, "n_quarantined": 1}
        | {"queue_bytes": 1, "detection_queue_bytes": 1, "queue_limit_bytes": 1 << 26},
        "store": {"up": False, "since": "2026-01-01T00:00:00Z", "fault": "database is locked", "n_unsaved_picks": 7},
        "detection": {
            "n_picks": 1,
            "n_events": 0,
            "n_unreadable": 3,
            "n_passed_over": 9,
            "vetoed": {"spike": 4, "gap": 2},
            "lag_s": 0.25,
            "run_id": "run/1",
        },
        "jobs": {"disk": {"error": "no such folder"}},
    }
    console = Console(width=width, record=True, file=None, force_terminal=False, quiet=False)
    with console.capture() as captured:
        console.print(page(answer | {"session": session}, width))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= width
    for word in (
        "1234.5",
        "25 h",
        "silent" if width < 100 else "+6",
        "DOWN",
        "failed: no such folder",
        "refused",
        "3 records",
        "triggers",
    ):
        assert word in text
