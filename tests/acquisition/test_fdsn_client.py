"""Requests over TLS and through redirects; what ObsPy makes of addresses and lines."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.fdsn.client import MAX_BODY_BYTES, FdsnClient
from acquisition.fdsn.settings import FdsnSettings
from acquisition.records import pack
from houfeng.errors import SourceError
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId
from tests.acquisition.fdsn_server import Answer, FdsnServer, Handler, drip, packets_of, serving, sound, stall_in_body

START_NS = 1_700_000_000 * NS_PER_S
GAP = Gap(SourceId("XX", "AAA", "", "HHZ"), START_NS, START_NS + 60 * NS_PER_S)
RAWS = pack(GAP.source_id, START_NS, 100.0, [n % 50 for n in range(6000)])


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself, in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        path,
        "-out",
        f"{path}.c",
    ]
    subprocess.run([*new, *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.c").read_bytes())
    return path


@pytest.fixture
def server() -> Iterator[FdsnServer]:
    with serving(packets_of(RAWS)) as opened:
        yield opened


def test_lines_of_a_request_are_those_of_the_standard(server: FdsnServer) -> None:
    FdsnClient(FdsnSettings(server.address)).dataselect([GAP])
    assert server.bodies == ["XX AAA -- HHZ 2023-11-14T22:13:20.000000 2023-11-14T22:14:19.999999"]


def test_names_that_obspy_knows_become_addresses() -> None:
    assert FdsnClient(FdsnSettings("GFZ")).address == "https://geofon.gfz.de"


@pytest.mark.parametrize("address", ["NOPE", "http://127.0.0.1:1"])
def test_what_is_no_address_is_refused_with_what_would_be_one(address: str) -> None:
    with pytest.raises(SourceError, match=rf"^{address}: an address such as https.* is needed: AUSPASS.* GFZ"):
        FdsnClient(FdsnSettings(address))


def test_tls(tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))
    with serving(packets_of(RAWS), tls=tls) as server:
        reply = FdsnClient(FdsnSettings(server.address)).dataselect([GAP])
    assert (reply.status, reply.fault, reply.body) == (200, "", b"".join(RAWS))


def test_a_certificate_that_nobody_trusts_is_a_fault(tls: Path) -> None:
    with serving(packets_of(RAWS), tls=tls) as server:
        reply = FdsnClient(FdsnSettings(server.address)).dataselect([GAP])
    assert reply.status == 0 and "CERTIFICATE_VERIFY_FAILED" in reply.fault


@pytest.mark.parametrize("answer", [drip(b""), drip(b"X"), stall_in_body(0.5)])
def test_the_deadline_holds_over_tls(tls: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))
    with serving(packets_of(RAWS), [answer], tls=tls) as server:
        began = time.monotonic()
        reply = FdsnClient(FdsnSettings(server.address, deadline_s=0.5)).dataselect([GAP])
        assert time.monotonic() - began < 30
    assert reply.fault == "not done after 0.5 s; cut off"


def test_a_redirected_request_takes_its_lines_along(server: FdsnServer) -> None:
    def elsewhere(handler: Handler, body: bytes) -> None:
        handler.send(307, Location=f"{server.address}/fdsnws/dataselect/1/query")

    with serving([], [elsewhere]) as first:
        reply = FdsnClient(FdsnSettings(first.address)).dataselect([GAP])
    assert (reply.status, reply.body) == (200, b"".join(RAWS))
    assert len(server.bodies) == 1


@pytest.mark.parametrize("place", ["http://a..b/", "foo://x/", "http://127.0.0.1:99999/", "/fdsnws/dataselect/1/query"])
def test_a_redirect_to_nowhere_or_in_a_circle_is_a_failure_like_others(place: str) -> None:
    with serving([], [lambda handler, body: handler.send(302, Location=place)] * 50) as first:
        reply = FdsnClient(FdsnSettings(first.address)).dataselect([GAP])
    assert reply.fault or reply.status == 302


def test_an_answer_without_end_is_cut_off(server: FdsnServer) -> None:
    def endless(handler: Handler, body: bytes) -> None:
        handler.send(200)
        block = body * 100
        try:
            while True:
                handler.wfile.write(block)
        except OSError:
            return

    server.answers = [endless]
    reply = FdsnClient(FdsnSettings(server.address)).dataselect([GAP])
    assert "cut off" in reply.fault
    assert MAX_BODY_BYTES < len(reply.body) < 1.01 * MAX_BODY_BYTES


def test_a_closed_client_makes_no_more_requests(server: FdsnServer) -> None:
    server.answers = [sound] * 2
    client = FdsnClient(FdsnSettings(server.address))
    client.close()
    reply = client.dataselect([GAP])
    assert (reply.body, reply.fault) == (b"", "closed")
