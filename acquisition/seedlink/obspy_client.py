"""ObsPy's SeedLink client as a source. What it cannot do is listed in `acquisition.settings`."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Mapping

from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection
from obspy.clients.seedlink.seedlinkexception import SeedLinkException
from obspy.clients.seedlink.slpacket import SLPacket

from acquisition.heartbeat import Heartbeat
from acquisition.seedlink import session
from acquisition.seedlink.intake import Intake
from acquisition.seedlink.resume import FLOOR_NS
from acquisition.seedlink.state import Phase, ServerState
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.times import to_utcdatetime
from houfeng.types import Cursor, Packet

_log = logging.getLogger(__name__)

# ObsPy's own limit. It waits for bytes without asking for a sign of life: a shorter one would part from quiet servers.
_QUIET_S = 120.0
_LAST_SEQUENCE = (1 << 24) - 1


class _Client(SeedLinkConnection):  # type: ignore[misc]
    """ObsPy's connection, whose `collect` can be ended from another thread at any moment."""

    def __init__(self, closed: threading.Event, timeout_s: float) -> None:
        self._ended = closed
        super().__init__(timeout=timeout_s)  # without one it fails on its first connection (obspy#3767)

    @property
    def terminate_flag(self) -> bool:
        return self._ended.is_set()

    @terminate_flag.setter
    def terminate_flag(self, value: bool) -> None:
        """`collect` clears its flag when it begins, and would forget that it was told to end."""


class ObsPySource:
    """Packets from one SeedLink server through ObsPy's client.

    Parameters
    ----------
    settings : address, wanted streams of named stations, time limits
    cursors : how far each station (NET.STA) was received before
    reject : called with payloads that are no miniSEED record, and the reason
    heartbeat : hears that the thread in `packets()` gets on
    """

    def __init__(
        self,
        settings: SeedLinkSettings,
        cursors: Mapping[str, Cursor],
        reject: Reject,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._intake = Intake(settings, cursors, reject)
        self._monitor = self._intake.monitor
        self._heart = heartbeat or Heartbeat()
        self._closed = threading.Event()
        self._client = _Client(self._closed, settings.idle_timeout_s)

    @property
    def state(self) -> ServerState:
        """How the server is doing; may be read from any thread."""
        return self._monitor.state

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of one packet as they arrive. Ends when the source is closed; the client reconnects by itself."""
        self._configure()
        while not self._closed.is_set():
            # it waits inside, reconnects inside, and says nothing meanwhile
            self._heart.rest("in ObsPy's client")
            try:
                received = self._client.collect()
            except (SeedLinkException, OSError) as error:
                self._monitor.enter(Phase.WAITING, str(error))
                _log.warning("%s: %s; next try in %g s", self.name, error, self._settings.retry_max_s)
                self._client.disconnect()
                self._closed.wait(self._settings.retry_max_s)
                continue
            if batch := self._intake.take(_payloads(received), self._settings.address):
                if self._monitor.state.phase is not Phase.STREAMING:
                    self._monitor.enter(Phase.STREAMING, self._settings.address)
                yield batch
            self._monitor.watch()
        self._client.disconnect()
        self._monitor.enter(Phase.CLOSED)

    def close(self) -> None:
        """End `packets()`, also while it waits for the server."""
        self._closed.set()
        connected = self._client.socket
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # not connected any more: nobody waits

    def _configure(self) -> None:
        client, settings = self._client, self._settings
        client.set_sl_address(settings.address)
        client.set_keep_alive(settings.keepalive_s)
        client.set_net_timeout(_QUIET_S)
        client.set_net_delay(settings.retry_max_s)
        client.set_last_pkt_time(False)  # the time beside the number fails in ObsPy 1.5.1: it joins text to bytes
        begin_ns = FLOOR_NS if settings.begin_ns is None else settings.begin_ns
        client.begin_time = to_utcdatetime(begin_ns)  # of stations without a sequence number
        if settings.end_ns is not None:
            client.end_time = to_utcdatetime(settings.end_ns)
        for station_id, patterns in session.selectors(settings.streams, version=3).items():
            network, _, station = station_id.partition("_")
            cursor = self._intake.cursors.get(f"{network}.{station}")
            # it does not wrap the number after the last: such a station, like a new one, gets all that is held
            known = cursor is not None and cursor.sequence < _LAST_SEQUENCE
            client.add_stream(network, station, " ".join(patterns), cursor.sequence if known and cursor else -1, None)


def _payloads(received: object) -> list[tuple[int, bytes]]:
    """Sequence number and record of what ObsPy collected; nothing for INFO and the end."""
    if not isinstance(received, SLPacket) or received.get_type() in (SLPacket.TYPE_SLINF, SLPacket.TYPE_SLINFT):
        return []
    return [(received.get_sequence_number(), bytes(received.msrecord))]
