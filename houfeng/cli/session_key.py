"""The key that signs the cookies of the web page: made once, kept for its owner alone."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

from houfeng.errors import ConfigError

_log = logging.getLogger(__name__)

_N_BYTES = 32
_NAME = ".web-session.key"


def session_key(configured: str, folder: Path) -> bytes:
    """The key of a file; made where there is none yet.

    Parameters
    ----------
    configured : the file; "" for one in the folder
    folder : of the archive. Where nothing can be written there, as on a computer that serves the page alone, the key
        is this process's own and sessions end with it: the log says so

    Raises
    ------
    ConfigError : if the file others may read it too, is no key, or a configured one cannot be read or made
    """
    path = Path(configured) if configured else folder / _NAME
    try:
        return _kept(path)
    except OSError as error:
        if configured:
            raise ConfigError(f"web.session_key_file: {path}: {error.strerror or error}") from error
        _log.warning("%s: %s: sessions end when this process does; see web.session_key_file", path, error.strerror)
        return secrets.token_bytes(_N_BYTES)


def _kept(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    others = path.stat().st_mode & 0o077
    if others:
        raise ConfigError(f"web.session_key_file: {path}: mode 0600 is needed, others may use it: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) < _N_BYTES:
        raise ConfigError(f"web.session_key_file: {path}: {_N_BYTES} bytes are needed, {len(key)} came; delete it")
    return key


def _make(path: Path) -> None:
    """Whole or not at all: of two processes that make it at once, one's is there for both."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_N_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
