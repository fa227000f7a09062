"""Measures of channels by minute, hour and day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, bindparam, delete, func, select

from database import tables
from database.holdings import FileKey
from database.upsert import delete_where, upsert
from houfeng.times import NS_PER_S
from houfeng.types import SourceId, Span
from stations.health.measures import Measures

HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS

TABLES = {"minute": tables.health_minute, "hour": tables.health_hour, "day": tables.health_day}
_EARLIEST_NS, _LATEST_NS = -(2**63), 2**63 - 1
_NAMES = tuple(field.name for field in fields(Measures))


def changed_files(connection: Connection) -> list[tuple[SourceId, int, int | None]]:
    """Day files whose records are not all in the measures.

    Returns
    -------
    files : stream, midnight (ns UTC) and how much of it was measured, bytes; None for a file that is gone, or that
        differs in what was measured
    """
    file, done = tables.archive_file.c, tables.measured_file.c
    same = (file.source_id == done.source_id) & (file.day_ns == done.day_ns)
    differs = done.n_bytes.is_distinct_from(file.n_bytes) | done.tail_crc.is_distinct_from(file.tail_crc)
    joined = tables.archive_file.outerjoin(tables.measured_file, same)
    query = select(file.source_id, file.day_ns, done.n_bytes).select_from(joined).where(differs)
    found = [(SourceId.parse(name), day_ns, n_bytes) for name, day_ns, n_bytes in connection.execute(query)]
    joined = tables.measured_file.outerjoin(tables.archive_file, same)
    gone = select(done.source_id, done.day_ns).select_from(joined).where(file.source_id.is_(None))
    return sorted(found + [(SourceId.parse(name), day_ns, None) for name, day_ns in connection.execute(gone)])


_MARK = select(tables.measured_file.c.n_bytes, tables.measured_file.c.tail_crc).where(
    tables.measured_file.c.source_id == bindparam("name"), tables.measured_file.c.day_ns == bindparam("day")
)


def marks(connection: Connection, keys: Iterable[FileKey]) -> dict[FileKey, tuple[int, int]]:
    """How far day files were measured: bytes, and the checksum of the last of them."""
    found = {key: connection.execute(_MARK, {"name": str(key[0]), "day": key[1]}).one_or_none() for key in keys}
    return {key: (row.n_bytes, row.tail_crc) for key, row in found.items() if row is not None}


def save_marks(connection: Connection, files: dict[FileKey, tuple[int, int] | None]) -> None:
    """Note how far day files are measured now; None for those that are gone."""
    keys = {key: {"source_id": str(key[0]), "day_ns": key[1]} for key in files}
    delete_where(connection, tables.measured_file, [keys[key] for key, mark in files.items() if mark is None])
    rows = [keys[key] | {"n_bytes": m[0], "tail_crc": m[1]} for key, m in files.items() if m is not None]
    upsert(connection, tables.measured_file, rows)


def save(connection: Connection, table: Table, rows: Iterable[tuple[SourceId, Measures]]) -> None:
    """Save rows of channels; one without samples, records and time covered is removed.

    Of many channels at once: for each on its own, making the statements took longer than measuring.
    """
    held, gone = [], []
    for source_id, row in rows:
        key = {"source_id": str(source_id), "start_ns": row.start_ns}
        if row.n_samples or row.n_records or row.covered_ns:
            held.append(key | {name: getattr(row, name) for name in _NAMES})
        else:
            gone.append(key)
    delete_where(connection, table, gone)
    upsert(connection, table, held)


def read(
    connection: Connection, table: Table, source_id: SourceId, since_ns: int | None = None, until_ns: int | None = None
) -> list[Measures]:
    """Rows of a channel that begin between two times (until exclusive), earliest first."""
    values = {
        "name": str(source_id),
        "since": _EARLIEST_NS if since_ns is None else since_ns,
        "until": _LATEST_NS if until_ns is None else until_ns,
    }
    return [Measures(*row) for row in connection.execute(_reading(table), values)]


@lru_cache
def _reading(table: Table) -> Select[Any]:
    since, until = table.c.start_ns >= bindparam("since"), table.c.start_ns < bindparam("until")
    query = select(*(table.c[name] for name in _NAMES))
    return query.where(table.c.source_id == bindparam("name"), since, until).order_by(table.c.start_ns)


def channels(connection: Connection, table: Table) -> list[SourceId]:
    """Channels that have rows, sorted."""
    return sorted(map(SourceId.parse, connection.scalars(select(table.c.source_id).distinct())))


def spans_near(connection: Connection, source_id: SourceId, start_ns: int, end_ns: int) -> list[Span]:
    """Spans of a stream that begin between two times or reach into them, the last before and the first after, by time.

    As the day files have them: what touches is not joined.
    """
    name = str(source_id)
    first_day = start_ns // DAY_NS * DAY_NS
    before = connection.scalar(_SPANS_BEFORE, {"name": name, "day": first_day})
    begin = {"name": name, "day": first_day if before is None else before, "end": end_ns}
    rest = {"name": name, "day": end_ns // DAY_NS * DAY_NS, "end": end_ns}
    rows = [*connection.execute(_SPANS_INSIDE, begin), *connection.execute(_SPANS_AFTER, rest)]
    return sorted(Span(*row) for row in rows)


def _span_queries() -> tuple[Select[Any], Select[Any], Select[Any]]:
    span = tables.span.c
    of_channel, end = span.source_id == bindparam("name"), bindparam("end", type_=BigInteger)
    of = select(span.start_ns, span.end_ns, span.sample_rate_hz).where(of_channel)
    before = select(span.day_ns).where(of_channel, span.day_ns < bindparam("day")).order_by(span.day_ns.desc()).limit(1)
    inside = of.where(span.day_ns >= bindparam("day"), span.start_ns < end)
    after = of.where(span.day_ns >= bindparam("day"), span.start_ns >= end).order_by(span.day_ns, span.start_ns)
    return before, inside, after.limit(1)


# Made once: for each channel anew they took a sixth of the time of an update.
_SPANS_BEFORE, _SPANS_INSIDE, _SPANS_AFTER = _span_queries()


def forget_before(connection: Connection, table: Table, source_id: SourceId, t_ns: int) -> None:
    """Remove the rows of a channel that begin before a time, ns UTC: a channel at a time, or writers would wait."""
    connection.execute(delete(table).where(table.c.source_id == str(source_id), table.c.start_ns < t_ns))


def oldest(connection: Connection, table: Table, source_id: SourceId) -> int | None:
    """When the first row of a channel begins, ns UTC."""
    found: int | None = connection.scalar(select(func.min(table.c.start_ns)).where(table.c.source_id == str(source_id)))
    return found
