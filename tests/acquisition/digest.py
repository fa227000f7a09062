"""The server's side of HTTP digest authentication (RFC 7616, MD5, qop=auth), written from the standard."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.request import parse_http_list, parse_keqv_list

_REALM = "FDSN"


@dataclass
class Doorman:
    """Knows users and their passwords.

    Parameters
    ----------
    users : passwords by name
    refused : how often somebody came with a name or password that is not known
    """

    users: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    _nonces: set[str] = field(default_factory=set)

    def lets_in(self, handler: BaseHTTPRequestHandler) -> bool:
        """Whether a request proves that its sender knows a password; it is answered with 401 when it does not."""
        scheme, _, rest = handler.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "digest":
            if self._is_right(handler, parse_keqv_list(parse_http_list(rest))):
                return True
            self.refused += 1
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", f'Digest realm="{_REALM}", qop="auth", nonce="{nonce}", algorithm=MD5')
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return False

    def _is_right(self, handler: BaseHTTPRequestHandler, said: dict[str, str]) -> bool:
        password = self.users.get(said["username"])
        if password is None or said["nonce"] not in self._nonces or said["uri"] != handler.path:
            return False
        secret = _md5(f"{said['username']}:{_REALM}:{password}")
        request = _md5(f"{handler.command}:{handler.path}")
        return said["response"] == _md5(f"{secret}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
