"""What pages and the API read: the request's filters, checked, and rows from one moment of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from flask import current_app, request
from sqlalchemy import Connection

from database import queries
from database.records import EventRow, PickRow, Run, RunKind, StationDetail, StationRow
from database.store import Store
from houfeng.times import NS_PER_S, now_ns, parse_ns
from stations.health import ChannelStatus, Metrics, State
from stations.health.status import MAX_STATUS_AGE_S
from stations.health.words import age

T = TypeVar("T")

MAX_LIMIT = 10_000
_N_ROWS = 100
_MAX_AGE_NS = MAX_STATUS_AGE_S * NS_PER_S


class ParameterError(ValueError):
    """A parameter of the address is not what it must be; the message names it, what was needed and what came."""


def read(query: Callable[[Connection], T]) -> T:
    """Ask the application's store."""
    store: Store = current_app.config["STORE"]
    with store.read() as snapshot:
        return query(snapshot)


def only(*known: str) -> None:
    """Refuse parameters that mean nothing here: a mistyped filter would quietly show everything."""
    for name in request.args:
        if name not in known:
            raise ParameterError(f"{name}: this address takes {', '.join(known) or 'no parameters'}")


def all_stations(snapshot: Connection) -> list[StationRow]:
    """Every station, as it may be shown now, worst first."""
    return _sorted((seen_now(row) for row in queries.stations(snapshot, sort="station")), "status")


def stations(snapshot: Connection) -> list[StationRow]:
    """Stations that the request's filters let through, at most as many as it wants."""
    return matching(snapshot)[: limit(None)]


def matching(snapshot: Connection, everything: list[StationRow] | None = None) -> list[StationRow]:
    """Stations that the request's filters let through, all of them; `everything` where `all_stations` was read."""
    state, sort = _state(), sort_key()
    network, country, q = (request.args.get(name, "") for name in ("net", "country", "q"))
    if everything is None or network or country or q:
        found = queries.stations(snapshot, network=network or None, country=country or None, q=q, sort="station")
        everything = [seen_now(row) for row in found]
    # State and order are decided here: both depend on whether somebody still looks.
    rows = sorted(everything, key=lambda row: row.station_id)
    return _sorted((row for row in rows if state is None or row.state is state), sort)


def sort_key() -> str:
    """What the request wants stations sorted by; with `-` in front reversed."""
    sort = request.args.get("sort") or "status"
    if sort.removeprefix("-") not in queries.STATION_SORTS:
        raise ParameterError(f"sort: one of {', '.join(queries.STATION_SORTS)} is needed, {sort!r} came")
    return sort


def seen_now(row: StationRow) -> StationRow:
    """The row as it may be shown: UNKNOWN, without numbers, once nobody has evaluated it for 2 minutes.

    A status from more than 2 minutes ahead is no better: one of the two clocks is wrong.
    """
    if row.evaluated_ns is None:
        return replace(row, reason="Not evaluated yet")
    age_ns = now_ns() - row.evaluated_ns
    if abs(age_ns) <= _MAX_AGE_NS:
        return row
    if age_ns > 0:
        reason = f"Not evaluated for {age(age_ns / NS_PER_S)}"
    else:
        reason = f"Evaluated {age(-age_ns / NS_PER_S)} ahead of clock"
    return replace(row, state=State.UNKNOWN, reason=reason, since_ns=row.evaluated_ns, metrics=Metrics())


def station(snapshot: Connection, station_id: str) -> StationDetail | None:
    """One station as it may be shown now; a status that is too old takes its channels with it."""
    found = queries.station(snapshot, station_id)
    if found is None:
        return None
    row = seen_now(found.station)
    if row == found.station:
        return found
    return replace(found, station=row, channels=tuple(_unknown(channel, row) for channel in found.channels))


def _unknown(channel: ChannelStatus, row: StationRow) -> ChannelStatus:
    since_ns = channel.since_ns if row.since_ns is None else row.since_ns
    return replace(channel, state=row.state, reason=row.reason, since_ns=since_ns, metrics=Metrics(), readings=())


def events(snapshot: Connection) -> list[EventRow]:
    """Events that the request's filters let through, newest first."""
    return queries.events(
        snapshot,
        run_id=request.args.get("run") or None,
        since_ns=_time("since"),
        until_ns=_time("until"),
        limit=limit(_N_ROWS),
    )


def event_id(text: str) -> str:
    """The public id of an event from an address, where `event/` may be left out."""
    return text if "/" in text else f"event/{text}"


def picks(snapshot: Connection) -> list[PickRow]:
    """Picks that the request's filters let through, newest first."""
    return queries.picks(
        snapshot,
        run_id=request.args.get("run") or None,
        station_id=request.args.get("station") or None,
        since_ns=_time("since"),
        until_ns=_time("until"),
        limit=limit(_N_ROWS),
    )


def runs(snapshot: Connection) -> list[Run]:
    """Runs that the request's filters let through, newest first."""
    return queries.runs(snapshot, kind=_kind(), limit=limit(_N_ROWS))


def limit(default: int | None) -> int | None:
    """How many rows the request wants; `default` where it does not say."""
    text = request.args.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 0 < int(text) <= MAX_LIMIT:
        raise ParameterError(f"limit: 1 to {MAX_LIMIT} is needed, {text!r} came")
    return int(text)


def _kind() -> RunKind | None:
    match request.args.get("kind"):
        case None | "":
            return None
        case "live":
            return "live"
        case "replay":
            return "replay"
        case other:
            raise ParameterError(f"kind: live or replay is needed, {other!r} came")


def _state() -> State | None:
    text = request.args.get("status", "")
    if not text:
        return None
    try:
        return State(text.upper())
    except ValueError:
        raise ParameterError(f"status: one of {', '.join(State)} is needed, {text!r} came") from None


def _time(name: str) -> int | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return parse_ns(text)
    except ValueError as error:
        raise ParameterError(f"{name}: {error}") from None


def _sorted(rows: Iterable[StationRow], sort: str) -> list[StationRow]:
    return sorted(rows, key=queries.STATION_SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
