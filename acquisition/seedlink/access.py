"""Encryption and credentials. Secrets are read when a connection is made, and are in no message."""

from __future__ import annotations

import ssl

from acquisition.secret import read_secret
from acquisition.seedlink.wire import Connection
from acquisition.settings import SeedLinkSettings
from houfeng.errors import AuthError, SourceError


def tls_context(settings: SeedLinkSettings) -> ssl.SSLContext | None:
    """What checks the server's certificate: the system's authorities, or those of a file alone; None without TLS.

    Raises
    ------
    SourceError : if the file cannot be used
    """
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.tls_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or "it holds no certificate in PEM format"
        raise SourceError(f"seedlink[{settings.name}].tls_ca_file: {settings.tls_ca_file}: {reason}") from error


def log_in(connection: Connection, settings: SeedLinkSettings) -> None:
    """Tell a version 4 server who we are, when the settings say so.

    Raises
    ------
    AuthError : if the server refuses, or the secret cannot be read
    """
    if settings.auth == "userpass":
        secret = _secret(settings)
        connection.command(f"AUTH USERPASS {settings.user} {secret}", shown=f"AUTH USERPASS {settings.user}")
    elif settings.auth == "jwt":
        connection.command(f"AUTH JWT {_secret(settings)}", shown="AUTH JWT")


def _secret(settings: SeedLinkSettings) -> str:
    key = f"seedlink[{settings.name}].secret"
    secret = read_secret(settings.secret, key)
    if not secret.isprintable() or " " in secret:  # a command's words stand between spaces
        raise AuthError(f"{key}: {settings.secret} holds no printable word")
    return secret
