"""ObsPy's SeedLink client as a source. What it cannot do is listed in `acquisition.settings`."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection
from obspy.clients.seedlink.client.slstate import SLState
from obspy.clients.seedlink.seedlinkexception import SeedLinkException
from obspy.clients.seedlink.slpacket import SLPacket

from acquisition.heartbeat import Heartbeat
from acquisition.seedlink import session
from acquisition.seedlink.client import SeedLinkClient
from acquisition.seedlink.resume import FLOOR_NS, NO_NUMBER, RESUME_MARGIN_NS
from acquisition.seedlink.state import Phase
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.times import to_utcdatetime
from houfeng.types import Cursor, Packet

_log = logging.getLogger(__name__)

# ObsPy's own limit. It waits for bytes without asking for a sign of life: a shorter one would part from quiet servers.
_QUIET_S = 120.0
_LAST_SEQUENCE = (1 << 24) - 1


class _Client(SeedLinkConnection):  # type: ignore[misc]
    """ObsPy's connection, whose `collect` can be ended from another thread at any moment.

    Parameters
    ----------
    closed : set to end it
    timeout_s : of a connection attempt and of each answer, seconds
    alive : called whenever its loop comes round, which is how often it looks whether it shall end
    """

    def __init__(self, closed: threading.Event, timeout_s: float, alive: Callable[[], None]) -> None:
        self._ended, self._alive = closed, alive
        super().__init__(timeout=timeout_s)  # without one it fails on its first connection (obspy#3767)

    @property
    def terminate_flag(self) -> bool:
        self._alive()
        return self._ended.is_set()

    @terminate_flag.setter
    def terminate_flag(self, value: bool) -> None:
        """`collect` clears its flag when it begins, and would forget that it was told to end."""


class ObsPySource(SeedLinkClient):
    """Packets from one SeedLink server through ObsPy's client.

    Parameters
    ----------
    settings, cursors, reject, heartbeat : see SeedLinkClient; the streams are of stations by name
    """

    def __init__(
        self,
        settings: SeedLinkSettings,
        cursors: Mapping[str, Cursor],
        reject: Reject,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        super().__init__(settings, cursors, reject, heartbeat)
        self._client = _Client(self._closed, settings.idle_timeout_s, self._beat)

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of one packet as they arrive. Ends when the source is closed; the client reconnects by itself."""
        self._configure()
        while not self._closed.is_set():
            try:
                received = self._client.collect()
            except (SeedLinkException, OSError) as error:
                self._monitor.enter(Phase.WAITING, str(error))
                _log.warning("%s: %s; next try in %g s", self.name, error, self._settings.retry_max_s)
                self._client.disconnect()
                self._heart.beat("waiting for the next try", within_s=self._settings.retry_max_s)
                self._closed.wait(self._settings.retry_max_s)
                continue
            self._heart.beat("taking what was received")
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
        selectors = session.selectors(settings.streams, version=3)
        cursors = [self._intake.cursors.get(station_id.replace("_", ".", 1)) for station_id in selectors]
        client.begin_time = to_utcdatetime(self._begin_ns(cursors))  # of stations without a sequence number
        if settings.end_ns is not None:
            client.end_time = to_utcdatetime(settings.end_ns)
        for (station_id, patterns), cursor in zip(selectors.items(), cursors, strict=True):
            network, _, station = station_id.partition("_")
            number = cursor.sequence if cursor is not None and _has_number(cursor) else -1
            client.add_stream(network, station, " ".join(patterns), number, None)

    def _beat(self) -> None:
        client, settings = self._client, self._settings
        if client.state.state == SLState.SL_DATA:
            self._heart.beat("receiving packets in ObsPy's client", within_s=_QUIET_S)
        else:  # its loop comes round when it has connected and every station was asked for, three commands each
            n_answers = 3 * (1 + len(client.streams))
            self._heart.beat("connecting in ObsPy's client", within_s=n_answers * settings.idle_timeout_s)

    def _begin_ns(self, cursors: Iterable[Cursor | None]) -> int:
        """The earliest that a station without a number needs: ObsPy's client knows one time for all of them."""
        new_ns = FLOOR_NS if self._settings.begin_ns is None else self._settings.begin_ns
        needed = []
        for cursor in cursors:
            if cursor is None:
                needed.append(new_ns)
            elif cursor.sequence == NO_NUMBER:
                needed.append(max(FLOOR_NS, cursor.last_ns - RESUME_MARGIN_NS))
            elif not _has_number(cursor):
                needed.append(FLOOR_NS)
        return min(needed, default=new_ns)


def _has_number(cursor: Cursor) -> bool:
    """Whether ObsPy's client can resume behind it: it does not wrap the number after the last."""
    return 0 <= cursor.sequence < _LAST_SEQUENCE


def _payloads(received: object) -> list[tuple[int, bytes]]:
    """Sequence number and record of what ObsPy collected; nothing for INFO and the end."""
    if not isinstance(received, SLPacket) or received.get_type() in (SLPacket.TYPE_SLINF, SLPacket.TYPE_SLINFT):
        return []
    return [(received.get_sequence_number(), bytes(received.msrecord))]
