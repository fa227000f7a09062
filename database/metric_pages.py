"""Measures page by page, how far they reach, and what the archive has: what web pages read beside `metric_queries`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from database import holdings, measures, metric_queries, tables
from database.measures import DAY_NS, HOUR_NS, TABLES
from database.metric_queries import LENGTH_NS, MetricRow
from database.rows import document_of, epoch_of
from houfeng.types import Gap, SourceId, Span
from stations.inventory import Inventory
from stations.responsexml import may_name


class MetricPage(NamedTuple):
    """Rows of some channels by channel and time, and where the next page begins; None where there is none."""

    rows: list[tuple[SourceId, MetricRow]]
    following: tuple[SourceId, int] | None


def measured_channels(connection: Connection, station_id: str | None = None) -> list[SourceId]:
    """Channels that were measured, sorted; of one station. Their days tell it, which are fewest and kept for ever."""
    table = TABLES["day"].c
    query = select(table.source_id).distinct()
    if station_id is not None:
        query = query.where(table.source_id.startswith(f"{station_id}.", autoescape=True))
        if connection.dialect.name == "sqlite":  # sorts by bytes: a station's channels lie together in the key
            query = query.where(table.source_id > f"{station_id}.", table.source_id < f"{station_id}/")
    return sorted(map(SourceId.parse, connection.scalars(query)))


def channels(connection: Connection) -> list[SourceId]:
    """Every channel that has a status or was measured, sorted."""
    names = connection.scalars(select(tables.channel_status.c.source_id)).all()
    return sorted({*measured_channels(connection), *map(SourceId.parse, names)})


def measured_until_ns(connection: Connection, source_id: SourceId, now_ns: int) -> int | None:
    """Rows that end by then (ns UTC) will change only by late records; None where nothing was measured.

    The last minute may have been measured while it went on, and so may the hour and the day that it belongs to. An
    hour later it is not going on any more.
    """
    newest = metric_queries.latest(connection, "minute", [source_id]).get(source_id)
    if newest is None:  # minutes are kept for days only
        day = metric_queries.latest(connection, "day", [source_id]).get(source_id)
        return None if day is None else max(day.start_ns + DAY_NS, now_ns)
    return newest.start_ns if now_ns < newest.start_ns + HOUR_NS else now_ns


def metric_page(
    connection: Connection,
    by: str,
    source_ids: Sequence[SourceId],
    since_ns: int,
    until_ns: int,
    *,
    limit: int,
    after: tuple[SourceId, int] | None = None,
) -> MetricPage:
    """Rows that begin between two times (ns UTC, until exclusive), at most `limit`.

    Parameters
    ----------
    by : minute, hour or day
    source_ids : sorted
    after : `following` of the page before
    """
    found: list[tuple[SourceId, MetricRow]] = []
    for source_id in source_ids:
        start_ns = since_ns
        if after is not None and source_id <= after[0]:
            if source_id < after[0]:
                continue
            start_ns = max(since_ns, after[1])
        for row in _rows(connection, source_id, by, start_ns, until_ns, limit):
            if len(found) == limit:
                return MetricPage(found, (source_id, row.start_ns))
            found.append((source_id, row))
    return MetricPage(found, None)


def _rows(
    connection: Connection, source_id: SourceId, by: str, start_ns: int, until_ns: int, at_once: int
) -> Iterator[MetricRow]:
    """Rows of a channel, a part of the time at once: two weeks of minutes are 20,000."""
    oldest_ns = measures.oldest(connection, TABLES[by], source_id)
    newest = metric_queries.latest(connection, by, [source_id]).get(source_id)
    if oldest_ns is None or newest is None:
        return
    until_ns, step_ns = min(until_ns, newest.start_ns + 1), at_once * LENGTH_NS[by]
    for first_ns in range(max(start_ns, oldest_ns), until_ns, step_ns):
        yield from metric_queries.rows(connection, source_id, by, first_ns, min(first_ns + step_ns, until_ns))


def documents_tag(connection: Connection) -> str:
    """Changes with the StationXML that there is."""
    names = sorted(connection.scalars(select(tables.inventory_doc.c.sha256)))
    return hashlib.sha256("".join(names).encode()).hexdigest()


def station_inventory(connection: Connection, station_id: str) -> Inventory:
    """Epochs of a station, and the documents that may name it: all of a thousand stations are a gigabyte."""
    epoch, document, station = tables.channel_epoch, tables.inventory_doc, station_id.split(".")[1]
    epochs = connection.execute(select(epoch).where(epoch.c.station_id == station_id))
    documents = (document_of(row) for row in connection.execute(select(document).order_by(document.c.name)))
    named = tuple(each for each in documents if may_name(each.content, station))
    return Inventory({}, tuple(epoch_of(row) for row in epochs), named)


def noise_tag(connection: Connection, source_id: SourceId) -> tuple[int | None, str]:
    """The last midnight of a channel's noise, ns UTC, and a text that changes with any of its days."""
    noise = tables.noise_day.c
    query = select(noise.day_ns, noise.made_from, noise.n_windows).where(noise.source_id == str(source_id))
    rows = sorted(tuple(row) for row in connection.execute(query))
    last_ns = max((day_ns for day_ns, _, n_windows in rows if n_windows), default=None)
    return last_ns, hashlib.sha256(repr(rows).encode()).hexdigest()


def spans(connection: Connection, source_id: SourceId, since_ns: int, until_ns: int) -> list[Span]:
    """Times with samples that reach between two times, as day files have them, and the first ones beside, by time."""
    return measures.spans_near(connection, source_id, since_ns, until_ns)


def first_sample_ns(connection: Connection, source_id: SourceId) -> int | None:
    """When the first archived sample of a channel was, ns UTC; None where there is none."""
    span = tables.span.c
    first_day = select(func.min(span.day_ns)).where(span.source_id == str(source_id)).scalar_subquery()
    query = select(func.min(span.start_ns)).where(span.source_id == str(source_id), span.day_ns == first_day)
    found: int | None = connection.scalar(query)
    return found


def gaps(
    connection: Connection, patterns: Sequence[str], since_ns: int | None, until_ns: int | None, limit: int
) -> list[Gap]:
    """Gaps between the first and the last sample of the streams that patterns fit, newest first."""
    return holdings.gaps(connection, patterns=patterns, since_ns=since_ns, until_ns=until_ns, limit=limit)
