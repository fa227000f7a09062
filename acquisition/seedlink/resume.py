"""Where to resume each station, and over how many connections. Pure: no socket, no clock.

What servers make of `DATA` decides the shape of the plan:

- One family (SeisComP, HMB, Houfeng) starts every station where it was asked to. A time that comes along filters
  packets, so it must be one that filters nothing we want.
- ringserver has one position for a whole connection. It takes the newest of the sequence numbers whose packet it
  still holds and whose start time, in whole seconds, is the one given; only when none is left does it start at the
  earliest of the times given, and without a time at the next packet to come. So all stations of a connection must
  ask for the same place, and stations that lie far apart need connections of their own (ringserver 4.5,
  slclient.c, configuration of the ring position).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import reduce

from houfeng.codes import is_wild
from houfeng.times import NS_PER_S
from houfeng.types import Cursor

# After a reset a server is asked again from this long before the last record we have: the records of several channels
# of a station do not end at the same moment. The archive drops what comes twice.
RESUME_MARGIN_NS = 600 * NS_PER_S
# Before every digital seismogram that a real-time server could hold: "everything", said as a time.
FLOOR_NS = 315_532_800 * NS_PER_S  # 1980-01-01
# Numbers of version 3 wrap after 2^24 packets, at 4,660 packets a second within an hour: an older one proves nothing.
TRUST_V3_NS = 3600 * NS_PER_S
# A sequence number beyond all that servers give: of a place that is known by its time alone.
NO_NUMBER = 1 << 64
# Stations of one ringserver connection are sent again what the slowest of them lacks, at most so many packets;
# those further behind get a connection of their own, up to so many connections.
MAX_REPEAT = 2000
MAX_CONNECTIONS = 4


class Decision(StrEnum):
    """What became of the place we had in a station's stream."""

    NEW = "new"  # we never had one: everything that is held
    RESUME = "resume"  # the next number is in what the server holds, or just behind it
    EXPIRED = "expired"  # the server's oldest is newer: everything that is held
    RESET = "reset"  # the server numbers anew: by time, from a margin before our newest record


@dataclass(frozen=True, slots=True)
class StationRange:
    """Sequence numbers that a server holds of one station; None where it does not say."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a server says of itself before we ask for data.

    Parameters
    ----------
    version : of the protocol spoken, 3 or 4
    stations : by NET_STA
    server_start : when it was started, as it writes it; empty where it does not say
    newest_wins : whether it has one position for the whole connection (ringserver)
    """

    version: int
    stations: Mapping[str, StationRange]
    server_start: str = ""
    newest_wins: bool = False

    @property
    def cycle(self) -> int:
        """Sequence numbers before they begin again at 0."""
        return 1 << (24 if self.version == 3 else 64)

    def has_wrapped_past(self, cursor: Cursor) -> bool:
        """Whether ringserver would look for our packet in vain: it takes every number for one since the wrap."""
        last = [held.last for held in self.stations.values() if held.last is not None]
        if not self.newest_wins or not last:
            return False
        return cursor.sequence > reduce(lambda a, b: b if _reaches(a, b, self.cycle) else a, last)


@dataclass(frozen=True, slots=True)
class Request:
    """One station (or pattern) to ask for.

    Parameters
    ----------
    station : NET_STA; `*` and `?` only for version 4
    selectors : stream patterns in the syntax of the version
    sequence : first wanted sequence number; None for everything the server holds
    since_ns : time that goes with it, ns UTC
    """

    station: str
    selectors: tuple[str, ...]
    sequence: int | None
    since_ns: int


@dataclass(frozen=True, slots=True)
class _Place:
    request: Request
    decision: Decision
    cursor: Cursor | None
    behind: bool  # whether the server holds something newer of this station


def by_time(last_ns: int) -> Cursor:
    """The cursor of a station whose records are known up to a time (ns UTC), and no number: it is asked for by time."""
    return Cursor(NO_NUMBER, last_ns)


def decide(cursor: Cursor | None, held: StationRange | None, server: Holdings, now_ns: int) -> Decision:
    """What a saved cursor is worth to this server now."""
    if cursor is None:
        return Decision.NEW
    renumbered = bool(server.server_start and cursor.server_start and server.server_start != cursor.server_start)
    if renumbered or held is None or held.last is None or cursor.sequence >= server.cycle:
        return Decision.RESET
    if held.last == cursor.sequence:
        return Decision.RESUME
    stale = server.version == 3 and (now_ns - cursor.last_ns > TRUST_V3_NS or server.has_wrapped_past(cursor))
    if stale or not _reaches(cursor.sequence, held.last, server.cycle):
        return Decision.RESET
    # ringserver looks our last packet up before it believes the number: it must still be there
    oldest_use = cursor.sequence if server.newest_wins else cursor.sequence + 1
    if held.first is not None and not _reaches(held.first, oldest_use, server.cycle):
        return Decision.EXPIRED
    return Decision.RESUME


