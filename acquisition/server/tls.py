"""TLS for the SeedLink server (port 18500): the certificate, and the handshake of one connection."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from houfeng.errors import SourceError

_log = logging.getLogger(__name__)


class Certificate:
    """A server's certificate; one that is renewed in place is taken for the connections that follow.

    Parameters
    ----------
    certificate : PEM file, the chain up to but without the root
    key : PEM file of its private key, without a password

    Raises
    ------
    SourceError : if they cannot be read or do not belong together; the message names them
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.options |= ssl.OP_NO_RENEGOTIATION
        try:
            self._loaded = self._load()
        except OSError as error:
            raise SourceError(
                f"{certificate} and {key}: a certificate and its key in PEM form are needed: {error.strerror or error}"
            ) from error

    def context(self) -> ssl.SSLContext:
        """What a new connection is secured with."""
        try:
            if self._changed() != self._loaded:
                self._loaded = self._load()
                _log.info("%s: the new certificate is in use", self._certificate)
        except OSError as error:
            _log.error("%s: the new certificate cannot be used: %s; the old one stays", self._certificate, error)
        return self._context

    def _load(self) -> tuple[int, int]:
        changed = self._changed()
        # A password would be asked for on the terminal, and the server would wait for ever.
        self._context.load_cert_chain(self._certificate, self._key, password="")
        return changed

    def _changed(self) -> tuple[int, int]:
        return self._certificate.stat().st_mtime_ns, self._key.stat().st_mtime_ns
