"""What pages and the API read: the request's filters, checked, and rows from one moment of the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from flask import current_app, request
from sqlalchemy import Connection

from database import queries
from database.records import EventRow, EventStatus, PickRow, Run, RunKind, StationRow
from database.store import Store
from houfeng.errors import SourceIdError
from houfeng.times import now_ns, parse_ns
from houfeng.types import SourceId
from stations.health import State
from stations.settings import USAGES

T = TypeVar("T")

MAX_LIMIT = 10_000
MAX_PAGE = 10_000
# Pages are cut from what was read from the first one on.
_MAX_ROWS = 1_000_000
# Of lists that grow, where the request does not say.
N_ROWS = 100
# Databases have nanoseconds in 64 bits.
_EARLIEST_NS = -(2**63)


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


def stations(snapshot: Connection) -> list[StationRow]:
    """Stations that the request's filters let through, at most as many as it wants."""
    return queries.stations(snapshot, seen_at_ns=now_ns(), **station_choice(), limit=depth(None))


def station_choice() -> dict[str, Any]:
    """The request's filters of the station table and its order, as `queries.chosen` takes them."""
    return {
        "status": _state(),
        "network": request.args.get("net") or None,
        "country": request.args.get("country") or None,
        "usage": _usage(),
        "q": request.args.get("q", ""),
        "sort": sort_key(),
    }


def sort_key() -> str:
    """What the request wants stations sorted by; with `-` in front reversed."""
    sort = request.args.get("sort") or "status"
    if sort.removeprefix("-") not in queries.STATION_SORTS:
        raise ParameterError(f"sort: one of {', '.join(queries.STATION_SORTS)} is needed, {sort!r} came")
    return sort


def events(snapshot: Connection) -> list[EventRow]:
    """Events that the request's filters let through, newest first."""
    return queries.events(
        snapshot,
        run_id=request.args.get("run") or None,
        since_ns=time("since"),
        until_ns=time("until"),
        limit=depth(N_ROWS),
        status=_event_status(),
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
        since_ns=time("since"),
        until_ns=time("until"),
        limit=depth(N_ROWS),
    )


def runs(snapshot: Connection) -> list[Run]:
    """Runs that the request's filters let through, newest first."""
    return queries.runs(snapshot, kind=_kind(), limit=depth(N_ROWS))


def limit(default: int | None) -> int | None:
    """How many rows the request wants; `default` where it does not say."""
    text = request.args.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 0 < int(text) <= MAX_LIMIT:
        raise ParameterError(f"limit: 1 to {MAX_LIMIT} is needed, {text!r} came")
    return int(text)


def page_number() -> int:
    """Which page the request wants, from 1 on."""
    text = request.args.get("page") or "1"
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 0 < int(text) <= MAX_PAGE:
        raise ParameterError(f"page: 1 to {MAX_PAGE} is needed, {text!r} came")
    return int(text)


def depth(default: int | None) -> int | None:
    """How many rows must be read to know this page and whether there is another; None for all.

    Parameters
    ----------
    default : rows of a page where the request does not say; None for all of them on one page
    """
    size = limit(default)
    if size is None:
        if page_number() > 1:
            raise ParameterError("page: limit says how long a page is, and is needed too")
        return None
    if page_number() * size > _MAX_ROWS:
        raise ParameterError(f"page: {_MAX_ROWS} rows at most can be paged through, {page_number()} times {size} came")
    return page_number() * size + 1


def one_of(name: str, known: Collection[str], default: str) -> str:
    """A word that the request chooses among some."""
    text = request.args.get(name) or default
    if text not in known:
        *others, last = known
        raise ParameterError(f"{name}: {', '.join(others)} or {last} is needed, {text!r} came")
    return text


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


def _event_status() -> EventStatus:
    match request.args.get("status"):
        case None | "" | "current":
            return "current"
        case "gone":
            return "gone"
        case "all":
            return "all"
        case other:
            raise ParameterError(f"status: current, gone or all is needed, {other!r} came")


def _usage() -> str | None:
    text = request.args.get("usage") or None
    if text is not None and text not in USAGES:
        raise ParameterError(f"usage: one of {', '.join(USAGES)} is needed, {text!r} came")
    return text


def _state() -> State | None:
    text = request.args.get("status", "")
    if not text:
        return None
    try:
        return State(text.upper())
    except ValueError:
        raise ParameterError(f"status: one of {', '.join(State)} is needed, {text!r} came") from None


def time(name: str) -> int | None:
    """A time that the request names, ns UTC; None where it does not."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        found = parse_ns(text)
    except ValueError as error:
        raise ParameterError(f"{name}: {error}") from None
    if not _EARLIEST_NS < found < -_EARLIEST_NS:
        raise ParameterError(f"{name}: a time between 1678 and 2262 is needed, {text!r} came")
    return found


def source_id(text: str) -> SourceId | None:
    """The channel that an address names; None where it names none."""
    try:
        return SourceId.parse(text)
    except SourceIdError:
        return None
