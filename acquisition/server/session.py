"""One client's session: bytes in, bytes out. Which thread or socket moves them is somebody else's business."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase

from acquisition.server.commands import Command, LineReader
from acquisition.server.demand import Batch, Demand, Demands
from acquisition.server.handshake import Handshake
from acquisition.server.info import Identity, error_v4, info_v3, info_v4
from acquisition.server.ring import Backlog, StreamSpan
from acquisition.server.selection import Subscription
from acquisition.server.stored import StreamKey
from houfeng.times import NS_PER_S, now_ns

# A peer that sends only noise is let go.
MAX_FAULTS = 20
# A window is over this long after its end even if a stream stays silent; later packets are not waited for.
WINDOW_GRACE_NS = 30 * NS_PER_S

_log = logging.getLogger(__name__)


class Session:
    """State of one connection: handshake, then records until the client leaves. For one thread at a time.

    Parameters
    ----------
    backlog : what is served
    identity : who serves it
    peer : the client's address, for the log
    demands : shared by the sessions of a server
    clock : ns UTC; a window in time ends by it
    """

    def __init__(
        self,
        backlog: Backlog,
        identity: Identity,
        peer: str,
        demands: Demands | None = None,
        clock: Callable[[], int] = now_ns,
    ) -> None:
        self.closing = False
        self._backlog = backlog
        self._identity = identity
        self._peer = peer
        self._demands = demands or Demands()
        self._clock = clock
        self._lines = LineReader()
        self._commands: deque[Command] = deque()
        self._handshake = Handshake(backlog.bounds)
        self._demand: Demand | None = None
        self._cursor = 0
        self._starts: list[int] = []
        self._caught_up = False
        self._ended = False
        self._n_faults = 0

    @property
    def streaming(self) -> bool:
        """Whether the handshake is over and records flow."""
        return self._demand is not None and not self._ended

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do until the client or the backlog has something new."""
        return not self.closing and not self._commands and (self._caught_up or not self.streaming)

    @property
    def quick(self) -> bool:
        """Whether the next step takes well under a millisecond: it neither reads a disk nor looks at every stream."""
        if self._commands:
            return self._commands[0].verb != "INFO"
        if self._demand is None or not self._demand.prepared or self._has_end:
            return False
        return self._cursor >= self._backlog.recent()

    @property
    def has_commands(self) -> bool:
        """Whether commands wait to be obeyed; until then nothing more should be read."""
        return bool(self._commands)

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._commands.extend(self._lines.feed(data))

    def step(self) -> bytes:
        """The next bytes for the client: one command's answer, or a batch of records; often nothing."""
        if self._commands:
            return self._obey(self._commands.popleft())
        return self._records(self._demand) if self._demand is not None and not self._ended else b""

    def notice(self) -> None:
        """The backlog may hold more than it did."""
        self._caught_up = False

    # Commands

    def _obey(self, command: Command) -> bytes:
        if command.verb == "BYE":
            self.closing = True
            return b""
        if command.verb == "INFO" and not self._ended:
            return self._info(command.arguments)
        if self._demand is not None:
            return self._refuse_midstream(command)
        if command.verb == "HELLO":
            return f"{self._identity.hello}\r\n{self._identity.organization}\r\n".encode("ascii", "replace")
        answer = self._handshake.run(command)
        if answer.startswith(b"ERROR"):
            self._fault(f"{command.verb[:20] or command.fault} {' '.join(command.arguments)[:80]}".rstrip())
        if self._handshake.ready:
            self._begin()
        return answer

    def _refuse_midstream(self, command: Command) -> bytes:
        """What a command but INFO and BYE is told once records flow: an error packet of version 4, or nothing.

        FDSN SeedLink 4.0 has the server accept no such command and names no answer. A line `ERROR ...` would stand
        between packets, where no client expects it; the packet J with subformat E ("SeedLink error") is what it has
        for this. After END every command but BYE must be ignored. Version 3 has no packet for errors.
        """
        what = command.verb[:20] or command.fault
        self._fault(f"{what} while records flow")
        if self._ended or self._handshake.version == 3:
            return b""
        code = command.fault_code if command.fault else "UNEXPECTED"
        return error_v4(self._identity, code, f"{what}: only INFO and BYE are taken while records flow")

    def _fault(self, what: str) -> None:
        self._n_faults += 1
        _log.info("%s: refused %s", self._peer, what)
        if self._n_faults >= MAX_FAULTS:
            _log.warning("%s: %d refused commands, connection closed", self._peer, self._n_faults)
            self.closing = True

    def _info(self, arguments: tuple[str, ...]) -> bytes:
        level = arguments[0].upper() if arguments else ""
        spans = self._backlog.streams() if level in ("STATIONS", "STREAMS") else []
        if self._handshake.version == 3:
            return info_v3(self._identity, level, spans, self._clock())
        patterns = arguments[1:]
        matching = (span for span in spans if _info_wants(patterns, span))
        return info_v4(self._identity, level if len(patterns) <= 2 else "", patterns, matching)

    # Records

    def _begin(self) -> None:
        subscriptions = self._handshake.subscriptions
        self._starts = [subscription.start or 0 for subscription in subscriptions]
        first, following = self._backlog.bounds()
        _log.info(
            "%s: SeedLink %d, %d station pattern(s), from sequence %d (held %d to %d) %s",
            self._peer,
            self._handshake.version,
            len(subscriptions),
            min(self._starts),
            first,
            following - 1,
            self._handshake.user_agent,
        )
        self._cursor = max(min(self._starts), first)
        self._demand = self._demands.of(self._backlog, self._handshake.version, subscriptions)

    def _records(self, demand: Demand) -> bytes:
        if not demand.prepared:
            demand.prepare()
            return b""
        oldest, following = self._backlog.bounds()
        self._report_loss(self._cursor, oldest)
        packets, self._cursor = self._batch(demand)
        self._caught_up = self._cursor >= following
        if self._caught_up and self._is_over():
            self._ended = True
            packets += b"END"
        return packets

    def _batch(self, demand: Demand) -> Batch:
        if self._cursor < max(self._starts):
            return demand.batch(self._cursor, self._wants)
        return demand.recent(self._cursor) if self.quick else demand.batch(self._cursor)

    def _wants(self, key: StreamKey, sequence: int, start_ns: int, end_ns: int) -> bool:
        """While some stations were asked for from later numbers on than others."""
        assert self._demand is not None
        number = self._demand.route(key)
        return (
            number is not None
            and sequence >= self._starts[number]
            and self._demand.subscriptions[number].overlaps(start_ns, end_ns)
        )

    def _report_loss(self, cursor: int, oldest: int) -> None:
        """Records that made room while the client was too slow are skipped; neither version can tell it so."""
        if oldest > cursor:
            _log.warning(
                "%s: too slow, %d records left the history before they could be sent (sequence %d to %d)",
                self._peer,
                oldest - cursor,
                cursor,
                oldest - 1,
            )

    @property
    def _has_end(self) -> bool:
        """Whether it ends by itself: dial-up, or version 3 with windows in time only.

        Version 4 in real time never ends (FDSN SeedLink 4.0, data transfer); SeisComP and ringserver end a TIME window.
        """
        if self._handshake.dialup:
            return True
        return self._handshake.version == 3 and all(one.end_ns is not None for one in self._handshake.subscriptions)

    def _is_over(self) -> bool:
        """Whether nothing more is owed: dial-up is caught up, or every window of version 3 has passed."""
        if self._handshake.dialup or not self._has_end:
            return self._handshake.dialup
        now = self._clock()
        spans = [span for span in self._backlog.streams() if span.key.legacy]
        return all(_has_passed(one, spans, now) for one in self._handshake.subscriptions)


def _has_passed(subscription: Subscription, spans: list[StreamSpan], now: int) -> bool:
    """Whether every stream held has reached the end of a window, or the clock has with some grace."""
    end_ns = subscription.end_ns or 0
    if now >= end_ns + WINDOW_GRACE_NS:
        return True
    mine = [span for span in spans if subscription.wants_station(span.key) and subscription.wants_stream(span.key)]
    return bool(mine) and all(span.end_ns >= end_ns for span in mine)


def _info_wants(patterns: tuple[str, ...], span: StreamSpan) -> bool:
    """Whether a stream matches `[station [stream[.format]]]`."""
    station = patterns[0] if patterns else "*"
    stream, _, kind = (patterns[1] if len(patterns) > 1 else "*").partition(".")
    return (
        fnmatchcase(span.key.station, station)
        and fnmatchcase(span.key.stream, stream)
        and fnmatchcase(span.key.kind, kind + "*")
    )
