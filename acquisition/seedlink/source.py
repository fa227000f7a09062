"""A SeedLink server as a source of packets: connects, resumes, watches, reconnects."""

from __future__ import annotations

import logging
import random
import select
import time
from collections.abc import Iterator, Mapping

from acquisition.heartbeat import Heartbeat
from acquisition.seedlink.client import SeedLinkClient
from acquisition.seedlink.frames import StreamEndError
from acquisition.seedlink.link import Dialler, Link
from acquisition.seedlink.state import Phase
from acquisition.seedlink.wire import Connection
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.codes import is_wild
from houfeng.errors import AuthError, SourceError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Cursor, Packet

_log = logging.getLogger(__name__)

# How often a quiet connection looks at its clocks.
_POLL_S = 1.0
# Refused credentials do not mend themselves: an operator does, within minutes.
_AUTH_RETRY_S = 300.0
# How often a server is asked whether wanted stations have appeared that were not asked for.
_LOOK_FOR_STATIONS_S = 600.0
# A time window is over this long after its end, when nothing has come for as long: packets come some seconds after the
# samples in them, and those of a window that was over from the start come after we asked.
_WINDOW_GRACE_S = 60.0
# Asking for a thousand stations takes a server of version 3 minutes; each reply has a time limit of its own.
_DIAL_S = 600.0


class SeedLinkSource(SeedLinkClient):
    """Packets from one SeedLink server, for ever: a lost connection is made again, from where it was.

    Parameters
    ----------
    settings, cursors, reject, heartbeat : see SeedLinkClient
    """

    def __init__(
        self,
        settings: SeedLinkSettings,
        cursors: Mapping[str, Cursor],
        reject: Reject,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        super().__init__(settings, cursors, reject, heartbeat)
        self._connections: list[Connection] = []
        self._dialler = Dialler(settings, self._connections)
        self._failures = 0
        self._looked_s = self._came_s = time.monotonic()

    def packets(self) -> Iterator[list[Packet]]:
        """Batches as they arrive. Ends when the source is closed or its time window is over; failures are retried."""
        while not self._closed.is_set():
            try:
                yield from self._stream()
            except StreamEndError as error:
                if self._settings.end_ns is not None:
                    break
                self._wait(error)
            except SourceError as error:
                self._wait(error)
            finally:
                self._disconnect()
        self._monitor.enter(Phase.CLOSED)

    def close(self) -> None:
        """End `packets()`, also while it waits for the server."""
        self._closed.set()
        for connection in list(self._connections):
            connection.shutdown()

    def _stream(self) -> Iterator[list[Packet]]:
        self._heart.beat("connecting", within_s=_DIAL_S)
        self._monitor.enter(Phase.CONNECTING, self._settings.address, n_failures=self._failures)
        links = self._dialler.dial(self._intake.cursors)
        if self._closed.is_set():  # close() may have come before there was a connection to shut down
            return
        self._monitor.enter(Phase.STREAMING, self._settings.address, n_failures=self._failures)
        waiting = select.poll()
        for link in links:
            link.connection.set_timeout(_POLL_S)
            waiting.register(link.connection, select.POLLIN)
        by_descriptor = {link.connection.fileno(): link for link in links}
        self._looked_s = self._came_s = time.monotonic()
        while not self._closed.is_set():
            for link in links:  # first: packets may have come along with the last reply
                payloads, failure = link.data()
                batch = self._intake.take(
                    payloads, link.connection.name, server_start=link.server_start, stations=link.stations
                )
                if batch:
                    self._failures = 0
                    self._came_s = time.monotonic()
                    yield batch
                    for other in links:  # the consumer may have taken long: that is not the server's silence
                        other.heard_s = max(other.heard_s, time.monotonic() - self._settings.keepalive_s)
                if failure is not None:  # behind packets that came whole: they are taken before it is raised
                    raise failure
            self._heart.beat("receiving packets")
            self._supervise(links)
            for descriptor, _ in waiting.poll(_POLL_S * 1000):
                by_descriptor[descriptor].connection.receive()

    def _supervise(self, links: list[Link]) -> None:
        for link in links:
            link.supervise(self._settings)
        self._monitor.watch()
        end_ns = self._settings.end_ns
        if end_ns is not None and min((now_ns() - end_ns) / NS_PER_S, self._quiet_s()) > _WINDOW_GRACE_S:
            raise StreamEndError(f"{links[0].connection.name}: the time window is over")
        if time.monotonic() - self._looked_s > _LOOK_FOR_STATIONS_S:
            self._looked_s = time.monotonic()
            self._heart.beat("looking for new stations", within_s=_DIAL_S)
            self._look_for_stations(links)

    def _quiet_s(self) -> float:
        """Since the last packet, or since streaming began."""
        return time.monotonic() - self._came_s

    def _look_for_stations(self, links: list[Link]) -> None:
        """Begin anew when stations have appeared that our patterns match but nobody was asked for."""
        stations = [link.stations for link in links if link.stations is not None]
        if len(stations) < len(links) or not any(is_wild(p.rsplit(".", 2)[0]) for p in self._settings.streams):
            return
        offered = {station.replace("_", ".", 1) for station in self._dialler.offered() if not is_wild(station)}
        new = sorted(offered.difference(*stations))
        if new:
            raise SourceError(f"{links[0].connection.name}: new stations {', '.join(new)}")

    def _disconnect(self) -> None:
        while self._connections:
            self._connections.pop().close()

    def _wait(self, error: SourceError) -> None:
        if self._closed.is_set():
            return
        refused = isinstance(error, AuthError)
        wait_s = _AUTH_RETRY_S if refused else self._settings.retry_min_s * 2**self._failures
        if not refused:
            wait_s = min(wait_s, self._settings.retry_max_s)
        self._failures = min(self._failures + 1, 16)
        wait_s *= random.uniform(0.75, 1.25)  # a hundred clients of a server that restarts must not come at once
        _log.warning("%s: %s; next try in %.1f s", self.name, error, wait_s)
        self._monitor.enter(Phase.WAITING, str(error), refused=refused, n_failures=self._failures)
        self._heart.beat("waiting for the next try", within_s=wait_s)
        self._closed.wait(wait_s)
