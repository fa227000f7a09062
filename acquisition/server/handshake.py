"""The handshake: commands to subscriptions. It knows nothing of sockets, clocks or records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from acquisition.server.commands import (
    Command,
    CommandError,
    sequence_v3,
    sequence_v4,
    time_v3,
    time_v4,
)
from acquisition.server.frames import SEQUENCE_MASK_V3
from acquisition.server.selection import Subscription, selector_v3, selector_v4, station_pattern

# A network of 3,000 stations asked for one by one fits; a client that asks for more wants a wildcard.
MAX_STATIONS = 10_000
# Over all stations: each costs memory and a comparison a stream.
MAX_SELECTORS = 20_000

_HALF = (SEQUENCE_MASK_V3 + 1) // 2


@dataclass(slots=True)
class Handshake:
    """What a client has asked for so far.

    Parameters
    ----------
    bounds : (oldest sequence held, next sequence) of the backlog
    version : protocol spoken, 3 until SLPROTO says 4
    subscriptions : in the order of their STATION commands
    user_agent : what the client calls itself
    extended : whether a version 3 client wants reasons with its errors
    dialup : whether the server ends when everything queued is sent
    ready : whether records may flow
    """

    bounds: Callable[[], tuple[int, int]]
    version: int = 3
    subscriptions: list[Subscription] = field(default_factory=list)
    user_agent: str = ""
    extended: bool = False
    dialup: bool = False
    ready: bool = False
    _current: Subscription | None = None
    _multi_station: bool = False
    _begun: bool = False
    _n_selectors: int = 0

    def run(self, command: Command) -> bytes:
        """Obey one command and return the answer, which is empty where the protocol has none."""
        try:
            handler = self._handler(command)
            answer = handler(command.arguments)
        except CommandError as error:
            return self.refusal(error.code, error.reason)
        return b"OK\r\n" if answer else b""

    def refusal(self, code: str, reason: str) -> bytes:
        """ERROR, with the reason where the client's version understands one."""
        if self.version == 4:
            return f"ERROR {code} {reason}\r\n".encode("ascii", "replace")
        if self.extended:
            return f"ERROR\r{code} {reason}\r\n".encode("ascii", "replace")
        return b"ERROR\r\n"

    def _handler(self, command: Command) -> Callable[[tuple[str, ...]], bool]:
        if command.fault:
            raise CommandError(command.fault_code, command.fault)
        if command.verb == "SLPROTO":
            return self._slproto
        self._begun = True
        handlers = self._handlers_v4() if self.version == 4 else self._handlers_v3()
        if command.verb not in handlers:
            raise CommandError("UNSUPPORTED", f"{command.verb[:20]} is not offered in version {self.version}")
        return handlers[command.verb]

    def _handlers_v3(self) -> dict[str, Callable[[tuple[str, ...]], bool]]:
        return {
            "CAPABILITIES": self._capabilities_v3,
            "STATION": self._station_v3,
            "SELECT": self._select_v3,
            "DATA": self._data_v3,
            "FETCH": self._fetch_v3,
            "TIME": self._time_v3,
            "END": self._end,
        }

    def _handlers_v4(self) -> dict[str, Callable[[tuple[str, ...]], bool]]:
        return {
            "USERAGENT": self._useragent,
            "STATION": self._station_v4,
            "SELECT": self._select_v4,
            "DATA": self._data_v4,
            "END": self._end,
            "ENDFETCH": self._endfetch,
        }

    # Both versions

    def _slproto(self, arguments: tuple[str, ...]) -> bool:
        if self._begun:
            raise CommandError("UNEXPECTED", "SLPROTO comes once, before every command but HELLO")
        if arguments not in (("3.0",), ("3.1",), ("4.0",)):
            raise CommandError("UNSUPPORTED", f"SLPROTO 4.0 or 3.1 is needed, {' '.join(arguments)} came")
        self.version = int(arguments[0][0])
        self._begun = True
        return True

    def _subscribe(self, station: str) -> bool:
        self._current = None
        if len(self.subscriptions) >= MAX_STATIONS:
            raise CommandError("LIMIT", f"at most {MAX_STATIONS} STATION commands")
        self._current = Subscription(station_pattern(station))
        self.subscriptions.append(self._current)
        return True

    def _subscription(self) -> Subscription:
        if self._current is None:
            if self._multi_station or self.version == 4:
                raise CommandError("UNEXPECTED", "no STATION was accepted before")
            self._subscribe("*")
        assert self._current is not None
        return self._current

    def _count_selectors(self, n: int) -> None:
        self._n_selectors += n
        if self._n_selectors > MAX_SELECTORS:
            raise CommandError("LIMIT", f"at most {MAX_SELECTORS} SELECT patterns")

    def _end(self, arguments: tuple[str, ...]) -> bool:
        _at_most(arguments, 0, "END")
        if not self.subscriptions:
            raise CommandError("UNEXPECTED", "no STATION was accepted before")
        self._start()
        return False

    def _start(self) -> None:
        """Let records flow; who named no number gets what comes next, or in dial-up all that is queued.

        In dial-up "next" would be nothing, and all that is queued is what slinktool's manual promises.
        """
        first, following = self.bounds()
        for subscription in self.subscriptions:
            if subscription.start is None:
                subscription.start = first if self.dialup else following
        self.ready = True

    # Version 3

    def _capabilities_v3(self, arguments: tuple[str, ...]) -> bool:
        self.extended = self.extended or "EXTREPLY" in arguments
        return True

    def _station_v3(self, arguments: tuple[str, ...]) -> bool:
        self._multi_station = True
        self._current = None
        _at_most(arguments, 2, "STATION")
        if not arguments:
            raise CommandError("ARGUMENTS", "STATION needs a station code")
        station = f"{arguments[1] if len(arguments) > 1 else '*'}_{arguments[0]}"
        # A client may come back to a station to add to it; version 4 leaves the repetition out instead.
        for known in self.subscriptions:
            if known.station == station:
                self._current = known
                return True
        return self._subscribe(station)

    def _select_v3(self, arguments: tuple[str, ...]) -> bool:
        _at_most(arguments, 1, "SELECT")
        subscription = self._subscription()
        if not arguments:
            subscription.selectors.clear()
            return True
        self._count_selectors(1)
        subscription.selectors.append(selector_v3(arguments[0]))
        return True

    def _data_v3(self, arguments: tuple[str, ...]) -> bool:
        _at_most(arguments, 2, "DATA")
        subscription = self._subscription()
        start_ns = time_v3(arguments[1]) if len(arguments) > 1 else None
        subscription.start = widen_v3(sequence_v3(arguments[0]), *self.bounds()) if arguments else None
        subscription.start_ns, subscription.end_ns = start_ns, None
        return self._started_v3()

    def _fetch_v3(self, arguments: tuple[str, ...]) -> bool:
        self.dialup = True
        return self._data_v3(arguments)

    def _time_v3(self, arguments: tuple[str, ...]) -> bool:
        _at_most(arguments, 2, "TIME")
        if not arguments:
            raise CommandError("ARGUMENTS", "TIME needs a begin time")
        subscription = self._subscription()
        window = [time_v3(text) for text in arguments]
        subscription.start = self.bounds()[0]
        # Unlike in version 4 a record that starts exactly at the end belongs to the window: ringserver sends it, and
        # ObsPy's get_waveforms wants that sample.
        subscription.start_ns, subscription.end_ns = window[0], window[1] + 1 if len(window) > 1 else None
        return self._started_v3()

    def _started_v3(self) -> bool:
        """With STATION the answer is OK; without it records start at once and nothing is answered."""
        if self._multi_station:
            return True
        self._start()
        return False

    # Version 4

    def _useragent(self, arguments: tuple[str, ...]) -> bool:
        self.user_agent = " ".join(arguments)
        return True

    def _station_v4(self, arguments: tuple[str, ...]) -> bool:
        self._current = None
        if len(arguments) != 1:
            raise CommandError("ARGUMENTS", "STATION needs one station pattern NET_STA")
        return self._subscribe(arguments[0])

    def _select_v4(self, arguments: tuple[str, ...]) -> bool:
        subscription = self._subscription()
        if not arguments:
            raise CommandError("ARGUMENTS", "SELECT needs a pattern")
        selectors = [selector_v4(text) for text in arguments]
        self._count_selectors(len(selectors))
        subscription.selectors += selectors
        return True

    def _data_v4(self, arguments: tuple[str, ...]) -> bool:
        _at_most(arguments, 3, "DATA")
        subscription = self._subscription()
        start = None
        if arguments:
            first, following = self.bounds()
            asked = sequence_v4(arguments[0])
            # A number still to come was given out by an earlier run: nothing that is held may be lost.
            start = first if asked is None or asked > following else asked
        window = [time_v4(text) for text in arguments[1:]]
        subscription.start = start
        subscription.start_ns = window[0] if window else None
        subscription.end_ns = window[1] if len(window) > 1 else None
        return True

    def _endfetch(self, arguments: tuple[str, ...]) -> bool:
        self.dialup = True
        return self._end(arguments)


def widen_v3(sequence: int, first: int, following: int) -> int:
    """The sequence number whose lowest 24 bits a version 3 client gave.

    Taken as the one nearest to the next number. A number that is still to come was given out by an earlier run of the
    server: everything held is then sent, since what the client has is unknown and nothing may be lost.

    Parameters
    ----------
    sequence : 24 bits
    first, following : oldest sequence held, next sequence
    """
    distance = (sequence - following) & SEQUENCE_MASK_V3
    if distance == 0:
        return following
    if distance < _HALF:
        return first
    return following + distance - (SEQUENCE_MASK_V3 + 1)


def _at_most(arguments: tuple[str, ...], n: int, verb: str) -> None:
    if len(arguments) > n:
        raise CommandError("ARGUMENTS", f"{verb} takes at most {n} arguments, {len(arguments)} came")
