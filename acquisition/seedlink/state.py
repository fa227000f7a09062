"""How a server is doing: read by a status command from any thread, written by the source alone."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from houfeng.times import now_ns
from houfeng.types import SourceId

_log = logging.getLogger(__name__)

# The packet rate is that of so many seconds.
_RATE_S = 10


class Phase(StrEnum):
    """What the source is doing."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting"  # until it tries again
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server as its source sees it.

    Parameters
    ----------
    phase : what the source is doing
    reason : why it waits, or what it is connected to
    since_ns : when the phase began, ns UTC
    refused : whether it waits because the server refused our credentials
    n_failures : tries in a row that brought no packet
    n_packets : received since the process started
    packets_per_s : over the last seconds
    last_packet_ns : when the last one came, ns UTC; None when none did
    silent : streams that stopped coming though the server is there
    """

    phase: Phase
    reason: str
    since_ns: int
    refused: bool
    n_failures: int
    n_packets: int
    packets_per_s: float
    last_packet_ns: int | None
    silent: tuple[SourceId, ...]


class Monitor:
    """Keeps the state of one server, and watches every stream of it.

    Parameters
    ----------
    name : of the server, for the log
    silent_s : a stream that was received and then stays away for this long is silent
    """

    def __init__(self, name: str, silent_s: float) -> None:
        self._name = name
        self._silent_s = silent_s
        self._lock = threading.Lock()
        self._phase, self._reason, self._since_ns = Phase.CONNECTING, "", now_ns()
        self._refused = False
        self._n_failures = 0
        self._n_packets = 0
        self._last_packet_ns: int | None = None
        self._counts: deque[tuple[int, int]] = deque(maxlen=_RATE_S + 1)
        self._heard: dict[SourceId, float] = {}
        self._silent: set[SourceId] = set()

    def enter(self, phase: Phase, reason: str = "", *, refused: bool = False, n_failures: int = 0) -> None:
        """The source does something else from now on."""
        with self._lock:
            self._phase, self._reason, self._since_ns = phase, reason, now_ns()
            self._refused, self._n_failures = refused, n_failures

    def received(self, n_packets: int, streams: Iterable[SourceId]) -> None:
        """Packets of these streams came."""
        now_s = time.monotonic()
        with self._lock:
            self._n_packets += n_packets
            self._last_packet_ns = now_ns()
            second = int(now_s)
            if self._counts and self._counts[-1][0] == second:
                n_packets += self._counts.pop()[1]
            self._counts.append((second, n_packets))
            self._heard.update(dict.fromkeys(streams, now_s))
        if self._silent:
            self._welcome()

    def watch(self) -> None:
        """Look for streams that stopped; each is told once, and once more when it comes back."""
        before_s = time.monotonic() - self._silent_s
        with self._lock:
            stopped = {stream for stream, heard_s in self._heard.items() if heard_s < before_s} - self._silent
            self._silent |= stopped
        for stream in sorted(stopped):
            _log.warning("%s: %s is silent for %g s, the connection is not", self._name, stream, self._silent_s)

    @property
    def state(self) -> ServerState:
        """The state at this moment."""
        now_s = int(time.monotonic())
        with self._lock:
            return ServerState(
                phase=self._phase,
                reason=self._reason,
                since_ns=self._since_ns,
                refused=self._refused,
                n_failures=self._n_failures,
                n_packets=self._n_packets,
                packets_per_s=sum(n for second, n in self._counts if now_s - _RATE_S <= second < now_s) / _RATE_S,
                last_packet_ns=self._last_packet_ns,
                silent=tuple(sorted(self._silent)),
            )

    def _welcome(self) -> None:
        before_s = time.monotonic() - self._silent_s
        with self._lock:
            back = {stream for stream in self._silent if self._heard[stream] >= before_s}
            self._silent -= back
        for stream in sorted(back):
            _log.info("%s: %s is back", self._name, stream)
