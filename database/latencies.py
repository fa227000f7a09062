"""How late records came, by minute, hour and day of their arrival."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, Table, bindparam, cast, func, select

from database import tables
from database.measures import DAY_NS, HOUR_NS
from database.upsert import upsert, upsert_select
from houfeng.types import SourceId
from stations.health.latencies import Latencies

TABLES = {"minute": tables.latency_minute, "hour": tables.latency_hour, "day": tables.latency_day}
_STEPS = (("minute", "hour", HOUR_NS), ("hour", "day", DAY_NS))


def save(connection: Connection, rows: Collection[tuple[SourceId, Latencies]]) -> None:
    """Save minutes of channels, and bring the hours and days that they belong to up to date."""
    minutes = [{"source_id": str(source_id)} | row._asdict() for source_id, row in rows]
    upsert(connection, TABLES["minute"], minutes)
    for parts, whole, unit_ns in _STEPS:
        touched = sorted({(str(source_id), row.start_ns // unit_ns * unit_ns) for source_id, row in rows})
        values = [{"name": name, "since": start_ns, "until": start_ns + unit_ns} for name, start_ns in touched]
        upsert_select(connection, TABLES[whole], _rolled_up(TABLES[parts]), values)


def read(
    connection: Connection, by: str, source_id: SourceId, since_ns: int | None = None, until_ns: int | None = None
) -> list[Latencies]:
    """Rows of a channel that begin between two times (until exclusive, ns UTC), earliest first."""
    table = TABLES[by]
    query = select(*(table.c[name] for name in Latencies._fields)).where(table.c.source_id == str(source_id))
    if since_ns is not None:
        query = query.where(table.c.start_ns >= since_ns)
    if until_ns is not None:
        query = query.where(table.c.start_ns < until_ns)
    return [Latencies(*row) for row in connection.execute(query.order_by(table.c.start_ns))]


def worst_by_station(connection: Connection, since_ns: int) -> dict[str, list[tuple[int, float]]]:
    """How old the newest sample of a required channel became, by hour from a time on: the worst of each station's.

    Returns
    -------
    hours : when each begins, ns UTC, and seconds, earliest first, by station id. The hour that goes on is in it
    """
    late, channel = tables.latency_hour.c, tables.channel_status.c
    query = (
        select(channel.station_id, late.start_ns, func.max(late.max_total_latency_s))
        .select_from(tables.channel_status.join(tables.latency_hour, late.source_id == channel.source_id))
        .where(channel.required, late.start_ns >= since_ns)
        .group_by(channel.station_id, late.start_ns)
        .order_by(channel.station_id, late.start_ns)
    )
    found: dict[str, list[tuple[int, float]]] = {}
    for station_id, start_ns, latency_s in connection.execute(query):
        found.setdefault(station_id, []).append((start_ns, latency_s))
    return found


def channels(connection: Connection) -> list[SourceId]:
    """Channels that have rows, sorted."""
    return sorted(map(SourceId.parse, connection.scalars(select(tables.latency_day.c.source_id).distinct())))


@lru_cache
def _rolled_up(parts: Table) -> Select[Any]:
    """One row of what the rows of a channel between two times make: means over the minutes that were watched."""
    part = parts.c
    n_minutes = func.sum(part.n_minutes)
    sums: Sequence[Any] = [func.sum(part[name] * part.n_minutes) / n_minutes for name in Latencies._fields[3:5]]
    whole = cast(bindparam("since"), BigInteger), cast(n_minutes, Integer), cast(func.sum(part.n_arrived), Integer)
    query = select(part.source_id, *whole, *sums, *(func.max(part[name]) for name in Latencies._fields[5:]))
    near = part.start_ns >= bindparam("since"), part.start_ns < bindparam("until")
    return query.where(part.source_id == bindparam("name"), *near).group_by(part.source_id)
