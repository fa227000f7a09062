"""The station table and one station's page. `database.queries` is their door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, select

from database import tables
from database.records import StationDetail, StationRow, StatusChange
from database.rows import Found, channel_status_of, epoch_of, metrics_of
from houfeng.errors import StoreError
from houfeng.times import format_ns
from stations.health import Metrics, State

# Worst first; what nobody knows may be as bad as what is known to be bad.
_SEVERITY = {State.BAD: 0, State.UNKNOWN: 1, State.WARN: 2, State.OK: 3}
_N_CHANGES = 50


def _worst_first(metric: str, *, low_is_bad: bool = False) -> Callable[[StationRow], Any]:
    def key(row: StationRow) -> tuple[bool, float]:
        value = getattr(row.metrics, metric)
        return value is None, (value or 0) * (1 if low_is_bad else -1)

    return key


# What the table can be sorted by; metrics worst first, stations without the metric last.
STATION_SORTS: dict[str, Callable[[StationRow], Any]] = {
    "status": lambda row: _SEVERITY[row.state],
    "station": lambda row: row.station_id,
    "name": lambda row: row.name.casefold(),
    "country": lambda row: row.country,
    "since": lambda row: -(row.since_ns or 0),
    "latency": _worst_first("total_latency_s"),
    "feed_latency": _worst_first("feed_latency_s"),
    "gaps": _worst_first("num_gaps"),
    "availability_1h": _worst_first("percent_availability_1h", low_is_bad=True),
    "availability_24h": _worst_first("percent_availability_24h", low_is_bad=True),
}


def stations(
    connection: Connection,
    *,
    status: State | None = None,
    network: str | None = None,
    country: str | None = None,
    q: str = "",
    sort: str = "status",
    limit: int | None = None,
    stale_before_ns: int = 0,
) -> list[StationRow]:
    """Every station that has metadata or a status.

    Parameters
    ----------
    status, network, country : only these; None for all
    q : only stations whose id, name or country contains this, in any case
    sort : one of `STATION_SORTS`, equal ones by station id; with `-` in front reversed
    limit : at most this many
    stale_before_ns : a status evaluated before this (ns UTC) is UNKNOWN: nobody looks any more

    Raises
    ------
    StoreError : if `sort` is not one of `STATION_SORTS`
    """
    key = STATION_SORTS.get(sort.removeprefix("-"))
    if key is None:
        raise StoreError(f"sort: one of {', '.join(STATION_SORTS)} is needed, {sort!r} came")
    query = _station_query()
    if network is not None:
        query = query.where(_station_id.startswith(f"{network}.", autoescape=True))
    if country is not None:
        query = query.where(tables.site.c.country == country)
    rows: Iterable[StationRow] = (_station_row(found, stale_before_ns) for found in connection.execute(query))
    words = q.strip().casefold()
    # Here and not in SQL: lower() of SQLite knows only ASCII, and the state depends on `stale_before_ns`.
    rows = [row for row in rows if (status is None or row.state is status) and words in _searched(row)]
    rows.sort(key=lambda row: row.station_id)
    rows.sort(key=key, reverse=sort.startswith("-"))
    return rows[:limit]


def station(connection: Connection, station_id: str, *, stale_before_ns: int = 0) -> StationDetail | None:
    """One station with its channels, epochs and latest changes; None where nothing is known of it.

    Parameters
    ----------
    stale_before_ns : a status evaluated before this (ns UTC) is UNKNOWN: nobody looks any more
    """
    found = connection.execute(_station_query().where(_station_id == station_id)).one_or_none()
    if found is None:
        return None
    channel, epoch, change = tables.channel_status, tables.channel_epoch, tables.status_change
    channels = select(channel).where(channel.c.station_id == station_id).order_by(channel.c.source_id)
    epochs = select(epoch).where(epoch.c.station_id == station_id)
    changes = (
        select(change.c.since_ns, change.c.state, change.c.reason)
        .where(change.c.station_id == station_id)
        .order_by(change.c.since_ns.desc())
        .limit(_N_CHANGES)
    )
    return StationDetail(
        _station_row(found, stale_before_ns),
        tuple(channel_status_of(row) for row in connection.execute(channels)),
        tuple(epoch_of(row) for row in connection.execute(epochs.order_by(epoch.c.source_id, epoch.c.start_ns))),
        tuple(StatusChange(row.since_ns, State(row.state), row.reason) for row in connection.execute(changes)),
    )


_station_id = func.coalesce(tables.site.c.station_id, tables.station_status.c.station_id)


def _station_query() -> Select[Any]:
    site, status = tables.site, tables.station_status
    return select(
        _station_id.label("station_id"),
        *(column for column in site.c if column.name != "station_id"),
        *(column for column in status.c if column.name != "station_id"),
    ).select_from(site.outerjoin(status, site.c.station_id == status.c.station_id, full=True))


def _station_row(found: Found, stale_before_ns: int) -> StationRow:
    row = StationRow(
        station_id=found.station_id,
        name=found.name or "",
        country=found.country or "",
        latitude_deg=found.latitude_deg,
        longitude_deg=found.longitude_deg,
        elevation_m=found.elevation_m,
        state=State.UNKNOWN,
        reason="no evaluation yet",
        since_ns=None,
        evaluated_ns=None,
        usage="",
        metrics=Metrics(),
    )
    if found.state is None:
        return row
    row = replace(row, evaluated_ns=found.evaluated_ns, usage=found.usage)
    if found.evaluated_ns < stale_before_ns:  # without numbers: the last ones known would look like today's
        reason = f"not evaluated since {format_ns(found.evaluated_ns, digits=0)}"
        return replace(row, reason=reason, since_ns=found.evaluated_ns)
    return replace(
        row,
        state=State(found.state),
        reason=found.reason,
        since_ns=found.since_ns,
        metrics=metrics_of(found),
    )


def _searched(row: StationRow) -> str:
    return f"{row.station_id} {row.name} {row.country}".casefold()
