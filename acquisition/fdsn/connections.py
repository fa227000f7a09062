"""Connections of urllib that a deadline or another thread can cut, in the headers and the TLS handshake too."""

from __future__ import annotations

import ssl
import urllib.request
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

from acquisition.fdsn.deadline import Cut


class _WatchedConnection(HTTPConnection):
    cut: Cut

    def connect(self) -> None:
        super().connect()
        self.cut.watch(self.sock)


class _WatchedTlsConnection(HTTPSConnection, _WatchedConnection):
    """HTTPSConnection.connect() calls the watched connect() before its handshake."""


class CutHttpHandler(urllib.request.HTTPHandler):
    """Opens http:// connections that are cut when the time comes."""

    handler_order = 400  # before urllib's own, which has 500

    def __init__(self, cut: Cut) -> None:
        super().__init__()
        self._cut = cut

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        def connection(host: str, **options: Any) -> _WatchedConnection:
            made = _WatchedConnection(host, **options)
            made.cut = self._cut
            return made

        return self.do_open(connection, req)


class CutHttpsHandler(urllib.request.HTTPSHandler):
    """The same for https://."""

    handler_order = 400

    def __init__(self, cut: Cut) -> None:
        super().__init__()
        self._cut = cut
        self._tls = ssl.create_default_context()

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        def connection(host: str, **options: Any) -> _WatchedTlsConnection:
            made = _WatchedTlsConnection(host, **options)
            made.cut = self._cut
            return made

        return self.do_open(connection, req, context=self._tls)
