"""The SeedLink source against a real server on loopback: resume, reconnection, servers that are not well."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from acquisition import mseed
from acquisition.records import pack
from acquisition.seedlink import SeedLinkSource, advance
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Cursor, Packet, SourceId
from tests.acquisition.conftest import START_NS
from tests.acquisition.seedlink_scripted import ScriptedServer, v4


def settings_for(port: int, **changes: float) -> SeedLinkSettings:
    return SeedLinkSettings("test", f"127.0.0.1:{port}", ("XX.TEST.*.HHZ",), retry_min_s=0.05, **changes)


def ignore(raw: bytes, reason: str) -> None:
    raise AssertionError(f"a good record was rejected: {reason}")


@contextmanager
def collecting(source: SeedLinkSource) -> Iterator[list[Packet]]:
    """Packets as they come, gathered by a thread until the block ends."""
    gathered: list[Packet] = []

    def gather() -> None:
        for batch in source.packets():
            gathered.extend(batch)

    thread = threading.Thread(target=gather)
    thread.start()
    try:
        yield gathered
    finally:
        source.close()
        thread.join(timeout=60)
        assert not thread.is_alive()


def until_asked(server: ScriptedServer, word: str, n: int = 1, seconds: float = 60) -> list[str]:
    until = time.monotonic() + seconds
    while len(server.asked(word)) < n and time.monotonic() < until:
        time.sleep(0.01)
    return server.asked(word)


def wait_for(gathered: list[Packet], n_packets: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while len(gathered) < n_packets and time.monotonic() < until:
        time.sleep(0.01)
    assert len(gathered) == n_packets


def wait_for_words(caplog: pytest.LogCaptureFixture, words: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while words not in caplog.text and time.monotonic() < until:
        time.sleep(0.01)


def test_a_new_process_resumes_behind_its_saved_cursor(packets: list[Packet]) -> None:
    ring = Ring()
    for packet in packets[:60]:
        ring.append(packet.raw)
    with SeedLinkServer("127.0.0.1", 0, ring) as server:
        with collecting(SeedLinkSource(settings_for(server.port), {}, ignore)) as first:
            wait_for(first, 60)
        cursors = advance({}, first[:40])  # the rest was received but never saved
        for packet in packets[60:]:
            ring.append(packet.raw)
        with collecting(SeedLinkSource(settings_for(server.port), cursors, ignore)) as second:
            wait_for(second, 60)
    assert [packet.raw for packet in second] == [packet.raw for packet in packets[40:]]


def test_a_server_that_restarts_and_numbers_anew_costs_nothing(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, first_ring := Ring()) as server:
        port = server.port
        for packet in packets[:50]:
            first_ring.append(packet.raw)
        source = SeedLinkSource(settings_for(port), {}, ignore)
        with collecting(source) as gathered:
            wait_for(gathered, 50)
            server.close()
            second_ring = Ring()
            for packet in packets[45:70]:  # sequence numbers 1-25 again, some records we have, some not
                second_ring.append(packet.raw)
            with SeedLinkServer("127.0.0.1", port, second_ring):
                wait_for(gathered, 75)
    assert {packet.raw for packet in gathered} == {packet.raw for packet in packets[:70]}


def test_a_closed_connection_is_made_again(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        port = server.port
        ring.append(packets[0].raw)
        with collecting(SeedLinkSource(settings_for(port), {}, ignore)) as gathered:
            wait_for(gathered, 1)
            server.close()
            with SeedLinkServer("127.0.0.1", port, ring):
                ring.append(packets[1].raw)
                until = time.monotonic() + 60
                while packets[1].raw not in [packet.raw for packet in gathered] and time.monotonic() < until:
                    time.sleep(0.01)
    assert gathered[0].raw == packets[0].raw  # it may come again: another server may have another's numbers
    assert gathered[-1].raw == packets[1].raw


def test_an_unreachable_server_is_named_once_a_try(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with collecting(SeedLinkSource(settings_for(port), {}, ignore)):
        wait_for_words(caplog, said := f"test: 127.0.0.1:{port}: cannot connect: Connection refused; next try in")
    assert said in caplog.text


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server closed the connection"),
        (b"SeedLink v4.0 :: SLPROTO:4.0\r\nx\r\nERROR LIMIT too many\r\n", "'ERROR LIMIT too many', OK was expected"),
        (b"SeedLink v3.1 :: SLPROTO:3.1\r\nx\r\n" + b"\xff" * 600, "Unrecognized v3 header"),
    ],
)
def test_a_server_that_speaks_something_else_is_named(
    answer: bytes, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)  # closed with something unread, it would be reset
                while connection.recv(1000):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        with collecting(SeedLinkSource(settings_for(port, retry_max_s=60.0), {}, ignore)):
            thread.join(timeout=60)
            wait_for_words(caplog, message)
    assert message in caplog.text
    assert f"127.0.0.1:{port}" in caplog.text


def test_a_silent_server_is_left_after_the_idle_time(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedServer() as server:
        ask = settings_for(server.port, keepalive_s=0.2, idle_timeout_s=1.0, retry_max_s=60.0)
        answers = server.answers
        with collecting(SeedLinkSource(ask, {}, ignore)) as gathered:
            until_asked(server, "END")
            answers["INFO"] = answers["INFO ID"] = b""
            wait_for_words(caplog, "keep-alive unanswered")
    assert "keep-alive unanswered" in caplog.text
    assert gathered == []


def test_a_payload_that_is_no_record_is_handed_over_and_nothing_stops(packets: list[Packet]) -> None:
    data = v4(b"2D", packets[0].raw, 1) + v4(b"2D", b"garbage" * 40, 2) + v4(b"2D", packets[1].raw, 3)
    rejected: list[tuple[bytes, str]] = []
    with ScriptedServer(data) as server:
        source = SeedLinkSource(settings_for(server.port), {}, lambda raw, reason: rejected.append((raw, reason)))
        with collecting(source) as gathered:
            wait_for(gathered, 2)
    assert [packet.raw for packet in gathered] == [packets[0].raw, packets[1].raw]
    ((raw, reason),) = rejected
    assert raw == b"garbage" * 40
    assert f"127.0.0.1:{server.port} sequence 2: not a miniSEED record" in reason


@pytest.mark.parametrize(
    ("ahead_s", "moved_s"),
    [
        (-5, -5),  # the usual latency
        (400, 0),  # a clock a little ahead: to when it came
        (80_000, -7200),  # a broken clock, below archive.future_limit_h: it tells nothing
    ],
)
def test_a_record_from_the_future_does_not_move_the_place_to_resume_from(ahead_s: int, moved_s: int) -> None:
    came_ns = START_NS + 86_400 * NS_PER_S
    before = Cursor(7, came_ns - 7200 * NS_PER_S, 0, "")
    samples = np.arange(100, dtype=np.int32)
    (raw,) = pack(SourceId("XX", "TEST", "00", "HHZ"), came_ns + (ahead_s - 1) * NS_PER_S, 100.0, samples)
    packet = mseed.open_record(raw, came_ns, 8, "")
    moved = Cursor(8, came_ns + moved_s * NS_PER_S, packet.start_ns, "")
    assert advance({"XX.TEST": before}, [packet]) == {"XX.TEST": moved}


def test_a_station_that_lags_loses_nothing_behind_a_record_from_the_future() -> None:
    """Two hours late, one record ten hours ahead, then a server that numbers anew: what is missing is asked for."""
    late_ns = now_ns() // NS_PER_S * NS_PER_S - 7200 * NS_PER_S
    samples = np.arange(100, dtype=np.int32)
    (*late, ahead) = [
        pack(SourceId("XX", "TEST", "00", "HHZ"), late_ns + second * NS_PER_S, 100.0, samples + second)[0]
        for second in (*range(20), 12 * 3600)
    ]
    with SeedLinkServer("127.0.0.1", 0, first_ring := Ring()) as server:
        port = server.port
        for raw in (*late[:10], ahead):
            first_ring.append(raw)
        with collecting(SeedLinkSource(settings_for(port), {}, ignore)) as gathered:
            wait_for(gathered, 11)
            server.close()
            second_ring = Ring()
            for raw in late:
                second_ring.append(raw)
            with SeedLinkServer("127.0.0.1", port, second_ring):
                wait_for(gathered, 31)
    assert {packet.raw for packet in gathered} == {*late, ahead}
