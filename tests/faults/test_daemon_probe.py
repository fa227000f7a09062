"""/livez, /readyz, /metrics and /status of a running daemon, for polite and for rude visitors."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

import acquisition.daemon.probe as probe_module
from acquisition.daemon.front import Front
from acquisition.daemon.vitals import Vitals
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import DaemonSettings
from configs import Settings
from tests.plugins.daemon import archived, ask, daemon, free_port, record, wait_for

CONFIG = """
[[seedlink]]
name = "up"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
[[seedlink]]
name = "down"
address = "127.0.0.1:1"
streams = ["YY.*.*.*"]
[daemon]
probe_port = {probe}
report_interval_s = 0.5
[web]
enabled = false
"""


def configured(folder: Path, port: int, probe: int) -> Path:
    config = folder / "houfeng.toml"
    config.write_text(CONFIG.format(port=port, probe=probe))
    return config


def scraped(probe: int) -> dict[tuple[str, ...], float]:
    """Every sample of /metrics: its name, then its label values in the order of their names."""
    text = ask(probe, "/metrics")[1]
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def is_complete(probe: int) -> bool:
    """Whether all that happens after a record is in its file has happened, too."""
    found = scraped(probe)
    counts = ("houfeng_server_failures", "down"), ("houfeng_job_runs_total", "report")
    session = json.loads(ask(probe, "/status")[1])["session"]
    return (
        found.get(("houfeng_records_total", "written")) == 20
        and all(found.get(count, 0) > 0 for count in (*counts, ("houfeng_sync_duration_seconds_count",)))
        and bool(session and session["detection"]["lag_s"])
        and ask(probe, "/readyz") == (200, "ok\n")
    )


def test_the_figures_are_those_of_what_was_sent(tmp_path: Path) -> None:
    probe = free_port()
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        sent = [record(second) for second in (*range(10), *range(20, 30))]  # one gap
        for raw in sent:
            ring.append(raw)
        with daemon(configured(tmp_path, server.port, probe)) as running:
            wait_for("all in the archive", lambda: len(archived(tmp_path)) == 20, shown=running.log_path)
            wait_for("the gap", lambda: scraped(probe).get(("houfeng_server_gaps", "up")) == 1, shown=running.log_path)
            wait_for("every count", lambda: is_complete(probe), shown=running.log_path)
            found = scraped(probe)
            state = json.loads(ask(probe, "/status")[1])
            assert ask(probe, "/livez") == (200, "ok\n")
            assert ask(probe, "/readyz") == (200, "ok\n")
            assert ask(probe, "/nothing")[0] == 404
            assert running.stop() == 0
    assert found["houfeng_server_packets_total", "up"] == 20
    assert found["houfeng_records_total", "written"] == 20
    assert found["houfeng_records_total", "duplicate"] == 0
    assert found["houfeng_server_phase", "streaming", "up"] == 1
    assert found["houfeng_server_phase", "streaming", "down"] == 0
    assert found["houfeng_server_failures", "down"] > 0
    assert found["houfeng_sync_duration_seconds_count",] == found["houfeng_sync_duration_seconds_bucket", "+Inf"] > 0
    assert found["houfeng_job_runs_total", "report"] > 0
    assert found["houfeng_job_failures_total", "report"] == 0
    assert found["process_resident_memory_bytes",] > 1e7
    assert 0 < found["houfeng_server_last_packet_age_seconds", "up"] < 120
    up, down = state["session"]["servers"]
    assert (up["name"], up["phase"], up["n_packets"], up["n_gaps_1h"]) == ("up", "streaming", 20, 1)
    assert up["latency_s"] == pytest.approx(found["houfeng_server_latency_seconds", "up"], abs=60)
    assert (down["name"], down["last_packet_age_s"]) == ("down", None)
    assert state["session"]["detection"]["lag_s"] > 0
    assert state["faults"] == []


def test_a_port_in_use_is_said_and_nothing_else_suffers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config = configured(tmp_path, server.port, taken.getsockname()[1])
        with daemon(config) as running:
            running.wait_for_log("daemon.probe_host, daemon.probe_port: 127.0.0.1:")
            ring.append(record(0))
            wait_for("the record", lambda: len(archived(tmp_path)) == 1, shown=running.log_path)
            running.reload(config.read_text().replace("[daemon]\n", "[daemon]\nprobe = false\n"))
            running.wait_for_log("reloaded: daemon.probe: true -> false")
            probe = free_port()
            running.reload(configured(tmp_path, server.port, probe).read_text())
            wait_for("the probe elsewhere", lambda: ask(probe, "/livez")[0] == 200, shown=running.log_path)
            assert running.stop() == 0
            assert running.log.count("running as") == 1


def test_rude_visitors_hold_nothing_up(tmp_path: Path) -> None:
    probe = free_port()
    with ExitStack() as stack:
        server = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
        running = stack.enter_context(daemon(configured(tmp_path, server.port, probe)))
        running.wait_for_log("up: connected to")
        wait_for("the probe", lambda: ask(probe, "/livez")[0] == 200, shown=running.log_path)
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", probe))) for _ in range(100)]
        for each in slow:
            each.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        sent = [record(second) for second in range(100)]
        for raw in sent:
            ring.append(raw)
        wait_for("all in the archive", lambda: archived(tmp_path) == sent, shown=running.log_path)
        for each in slow:  # those that say nothing more are parted from, and there is room for others
            each.settimeout(120)
            assert each.recv(1000) == b""
        wait_for("the probe again", lambda: ask(probe, "/livez")[0] == 200, shown=running.log_path)
        assert running.stop() == 0


@pytest.mark.parametrize("bytes_each", [b"a", b"\r\n"])
def test_connections_that_drip_shut_nobody_out_for_long(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, bytes_each: bytes
) -> None:
    """As many as there is room for, each sending something all the time: never silent, never done."""
    monkeypatch.setattr(probe_module, "_LIFE_S", 3.0)
    port: int = request.getfixturevalue("probe_alone")
    with ExitStack() as stack:
        dripping = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        for each in dripping:
            stack.enter_context(each)
            each.sendall(b"GET /livez HTTP/1.1\r\nX-Slow: ")
        stopped = threading.Event()

        def drip() -> None:
            while not stopped.wait(0.2):
                for each in dripping:
                    with suppress(OSError):  # it was parted from
                        each.sendall(bytes_each)

        thread = threading.Thread(target=drip)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stopped.set)
        with pytest.raises(OSError, match="timed out"):
            urlopen(f"http://127.0.0.1:{port}/livez", timeout=1)
        assert urlopen(f"http://127.0.0.1:{port}/livez", timeout=30).read() == b"ok\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"405"),
        (b"POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"400"),
        (b"HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
def test_what_is_no_plain_question_is_refused(probe_alone: int, request_bytes: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", probe_alone), timeout=30) as one:
        one.sendall(request_bytes)
        assert one.recv(4000).split(b" ")[1] == status


def test_it_is_alive_and_not_ready_before_the_archive_is_open(probe_alone: int) -> None:
    assert ask(probe_alone, "/livez") == (200, "ok\n")
    assert ask(probe_alone, "/readyz") == (503, "starting\n")


@pytest.fixture
def probe_alone() -> Iterator[int]:
    front = Front(Vitals())
    settings = Settings(daemon=DaemonSettings(probe_port=free_port()))
    with front:
        front.take_on(settings)
        yield settings.daemon.probe_port
