"""Who gets in: stations that only some addresses see, and connections under TLS."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from seedlink_client import SeedLink
from seedlink_client.protocol import Protocol

from acquisition.server import Ring, SeedLinkServer, client, loop
from acquisition.server.access import Access
from acquisition.server.tls import Certificate
from houfeng.errors import SourceError

from .seedlink_driver import filled_ring, packets_v4, raw

FRIEND, STRANGER = "127.0.0.2", "127.0.0.3"
RULES = [(["BW.UH1", "BW.UH2"], [FRIEND, "2001:db8::/32"]), (["*.UH2"], ["192.0.2.0/24"])]


def ask(server: SeedLinkServer, commands: bytes, source: str) -> bytes:
    """Everything the server answers to a client at this address until it closes."""
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60, source_address=(source, 0))
    with peer:
        peer.sendall(commands)
        out = bytearray()
        while not out.endswith(b"END") and (data := peer.recv(65536)):
            out += data
    return bytes(out)


@pytest.fixture
def server() -> Iterator[SeedLinkServer]:
    with SeedLinkServer("127.0.0.1", 0, filled_ring(), access=Access(RULES)) as running:
        yield running


@pytest.mark.parametrize(("source", "expected"), [(FRIEND, ["BW_UH1", "BW_UH2", "BW_UH3"]), (STRANGER, ["BW_UH3"])])
def test_a_restricted_station_is_sent_to_its_friends_only(
    server: SeedLinkServer, source: str, expected: list[str]
) -> None:
    answers = ask(server, b"SLPROTO 4.0\r\nSTATION *\r\nDATA ALL\r\nENDFETCH\r\n", source)
    assert sorted({station for _, _, station, _ in packets_v4(answers[12:])}) == expected


@pytest.mark.parametrize("station", ["UH1 BW", "UH9 BW"])
def test_a_restricted_station_behaves_as_if_it_did_not_exist(server: SeedLinkServer, station: str) -> None:
    answers = ask(server, f"STATION {station}\r\nSELECT SHZ\r\nFETCH 1\r\nEND\r\n".encode(), STRANGER)
    assert answers == b"OK\r\n" * 3 + b"END"


@pytest.mark.parametrize("version", [b"", b"SLPROTO 4.0\r\n"])
@pytest.mark.parametrize("level", [b"STATIONS", b"STREAMS"])
def test_info_does_not_name_a_restricted_station(server: SeedLinkServer, version: bytes, level: bytes) -> None:
    commands = version + b"INFO " + level + b"\r\nSTATION " + (b"X_X" if version else b"X X")
    commands += b"\r\nDATA\r\n" + (b"ENDFETCH\r\n" if version else b"FETCH\r\nEND\r\n")
    for source, seen in ((FRIEND, True), (STRANGER, False)):
        answers = ask(server, commands, source)
        assert b"UH3" in answers
        assert (b"UH1" in answers) is seen


@pytest.mark.parametrize(
    ("address", "visible"),
    [
        ("127.0.0.2", {"BW_UH1", "BW_UH2", "BW_UH3"}),
        ("::ffff:127.0.0.2", {"BW_UH1", "BW_UH2", "BW_UH3"}),
        ("2001:db8::7", {"BW_UH1", "BW_UH2", "BW_UH3"}),
        ("192.0.2.77", {"BW_UH2", "BW_UH3"}),
        ("192.0.3.77", {"BW_UH3"}),
        ("fe80::1%eth0", {"BW_UH3"}),
    ],
)
def test_addresses_of_both_versions_are_matched(address: str, visible: set[str]) -> None:
    view = Access(RULES).view(filled_ring(), address)
    assert {span.key.station for span in view.streams()} == visible
    assert {record.key.station for record in view.read(1, 100)[0]} == visible


# --- TLS


def certify(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("the command openssl makes the certificate")
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certify(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secured(pair: tuple[Path, Path]) -> Iterator[tuple[SeedLinkServer, Ring]]:
    ring = filled_ring()
    with SeedLinkServer("127.0.0.1", 0, ring, certificate=Certificate(*pair)) as running:
        yield running, ring


def dial(server: SeedLinkServer, certificate: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=certificate)
    plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=60)
    return context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("protocol", [Protocol.V3, Protocol.V4])
def test_a_real_client_receives_under_tls(secured: tuple[SeedLinkServer, Ring], protocol: Protocol) -> None:
    server, ring = secured
    for second in range(5, 1500):  # many TLS records
        ring.append(raw("UH1", second=second))
    tls_port = server.tls_port
    assert tls_port is not None
    client = SeedLink("127.0.0.1", tls_port, timeout=60, tls=True, tls_noverify=True, protocol=protocol, dialup=True)
    with client as one:
        one.set_all_stations(all_data=True)
        got = [packet.payload for packet in one.collect(reconnect=False)]
    assert got == [record.raw for record in ring.read(1, 10_000)[0]]


def test_records_are_pushed_and_commands_heard_under_tls(
    secured: tuple[SeedLinkServer, Ring], pair: tuple[Path, Path]
) -> None:
    server, ring = secured
    with dial(server, pair[0]) as peer:
        assert peer.version() in ("TLSv1.2", "TLSv1.3")
        peer.sendall(b"SLPROTO 4.0\r\n" + b"STATION BW_UH1\r\nDATA\r\n" * 2000 + b"END\r\n")
        got = bytearray()
        while got.count(b"OK\r\n") < 4001:
            got += peer.recv(65536)
        time.sleep(0.05)
        ring.append(record := raw("UH1", second=5))
        while not got.endswith(record):
            got += peer.recv(65536)


def test_plain_text_and_noise_on_the_tls_port_are_let_go(
    secured: tuple[SeedLinkServer, Ring], pair: tuple[Path, Path]
) -> None:
    server, _ = secured
    for noise in (b"HELLO\r\n" * 100, os.urandom(5000), b""):
        with socket.create_connection(("127.0.0.1", server.tls_port), timeout=60) as rude:
            rude.sendall(noise)
            if noise:
                try:
                    while rude.recv(1000):
                        continue
                except ConnectionResetError:
                    pass
    with dial(server, pair[0]) as peer:
        peer.sendall(b"HELLO\r\n")
        assert peer.recv(1000).startswith(b"SeedLink v4.0")


def test_a_handshake_that_never_comes_holds_up_nobody(
    secured: tuple[SeedLinkServer, Ring], pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = secured
    monkeypatch.setattr(client, "HANDSHAKE_TIMEOUT_S", 2.0)
    monkeypatch.setattr(loop, "TICK_S", 0.05)
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=60) as silent:
        with dial(server, pair[0]) as peer:
            peer.sendall(b"HELLO\r\n")
            assert peer.recv(1000)
        assert silent.recv(1) == b""


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = certify(tmp_path)
    with SeedLinkServer("127.0.0.1", 0, filled_ring(), certificate=Certificate(certificate, key)) as server:
        old = certificate.read_bytes()
        dial(server, certificate).close()
        certificate.write_text("not a certificate")
        (tmp_path / "old").write_bytes(old)
        dial(server, tmp_path / "old").close()
        assert "the new certificate cannot be used" in caplog.text
        certify(tmp_path)
        dial(server, certificate).close()
        with pytest.raises(ssl.SSLCertVerificationError):
            dial(server, tmp_path / "old")


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("")
    (tmp_path / "a.key").write_text("")
    with pytest.raises(SourceError, match=r"a\.pem and .*a\.key: a certificate and its key in PEM form are needed"):
        Certificate(tmp_path / "a.pem", tmp_path / "a.key")
    with pytest.raises(SourceError, match="No such file"):
        Certificate(tmp_path / "b.pem", tmp_path / "a.key")
