"""One try of one delivery: e-mail, webhook or command. Returns what the other side answered, or raises."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import smtplib
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from acquisition.secret import read_secret
from houfeng import __version__
from houfeng.alerting.message import as_json, as_mail
from houfeng.alerting.settings import RecipientSettings, SmtpSettings
from houfeng.errors import AlertError
from houfeng.times import NS_PER_S, now_ns

_MAX_ANSWER = 500


def send(recipient: RecipientSettings, content: Mapping[str, Any], smtp: SmtpSettings, timeout_s: float) -> str:
    """Try once.

    Parameters
    ----------
    recipient : whom to tell
    content : as `message` makes it
    smtp : of e-mail
    timeout_s : longest wait for any answer of the other side; for a command, for its end

    Returns
    -------
    answer : of the server or command, one line

    Raises
    ------
    AlertError : if it was not taken, saying by whom and why
    AuthError : if the secret cannot be read
    """
    if recipient.kind == "email":
        return _mail(recipient, content, smtp, timeout_s)
    if recipient.kind == "webhook":
        return _post(recipient, content, timeout_s)
    return _run(recipient, content, timeout_s)


def signature(key: str, t_s: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`; the time is in it so that an old message cannot be replayed.

    Parameters
    ----------
    key : the secret that both sides know
    t_s : when it is sent, seconds UTC since 1970
    body : of the request
    """
    mac = hmac.new(key.encode(), str(t_s).encode() + b"." + body, hashlib.sha256)
    return f"t={t_s},v1={mac.hexdigest()}"


def _mail(recipient: RecipientSettings, content: Mapping[str, Any], smtp: SmtpSettings, timeout_s: float) -> str:
    where = f"{smtp.host}:{smtp.port}"
    try:
        with _connect(smtp, timeout_s) as server:
            if smtp.user:
                server.login(smtp.user, read_secret(smtp.secret, "smtp.secret"))
            for address, (code, text) in (
                (smtp.sender, server.mail(smtp.sender)),
                (recipient.to, server.rcpt(recipient.to)),
            ):
                if code not in (250, 251):
                    raise AlertError(f"{where}: {address} was refused: {_line(text, code)}")
            code, text = server.data(as_mail(content, smtp.sender, recipient.to).as_bytes())
    except (smtplib.SMTPException, OSError) as error:
        raise AlertError(f"{where}: {_said(error)}") from error
    if code != 250:
        raise AlertError(f"{where}: the message was refused: {_line(text, code)}")
    return _line(text, code)


def _connect(smtp: SmtpSettings, timeout_s: float) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=smtp.tls_ca_file or None)
    server: smtplib.SMTP
    if smtp.security == "tls":
        server = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=timeout_s, context=trusted)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=timeout_s)
    try:
        if smtp.security == "starttls":
            server.starttls(context=trusted)
        server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


class _NoRedirect(HTTPRedirectHandler):
    """A POST that is sent elsewhere would arrive as a GET, or somewhere that nobody configured."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _post(recipient: RecipientSettings, content: Mapping[str, Any], timeout_s: float) -> str:
    body = as_json(content)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"Houfeng/{__version__}",
        "Idempotency-Key": content["id"],
    }
    if recipient.secret:
        key = read_secret(recipient.secret, f"recipient[{recipient.name}].secret")
        headers["Houfeng-Signature"] = signature(key, now_ns() // NS_PER_S, body)
    request = Request(recipient.to, data=body, headers=headers, method="POST")
    try:
        with build_opener(_NoRedirect).open(request, timeout=timeout_s) as response:
            return f"{response.status} {_line(response.read1(_MAX_ANSWER))}".strip()
    except HTTPError as error:
        with error:
            raise AlertError(f"{recipient.to}: answered {error.code} {_line(error.read(_MAX_ANSWER))}") from error
    except (URLError, HTTPException, OSError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        raise AlertError(f"{recipient.to}: {_said(cause)}") from error


def _run(recipient: RecipientSettings, content: Mapping[str, Any], timeout_s: float) -> str:
    program = recipient.command[0]
    # A file, not a pipe: whatever it leaves running in the background would hold a pipe open.
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                recipient.command, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            raise AlertError(f"{program}: cannot be run: {error.strerror}") from error
        try:
            process.communicate(as_json(content), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AlertError(f"{program}: did not end within {timeout_s:g} s and was killed") from None
        said.seek(0)
        answer = _line(said.read(_MAX_ANSWER))
    if process.returncode:
        raise AlertError(f"{program}: ended with status {process.returncode}: {answer}")
    return f"status 0 {answer}".strip()


def _line(text: bytes | str, code: int | None = None) -> str:
    words = " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())[:_MAX_ANSWER]
    words = "".join(letter for letter in words if letter.isprintable())
    return words if code is None else f"{code} {words}"


def _said(error: object) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _line(error.smtp_error, error.smtp_code)
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    return _line(str(error)) or type(error).__name__