def plan(
    selectors: Mapping[str, Sequence[str]],
    cursors: Mapping[str, Cursor],
    server: Holdings,
    *,
    now_ns: int,
    begin_ns: int = FLOOR_NS,
) -> list[list[Request]]:
    """Requests that miss nothing the server still holds, and repeat as little as possible; one list a connection.

    Parameters
    ----------
    selectors : station pattern NET_STA -> stream patterns, in the syntax of the version
    cursors : by station id, NET.STA
    server : what it holds
    now_ns : ns UTC
    begin_ns : nothing that ends before is wanted of a station without a cursor

    Returns
    -------
    list of connections, each a list of Request; version 4 ends a lone connection with the wildcard patterns, for
    stations that appear later
    """
    wanted = {name for name in selectors if not is_wild(name)}
    wild = [Request(name, tuple(selectors[name]), None, begin_ns) for name in selectors if is_wild(name)]
    places = []
    for station in sorted(wanted | set(server.stations)):
        patterns = tuple(dict.fromkeys(s for name, ss in selectors.items() if fnmatchcase(station, name) for s in ss))
        if patterns:
            cursor = cursors.get(station.replace("_", ".", 1))
            places.append(_place(station, patterns, cursor, server, now_ns, begin_ns))
    connections = _apart(places, server) if server.newest_wins else [[place.request for place in places]]
    connections = [requests for requests in connections if requests]
    if server.version == 4 and wild and len(connections) <= 1:
        alike = connections[0][0] if server.newest_wins and connections else None
        wild = [replace(r, sequence=alike.sequence, since_ns=alike.since_ns) if alike else r for r in wild]
        return [[*(connections[0] if connections else ()), *wild]]
    return connections


def _place(
    station: str, patterns: tuple[str, ...], cursor: Cursor | None, server: Holdings, now_ns: int, begin_ns: int
) -> _Place:
    held = server.stations.get(station)
    decision = decide(cursor, held, server, now_ns)
    sequence, since_ns = None, begin_ns
    if cursor is not None and decision is Decision.RESUME:
        sequence, since_ns = (cursor.sequence + 1) % server.cycle, FLOOR_NS
    elif cursor is not None:
        since_ns = cursor.last_ns - RESUME_MARGIN_NS if decision is Decision.RESET else FLOOR_NS
    if sequence is None and server.version == 3 and held is not None:
        sequence = held.first  # version 3 has no word for "all": a bare DATA skips what is held
    behind = cursor is None or held is None or held.last != cursor.sequence
    return _Place(Request(station, patterns, sequence, since_ns), decision, cursor, behind)


def _apart(places: Sequence[_Place], server: Holdings) -> list[list[Request]]:
    """Connections of a server that has one position for each: all that ask in one ask for the same place."""
    connections = [
        [place.request for place in places if place.decision in kinds]
        for kinds in ((Decision.NEW, Decision.EXPIRED), (Decision.RESET,))
    ]
    resumed = [(place, place.cursor) for place in places if place.decision is Decision.RESUME and place.cursor]
    if not resumed:
        return connections
    numbers = [cursor.sequence for _, cursor in resumed]
    newest = reduce(lambda a, b: b if _reaches(a, b, server.cycle) else a, numbers)
    resumed.sort(key=lambda pair: (newest - pair[1].sequence) % server.cycle)
    lag = [(newest - cursor.sequence) % server.cycle for _, cursor in resumed]
    # a station of which nothing newer is held lacks nothing, wherever its connection begins: it needs no cut
    late = [n for n, (place, _) in enumerate(resumed) if place.behind]
    gaps = {late[i]: lag[late[i]] - lag[late[i - 1]] for i in range(1, len(late))}
    if late and late[0] > 0:
        gaps[late[0]] = lag[late[0]]
    n_cuts = MAX_CONNECTIONS - 1 - sum(map(bool, connections))
    cuts = sorted(sorted((n for n in gaps if gaps[n] > MAX_REPEAT), key=lambda n: -gaps[n])[:n_cuts])
    for first, end in zip([0, *cuts], [*cuts, len(resumed)], strict=True):
        members = resumed[first:end]
        slowest = next((cursor for place, cursor in reversed(members) if place.behind), members[0][1])
        sequence = (slowest.sequence + 1) % server.cycle
        connections.append([replace(p.request, sequence=sequence, since_ns=slowest.record_ns) for p, _ in members])
    return connections


def _reaches(first: int, last: int, cycle: int) -> bool:
    """Whether `last` is `first` or comes after it, in numbers that wrap."""
    return (last - first) % cycle < cycle // 2
