"""Peers that are slow, rude, numerous or gone: none of them may cost another client a record."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from seedlink_client import SeedLink
from seedlink_client.protocol import Protocol

from acquisition.server import Ring, SeedLinkServer, client, loop
from houfeng.errors import SourceError

from .seedlink_driver import filled_ring, raw


@pytest.fixture
def server() -> Iterator[SeedLinkServer]:
    with SeedLinkServer("127.0.0.1", 0, filled_ring()) as running:
        yield running


def dial(server: SeedLinkServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def read_until_closed(peer: socket.socket) -> bytes:
    out = bytearray()
    try:
        while data := peer.recv(65536):
            out += data
    except ConnectionResetError:
        pass
    return bytes(out)


def assert_serves(server: SeedLinkServer) -> None:
    """A well-behaved client gets everything."""
    with SeedLink("127.0.0.1", server.port, timeout=60, protocol=Protocol.V4, dialup=True) as one:
        one.set_all_stations(all_data=True)
        got = [packet.payload for packet in one.collect(reconnect=False)]
    assert got == [record.raw for record in server.backlog.read(1, 10_000)[0]]
    assert len(got) >= 20


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500),
        b"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n" * 10,
        b"A" * 1_000_000,
        b"\r\n" * 100_000,
        b"\0" * 100_000,
        b"INFO\r\n" * 50,
        b"SLPROTO 4.0\r\nSTATION " + b"*?" * 60 + b"\r\nDATA ALL\r\nEND\r\n",
        b"STATION UH1 B",
    ],
    ids=["tls", "http", "endless-line", "empty-lines", "nul", "info", "wildcards", "half-a-command"],
)
def test_noise_disturbs_nobody(server: SeedLinkServer, data: bytes) -> None:
    with dial(server) as rude:
        with contextlib.suppress(OSError):  # the server may close before all of it is sent
            rude.sendall(data)
        assert_serves(server)
    wait_for(lambda: server.n_clients == 0)


def test_random_bytes_disturb_nobody(server: SeedLinkServer) -> None:
    dice = random.Random(20100527)
    for _ in range(40):
        with dial(server) as rude:
            rude.sendall(dice.randbytes(dice.randrange(1, 3000)))
    assert_serves(server)
    wait_for(lambda: server.n_clients == 0)


def test_a_command_in_single_bytes_is_understood(server: SeedLinkServer) -> None:
    with dial(server) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"HELLO\r\n":
            slow.sendall(bytes([byte]))
            time.sleep(0.002)
        assert slow.recv(1000).startswith(b"SeedLink v4.0")


def test_noise_is_cut_off_and_logged(server: SeedLinkServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), dial(server) as rude:
        rude.sendall(b"nonsense\r\n" * 100)
        assert read_until_closed(rude).count(b"ERROR\r\n") <= 20
    assert "refused commands, connection closed" in caplog.text


def test_bye_closes(server: SeedLinkServer) -> None:
    with dial(server) as peer:
        peer.sendall(b"HELLO\r\nBYE\r\n")
        assert read_until_closed(peer).startswith(b"SeedLink")


def test_a_reset_connection_is_forgotten(server: SeedLinkServer) -> None:
    for _ in range(10):
        peer = dial(server)
        peer.sendall(b"DATA 1\r\n")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
    assert_serves(server)
    wait_for(lambda: server.n_clients == 0)


def test_a_client_that_never_reads_neither_blocks_nor_grows_the_server(caplog: pytest.LogCaptureFixture) -> None:
    ring = Ring(max_bytes=200 * 512)
    with SeedLinkServer("127.0.0.1", 0, ring) as server, caplog.at_level(logging.WARNING):
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.settimeout(60)
            lazy.connect(("127.0.0.1", server.port))
            lazy.sendall(b"DATA\r\n")
            wait_for(lambda: server.n_clients == 1)
            time.sleep(0.1)
            record = raw("UH1")
            slowest = 0.0
            # More than the kernel's buffers of both ends and the ring hold together.
            for _ in range(20_000):
                t = time.perf_counter()
                ring.append(record)
                slowest = max(slowest, time.perf_counter() - t)
            assert slowest < 5
            assert ring.bounds() == (19_801, 20_001)
            stream = bytearray()
            while not stream.endswith(b"SL%06X" % 20_000 + record):
                stream += lazy.recv(65536)
        numbers = [int(stream[n + 2 : n + 8], 16) for n in range(0, len(stream), 520)]
        assert numbers == sorted(set(numbers))
        assert len(numbers) < 20_000
        assert all(stream[n + 8 : n + 520] == record for n in range(0, len(stream), 520))
    assert "left the history before they could be sent" in caplog.text


def test_info_that_nobody_reads_is_not_piled_up(server: SeedLinkServer) -> None:
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", server.port))
        lazy.setblocking(False)
        n_sent = 0
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            try:
                n_sent += lazy.send(b"INFO STREAMS\r\n" * 500)
            except BlockingIOError:
                time.sleep(0.01)
        # The server stopped reading: what it answers is no longer taken.
        with pytest.raises(BlockingIOError):
            lazy.send(b"INFO STREAMS\r\n" * 500)
        assert_serves(server)


def test_too_many_clients_are_refused_and_a_free_place_is_given_again(caplog: pytest.LogCaptureFixture) -> None:
    with SeedLinkServer("127.0.0.1", 0, filled_ring(), max_clients=3) as server, caplog.at_level(logging.WARNING):
        seated = [dial(server) for _ in range(3)]
        wait_for(lambda: server.n_clients == 3)
        with dial(server) as refused:
            assert read_until_closed(refused) == b""
        assert "refused, 3 clients are connected already" in caplog.text
        for peer in seated:
            peer.close()
        wait_for(lambda: server.n_clients == 0)
        assert_serves(server)


def test_a_silent_connection_loses_its_place(server: SeedLinkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HANDSHAKE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(loop, "TICK_S", 0.05)
    with dial(server) as silent:
        silent.sendall(b"STATION UH1 BW")
        assert read_until_closed(silent) == b""


def test_a_stalled_client_is_let_go(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(client, "STALL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(loop, "TICK_S", 0.05)
    ring = Ring()
    record = raw("UH1")
    for _ in range(15_000):
        ring.append(record)
    with SeedLinkServer("127.0.0.1", 0, ring) as server, dial(server) as stalled, caplog.at_level(logging.WARNING):
        stalled.sendall(b"DATA 1\r\n")
        wait_for(lambda: server.n_clients == 1)
        wait_for(lambda: server.n_clients == 0)
    assert "took nothing for" in caplog.text


def test_an_error_inside_costs_one_connection_only(
    server: SeedLinkServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with dial(server) as unlucky, dial(server) as other:
        other.sendall(b"HELLO\r\n")
        assert other.recv(1000)
        with monkeypatch.context() as patch:
            patch.setattr("acquisition.server.session.info_v3", lambda *_: 1 / 0)
            unlucky.sendall(b"INFO ID\r\n")
            assert read_until_closed(unlucky) == b""
        other.sendall(b"INFO ID\r\n")
        assert other.recv(1000).startswith(b"SLINFO")
    assert "internal error, connection closed" in caplog.text


def test_close_ends_every_thread_at_once() -> None:
    ring = filled_ring()
    server = SeedLinkServer("127.0.0.1", 0, ring)
    peers = [dial(server) for _ in range(10)]
    for peer in peers[:5]:
        peer.sendall(b"DATA 1\r\n")
    wait_for(lambda: server.n_clients == 10)
    t = time.monotonic()
    server.close()
    server.close()
    assert time.monotonic() - t < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("seedlink-")]
    for peer in peers:
        peer.close()
    ring.append(raw("UH1"))  # nobody watches any more


def test_a_port_can_be_used_again_while_old_connections_time_out() -> None:
    with SeedLinkServer("127.0.0.1", 0, filled_ring()) as server:
        port = server.port
        peer = dial(server)
        peer.sendall(b"HELLO\r\n")
        assert peer.recv(1000)
    # Whoever closes first, here the server, keeps the address in TIME_WAIT for a minute.
    peer.close()
    with SeedLinkServer("127.0.0.1", port, filled_ring()) as server:
        assert_serves(server)


def test_a_port_in_use_is_named(server: SeedLinkServer) -> None:
    with pytest.raises(SourceError, match=f"127.0.0.1:{server.port}: .*another program listens there"):
        SeedLinkServer("127.0.0.1", server.port, Ring())


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("203.0.113.1", 0)])
def test_an_address_that_cannot_be_listened_on_is_named(host: str, port: int) -> None:
    with pytest.raises(SourceError, match=f"{host}:{port}"):
        SeedLinkServer(host, port, Ring())


def test_many_clients_at_once_get_everything() -> None:
    ring = filled_ring()
    with SeedLinkServer("127.0.0.1", 0, ring) as server:
        peers = [dial(server) for _ in range(20)]
        for peer in peers:
            peer.sendall(b"DATA 1\r\n")
        for second in range(200):
            ring.append(raw("UH2", second=second))
        expected = b"".join(b"SL%06X" % one.sequence + one.raw for one in ring.read(1, 1000)[0])
        for peer in peers:
            got = bytearray()
            while len(got) < len(expected):
                got += peer.recv(65536)
            assert got == expected
            peer.close()
