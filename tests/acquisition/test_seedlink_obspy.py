"""ObsPy's client as a source: it resumes, it ends when told, and its limits are said."""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from acquisition import mseed
from acquisition.heartbeat import Heartbeat
from acquisition.records import pack
from acquisition.seedlink import Phase, advance, by_time, open_source
from acquisition.seedlink.obspy_client import ObsPySource
from acquisition.seedlink.resume import RESUME_MARGIN_NS
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import OBSPY_LIMITS, SeedLinkSettings
from houfeng.errors import ConfigError
from houfeng.times import NS_PER_S
from houfeng.types import Packet
from tests.acquisition.test_seedlink_source import collecting, ignore, settings_for, wait_for


def test_it_resumes_behind_its_saved_cursor(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        settings = replace(settings_for(server.port), client="obspy")
        for packet in packets[:60]:
            ring.append(packet.raw)
        with collecting(ObsPySource(settings, {}, ignore)) as first:
            wait_for(first, 60)
        cursors = advance({}, first[:40])
        for packet in packets[60:]:
            ring.append(packet.raw)
        source = ObsPySource(settings, cursors, ignore)
        with collecting(source) as second:
            wait_for(second, 60)
            assert source.state.phase is Phase.STREAMING
            assert source.state.n_packets == 60
    assert [packet.raw for packet in second] == [packet.raw for packet in packets[40:]]
    assert source.state.phase is Phase.CLOSED


def test_without_a_number_it_resumes_by_time(packets: list[Packet]) -> None:
    """As after a start without the database: the time is that of the newest record in the archive."""
    source_id, raw_s = packets[0].source_id, 100
    late = [pack(source_id, packets[0].start_ns + n * raw_s * NS_PER_S, 1.0, np.arange(raw_s)) for n in range(40)]
    records = [raw for raws in late for raw in raws]
    last_ns = mseed.decode(records[30]).next_ns
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        for raw in records:
            ring.append(raw)
        settings = replace(settings_for(server.port), client="obspy")
        with collecting(ObsPySource(settings, {source_id.station_id: by_time(last_ns)}, ignore)) as came:
            wait_for(came, 40 - 31 + RESUME_MARGIN_NS // (raw_s * NS_PER_S))
    assert [packet.raw for packet in came] == records[-len(came) :]


def test_a_stuck_thread_is_found(packets: list[Packet]) -> None:
    """It hands over what is no record, and the disk of the quarantine does not answer."""
    heart, let_go = Heartbeat("test", limit_s=0.2), threading.Event()
    broken = bytearray(packets[0].raw)
    broken[22:24] = struct.pack(">H", 999)  # a day of the year that there is none of

    def hang(raw: bytes, reason: str) -> None:
        assert let_go.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve_v3, args=(listening, b"SL000001" + bytes(broken)))
        serving.start()
        settings = replace(settings_for(listening.getsockname()[1]), client="obspy")
        with collecting(ObsPySource(settings, {}, hang, heart)):
            until = time.monotonic() + 60
            while heart.stuck is None and time.monotonic() < until:
                time.sleep(0.01)
            stuck = heart.stuck
            let_go.set()
        serving.join()
    assert stuck is not None
    assert str(stuck).startswith("test: taking what was received for ")


def serve_v3(listening: socket.socket, data: bytes) -> None:
    """One client of a server of version 3 that has this to send."""
    connection, _ = listening.accept()
    with connection:
        while asked := connection.recv(4096):  # it waits for each answer, and ends its commands with CR
            word = asked.split()[0].upper()
            if word == b"HELLO":
                connection.sendall(b"SeedLink v3.1 (test)\r\ntest\r\n")
            elif word == b"END":
                connection.sendall(data)
            elif word != b"INFO":
                connection.sendall(b"OK\r\n")


def test_it_ends_while_it_waits_for_a_quiet_server(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, Ring()) as server:
        source = ObsPySource(replace(settings_for(server.port), client="obspy"), {}, ignore)
        began = time.monotonic()
        with collecting(source):
            time.sleep(0.5)
        assert time.monotonic() - began < 30


def test_its_limits_are_said(caplog: pytest.LogCaptureFixture) -> None:
    settings = SeedLinkSettings("test", "127.0.0.1:1", ("XX.TEST.*.*",), client="obspy")
    assert isinstance(open_source(settings, {}, ignore), ObsPySource)
    assert all(f"test: {limit}" in caplog.text for limit in OBSPY_LIMITS)
    assert replace(settings, client="houfeng").remarks == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tls": True}, "has neither TLS nor AUTH"),
        ({"auth": "jwt", "secret": "env:X"}, "has neither TLS nor AUTH"),
        ({"streams": ("XX.*.*.*",)}, "needs each station by name, 'XX.*.*.*' came"),
    ],
)
def test_what_it_cannot_do_is_refused(changes: dict[str, object], message: str) -> None:
    settings = SeedLinkSettings("test", "127.0.0.1:1", ("XX.TEST.*.*",), client="obspy")
    with pytest.raises(ConfigError, match="seedlink") as raised:
        replace(settings, **changes)  # type: ignore[arg-type]
    assert message in str(raised.value)
