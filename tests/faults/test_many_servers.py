"""Servers that do not behave, beside one that does: its records arrive as fast as if it were alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.records import pack
from acquisition.seedlink import Phase, SeedLinkSource
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.acquisition.seedlink_scripted import ScriptedServer, v4
from tests.plugins.daemon import wait_for

Misbehave = Callable[[socket.socket], None]


def record(second: int, station: str = "GOOD") -> bytes:
    samples = np.random.default_rng(second).integers(-100, 100, 100, dtype=np.int32)
    start_ns = (now_ns() // NS_PER_S - 600 + second) * NS_PER_S
    return pack(SourceId("XX", station, "00", "HHZ"), start_ns, 100.0, samples)[0]


def stall(connection: socket.socket) -> None:
    """Greet nobody, and go on listening."""
    while connection.recv(4096):
        continue


def close(connection: socket.socket) -> None:
    """Hang up at once."""


def garbage(connection: socket.socket) -> None:
    """Noise without end."""
    noise = np.random.default_rng(1).bytes(65536)
    while True:
        connection.sendall(noise)


def slowly(connection: socket.socket) -> None:
    """A greeting of one byte a second."""
    for byte in b"SeedLink v3.1 (Slow) :: SLPROTO:3.1\r\nslow\r\n" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(1)


@contextmanager
def misbehaving(how: Misbehave) -> Iterator[int]:
    """A server that treats everybody like this; its port."""
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        try:
            how(connection)
        except OSError:
            return
        finally:
            connection.close()

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, args=(listener,))
        acceptor.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()


@contextmanager
def recording(folder: Path, ports: list[int]) -> Iterator[Callable[[], list[bytes]]]:
    """A recorder of these servers; what it has archived and handed on so far."""
    archive = Archive(folder / "archive")
    sources = [
        (
            f"s{n}",
            SeedLinkSource(
                SeedLinkSettings(f"s{n}", f"127.0.0.1:{port}", ("XX.*.*.HHZ",), retry_min_s=0.05, retry_max_s=0.2),
                {},
                archive.quarantine,
            ),
        )
        for n, port in enumerate(ports)
    ]
    recorder = Recorder(archive, sources, 1 << 20)
    recorder.start()
    got: list[bytes] = []

    def taken() -> list[bytes]:
        got.extend(packet.raw for _, packets in recorder.take(0.0) for packet in packets)
        return got

    try:
        yield taken
    finally:
        recorder.stop()
        archive.close()


def latencies(ring: Ring, taken: Callable[[], list[bytes]], seconds: range) -> list[float]:
    """Seconds from a server's ring to the archive and out, of records one after the other."""
    found = []
    for second in seconds:
        began = time.monotonic()
        raw = record(second)
        ring.append(raw)
        wait_for("the record of the good server", lambda: raw in taken(), 60)  # noqa: B023
        found.append(time.monotonic() - began)
    return found


@pytest.mark.parametrize("how", [stall, close, garbage, slowly], ids=lambda how: how.__name__)
def test_a_server_that_misbehaves_delays_no_other(tmp_path: Path, how: Misbehave) -> None:
    with ExitStack() as stack:
        good = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
        bad = [stack.enter_context(misbehaving(how)) for _ in range(3)]
        refusing = 1  # nobody listens there
        alone = stack.enter_context(recording(tmp_path / "alone", [good.port]))
        before = sorted(latencies(ring, alone, range(20)))
        beside = stack.enter_context(recording(tmp_path / "beside", [*bad, refusing, good.port]))
        during = sorted(latencies(ring, beside, range(20, 40)))
    print(
        f"median latency alone {1000 * before[10]:.0f} ms, beside three servers that {how.__name__} {during[10]:.3f} s"
    )
    assert during[10] < before[10] + 0.5
    assert during[-1] < 60


def test_a_server_that_floods_delays_no_other_longer_than_its_queue_takes(tmp_path: Path) -> None:
    flood = b"".join(record(n, f"F{n % 50:02d}") for n in range(2000))
    packets = b"".join(v4(b"2D", flood[at : at + 512], at // 512, b"XX_F") for at in range(0, len(flood), 512))
    stations = b'{"station":[{"id":"XX_F00","start_seq":1,"end_seq":9}]}'
    with (
        SeedLinkServer("127.0.0.1", 0, ring := Ring()) as good,
        ScriptedServer(packets * 10, {"INFO STATIONS": v4(b"JI", stations)}) as flooding,
        recording(tmp_path, [flooding.port, good.port]) as taken,
    ):
        found = sorted(latencies(ring, taken, range(10)))
        wait_for("the flood", lambda: flooding.asked("END") and len(taken()) > 2000, 120)
    print(f"latency beside a flood: median {found[5]:.3f} s, longest {found[-1]:.3f} s")
    assert found[5] < 5


def test_a_packet_that_trickles_in_is_not_waited_for(tmp_path: Path) -> None:
    whole = v4(b"2D", record(0, "TEST"), 1)

    with ScriptedServer(whole + whole[:20]) as server:
        settings = SeedLinkSettings(
            "test", f"127.0.0.1:{server.port}", ("XX.*.*.HHZ",), keepalive_s=0.5, idle_timeout_s=2.0, retry_max_s=60.0
        )
        archive = Archive(tmp_path / "archive")
        source = SeedLinkSource(settings, {}, archive.quarantine)
        got: list[bytes] = []

        def receive() -> None:
            for packets in source.packets():
                got.extend(packet.raw for packet in packets)

        thread = threading.Thread(target=receive)
        thread.start()
        wait_for("the whole packet", lambda: got)
        server.answers["INFO ID"] = b""
        began = time.monotonic()
        rest = whole[20:]
        while source.state.phase is Phase.STREAMING and time.monotonic() < began + 90:
            server.send(rest[:1])
            rest = rest[1:]
            time.sleep(0.2)
        took_s, state = time.monotonic() - began, source.state
        source.close()
        thread.join(60)
        archive.close()
    assert state.phase is Phase.WAITING
    assert "keep-alive unanswered" in state.reason
    assert took_s < 90, "the packet would be whole after 100 s"
    assert got == [record_of(whole)]


def record_of(packet: bytes) -> bytes:
    return packet[-512:]
