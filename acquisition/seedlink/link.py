"""A server made ready to stream: greeted, asked what it holds, and told where to resume."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from acquisition.seedlink import access, session
from acquisition.seedlink.resume import FLOOR_NS, Holdings, Request, plan
from acquisition.seedlink.wire import Connection, InfoRefusedError
from acquisition.settings import SeedLinkSettings
from houfeng.codes import is_wild
from houfeng.errors import AuthError, SourceError
from houfeng.times import now_ns
from houfeng.types import Cursor

_log = logging.getLogger(__name__)

_REPLY_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Link:
    """One connection that streams, and when each side was last heard.

    Parameters
    ----------
    connection : to read packets from
    server_start : when the server says it was started
    stations : NET.STA that were asked for here; None for whatever its patterns match
    """

    connection: Connection
    server_start: str
    stations: frozenset[str] | None
    heard_s: float = field(default_factory=time.monotonic)
    sent_s: float = field(default_factory=time.monotonic)

    def data(self) -> tuple[list[tuple[int, bytes]], SourceError | None]:
        """Sequence numbers and payloads received so far, and what broke the stream behind them.

        Anything whole that the server says shows that it lives.
        """
        received = self.connection.packets()
        if received.n_used:
            self.heard_s = time.monotonic()
        return received.data, received.failure

    def supervise(self, settings: SeedLinkSettings) -> None:
        """Ask for a sign of life when it is time to, also while bytes trickle in that never make a packet.

        Raises
        ------
        SourceError : if there was none for too long
        """
        now_s = time.monotonic()
        silent_s = now_s - self.heard_s
        if silent_s > settings.idle_timeout_s:
            raise SourceError(f"{self.connection.name}: silent for {silent_s:.0f} s, keep-alive unanswered")
        if now_s - self.sent_s > settings.keepalive_s:
            self.connection.send("INFO ID")
            self.sent_s = now_s


class Dialler:
    """Makes the connections of one server.

    Parameters
    ----------
    settings : address, credentials, wanted streams
    opened : every connection is appended as soon as it exists, so that another thread can shut it down
    """

    def __init__(self, settings: SeedLinkSettings, opened: list[Connection]) -> None:
        self._settings = settings
        self._opened = opened

    def dial(self, cursors: Mapping[str, Cursor]) -> list[Link]:
        """Connections that begin to stream, all stations resumed where that loses nothing.

        Raises
        ------
        AuthError : if the server refuses our credentials, or all that we ask for
        SourceError : if it cannot be reached, breaks the protocol or holds nothing that is wanted
        """
        settings = self._settings
        connection, has_time, newest_wins = self._connect()
        server = self._holdings(connection, newest_wins)
        spelt = session.selectors(settings.streams, version=server.version)
        begin_ns = FLOOR_NS if settings.begin_ns is None else settings.begin_ns
        groups = plan(spelt, cursors, server, now_ns=now_ns(), begin_ns=begin_ns)
        if not groups:
            raise SourceError(f"{connection.name}: holds none of {', '.join(settings.streams)}")
        links = []
        for number, requests in enumerate(groups):
            if number:
                connection, _, _ = self._connect()
            links.append(self._ask(connection, requests, server, has_time))
        _log.info(
            "%s: connected to %s, %d stations asked for over %d connections",
            settings.name,
            connection.name,
            sum(map(len, groups)),
            len(groups),
        )
        return links

    def offered(self) -> frozenset[str]:
        """Stations NET_STA that the server has and our patterns match, over a connection of its own."""
        connection, _, newest_wins = self._connect()
        try:
            server = self._holdings(connection, newest_wins)
            spelt = session.selectors(self._settings.streams, version=server.version)
            groups = plan(spelt, {}, server, now_ns=now_ns())
            return frozenset(request.station for requests in groups for request in requests)
        finally:
            connection.close()
            self._opened.remove(connection)

    def _connect(self) -> tuple[Connection, bool, bool]:
        """A connection that was greeted; whether it selects by time; whether it has one position for all stations."""
        settings = self._settings
        tls = access.tls_context(settings)
        connection = Connection(settings.host, settings.port, timeout_s=_REPLY_TIMEOUT_S, tls=tls)
        self._opened.append(connection)
        greeting = connection.hello()
        capabilities = set(greeting.capabilities)
        if connection.version == 4:
            connection.command("USERAGENT Houfeng")
            access.log_in(connection, settings)
            if "TIME" not in capabilities:  # ringserver names it here only
                try:
                    capabilities |= set(connection.info("CAPABILITIES").get("capability", ()))
                except InfoRefusedError as error:
                    _log.info("%s", error)
        elif settings.auth != "none":
            raise AuthError(f"{connection.name}: speaks SeedLink 3 only, which has no AUTH; version 4 is needed")
        has_time = connection.version == 3 or "TIME" in capabilities
        newest_wins = "ringserver" in greeting.software.lower().replace(" ", "")
        return connection, has_time, newest_wins

    def _holdings(self, connection: Connection, newest_wins: bool) -> Holdings:
        version = connection.version
        start = session.parse_start(connection.info("ID"), version=version)
        try:
            stations = session.parse_stations(connection.info("STATIONS"), version=version)
        except InfoRefusedError as error:
            _log.warning("%s: %s; resuming by time", self._settings.name, error)
            stations = {}
        return Holdings(version, stations, start, newest_wins)

    def _ask(self, connection: Connection, requests: list[Request], server: Holdings, has_time: bool) -> Link:
        """Send the requests, without the stations that the server refuses; streaming has begun on return."""
        end_ns = self._settings.end_ns
        accepted = {
            request.station: session.commands(request, version=server.version, has_time=has_time, end_ns=end_ns)
            for request in requests
        }
        while refused := self._refused(connection, accepted):
            for station, error in refused.items():
                _log.warning("%s: %s; going on without it", self._settings.name, error)
                del accepted[station]
            if not accepted:
                raise next(iter(refused.values()))
            # SELECT and DATA behind a refused STATION may have been taken for another: begin afresh
            connection.close()
            self._opened.remove(connection)
            connection, _, _ = self._connect()
        is_over = end_ns is not None and end_ns < now_ns()
        connection.send("ENDFETCH" if is_over and server.version == 4 else "END")
        has_patterns = any(is_wild(station) for station in accepted)
        stations = None if has_patterns else frozenset(station.replace("_", ".", 1) for station in accepted)
        return Link(connection, server.server_start, stations)

    def _refused(self, connection: Connection, asked: Mapping[str, list[str]]) -> dict[str, SourceError]:
        answers = iter(connection.commands([line for lines in asked.values() for line in lines]))
        refused = {}
        for station, lines in asked.items():
            errors = [error for error in islice(answers, len(lines)) if error is not None]
            if errors:
                refused[station] = errors[0]
        return refused
