"""What is said to a SeedLink server and what it answers: lines and documents. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acquisition.seedlink.resume import Request, StationRange
from houfeng.times import format_ns


def selectors(patterns: Sequence[str], *, version: int) -> dict[str, list[str]]:
    """Stream patterns in the syntax of a version, by station pattern NET_STA, from NET.STA.LOC.CHA patterns."""
    spell = _selector_v4 if version == 4 else _selector_v3
    by_station: dict[str, list[str]] = {}
    for pattern in patterns:
        network, station, location, channel = pattern.split(".")
        by_station.setdefault(f"{network}_{station}", []).append(spell(location, channel))
    return by_station


def commands(request: Request, *, version: int, has_time: bool, end_ns: int | None = None) -> list[str]:
    """STATION, SELECT and DATA lines for one request; END is left to the caller.

    Parameters
    ----------
    has_time : whether the server can select by time (version 4 says so in its capabilities; version 3 always can)
    end_ns : nothing that starts later is wanted, ns UTC; None for no end
    """
    if version == 4:
        station = f"STATION {request.station}"
        data = _data_v4(request, has_time, end_ns)
    else:
        network, _, code = request.station.partition("_")
        station = f"STATION {code} {network}"
        data = _data_v3(request, end_ns)
    return [station, *(f"SELECT {selector}" for selector in request.selectors), data]


def parse_stations(info: Mapping[str, Any], *, version: int) -> dict[str, StationRange]:
    """Stations and their sequence ranges from an INFO STATIONS reply (JSON tree of v4, XML tree of v3)."""
    if version == 4:
        return {
            str(item["id"]): StationRange(_number(item.get("start_seq"), 10), _number(item.get("end_seq"), 10))
            for item in info.get("station", ())
        }
    return {
        f"{item['network']}_{item['name']}": StationRange(
            _number(item.get("begin_seq"), 16), _number(item.get("end_seq"), 16)
        )
        for item in info.get("seedlink", {}).get("station", ())
    }


def parse_start(info: Mapping[str, Any], *, version: int) -> str:
    """When the server was started, as its INFO ID reply writes it; empty where it does not say."""
    if version == 4:
        return str(info.get("server_start", ""))
    return str(info.get("seedlink", {}).get("started", ""))


def _data_v4(request: Request, has_time: bool, end_ns: int | None) -> str:
    # ringserver takes a bare `DATA ALL` for "the next packet to come": a time always goes with it
    data = "DATA ALL" if request.sequence is None else f"DATA {request.sequence}"
    if not has_time:
        return data
    data += f" {format_ns(request.since_ns, digits=3)}"
    return data if end_ns is None else f"{data} {format_ns(end_ns, digits=3)}"


def _data_v3(request: Request, end_ns: int | None) -> str:
    since = _time_v3(request.since_ns)
    if end_ns is not None:
        return f"TIME {since} {_time_v3(end_ns)}"
    if request.sequence is None:
        return f"TIME {since}"
    return f"DATA {request.sequence:06X} {since}"


def _time_v3(t_ns: int) -> str:
    """`2014,05,23,13,38,36`: whole seconds, rounded down."""
    return format_ns(t_ns, digits=9)[:19].translate(str.maketrans("-T:", ",,,"))


def _number(value: Any, base: int) -> int | None:
    if isinstance(value, int):
        return value
    try:
        return int(str(value), base)
    except ValueError:
        return None


def _selector_v4(location: str, channel: str) -> str:
    return f"{location}_{'_'.join(channel)}"


def _selector_v3(location: str, channel: str) -> str:
    code = channel.replace("*", "?" * (4 - len(channel)))[:3].ljust(3, "?")
    if location == "*":
        return f"??{code}"
    return f"{location.replace('*', '??')[:2] or '--'}{code}"
