"""TLS and logins: certificates are checked, secrets are in no message, refusals are told apart from failures."""

from __future__ import annotations

import ssl
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.seedlink import Phase, SeedLinkSource
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from houfeng.errors import ConfigError
from houfeng.types import Packet
from tests.acquisition.seedlink_scripted import ScriptedServer, v4
from tests.acquisition.test_seedlink_source import (
    collecting,
    ignore,
    settings_for,
    until_asked,
    wait_for,
    wait_for_words,
)
from tests.plugins.proxy import FaultProxy

SECRET = "not-a-secret-that-may-be-logged"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of its own authority, and its key."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [*command.split(), "-addext", f"subjectAltName={name}", "-out", pem, "-keyout", key],
        check=True,
        capture_output=True,
    )
    return pem, key


@pytest.mark.parametrize(
    ("name", "trusted", "message"),
    [
        ("IP:127.0.0.1", True, ""),
        ("IP:127.0.0.1", False, "the server's certificate is not trusted: self-signed certificate"),
        ("IP:192.0.2.1", True, "the server's certificate is not trusted: IP address mismatch"),
    ],
)
def test_tls_is_checked(
    tmp_path: Path, packets: list[Packet], caplog: pytest.LogCaptureFixture, name: str, trusted: bool, message: str
) -> None:
    pem, key = certificate(tmp_path, name)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key)
    with (
        SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server,
        FaultProxy(server.port, tls=context) as proxy,
    ):
        for packet in packets:
            ring.append(packet.raw)
        settings = replace(settings_for(proxy.port), tls=True, tls_ca_file=str(pem) if trusted else "")
        with collecting(SeedLinkSource(settings, {}, ignore)) as gathered:
            if message:
                wait_for_words(caplog, message)
            else:
                wait_for(gathered, 100)
    assert message in caplog.text
    assert bool(gathered) == (not message)


def test_a_port_without_tls_and_a_missing_file_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with SeedLinkServer("127.0.0.1", 0, Ring()) as server:
        settings = replace(settings_for(server.port), tls=True)
        for ca_file, message in (
            ("", "is this its TLS port?"),
            (str(tmp_path / "none.pem"), "none.pem: No such file"),
        ):
            with collecting(SeedLinkSource(replace(settings, tls_ca_file=ca_file), {}, ignore)):
                wait_for_words(caplog, message)
            assert message in caplog.text


def wait_until_refused(source: SeedLinkSource, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not source.state.refused and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize(("auth", "line"), [("userpass", f"AUTH USERPASS me {SECRET}"), ("jwt", f"AUTH JWT {SECRET}")])
def test_credentials_are_sent_and_never_logged(
    tmp_path: Path,
    packets: list[Packet],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    auth: str,
    line: str,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("SEEDLINK_SECRET", SECRET)
    (tmp_path / "secret").write_text(SECRET + "\n")
    user = "me" if auth == "userpass" else ""
    with ScriptedServer(v4(b"2D", packets[0].raw, 1)) as server:
        for secret in ("env:SEEDLINK_SECRET", f"file:{tmp_path}/secret"):
            settings = replace(settings_for(server.port), auth=auth, user=user, secret=secret)
            with collecting(SeedLinkSource(settings, {}, ignore)) as gathered:
                wait_for(gathered, 1)
        assert server.asked("AUTH") == [line, line]
    with ScriptedServer(answers={"AUTH": b"ERROR AUTH who are you\r\n"}) as server:
        source = SeedLinkSource(replace(settings, address=f"127.0.0.1:{server.port}"), {}, ignore)
        with collecting(source):
            until_asked(server, "AUTH")
            wait_until_refused(source)
            time.sleep(0.5)
            state = source.state
            assert len(server.asked("AUTH")) == 1, "refused credentials are not tried again soon"
    assert (state.phase, state.refused) == (Phase.WAITING, True)
    assert "ERROR AUTH who are you" in state.reason
    assert SECRET not in caplog.text + state.reason


def test_a_secret_that_is_missing_is_named_by_its_place(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedServer() as server:
        settings = replace(settings_for(server.port), auth="jwt", secret="env:NO_SUCH_VARIABLE")
        with collecting(SeedLinkSource(settings, {}, ignore)):
            wait_for_words(caplog, "holds no printable word")
    assert "seedlink[test].secret: env:NO_SUCH_VARIABLE holds no printable word" in caplog.text


def test_a_refusal_at_the_end_of_the_handshake_is_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedServer(b"ERROR AUTH Authentication required for streaming\r\n") as server:
        source = SeedLinkSource(settings_for(server.port), {}, ignore)
        with collecting(source):
            until_asked(server, "END")
            wait_until_refused(source)
            assert source.state.refused


def test_a_station_that_is_refused_does_not_keep_the_others_away(
    packets: list[Packet], caplog: pytest.LogCaptureFixture
) -> None:
    answers = {"STATION XX_SECRET": b"ERROR UNAUTHORIZED not for you\r\n"}
    with ScriptedServer(v4(b"2D", packets[0].raw, 1), answers) as server:
        settings = replace(settings_for(server.port), streams=("XX.SECRET.*.*", "XX.TEST.*.*"))
        with collecting(SeedLinkSource(settings, {}, ignore)) as gathered:
            wait_for(gathered, 1)
    assert "'STATION XX_SECRET' was answered with 'ERROR UNAUTHORIZED not for you'" in caplog.text
    assert server.lines[-1] == "END"
    assert [line for line in server.lines[server.lines.index("HELLO", 1) :] if "SECRET" in line] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tls_ca_file": "ca.pem"}, "tls_ca_file: has no effect while tls = false"),
        ({"user": "me"}, "have no effect while auth = 'none'"),
        ({"auth": "jwt", "secret": "eyJhbGci"}, "env:NAME or file:PATH is needed"),
        ({"auth": "userpass", "secret": "env:X"}, "seedlink[test].user: one word is needed"),
        ({"begin": "yesterday"}, "seedlink[test].begin: 'yesterday' is not a UTC time"),
        ({"begin": "2026-01-02", "end": "2026-01-01"}, "seedlink[test].end: a time after begin"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        SeedLinkSettings("test", "localhost:18000", ("*.*.*.*",), **changes)  # type: ignore[arg-type]
    assert message in str(raised.value)
    assert "eyJ" not in str(raised.value)
