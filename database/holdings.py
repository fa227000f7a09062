"""What the archive holds: spans of samples by day file, and the gaps between them.

A gap is a query, not a row: it is what no span covers. So there is nothing that could disagree with the spans.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection, Select, case, delete, func, select, tuple_

from database import tables
from database.upsert import delete_where, upsert
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId, Span

# A day file: its stream and its midnight, ns UTC.
FileKey = tuple[SourceId, int]
# How far a day file was read: n_bytes, size_bytes, inode, mtime_ns, tail_crc.
FileMark = tuple[int, int, int, int, int]

_MARK = ("n_bytes", "size_bytes", "inode", "mtime_ns", "tail_crc")
_KEYS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """A gap that a data centre did not fill: how often it was asked, when it is next, and what it said."""

    server: str
    gap: Gap
    tries: int
    next_try_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class StreamSpan:
    """A stream from its first sample to a gap, a change of rate, or its end."""

    source_id: SourceId
    span: Span


def streams(connection: Connection, patterns: Collection[str] = ()) -> list[SourceId]:
    """Streams that have a day file, sorted; of those, the ones that match a NET.STA.LOC.CHA pattern."""
    names = connection.scalars(select(tables.archive_file.c.source_id).distinct())
    found = (name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns))
    return sorted(map(SourceId.parse, found))


def days(connection: Connection) -> tuple[int, int] | None:
    """Midnight of the first and of the last day that has a file, ns UTC."""
    day = tables.archive_file.c.day_ns
    first, last = connection.execute(select(func.min(day), func.max(day))).one()
    return None if first is None else (first, last)


def marks(
    connection: Connection, source_ids: Collection[SourceId], since_ns: int, until_ns: int
) -> dict[FileKey, FileMark]:
    """How far the day files of these streams were read, of days from a time (inclusive) to a time (exclusive)."""
    file = tables.archive_file.c
    query = select(tables.archive_file).where(
        file.source_id.in_([str(source_id) for source_id in source_ids]),
        file.day_ns >= since_ns,
        file.day_ns < until_ns,
    )
    return _marks(connection, query)


def marks_of(connection: Connection, keys: Iterable[FileKey]) -> dict[FileKey, FileMark]:
    """How far these day files were read."""
    file = tables.archive_file
    found: dict[FileKey, FileMark] = {}
    for part in _parts(keys):
        found |= _marks(connection, select(file).where(tuple_(file.c.source_id, file.c.day_ns).in_(part)))
    return found


def spans_of(connection: Connection, keys: Iterable[FileKey]) -> dict[FileKey, list[Span]]:
    """The spans of these day files, each sorted."""
    span = tables.span
    found: dict[FileKey, list[Span]] = {}
    for part in _parts(keys):
        query = select(span).where(tuple_(span.c.source_id, span.c.day_ns).in_(part))
        for row in connection.execute(query):
            key = SourceId.parse(row.source_id), row.day_ns
            found.setdefault(key, []).append(Span(row.start_ns, row.end_ns, row.sample_rate_hz))
    return {key: sorted(spans) for key, spans in found.items()}


def save(connection: Connection, files: Mapping[FileKey, tuple[FileMark, Collection[Span]] | None]) -> None:
    """Save what day files hold now, all of each; None for a file that is no more."""
    before = spans_of(connection, files)
    gone = [_key(key) for key, found in files.items() if found is None]
    delete_where(connection, tables.archive_file, gone)
    held = {key: found for key, found in files.items() if found is not None}
    rows = [_key(key) | dict(zip(_MARK, mark, strict=True)) for key, (mark, _) in held.items()]
    upsert(connection, tables.archive_file, rows)
    now = {key: {_place(span) for span in spans} for key, (_, spans) in held.items()}
    old = [(key, span) for key, spans in before.items() for span in spans if _place(span) not in now.get(key, ())]
    delete_where(connection, tables.span, [_key(key) | _place_values(span) for key, span in old])
    new = [(key, span) for key, (_, spans) in held.items() for span in spans]
    upsert(connection, tables.span, [_key(key) | _place_values(s) | {"end_ns": s.end_ns} for key, s in new])


def save_absences(connection: Connection, absences: Collection[AbsenceRow]) -> None:
    """Save what data centres were asked for in vain, all of it: what is not among these is forgotten."""
    connection.execute(delete(tables.absence))
    rows = [
        {
            "server": row.server,
            "source_id": str(row.gap.source_id),
            "start_ns": row.gap.start_ns,
            "end_ns": row.gap.end_ns,
            "tries": row.tries,
            "next_try_ns": row.next_try_ns,
            "reason": row.reason,
        }
        for row in absences
    ]
    upsert(connection, tables.absence, rows)


def absences(connection: Connection) -> list[AbsenceRow]:
    """What data centres were asked for in vain, by server, stream and time."""
    table = tables.absence
    query = select(table).order_by(table.c.server, table.c.source_id, table.c.start_ns)
    return [
        AbsenceRow(
            row.server,
            Gap(SourceId.parse(row.source_id), row.start_ns, row.end_ns),
            row.tries,
            row.next_try_ns,
            row.reason,
        )
        for row in connection.execute(query)
    ]


def gaps(
    connection: Connection,
    *,
    patterns: Collection[str] = (),
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
) -> list[Gap]:
    """Times between the first and the last sample of a stream that no sample covers, newest first.

    Parameters
    ----------
    patterns : of NET.STA.LOC.CHA; none for all streams
    since_ns, until_ns : gaps that end after and begin before, ns UTC
    limit : at most so many
    """
    seen = _with_reach(connection, patterns, by_rate=False).subquery()
    query = select(seen).where(_is_hole(seen))
    if since_ns is not None:
        query = query.where(seen.c.start_ns > since_ns)
    if until_ns is not None:
        query = query.where(seen.c.reach_ns < until_ns)
    query = query.order_by(seen.c.start_ns.desc(), seen.c.source_id).limit(limit)
    return [Gap(SourceId.parse(row.source_id), row.reach_ns, row.start_ns) for row in connection.execute(query)]


def spans(
    connection: Connection,
    *,
    patterns: Collection[str] = (),
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
) -> list[StreamSpan]:
    """Times without a missing sample and without a change of rate, over any number of days, newest first.

    Parameters
    ----------
    patterns : of NET.STA.LOC.CHA; none for all streams
    since_ns, until_ns : spans that end after and begin before, ns UTC
    limit : at most so many
    """
    seen = _with_reach(connection, patterns, by_rate=True).subquery()
    begins = case((seen.c.reach_ns.is_(None) | _is_hole(seen), 1), else_=0)
    key = (seen.c.source_id, seen.c.sample_rate_hz)
    number = func.sum(begins).over(partition_by=key, order_by=(seen.c.day_ns, seen.c.start_ns))
    of = select(seen, number.label("number")).subquery()
    first, last = func.min(of.c.start_ns), func.max(of.c.end_ns)
    query = select(of.c.source_id, of.c.sample_rate_hz, first.label("start_ns"), last.label("end_ns"))
    query = query.group_by(of.c.source_id, of.c.sample_rate_hz, of.c.number)
    if since_ns is not None:
        query = query.having(last > since_ns)
    if until_ns is not None:
        query = query.having(first < until_ns)
    query = query.order_by(last.desc(), of.c.source_id, first).limit(limit)
    return [
        StreamSpan(SourceId.parse(row.source_id), Span(row.start_ns, row.end_ns, row.sample_rate_hz))
        for row in connection.execute(query)
    ]


def _with_reach(connection: Connection, patterns: Collection[str], *, by_rate: bool) -> Select[Any]:
    """Every span with the end of the samples before it, of the same rate or of any."""
    span = tables.span.c
    group = (span.source_id, span.sample_rate_hz) if by_rate else (span.source_id,)
    # A record lies in the day of its first sample: by day and start is by start, and an index gives it.
    order = (span.day_ns, span.start_ns, span.sample_rate_hz)
    reach = func.max(span.end_ns).over(partition_by=group, order_by=order, rows=(None, -1))
    query = select(tables.span, reach.label("reach_ns"))
    if patterns:
        query = query.where(span.source_id.in_([str(source_id) for source_id in streams(connection, patterns)]))
    return query


def _is_hole(seen: Any) -> Any:
    """The rule of `acquisition.spans.is_hole`."""
    return 2 * (seen.c.start_ns - seen.c.reach_ns) * seen.c.sample_rate_hz >= NS_PER_S


def _marks(connection: Connection, query: Select[Any]) -> dict[FileKey, FileMark]:
    return {
        (SourceId.parse(row.source_id), row.day_ns): (
            row.n_bytes,
            row.size_bytes,
            row.inode,
            row.mtime_ns,
            row.tail_crc,
        )
        for row in connection.execute(query)
    }


def _parts(keys: Iterable[FileKey]) -> Iterator[list[tuple[str, int]]]:
    named = [(str(source_id), day_ns) for source_id, day_ns in keys]
    for first in range(0, len(named), _KEYS_PER_QUERY):
        yield named[first : first + _KEYS_PER_QUERY]


def _key(key: FileKey) -> dict[str, Any]:
    return {"source_id": str(key[0]), "day_ns": key[1]}


def _place(span: Span) -> tuple[int, float]:
    return span.start_ns, span.sample_rate_hz


def _place_values(span: Span) -> dict[str, Any]:
    return {"start_ns": span.start_ns, "sample_rate_hz": span.sample_rate_hz}
