"""A SeedLink server as a source of packets: connects, resumes, watches, reconnects."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping

from acquisition import mseed
from acquisition.seedlink import session
from acquisition.seedlink.wire import Connection, DataPacket
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.errors import AuthError, RecordError, SourceError
from houfeng.times import now_ns
from houfeng.types import Cursor, Packet

_log = logging.getLogger(__name__)

# How often a quiet connection looks at its clocks and whether it was closed.
_POLL_S = 1.0
_REPLY_TIMEOUT_S = 10.0
# Refused credentials do not mend themselves: an operator does, within minutes.
_AUTH_RETRY_S = 300.0


class SeedLinkSource:
    """Packets from one SeedLink server, for ever: a lost connection is made again, from where it was.

    Parameters
    ----------
    settings : address, wanted streams, time limits
    cursors : how far each station (NET.STA) was received before; only what the consumer has made durable counts
    reject : called with payloads that are no miniSEED record, and the reason
    """

    def __init__(self, settings: SeedLinkSettings, cursors: Mapping[str, Cursor], reject: Reject) -> None:
        self.name = settings.name
        self._settings = settings
        self._cursors = dict(cursors)
        self._reject = reject
        self._closed = threading.Event()
        self._connection: Connection | None = None
        self._failures = 0

    def packets(self) -> Iterator[list[Packet]]:
        """Batches as they arrive. Ends only when the source is closed; every failure is logged and retried."""
        while not self._closed.is_set():
            try:
                yield from self._stream()
            except SourceError as error:
                self._wait(error)
            finally:
                self._disconnect()

    def close(self) -> None:
        """End `packets()`, also while it waits for the server."""
        self._closed.set()
        connection = self._connection
        if connection is not None:
            connection.shutdown()

    def _stream(self) -> Iterator[list[Packet]]:
        connection = self._connect()
        self._negotiate(connection)
        connection.set_timeout(_POLL_S)
        last_heard = last_sent = time.monotonic()
        while not self._closed.is_set():
            batch = self._decode(connection)  # first: packets may have come along with the last reply
            if batch:
                self._failures = 0
                yield batch
                last_heard = time.monotonic()  # the consumer may have taken long: that is not the server's silence
            if connection.receive():  # an INFO reply counts too: the server is alive though its stations are quiet
                last_heard = time.monotonic()
                continue
            silent_s = time.monotonic() - last_heard
            if silent_s > self._settings.idle_timeout_s:
                raise SourceError(f"{connection.name}: silent for {silent_s:.0f} s, keep-alive unanswered")
            if time.monotonic() - last_sent > self._settings.keepalive_s:
                connection.send("INFO ID")
                last_sent = time.monotonic()

    def _connect(self) -> Connection:
        connection = Connection(self._settings.host, self._settings.port, timeout_s=_REPLY_TIMEOUT_S)
        self._connection = connection
        if self._closed.is_set():  # close() came while we were connecting and found nothing to shut down
            raise SourceError(f"{connection.name}: closed")
        return connection

    def _negotiate(self, connection: Connection) -> None:
        capabilities = connection.hello()
        if connection.version == 4:
            connection.command("USERAGENT Houfeng")
        held = session.parse_stations(connection.info("STATIONS"), version=connection.version)
        requests = session.plan(self._settings.streams, self._cursors, held, version=connection.version)
        if not requests:
            raise SourceError(f"{connection.name}: holds none of {', '.join(self._settings.streams)}")
        has_time = "TIME" in capabilities
        for line in session.commands(requests, version=connection.version, has_time=has_time):
            connection.command(line)
        connection.send("END")
        _log.info("%s: connected to %s, %d stations asked for", self.name, connection.name, len(requests))

    def _decode(self, connection: Connection) -> list[Packet]:
        received_ns = now_ns()
        batch = []
        for frame in connection.frames():
            if not isinstance(frame, DataPacket):
                continue
            try:
                packet = mseed.decode(frame.payload, received_ns=received_ns, cursor=frame.sequence)
            except RecordError as error:
                self._reject(frame.payload, f"{connection.name} sequence {frame.sequence}: {error}")
                continue
            if self._settings.wants(packet.source_id):
                self._advance(packet)
                batch.append(packet)
        return batch

    def _advance(self, packet: Packet) -> None:
        # Within this process what was yielded is not lost; a new process resumes from the saved cursors instead.
        station_id = packet.source_id.station_id
        self._cursors[station_id] = advance(self._cursors.get(station_id), packet)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _wait(self, error: SourceError) -> None:
        if self._closed.is_set():
            return
        wait_s = self._settings.retry_max_s
        if isinstance(error, AuthError):
            wait_s = _AUTH_RETRY_S
        else:
            wait_s = min(wait_s, self._settings.retry_min_s * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        wait_s *= random.uniform(0.75, 1.25)  # a hundred clients of a server that restarts must not come at once
        _log.warning("%s: %s; next try in %.1f s", self.name, error, wait_s)
        self._closed.wait(wait_s)


def advance(cursor: Cursor | None, packet: Packet) -> Cursor:
    """The cursor of a station after one more packet of it: the newest sequence number and the latest end."""
    last_ns = packet.next_ns if cursor is None else max(packet.next_ns, cursor.last_ns)
    return Cursor(packet.cursor or 0, last_ns)
