"""SeedLink out through the daemon while processes are killed: what a client has had, it has once and for good."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection
from obspy.clients.seedlink.slpacket import SLPacket
from seedlink_client import SeedLink, SeedLinkError
from seedlink_client.protocol import Protocol

from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId

STATIONS = ("AAA", "BBB", "CCC")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Feed:
    """A digitiser for three stations, some 60 records a second, behind a SeedLink server."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ring = Ring()
        self.server = SeedLinkServer("127.0.0.1", 0, self.ring)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def stop(self) -> None:
        """End the flow; what was sent can still be fetched."""
        self._stop.set()
        self._thread.join()

    def _play(self) -> None:
        start_ns = (now_ns() - 7200 * NS_PER_S) // NS_PER_S * NS_PER_S
        random = np.random.default_rng(1)
        second = 0
        while not self._stop.wait(0.05):
            for station in STATIONS:
                samples = random.integers(-100, 100, 100, dtype=np.int32)
                (raw,) = pack(SourceId("XX", station, "00", "HHZ"), start_ns + second * NS_PER_S, 100.0, samples)
                self.sent.append(raw)
                self.ring.append(raw)
            second += 1


class Client:
    """A downstream centre: keeps every record and the number of the last, and comes back whenever it can."""

    def __init__(self, port: int, protocol: Protocol) -> None:
        self.got: list[bytes] = []
        self.numbers: list[int] = []
        self._port = port
        self._protocol = protocol
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def stop(self) -> None:
        """Stop coming back; the server must be gone, or this waits for its next record."""
        self._stop.set()
        self._thread.join()

    def _receive(self) -> None:
        while not self._stop.is_set():
            link = SeedLink("127.0.0.1", self._port, timeout=2, protocol=self._protocol, keepalive=0.2)
            with contextlib.suppress(SeedLinkError, OSError), link:
                self._collect(link)
            self._stop.wait(0.1)

    def _collect(self, link: SeedLink) -> None:
        if self.numbers:
            link.add_stream("XX_*", seqnum=self.numbers[-1])
        else:
            link.set_all_stations(all_data=True)
        for packet in link.collect(reconnect=False):
            self.got.append(packet.payload)
            self.numbers.append(packet.seqnum)
            if self._stop.is_set():
                return


@pytest.fixture
def feed() -> Iterator[Feed]:
    one = Feed()
    yield one
    one.stop()
    one.server.close()


def write_config(folder: Path, upstream: int, downstream: int) -> Path:
    config = folder / "houfeng.toml"
    config.write_text(
        f'[[seedlink]]\nname = "up"\naddress = "127.0.0.1:{upstream}"\nstreams = ["XX.*.*.*"]\nretry_min_s = 0.1\n'
        f"[seedlink_server]\nenabled = true\nport = {downstream}\n"
        "[web]\nenabled = false\n[daemon]\ncheckpoint_interval_s = 1.0\n"
    )
    return config


def start(config: Path) -> subprocess.Popen[bytes]:
    with (config.parent / "log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "houfeng", "run", str(config)], stderr=log)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def has_the_last_ones(client: Client, feed: Feed) -> bool:
    """Whether the last record of each station has come; nothing is sent any more."""
    return set(feed.sent[-len(STATIONS) :]) <= set(client.got)


def assert_all(client: Client, feed: Feed) -> None:
    """Each record once and in order, from the first of its station on: real time begins with what comes next."""
    for station in STATIONS:
        sent = [raw for raw in feed.sent if raw[8:11] == station.encode()]
        got = [raw for raw in client.got if raw[8:11] == station.encode()]
        assert got == sent[sent.index(got[0]) :]
        assert len(got) > 40


@pytest.mark.parametrize("protocol", [pytest.param(Protocol.V3, marks=pytest.mark.soak), Protocol.V4])
def test_a_client_of_a_daemon_that_is_killed_loses_nothing_and_gets_nothing_twice(
    tmp_path: Path, feed: Feed, protocol: Protocol
) -> None:
    port = free_port()
    config = write_config(tmp_path, feed.server.port, port)
    client = Client(port, protocol)
    try:
        for n in range(1, 4):
            process = start(config)
            before = len(client.got)
            assert wait_for(lambda: len(client.got) > before + 30, 120), (tmp_path / "log").read_text()  # noqa: B023
            time.sleep(0.07 * n)
            process.kill()
            process.wait()
            assert wait_for(lambda: not is_listening(port), 60)  # the server goes with the daemon
        process = start(config)
        feed.stop()
        assert wait_for(lambda: is_listening(port), 120)  # a daemon that is still starting is ended by SIGTERM at once
        assert wait_for(lambda: has_the_last_ones(client, feed), 120)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(120)
        client.stop()
    assert status == 0
    assert_all(client, feed)
    if protocol is Protocol.V4:
        assert all(a < b for a, b in zip(client.numbers, client.numbers[1:], strict=False))


def test_obspy_receives_through_the_daemon(tmp_path: Path, feed: Feed) -> None:
    port = free_port()
    process = start(write_config(tmp_path, feed.server.port, port))
    try:
        assert wait_for(lambda: is_listening(port), 120)
        connection = SeedLinkConnection(timeout=60)
        connection.set_sl_address(f"127.0.0.1:{port}")
        connection.add_stream("XX", "BBB", "HHZ", -1, None)
        got = []
        for _ in range(40):
            packet = connection.collect()
            assert isinstance(packet, SLPacket)
            got.append(bytes(packet.msrecord))
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    mine = [raw for raw in feed.sent if raw[8:11] == b"BBB"]
    first = mine.index(got[0])
    assert got == mine[first : first + 40]


def test_a_server_that_is_killed_is_started_again_and_its_daemon_goes_on(tmp_path: Path, feed: Feed) -> None:
    port = free_port()
    process = start(write_config(tmp_path, feed.server.port, port))
    client = Client(port, Protocol.V4)
    try:
        assert wait_for(lambda: len(client.got) > 20, 120)
        os.kill(child_of(process.pid), signal.SIGKILL)
        before = len(client.got)
        assert wait_for(lambda: len(client.got) > before + 100, 120)
        feed.stop()
        assert wait_for(lambda: has_the_last_ones(client, feed), 120)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(120)
        client.stop()
    assert status == 0
    assert_all(client, feed)
    assert "the SeedLink server ended with status -9; starting it again" in (tmp_path / "log").read_text()


def child_of(pid: int) -> int:
    """The process that another one's threads have started."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        if found := children.read_text().split():
            return int(found[0])
    raise AssertionError("there is no child")
