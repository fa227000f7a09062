"""Who may see which station: by address, and without a trace for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from weakref import WeakValueDictionary

from acquisition.server.ring import Backlog, StreamSpan, Wants, everything
from acquisition.server.stored import StoredRecord, StreamKey

Address = IPv4Address | IPv6Address


class Access:
    """Rules of access; a station that no rule names is for everybody.

    Parameters
    ----------
    rules : patterns of stations as NET.STA, and the addresses or networks that may see the stations they match; a
        station that several rules name is for the addresses of all of them
    """

    def __init__(self, rules: Iterable[tuple[Iterable[str], Iterable[str]]] = ()) -> None:
        self._rules = [
            (tuple(stations), tuple(ip_network(address, strict=False) for address in addresses))
            for stations, addresses in rules
        ]
        # A view lives as long as a session looks at it.
        self._views: WeakValueDictionary[tuple[int, tuple[bool, ...]], View] = WeakValueDictionary()

    def view(self, backlog: Backlog, address: str) -> Backlog:
        """What a client at this address may see of a backlog; one view for all addresses that may see the same."""
        if not self._rules:
            return backlog
        plain = _plain(address)
        friendly = tuple(any(_contains(network, plain) for network in allowed) for _, allowed in self._rules)
        view = self._views.get((id(backlog), friendly))
        if view is None:
            view = self._views[id(backlog), friendly] = View(backlog, self._visible_to(friendly))
        return view

    def _visible_to(self, friendly: tuple[bool, ...]) -> Callable[[str], bool]:
        @lru_cache(maxsize=65536)
        def visible(station_id: str) -> bool:
            rules = zip(self._rules, friendly, strict=True)
            named = [is_friend for (stations, _), is_friend in rules if _matches(station_id, stations)]
            return not named or any(named)

        return visible


class View:
    """A backlog without the stations that a client may not see.

    Parameters
    ----------
    backlog : all there is
    visible : whether a station (NET.STA) may be seen
    """

    def __init__(self, backlog: Backlog, visible: Callable[[str], bool]) -> None:
        self._backlog = backlog
        self._visible = visible

    def bounds(self) -> tuple[int, int]:
        """(oldest sequence held, sequence the next record will get); numbers are shared by all stations."""
        return self._backlog.bounds()

    def recent(self) -> int:
        """From this sequence number on a read takes no more than a look into memory."""
        return self._backlog.recent()

    def read(self, sequence: int, limit: int, wants: Wants = everything) -> tuple[list[StoredRecord], int]:
        """The wanted and visible ones of the next `limit` records at most, and the sequence to go on from."""

        def both(key: StreamKey, number: int, start_ns: int, end_ns: int) -> bool:
            return self._visible(key.source_id.station_id) and wants(key, number, start_ns, end_ns)

        return self._backlog.read(sequence, limit, both)

    def streams(self) -> list[StreamSpan]:
        """Every visible stream held, sorted by station and stream id."""
        return [span for span in self._backlog.streams() if self._visible(span.key.source_id.station_id)]

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every new record until the returned function is called."""
        return self._backlog.watch(wake)


def _matches(station_id: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(station_id, pattern) for pattern in patterns)


def _contains(network: IPv4Network | IPv6Network, address: Address) -> bool:
    return address.version == network.version and address in network


def _plain(address: str) -> Address:
    """An address as rules write it: a socket for both versions calls 192.0.2.1 `::ffff:192.0.2.1`."""
    parsed = ip_address(address.partition("%")[0])
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
