"""Passwords and tokens: where the configuration says they are, and what they are when they are needed.

A secret in the configuration itself would be in every backup and printout of it; here it is in no message either.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from houfeng.errors import AuthError, ConfigError

_PLACE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+", re.ASCII)


def check_place(place: str, key: str) -> None:
    """Refuse what names neither an environment variable nor a file; it may be the secret itself and is not shown.

    Raises
    ------
    ConfigError : naming the key
    """
    if not _PLACE.fullmatch(place):
        raise ConfigError(f"{key}: env:NAME or file:PATH is needed, which holds it; what came is neither")


def resolved(place: str, folder: Path) -> str:
    """The same place with a relative path taken from `folder`."""
    kind, _, path = place.partition(":")
    return f"file:{folder / path}" if kind == "file" else place


def read_secret(place: str, key: str) -> str:
    """The secret, without white space around it.

    Parameters
    ----------
    place : `env:NAME` or `file:PATH`
    key : what in the configuration says so, for messages

    Raises
    ------
    AuthError : if there is none
    """
    kind, _, name = place.partition(":")
    if kind == "env":
        secret = os.environ.get(name, "").strip()
    else:
        try:
            secret = Path(name).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):  # whose text would show a byte of it
            raise AuthError(f"{key}: {name} cannot be read as ASCII text") from None
    if not secret.isascii() or not secret:
        raise AuthError(f"{key}: {place} holds no printable word")
    return secret
