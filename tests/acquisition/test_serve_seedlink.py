"""Other people's clients against the command `houfeng serve seedlink`, over the archive of a writer that goes on."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from obspy import UTCDateTime
from obspy.clients.seedlink.basic_client import Client as ObspyClient
from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection
from obspy.clients.seedlink.slpacket import SLPacket
from seedlink_client import SeedLink
from seedlink_client.protocol import Protocol

from .archive_writer import Writer, packet
from .seedlink_driver import START_NS

BOTH = pytest.mark.parametrize("protocol", [Protocol.V3, Protocol.V4])
PACKETS = [packet(station, second) for second in range(60) for station in ("UH1", "UH2", "UH3")]


@dataclass
class Service:
    """A running command: its ports, and the writer of the archive it serves."""

    port: int
    tls_port: int
    writer: Writer

    def client(self, protocol: Protocol, *, tls: bool = False, dialup: bool = True) -> SeedLink:
        port = self.tls_port if tls else self.port
        return SeedLink(
            "127.0.0.1", port, timeout=60, protocol=protocol, dialup=dialup, tls=tls, tls_noverify=tls or None
        )


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("served")
    if shutil.which("openssl") is None:
        pytest.skip("the command openssl makes the certificate")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "chain.pem")]
    subprocess.run([*made, "-subj", "/CN=localhost", *files], check=True, capture_output=True)
    ports = free_ports()
    (folder / "houfeng.toml").write_text(
        f'[archive]\npath = "{folder}/archive"\n[database]\nurl = "sqlite:///{folder}/db"\n'
        f'[seedlink_server]\nport = {ports[0]}\ntls_port = {ports[1]}\ntls_certificate = "{folder}/chain.pem"\n'
        f'tls_key = "{folder}/key.pem"\norganization = "Test network"\n'
        '[[seedlink_server.access]]\nstations = ["BW.UH3"]\naddresses = ["192.0.2.0/24"]\n'
    )
    command = [sys.executable, "-m", "houfeng", "serve", "seedlink", str(folder / "houfeng.toml")]
    with closing(Writer(folder / "archive")) as writer:
        writer.write(PACKETS)
        with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
            deadline = time.monotonic() + 120
            while "(TLS)" not in (said := (folder / "log").read_text()):
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
            yield Service(*ports, writer)
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0


def of(station: str) -> list[bytes]:
    return [one.raw for one in PACKETS if one.source_id.station == station]


@BOTH
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_wildcards_bring_what_the_address_may_see(service: Service, protocol: Protocol, tls: bool) -> None:
    with service.client(protocol, tls=tls) as one:
        one.add_stream("BW_UH*")
        got = [each.payload for each in one.collect(reconnect=False)][:120]
    assert got == [one.raw for one in PACKETS if one.source_id.station != "UH3"]


@BOTH
def test_a_client_resumes_by_number(service: Service, protocol: Protocol) -> None:
    with service.client(protocol) as one:
        one.add_stream("BW_UH2")
        first = [each for _, each in zip(range(25), one.collect(reconnect=False), strict=False)]
    with service.client(protocol) as one:
        one.add_stream("BW_UH2", seqnum=first[-1].seqnum)
        rest = [each.payload for each in one.collect(reconnect=False)]
    assert ([each.payload for each in first] + rest)[:60] == of("UH2")


@BOTH
def test_a_client_resumes_by_time(service: Service, protocol: Protocol) -> None:
    start = UTCDateTime(ns=START_NS)
    with service.client(protocol) as one:
        one.add_stream("BW_UH1")
        one.set_timewindow((start + 20).datetime, (start + 30).datetime)
        got = [each.payload for each in one.collect(reconnect=False)]
    assert got == of("UH1")[20 : 31 if protocol is Protocol.V3 else 30]


@BOTH
def test_every_level_of_info_is_understood(service: Service, protocol: Protocol) -> None:
    levels = ["ID", "CAPABILITIES", "STATIONS", "STREAMS"] + (["FORMATS"] if protocol is Protocol.V4 else [])
    for level in levels:
        with service.client(protocol) as one:
            answer = str(one.info_dict(level))
        assert "Test network" in answer
        assert "'error':" not in answer
        assert ("UH1" in answer) is (level in ("STATIONS", "STREAMS"))
        assert "UH3" not in answer


def test_obspy_finds_fetches_and_resumes(service: Service) -> None:
    asking = ObspyClient("127.0.0.1", service.port, timeout=60)
    assert asking.get_info(level="channel") == [("BW", "UH1", "", "SHZ"), ("BW", "UH2", "", "SHZ")]
    start = UTCDateTime(ns=START_NS)
    (trace,) = asking.get_waveforms("BW", "UH1", "", "SHZ", start + 5, start + 15).merge()
    assert (trace.stats.starttime, trace.stats.npts) == (start + 5, 501)
    got: list[bytes] = []
    sequence = 0
    for n_wanted in (30, 30):
        connection = SeedLinkConnection(timeout=60)
        connection.set_sl_address(f"127.0.0.1:{service.port}")
        connection.add_stream("BW", "UH2", "SHZ", sequence, None)
        for _ in range(n_wanted):
            each = connection.collect()
            assert isinstance(each, SLPacket)
            got.append(bytes(each.msrecord))
            sequence = each.get_sequence_number()
        connection.close()
    assert got == of("UH2")


@BOTH
def test_what_is_archived_from_now_on_is_pushed(service: Service, protocol: Protocol) -> None:
    new = [packet("UH9", 100 + n + (50 if protocol is Protocol.V4 else 0)) for n in range(5)]
    with service.client(protocol, tls=True, dialup=False) as one:
        one.add_stream("BW_UH9")
        one.negotiate()
        one_by_one = one.collect(reconnect=False)
        for each in new:
            service.writer.write([each])
            assert next(one_by_one).payload == each.raw
