"""systemd's watchdog and /livez, while parts of the daemon are really stuck: each in an open() that never returns."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.backfill import BOOK_NAME
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database.store import Store
from tests.acquisition.seedlink_scripted import ScriptedServer, v4
from tests.plugins.daemon import DaemonProcess, NotifySocket, archived, ask, daemon, free_port, record, wait_for

CONFIG = """
[[seedlink]]
name = "up"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
[daemon]
probe_port = {probe}
stuck_s = {stuck_s}
report_interval_s = 0.5
[database]
retry_s = 1.0
[web]
enabled = false
"""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    one = NotifySocket(tmp_path)
    yield one
    one.close()


def configured(folder: Path, port: int, stuck_s: float = 5.0) -> tuple[Path, int]:
    config, probe = folder / "houfeng.toml", free_port()
    config.write_text(CONFIG.format(port=port, probe=probe, stuck_s=stuck_s))
    return config, probe


def assert_starved(running: DaemonProcess, systemd: NotifySocket, probe: int, said: str) -> None:
    """/livez says what is stuck, and the watchdog is not fed any more."""
    wait_for("the probe's 503", lambda: ask(probe, "/livez")[0] == 503, shown=running.log_path)
    body = ask(probe, "/livez")[1]
    assert said in body
    assert ask(probe, "/readyz")[0] == 503
    running.wait_for_log(f"stuck: {said}")
    assert systemd.count("WATCHDOG=1") > 0, "it was fed before"
    # it is fed every second
    wait_for("an end of feeding", lambda: time.monotonic() - systemd.last("WATCHDOG=1") > 4, shown=running.log_path)
    n_fed = systemd.count("WATCHDOG=1")
    time.sleep(2)  # what is not sent cannot be waited for
    assert systemd.count("WATCHDOG=1") == n_fed
    wait_for("systemd's line", lambda: systemd.count("STATUS=STUCK: " + said))


def test_a_writer_that_hangs_in_the_disk(tmp_path: Path, systemd: NotifySocket) -> None:
    raw = record(0)
    packet = mseed.decode(raw)
    path = day_path(tmp_path / "archive", packet.source_id, packet.start_ns)
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config, probe = configured(tmp_path, server.port)
        with daemon(config, systemd.environment) as running:
            wait_for("READY=1", lambda: systemd.count("READY=1"), shown=running.log_path)
            wait_for("life", lambda: systemd.count("WATCHDOG=1"), shown=running.log_path)
            assert ask(probe, "/livez") == (200, "ok\n")
            path.parent.mkdir(parents=True)
            os.mkfifo(path)  # to open it waits for ever for somebody to write
            ring.append(raw)
            assert_starved(running, systemd, probe, "archive: writing records")


def test_a_connection_that_hangs_while_it_sets_bytes_aside(tmp_path: Path, systemd: NotifySocket) -> None:
    (tmp_path / "archive" / "quarantine").mkdir(parents=True)
    os.mkfifo(tmp_path / "archive" / "quarantine" / "log.txt")
    with ScriptedServer(v4(b"2D", b"this is no record" * 10)) as server:
        config, probe = configured(tmp_path, server.port)
        with daemon(config, systemd.environment) as running:
            assert_starved(running, systemd, probe, "up: receiving packets")


def test_a_back_fill_that_hangs_in_the_disk(tmp_path: Path, systemd: NotifySocket) -> None:
    config, probe = configured(tmp_path, 1)
    address = f"http://127.0.0.1:{free_port()}"
    config.write_text(config.read_text() + f'[[fdsn]]\naddress = "{address}"\ninterval_s = 1.0\n')
    # Of what the data centre lacks. The first search, which begins at once, writes it: a pipe that came later found it.
    (tmp_path / "archive").mkdir()
    os.mkfifo(tmp_path / "archive" / BOOK_NAME)
    with daemon(config, systemd.environment) as running:
        assert_starved(running, systemd, probe, f"back-fill {address}: reading what is absent")


def test_a_loop_that_hangs(tmp_path: Path, systemd: NotifySocket) -> None:
    config, probe = configured(tmp_path, 1)
    with daemon(config, systemd.environment) as running:
        wait_for("life", lambda: systemd.count("WATCHDOG=1"), shown=running.log_path)
        config.unlink()
        os.mkfifo(config)
        running.process.send_signal(signal.SIGHUP)
        assert_starved(running, systemd, probe, "detection: reading the configuration")
        # somebody writes at last, once: who reads a second time waits for ever
        config.write_text("[web]\nenabled = false\n")
        running.wait_for_log("detection gets on again")
        wait_for("life again", lambda: ask(probe, "/livez")[0] != 503)


def test_a_locked_database_is_no_reason_to_end(tmp_path: Path, systemd: NotifySocket) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config, probe = configured(tmp_path, server.port, stuck_s=8.0)
        with daemon(config, systemd.environment) as running:
            wait_for("life", lambda: systemd.count("WATCHDOG=1"), shown=running.log_path)
            wait_for("readiness", lambda: ask(probe, "/readyz") == (200, "ok\n"), shown=running.log_path)
            blocker = Store.open(load(config).database.url)
            with blocker.begin():
                wait_for(
                    "the database's fault", lambda: "database down" in ask(probe, "/readyz")[1], shown=running.log_path
                )
                n_fed, until = systemd.count("WATCHDOG=1"), time.monotonic() + 15
                n_sent = 0
                while time.monotonic() < until:
                    ring.append(record(n_sent))
                    n_sent += 1
                    assert ask(probe, "/livez")[0] == 200
                    time.sleep(0.5)
                wait_for("every record in the archive", lambda: len(archived(tmp_path)) == n_sent)
                wait_for("the watchdog to be fed on", lambda: systemd.count("WATCHDOG=1") >= n_fed + 8)
            blocker.close()
            wait_for("readiness again", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
            assert running.stop() == 0


def test_systemd_hears_of_start_reload_and_end(tmp_path: Path, systemd: NotifySocket) -> None:
    config, _ = configured(tmp_path, 1)
    with daemon(config, systemd.environment) as running:
        wait_for("READY=1", lambda: systemd.count("READY=1"), shown=running.log_path)
        assert "running as" in running.log
        wait_for("its line", lambda: systemd.count("STATUS=0 of 1 servers streaming, 0.0 packets/s, up "))
        running.reload(config.read_text() + "[detection]\non_ratio = 5.0\n")
        wait_for("READY=1 again", lambda: systemd.count("READY=1") == 2, shown=running.log_path)
        running.reload("nonsense")
        wait_for("READY=1 after the refusal", lambda: systemd.count("READY=1") == 3, shown=running.log_path)
        assert running.stop() == 0
    wait_for("its last word", lambda: systemd.count("STOPPING=1"))
    told = [message.split("\n")[0] for _, message in systemd.messages if not message.startswith(("STATUS", "WATCH"))]
    assert told == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    (since_us, *_) = (
        int(message.partition("MONOTONIC_USEC=")[2]) for _, message in systemd.messages if "RELOADING" in message
    )
    assert 0 < since_us < time.monotonic_ns() // 1000
