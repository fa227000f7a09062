"""What pages, commands and restarts read. Every function takes a connection: `with store.read() as snapshot`.

Queries with `run_id` read that run; without one they read the live runs, never a replay.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, exists, func, or_, select

from database import tables
from database.magnitude_queries import magnitudes_of, preferred_columns, preferred_of, station_magnitudes_of
from database.records import (
    ArrivalRow,
    EventDetail,
    EventRow,
    EventStatus,
    PickRow,
    Run,
    RunKind,
)
from database.revision_queries import gone, gone_row, revisions
from database.rows import FIT, REASONS, Found, document_of, origin_of, pick_of
from database.station_queries import (
    STATION_SORTS,
    chosen,
    newest_evaluation_ns,
    station,
    station_ids,
    stations,
)
from houfeng.codes import SYNTHETIC_NETWORK
from houfeng.types import Cursor, Pick, SourceId
from stations.inventory import InventoryDocument

__all__ = [
    "STATION_SORTS",
    "chosen",
    "cursors",
    "detector_states",
    "event",
    "events",
    "inventory_documents",
    "newest_evaluation_ns",
    "picks",
    "recent_picks",
    "run",
    "runs",
    "state_version",
    "station",
    "station_ids",
    "stations",
]

Query = Select[Any]


def state_version(connection: Connection) -> int:
    """A number that grows with every unit of work that changed something a page shows, in any process."""
    return int(connection.execute(select(tables.change.c.version)).scalar_one())


def runs(connection: Connection, *, kind: RunKind | None = None, limit: int | None = None) -> list[Run]:
    """Runs, newest first."""
    table = tables.run
    query = select(table).order_by(table.c.started_ns.desc(), table.c.run_id).limit(limit)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return [Run(**row) for row in connection.execute(query).mappings()]


def run(connection: Connection, run_id: str) -> Run | None:
    """One run; None where there is none of this id."""
    row = connection.execute(select(tables.run).where(tables.run.c.run_id == run_id)).mappings().one_or_none()
    return None if row is None else Run(**row)


def events(
    connection: Connection,
    *,
    run_id: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
    status: EventStatus = "current",
    min_magnitude: float | None = None,
) -> list[EventRow]:
    """Events by their first onset, newest first.

    Parameters
    ----------
    run_id : a run; None for the live ones
    since_ns, until_ns : first onset from (inclusive) and to (exclusive), ns UTC
    limit : at most this many
    status : "current" ones, those of live runs that are "gone" again, or "all"
    min_magnitude : of the preferred magnitude; without one, an event is left out then
    """
    found: list[EventRow] = []
    if status != "gone":
        table = tables.event.c
        query = _of_runs(connection, _with_origin(), table.run_id, run_id)
        if min_magnitude is not None:
            query = query.where(tables.magnitude.c.value >= min_magnitude)
        query = _between(query, table.first_onset_ns, since_ns, until_ns)
        query = query.order_by(table.first_onset_ns.desc(), table.public_id).limit(limit)
        found += [_event_row(row) for row in connection.execute(query)]
    if status != "current":
        column = tables.revision.c
        query = _of_runs(connection, gone(), column.run_id, run_id)
        query = _between(query, column.first_onset_ns, since_ns, until_ns)
        query = query.order_by(column.first_onset_ns.desc(), column.event_id)
        rows = (gone_row(row) for row in connection.execute(query))
        found += [row for row in rows if min_magnitude is None or row.is_at_least(min_magnitude)][:limit]
    return sorted(found, key=lambda row: (-row.first_onset_ns, row.public_id))[:limit]


def event(connection: Connection, public_id: str, *, run_id: str | None = None) -> EventDetail | None:
    """One event with its arrivals, magnitudes and history, also one that is none any more.

    None where the runs never had one of this id. A replay has a history where it takes
    records as they came; another forgets what it did not find in the end.
    """
    table, old = tables.event, tables.revision.c
    query = _of_runs(connection, _with_origin().where(table.c.public_id == public_id), table.c.run_id, run_id)
    found = connection.execute(query.order_by(table.c.run_id)).first()
    if found is None:
        query = _of_runs(connection, gone().where(old.event_id == public_id), old.run_id, run_id)
        found = connection.execute(query.order_by(old.run_id)).first()
        if found is None:
            return None
        return EventDetail(gone_row(found), (), revisions=revisions(connection, found.run_id, public_id))
    row = _event_row(found)
    magnitudes = magnitudes_of(connection, row.run_id, row.public_id)
    return EventDetail(
        row,
        _arrivals(connection, row),
        magnitudes,
        station_magnitudes_of(connection, row, magnitudes),
        revisions(connection, row.run_id, row.public_id),
    )


def _with_origin() -> Query:
    event, origin, magnitude, run = tables.event, tables.origin.c, tables.magnitude.c, tables.run.c
    of_event = and_(origin.run_id == event.c.run_id, origin.event_id == event.c.public_id)
    preferred = and_(magnitude.run_id == event.c.run_id, magnitude.event_id == event.c.public_id, magnitude.rank == 0)
    columns = [column for column in origin if column.name not in {"run_id", "event_id"}]
    joined = select(event, _is_synthetic(), *columns, *preferred_columns()).outerjoin_from(
        event, tables.origin, of_event
    )
    return joined.join(tables.run, run.run_id == event.c.run_id).outerjoin(tables.magnitude, preferred)


def _is_synthetic() -> ColumnElement[bool]:
    """Whether the run is, or a pick of the event is: a real network may receive a synthetic one beside it."""
    event, arrival, pick = tables.event.c, tables.arrival.c, tables.pick.c
    of_event = and_(arrival.run_id == event.run_id, arrival.event_id == event.public_id)
    of_pick = and_(pick.run_id == arrival.run_id, pick.public_id == arrival.pick_id)
    has_one = exists().where(of_event, of_pick, pick.station_id.startswith(f"{SYNTHETIC_NETWORK}."))
    return or_(tables.run.c.is_synthetic, has_one.correlate(tables.event)).label("is_synthetic")


def _event_row(found: Found) -> EventRow:
    row = {column.name: getattr(found, column.name) for column in tables.event.columns}
    reasons = {name: tuple(json.loads(row[name])) for name in REASONS}
    return EventRow(
        **row | reasons, origin=origin_of(found), magnitude=preferred_of(found), is_synthetic=found.is_synthetic
    )


def _arrivals(connection: Connection, row: EventRow) -> tuple[ArrivalRow, ...]:
    arrival, pick, site, run_site = tables.arrival.c, tables.pick, tables.site, tables.run_site
    status = tables.station_status
    of_arrival = and_(pick.c.run_id == arrival.run_id, pick.c.public_id == arrival.pick_id)
    of_run = and_(run_site.c.run_id == pick.c.run_id, run_site.c.station_id == pick.c.station_id)
    place = (
        func.coalesce(run_site.c[name], site.c[name])
        for name in ("name", "latitude_deg", "longitude_deg", "elevation_m")
    )
    listed = func.coalesce(site.c.station_id, status.c.station_id).is_not(None)
    query = (
        select(pick, *place, listed, *(arrival[name] for name in FIT))
        .select_from(tables.arrival)
        .join(pick, of_arrival)
        .outerjoin(run_site, of_run)
        .outerjoin(site, site.c.station_id == pick.c.station_id)
        .outerjoin(status, status.c.station_id == pick.c.station_id)
        .where(arrival.run_id == row.run_id, arrival.event_id == row.public_id)
        .order_by(pick.c.onset_ns, pick.c.source_id)
    )
    return tuple(ArrivalRow(pick_of(found), *found[len(pick.c) :]) for found in connection.execute(query))


def picks(
    connection: Connection,
    *,
    run_id: str | None = None,
    station_id: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
) -> list[PickRow]:
    """Picks by onset, newest first, each with the event it belongs to.

    Parameters
    ----------
    run_id : a run; None for the live ones
    station_id : `KR.NRN`; None for all
    since_ns, until_ns : onset from (inclusive) and to (exclusive), ns UTC
    limit : at most this many
    """
    pick, arrival = tables.pick, tables.arrival.c
    of_pick = and_(arrival.run_id == pick.c.run_id, arrival.pick_id == pick.c.public_id)
    event_id = select(func.min(arrival.event_id)).where(of_pick).correlate(pick).scalar_subquery()
    query = _of_runs(connection, select(pick, event_id.label("event_id")), pick.c.run_id, run_id)
    query = _between(query, pick.c.onset_ns, since_ns, until_ns)
    if station_id is not None:
        query = query.where(pick.c.station_id == station_id)
    query = query.order_by(pick.c.onset_ns.desc(), pick.c.public_id).limit(limit)
    return [PickRow(row.run_id, pick_of(row), row.event_id) for row in connection.execute(query)]


def recent_picks(connection: Connection, run_id: str, since_ns: int) -> list[Pick]:
    """Picks of a run from an onset on (ns UTC), earliest first: association goes on with them after a restart."""
    pick = tables.pick
    query = select(pick).where(pick.c.run_id == run_id, pick.c.onset_ns >= since_ns)
    return sorted(pick_of(row) for row in connection.execute(query))


def cursors(connection: Connection, server: str) -> dict[str, Cursor]:
    """Where the streams of a server were left, by station id."""
    state = tables.stream_state.c
    query = select(state.station_id, state.sequence, state.last_ns, state.record_ns, state.server_start)
    return {station_id: Cursor(*at) for station_id, *at in connection.execute(query.where(state.server == server))}


def detector_states(connection: Connection, run_id: str) -> dict[SourceId, bytes]:
    """State of detection on every channel of a run."""
    state = tables.detector_state.c
    query = select(state.source_id, state.state).where(state.run_id == run_id)
    return {SourceId.parse(row.source_id): row.state for row in connection.execute(query)}


def inventory_documents(connection: Connection) -> list[InventoryDocument]:
    """The StationXML documents as they came, by name."""
    table = tables.inventory_doc
    query = select(table).order_by(table.c.name, table.c.sha256)
    return [document_of(row) for row in connection.execute(query)]


def _of_runs(connection: Connection, query: Query, column: Column[str], run_id: str | None) -> Query:
    """Rows of one run, or of the live ones."""
    if run_id is not None:
        return query.where(column == run_id)
    # Looked up first: given values instead of a subquery, both back-ends walk the index (run, time) backwards
    # and stop at the limit.
    live = connection.scalars(select(tables.run.c.run_id).where(tables.run.c.kind == "live")).all()
    return query.where(column.in_(live))


def _between(query: Query, column: Column[int], since_ns: int | None, until_ns: int | None) -> Query:
    """Rows from a time (inclusive) to a time (exclusive)."""
    if since_ns is not None:
        query = query.where(column >= since_ns)
    if until_ns is not None:
        query = query.where(column < until_ns)
    return query
