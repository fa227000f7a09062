"""Restricted records: digest authentication and EIDA tokens against a data centre on loopback; no secret is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.archive import Archive
from acquisition.backfill import Backfill, BackfillSource
from acquisition.fdsn.client import FdsnClient
from acquisition.fdsn.settings import FdsnSettings
from configs import load
from houfeng.cli import main
from houfeng.errors import AuthError, ConfigError
from houfeng.times import NS_PER_S, format_ns, now_ns
from tests.acquisition.fdsn_server import FdsnServer, Handler, packets_of, serving
from tests.acquisition.test_fdsn_client import GAP, RAWS, tls  # noqa: F401
from tests.acquisition.test_seedlink_source import wait_for_words

PASSWORD = "not a word that may be said"
TOKEN = "-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\nowGbwMvMwMS4\n=aBcD\n-----END PGP MESSAGE-----\n"


@pytest.fixture
def server() -> Iterator[FdsnServer]:
    with serving(packets_of(RAWS)) as opened:
        opened.restricted = (GAP.source_id.station,)
        opened.doorman.users["ada"] = PASSWORD
        yield opened


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return f"file:{path}"


def as_ada(server: FdsnServer, secret: str) -> FdsnSettings:
    return FdsnSettings(server.address, auth="userpass", user="ada", secret=secret, tries=1, retry_min_s=0.01)


def refuse(raw: bytes, reason: str) -> None:
    raise AssertionError(reason)


def test_restricted_records_come_to_those_who_have_a_password(server: FdsnServer, password: str) -> None:
    assert FdsnClient(FdsnSettings(server.address)).dataselect([GAP]).status == 204
    reply = FdsnClient(as_ada(server, password)).dataselect([GAP])
    assert (reply.status, reply.fault, reply.body) == (200, "", b"".join(RAWS))
    assert server.doorman.refused == 0


def test_the_password_may_be_in_the_environment(server: FdsnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDSN_PASSWORD", PASSWORD)
    assert FdsnClient(as_ada(server, "env:FDSN_PASSWORD")).dataselect([GAP]).body == b"".join(RAWS)


def test_a_refused_password_ends_the_search_and_is_not_said(
    server: FdsnServer, password: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.doorman.users["ada"] = "another one"
    archive = Archive(tmp_path / "archive")
    with pytest.raises(AuthError, match="refuses our password or token") as raised:
        Backfill(as_ada(server, password), archive.root, refuse).fill(archive, [GAP])
    archive.close()
    assert server.doorman.refused >= 1 and not server.bodies
    assert PASSWORD not in caplog.text and PASSWORD not in str(raised.value)


def test_back_filling_goes_on_with_a_mended_password(server: FdsnServer, tmp_path: Path) -> None:
    place = tmp_path / "password"
    settings = as_ada(server, f"file:{place}")
    client = FdsnClient(settings)
    with pytest.raises(AuthError, match=r"secret: .*password cannot be read"):
        client.dataselect([GAP])
    place.write_text("a wrong one")
    with pytest.raises(AuthError, match="HTTP 401"):
        client.dataselect([GAP])
    place.write_text(PASSWORD)
    assert client.dataselect([GAP]).status == 200
    server.doorman.users["ada"] = "changed meanwhile"
    place.write_text("changed meanwhile")
    assert client.dataselect([GAP]).status == 200


def test_credentials_follow_no_redirect(server: FdsnServer, password: str) -> None:
    def elsewhere(handler: Handler, body: bytes) -> None:
        handler.send(307, Location="http://127.0.0.1:9/fdsnws/dataselect/1/queryauth")

    server.answers = [elsewhere]
    reply = FdsnClient(as_ada(server, password)).dataselect([GAP])
    assert "sent to no other address" in reply.fault


def test_a_back_fill_source_says_that_it_is_refused_and_tries_again(
    server: FdsnServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    packets = packets_of(RAWS)
    archive = Archive(tmp_path / "archive")
    archive.append(packets[:1] + packets[-1:])
    archive.close()
    age_h = (now_ns() - GAP.start_ns) / NS_PER_S / 3600
    place = tmp_path / "password"
    settings = replace(as_ada(server, f"file:{place}"), lookback_h=age_h + 1, interval_s=0.05)
    source = BackfillSource(settings, archive.root, refuse)
    came: list[bytes] = []

    def mend() -> None:
        wait_for_words(caplog, "password cannot be read as ASCII text")
        place.write_text(PASSWORD)

    mending = threading.Thread(target=mend)
    mending.start()
    for batch in source.packets():
        came += [packet.raw for packet in batch]
        source.close()
    mending.join()
    assert set(came) >= set(RAWS[1:-1])


def eida(server: FdsnServer, secret: str) -> FdsnSettings:
    return FdsnSettings(server.address, auth="eida", secret=secret)


def test_an_eida_token_is_exchanged_and_again_when_it_has_run_out(
    tls: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))
    (tmp_path / "token").write_text(TOKEN)
    n_asked = 0

    def exchange(handler: Handler, body: bytes) -> None:
        nonlocal n_asked
        n_asked += 1
        assert body.decode().strip() == TOKEN.strip()
        handler.data.doorman.users = {f"guest{n_asked}": "fleeting"}
        handler.send(200, f"guest{n_asked}:fleeting".encode())

    with serving(packets_of(RAWS), tls=tls) as server:
        server.restricted, server.others["auth"] = (GAP.source_id.station,), exchange
        client = FdsnClient(eida(server, f"file:{tmp_path / 'token'}"))
        for _ in range(2):
            assert client.dataselect([GAP]).body == b"".join(RAWS)
        assert n_asked == 1
        server.doorman.users = {}
        assert client.dataselect([GAP]).body == b"".join(RAWS)
        assert n_asked == 2


@pytest.mark.parametrize(
    ("text", "answer", "message"),
    [
        ("no token", None, "it is no PGP message"),
        (TOKEN, (403, b"expired: yes"), "HTTP 403: expired: yes"),
        (TOKEN, (200, b"a page for people"), "no user:password came"),
    ],
)
def test_a_token_that_is_not_taken(
    tls: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    answer: tuple[int, bytes] | None,
    message: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))
    (tmp_path / "token").write_text(text)
    with serving(packets_of(RAWS), tls=tls) as server:
        if answer is not None:
            server.others["auth"] = lambda handler, body: handler.send(answer[0], answer[1], length=len(answer[1]))
        with pytest.raises(AuthError, match=message):
            FdsnClient(eida(server, f"file:{tmp_path / 'token'}")).dataselect([GAP])
    assert not server.bodies


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"auth": "userpass", "user": "ada", "secret": "hunter2"}, "secret: env:NAME or file:PATH"),
        ({"auth": "userpass", "secret": "env:X"}, "user: a name is needed"),
        ({"auth": "eida", "user": "ada", "secret": "env:X"}, "user: none with auth = 'eida'"),
        ({"user": "ada"}, "user, secret: auth = 'userpass' or 'eida' with these is needed"),
        ({"address": "http://x", "auth": "eida", "secret": "env:X"}, "address: https:// with auth = 'eida' is needed"),
    ],
)
def test_settings_that_contradict_each_other(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        FdsnSettings(**({"address": "https://example.org"} | keys))  # type: ignore[arg-type]
    assert "hunter2" not in str(raised.value)


def fetch(*arguments: str) -> tuple[int, str]:
    window = ("--start", format_ns(GAP.start_ns), "--end", format_ns(GAP.end_ns))
    result = CliRunner().invoke(main, ["fetch", "--streams", "XX.AAA.--.HHZ", *window, *arguments])
    return result.exit_code, result.output


def test_fetch_takes_the_password_from_its_options_or_the_configuration(
    server: FdsnServer, password: str, tmp_path: Path
) -> None:
    folder = str(tmp_path / "records")
    who = ("--user", "ada", "--secret", password)
    status, output = fetch("--server", server.address, "--to", folder, *who)
    assert status == 0 and "refuse" not in output
    (path,) = Path(folder).glob("2023/*/*/*/*")
    assert path.read_bytes() == b"".join(RAWS)
    config = tmp_path / "houfeng.toml"
    config.write_text(
        f'[[fdsn]]\naddress = "{server.address}"\nauth = "userpass"\nuser = "ada"\nsecret = "file:password"\n'
    )
    assert load(config).fdsn[0].secret == password
    status, output = fetch("--server", server.address, "--archive", "--config", str(config))
    assert status == 0
    (path,) = (tmp_path / "archive").glob("2023/*/*/*/*")
    assert path.read_bytes() == b"".join(RAWS)
    assert PASSWORD not in output


def test_fetch_says_what_is_missing_beside_a_name(server: FdsnServer) -> None:
    status, output = fetch("--server", server.address, "--to", "x", "--user", "ada")
    assert status == 2 and "--user needs --secret" in output
