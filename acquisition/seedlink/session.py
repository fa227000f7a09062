"""What to ask of a SeedLink server: stations, streams and where to resume. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from houfeng.times import NS_PER_S, format_ns
from houfeng.types import Cursor

# After a reset or an expired cursor the server is asked again from this long before the last record we have: the
# records of several channels of a station do not end at the same moment. The archive drops what comes twice.
RESUME_MARGIN_NS = 600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class StationRange:
    """Sequence numbers that a server holds of one station; None where it does not say."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """One station (or pattern) to ask for.

    Parameters
    ----------
    station : NET_STA; `*` and `?` only for version 4
    selectors : stream patterns in the syntax of the version
    sequence : first wanted sequence number; None for everything the server holds
    since_ns : only packets that end after this time; None for no limit
    """

    station: str
    selectors: tuple[str, ...]
    sequence: int | None = None
    since_ns: int | None = None


def plan(
    patterns: Sequence[str],
    cursors: Mapping[str, Cursor],
    held: Mapping[str, StationRange],
    *,
    version: int,
) -> list[Request]:
    """Requests that miss nothing the server still holds, and repeat as little as possible.

    A station's cursor is one of: resumable (the next sequence number is in what the server holds, or just behind
    it); expired (the server's oldest is newer: take all it has); reset (its newest is older than what we have, so
    it started numbering anew: take all from a margin before our newest record).

    Parameters
    ----------
    patterns : wanted streams, NET.STA.LOC.CHA with wildcards
    cursors : by station id, NET.STA
    held : what the server holds, by NET_STA (its INFO STATIONS)
    version : 3 or 4

    Returns
    -------
    list of Request : version 4 ends with the wildcard patterns, for stations that appear later
    """
    selector = _selector_v4 if version == 4 else _selector_v3
    by_station: dict[str, list[str]] = {}
    for pattern in patterns:
        network, station, location, channel = pattern.split(".")
        by_station.setdefault(f"{network}_{station}", []).append(selector(location, channel))
    requests = []
    for station_id in sorted(set(held) | {name for name in by_station if not _is_wild(name)}):
        selectors = [s for name, ss in by_station.items() if fnmatchcase(station_id, name) for s in ss]
        if selectors:
            sequence, since_ns = _resume(cursors.get(station_id.replace("_", ".")), held.get(station_id))
            if version == 3 and sequence is None and station_id in held:
                sequence = held[station_id].first  # version 3 has no "all": a bare DATA skips what is held
            requests.append(Request(station_id, tuple(dict.fromkeys(selectors)), sequence, since_ns))
    if version == 4:
        requests += [Request(name, tuple(ss)) for name, ss in by_station.items() if _is_wild(name)]
    return requests


def commands(requests: Sequence[Request], *, version: int, has_time: bool) -> Iterator[str]:
    """STATION, SELECT and DATA lines for the requests; END is left to the caller.

    Parameters
    ----------
    has_time : whether the server can select by time (version 4 says so in its capabilities)
    """
    for request in requests:
        if version == 4:
            yield f"STATION {request.station}"
            yield from (f"SELECT {selector}" for selector in request.selectors)
            data = "DATA ALL" if request.sequence is None else f"DATA {request.sequence}"
            if request.sequence is None and request.since_ns is not None and has_time:
                data += f" {format_ns(request.since_ns, digits=3)}"
            yield data
        else:
            network, _, station = request.station.partition("_")
            yield f"STATION {station} {network}"
            yield from (f"SELECT {selector}" for selector in request.selectors)
            yield "DATA" if request.sequence is None else f"DATA {request.sequence & 0xFFFFFF:06X}"


def parse_stations(info: Mapping[str, Any], *, version: int) -> dict[str, StationRange]:
    """Stations and their sequence ranges from an INFO STATIONS reply (JSON tree of v4, XML tree of v3)."""
    if version == 4:
        return {
            str(item["id"]): StationRange(_number(item.get("start_seq"), 10), _number(item.get("end_seq"), 10))
            for item in info.get("station", ())
        }
    items = info.get("seedlink", {}).get("station", ())
    return {
        f"{item['network']}_{item['name']}": StationRange(
            _number(item.get("begin_seq"), 16), _number(item.get("end_seq"), 16)
        )
        for item in items
    }


def _resume(cursor: Cursor | None, held: StationRange | None) -> tuple[int | None, int | None]:
    if cursor is None:
        return None, None
    since_ns = cursor.last_ns - RESUME_MARGIN_NS
    if held is None or held.last is None:
        return None, since_ns
    expired = held.first is not None and held.first > cursor.sequence + 1
    reset = held.last < cursor.sequence
    return (None, since_ns) if expired or reset else (cursor.sequence + 1, since_ns)


def _number(value: Any, base: int) -> int | None:
    if isinstance(value, int):
        return value
    try:
        return int(str(value), base)
    except ValueError:
        return None


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _selector_v4(location: str, channel: str) -> str:
    return f"{location}_{'_'.join(channel)}"


def _selector_v3(location: str, channel: str) -> str:
    code = channel.replace("*", "?" * (4 - len(channel)))[:3].ljust(3, "?")
    if location == "*":
        return f"??{code}"
    return f"{location.replace('*', '??')[:2] or '--'}{code}"
