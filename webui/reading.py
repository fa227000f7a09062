"""What pages and the API read: the request's filters, checked, and rows from one moment of the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import current_app, request
from sqlalchemy import Connection

from database import queries
from database.records import EventRow, StationRow
from database.store import Store
from houfeng.times import now_ns, parse_ns, seconds_ns
from stations.health import State
from stations.health.status import MAX_STATUS_AGE_S

T = TypeVar("T")

MAX_LIMIT = 1000


class ParameterError(ValueError):
    """A parameter of the address is not what it must be; the message names it, what was needed and what came."""


def read(query: Callable[[Connection], T]) -> T:
    """Ask the application's store."""
    store: Store = current_app.config["STORE"]
    with store.read() as snapshot:
        return query(snapshot)


def stale_before_ns() -> int:
    """A status older than this is shown as UNKNOWN: nobody looks any more."""
    return now_ns() - seconds_ns(MAX_STATUS_AGE_S)


def stations(snapshot: Connection) -> list[StationRow]:
    """Stations that the request's filters let through."""
    sort = request.args.get("sort", "status")
    if sort.removeprefix("-") not in queries.STATION_SORTS:
        raise ParameterError(f"sort: one of {', '.join(queries.STATION_SORTS)} is needed, {sort!r} came")
    return queries.stations(
        snapshot,
        status=_state(),
        network=request.args.get("net") or None,
        country=request.args.get("country") or None,
        q=request.args.get("q", ""),
        sort=sort,
        limit=_limit(None),
        stale_before_ns=stale_before_ns(),
    )


def events(snapshot: Connection) -> list[EventRow]:
    """Events that the request's filters let through, newest first."""
    return queries.events(
        snapshot,
        run_id=request.args.get("run") or None,
        since_ns=_time("since"),
        until_ns=_time("until"),
        limit=_limit(100),
    )


def _state() -> State | None:
    text = request.args.get("status", "")
    if not text:
        return None
    try:
        return State(text.upper())
    except ValueError:
        raise ParameterError(f"status: one of {', '.join(State)} is needed, {text!r} came") from None


def _limit(default: int | None) -> int | None:
    text = request.args.get("limit")
    if text is None:
        return default
    if not text.isdecimal() or not 0 < int(text) <= MAX_LIMIT:
        raise ParameterError(f"limit: 1 to {MAX_LIMIT} is needed, {text!r} came")
    return int(text)


def _time(name: str) -> int | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return parse_ns(text)
    except ValueError as error:
        raise ParameterError(f"{name}: {error}") from None
