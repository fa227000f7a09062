"""Many clients at once: those that stall, say nothing or ask for much do not hold up the others."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from acquisition.server import Ring, SeedLinkServer, loop
from acquisition.server.access import Access
from acquisition.server.ring import everything
from acquisition.server.session import Session
from houfeng.cli.limits import raise_file_limit

from .seedlink_driver import IDENTITY, V4, filled_ring, packets_v4, raw, sequences_v3


@pytest.fixture
def ring() -> Ring:
    return filled_ring()


@pytest.fixture
def server(ring: Ring) -> Iterator[SeedLinkServer]:
    with SeedLinkServer("127.0.0.1", 0, ring) as running:
        yield running


def dial(server: SeedLinkServer, commands: bytes = b"") -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    peer.sendall(commands)
    return peer


def receive(peer: socket.socket, n_bytes: int) -> bytes:
    out = b""
    while len(out) < n_bytes and (data := peer.recv(n_bytes - len(out))):
        out += data
    return out


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_thousand_connections_that_say_nothing_keep_nobody_out(
    server: SeedLinkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_file_limit()
    n_silent = min(1000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 2)  # both ends are ours
    assert n_silent > 200
    monkeypatch.setattr(loop, "SEAT_S", 0.1)
    with contextlib.ExitStack() as stack:
        streaming = stack.enter_context(dial(server, b"DATA 1\r\n"))
        assert sequences_v3(receive(streaming, 20 * 520)) == list(range(1, 21))
        for n in range(n_silent):
            stack.enter_context(dial(server, b"STATION UH1 B" if n % 2 else b""))
        wait_for(lambda: server.n_clients == 200)
        deadline = time.monotonic() + 60
        while True:
            with dial(server, b"FETCH D\r\n") as late, contextlib.suppress(ConnectionResetError):
                if (answer := receive(late, 8 * 520 + 3)).endswith(b"END"):
                    break
            assert time.monotonic() < deadline
        assert sequences_v3(answer) == list(range(13, 21))
        assert server.n_clients <= 200
        assert isinstance(server.backlog, Ring)
        server.backlog.append(raw("UH1", second=99))  # who has asked for records keeps the place
        assert sequences_v3(receive(streaming, 520)) == [21]


def test_each_of_a_hundred_clients_gets_what_it_asked_for(server: SeedLinkServer, ring: Ring) -> None:
    """Packets are made once for all that ask for the same: nobody may get those of another."""
    choices = [("*", "*"), ("*", "10_*"), ("BW_UH1", "*"), ("*", "!10_*")]
    with contextlib.ExitStack() as stack:
        peers = []
        for n in range(100):
            station, select = choices[n % 4]
            start = 21 if n % 8 < 4 else 15  # some have to catch up
            commands = f"STATION {station}\r\nSELECT {select}\r\nDATA {start}\r\nEND\r\n".encode()
            peers.append((n, start, stack.enter_context(dial(server, V4 + commands))))
        wait_for(lambda: server.n_clients == 100)
        for second in range(500, 540):
            ring.append(raw("UH1", second=second))
            ring.append(raw("UH3", "SHN", second, "10"))
        records = ring.read(15, 1000)[0]
        for n, start, peer in peers:
            session = Session(ring, IDENTITY, "alone")
            station, select = choices[n % 4]
            session.receive(V4 + f"STATION {station}\r\nSELECT {select}\r\nDATA {start}\r\nENDFETCH\r\n".encode())
            alone = b""
            while not session.idle:
                alone += session.step()
            expected = packets_v4(alone[16:])
            assert packets_v4(receive(peer, len(alone) - 3)[16:]) == expected
            assert 8 <= len(expected) <= len(records)


def refusals(packets: list[tuple[str, int, str, bytes]]) -> list[tuple[str, str]]:
    """(code, what was refused) of every error packet."""
    errors = [json.loads(payload)["error"] for kind, _, _, payload in packets if kind == "JE"]
    return [(error["code"], error["message"].partition(": only INFO and BYE")[0]) for error in errors]


def test_a_pipelined_handshake_is_obeyed_word_by_word(server: SeedLinkServer) -> None:
    commands = b"HELLO\r\n" + V4 + b"NONSENSE\r\nSTATION BW_UH1\r\nFETCH\r\nDATA ALL\r\nENDFETCH\r\nSTATION BW_UH2\r\n"
    with dial(server, commands) as peer:
        answer = b""
        while not answer.endswith(b"END"):
            answer += peer.recv(65536)
    lines, rest = answer.split(b"\r\n", 7)[2:7], answer.split(b"\r\n", 7)[7]
    assert [line.split(b" ")[0:2] for line in lines] == [
        [b"OK"],
        [b"ERROR", b"UNSUPPORTED"],
        [b"OK"],
        [b"ERROR", b"UNSUPPORTED"],
        [b"OK"],
    ]
    # The last STATION comes once records flow: a packet refuses it, wherever it falls among the records.
    packets = packets_v4(rest)
    assert [sequence for kind, sequence, _, _ in packets if kind == "2D"] == [1, 5, 9, 13, 17]
    assert refusals(packets) == [("UNEXPECTED", "STATION")]


@pytest.mark.parametrize("end", [b"STATION BW_UH1\r\nDATA 17\r\nEND\r\n", b""], ids=["v4", "v3"])
def test_commands_while_records_flow_do_not_tear_a_packet(server: SeedLinkServer, end: bytes) -> None:
    with dial(server, (V4 + end) if end else b"DATA 11\r\n") as peer:
        peer.sendall(b"STATION BW_UH2\r\nNONSENSE\r\n" + b"x" * 5000 + b"\r\nEND\r\nINFO ID\r\n")
        got = peer.recv(65536)
        while len(packets_v4(got[12:])) < 6 if end else len(got) < 5 * 520:  # refusals name the software too
            got += peer.recv(65536)
    if end:
        packets = packets_v4(got[12:])
        assert sorted(kind for kind, *_ in packets if kind != "JE") == ["2D", "JI"]
        assert refusals(packets) == [
            ("UNEXPECTED", "STATION"),
            ("UNEXPECTED", "NONSENSE"),
            ("LIMIT", "a line of 255 bytes or more"),
            ("UNEXPECTED", "END"),
        ]
    else:
        heads = sorted(got[at : at + 8] for at in range(0, len(got), 520))
        assert heads == [b"SL%06X" % n for n in range(17, 21)] + [b"SLINFO  "]


def test_info_of_many_streams_does_not_hold_up_records() -> None:
    """INFO of 1,000 streams takes a worker some 50 ms; a record must not wait for a row of them."""
    ring = Ring()
    for n in range(1000):
        ring.append(raw(f"S{n:04d}"[:5], second=n))
    with SeedLinkServer("127.0.0.1", 0, ring) as server, contextlib.ExitStack() as stack:
        streaming = stack.enter_context(dial(server, b"DATA 3E8\r\n"))
        assert sequences_v3(receive(streaming, 520)) == [1000]
        curious = [stack.enter_context(dial(server, b"INFO STREAMS\r\n" * 4)) for _ in range(5)]
        done = threading.Event()

        def drain() -> None:
            for peer in curious:
                receive(peer, 4 * 520 * 200)
            done.set()

        thread = threading.Thread(target=drain)
        thread.start()
        waits = []
        while not done.is_set() and len(waits) < 20:
            t = time.monotonic()
            ring.append(raw("S0001", second=5000 + len(waits)))
            receive(streaming, 520)
            waits.append(time.monotonic() - t)
        thread.join()
    assert len(waits) >= 5
    assert sorted(waits)[len(waits) // 2] < 0.5


def test_addresses_with_the_same_rights_share_a_view_and_others_do_not(ring: Ring) -> None:
    access = Access([(["BW.UH1"], ["192.0.2.0/24"]), (["BW.UH2"], ["192.0.2.1"])])
    views = {address: access.view(ring, address) for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "::1")}
    assert views["192.0.2.2"] is views["192.0.2.3"]
    seen = {
        address: {record.key.station for record in view.read(1, 100, everything)[0]} for address, view in views.items()
    }
    assert seen["192.0.2.1"] == {"BW_UH1", "BW_UH2", "BW_UH3"}
    assert seen["192.0.2.2"] == {"BW_UH1", "BW_UH3"}
    assert seen["::1"] == {"BW_UH3"}


def test_a_flood_of_refused_connections_is_a_line_now_and_then(
    ring: Ring, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.05)
    monkeypatch.setattr(loop, "REFUSED_LINE_S", 1.0)
    with SeedLinkServer("127.0.0.1", 0, ring, max_clients=1) as server, dial(server):
        wait_for(lambda: server.n_clients == 1)
        for _ in range(30):
            with dial(server) as refused:
                receive(refused, 1)

        def lines() -> list[str]:
            return [entry.getMessage() for entry in caplog.records if "refused" in entry.getMessage()]

        def told() -> int:
            return len(lines()) + sum(
                int(line.split("as were ")[1].split()[0]) for line in lines() if "as were" in line
            )

        wait_for(lambda: told() == 30)
        assert 2 <= len(lines()) < 10
        assert lines()[0].endswith("refused, 1 clients are connected already")
