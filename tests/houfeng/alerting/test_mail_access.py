"""Mail servers that want TLS and a log-in; what is wrong with them is said, and no password is."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from houfeng.alerting.message import message
from houfeng.alerting.senders import send
from houfeng.alerting.settings import RecipientSettings, SmtpSettings
from houfeng.errors import AlertError, AuthError, ConfigError
from tests.houfeng.alerting.conftest import ALERT, OPENED, Mailbox, mail_server
from tests.plugins.daemon import free_port

MAIL = RecipientSettings("duty", "email", "duty@example.org")
CONTENT = message("delivery/1", ALERT, OPENED, {})


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of its own authority for 127.0.0.1, and its key."""
    pem, key = tmp_path / "pem", tmp_path / "key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(pem), "-keyout", str(key)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return pem, key


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"houfeng", b"hush")
    return AuthResult(success=good, handled=good)


@pytest.fixture
def guarded(certificate: tuple[Path, Path]) -> Iterator[tuple[SmtpSettings, Mailbox]]:
    """A server that takes mail after STARTTLS and a log-in, and how it is reached."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    port = free_port()
    # smtplib's way with LOGIN after a refused PLAIN leaves aiosmtpd 1.4.6 waiting
    options = {
        "auth_exclude_mechanism": ["LOGIN"],
        "require_starttls": True,
        "auth_required": True,
        "authenticator": login,
    }
    with mail_server(port, tls_context=context, **options) as box:
        yield (
            SmtpSettings(
                "127.0.0.1",
                port,
                "starttls",
                tls_ca_file=str(certificate[0]),
                user="houfeng",
                secret="env:MAIL_PASSWORD",
            ),
            box,
        )


def test_mail_goes_through_starttls_and_log_in(
    guarded: tuple[SmtpSettings, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp, box = guarded
    monkeypatch.setenv("MAIL_PASSWORD", "hush")
    assert send(MAIL, CONTENT, smtp, 5).startswith("250 ")
    assert [mail["To"] for mail in box.mails] == ["duty@example.org"]


def test_a_wrong_password_is_refused_and_not_told(
    guarded: tuple[SmtpSettings, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "guess")
    with pytest.raises(AlertError, match=r"535") as error:
        send(MAIL, CONTENT, guarded[0], 5)
    assert "guess" not in str(error.value)
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(AuthError, match="env:MAIL_PASSWORD"):
        send(MAIL, CONTENT, guarded[0], 5)


def test_a_certificate_that_nobody_vouches_for_is_refused(guarded: tuple[SmtpSettings, Mailbox]) -> None:
    smtp = SmtpSettings(guarded[0].host, guarded[0].port, "starttls")
    with pytest.raises(AlertError, match="certificate verify failed"):
        send(MAIL, CONTENT, smtp, 5)
    assert guarded[1].mails == []


def test_mail_goes_through_tls_from_the_beginning(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    smtp = SmtpSettings("127.0.0.1", free_port(), "tls", tls_ca_file=str(certificate[0]))
    with mail_server(smtp.port, ssl_context=context) as box:
        send(MAIL, CONTENT, smtp, 5)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("duty", "email", "nobody"), r"recipient\[duty\].address: an address such as"),
        (("duty", "webhook", "ftp://x/y"), r"a URL such as"),
        (("duty", "webhook", "https://me:hush@x/y"), r"without password"),
        (("duty", "command"), r"recipient\[duty\].command: a program"),
        (("duty", "email", "a@b", ("x",)), r"none with kind = 'email'"),
        (("duty", "webhook", "https://x/y", (), "hush"), r"env:NAME or file:PATH is needed"),
        (("duty", "email", "a@b", (), "", ("kz",)), r"two capital letters"),
        (("duty", "email", "a@b", (), "", (), (), "major", ("shut",)), r"one of opened, "),
    ],
)
def test_a_recipient_that_cannot_be_is_refused(settings: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RecipientSettings(*settings)


def test_a_password_goes_to_no_other_computer_in_clear_text() -> None:
    with pytest.raises(ConfigError, match="'starttls' or 'tls' for a log-in"):
        SmtpSettings("mail.example.org", user="me", secret="env:PASSWORD")
    assert SmtpSettings("localhost", user="me", secret="env:PASSWORD").user == "me"
