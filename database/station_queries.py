"""The station table and one station's page. `database.queries` is their door."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, func, select

from database import alert_queries, registry, tables
from database.records import StationDetail, StationRow, StatusChange
from database.rows import Found, channel_status_of, deductions_of, epoch_of, metrics_of
from houfeng.errors import StoreError
from stations.card import Card
from stations.health import WORST_FIRST, ChannelStatus, Metrics, State, why_unseen
from stations.health.score import FULL
from stations.health.summary import BESIDE
from stations.usage import Usage, UsageChange, usage_at

_SEVERITY = {state: rank for rank, state in enumerate(WORST_FIRST)}
_STATES = {str(state): state for state in State}
_N_CHANGES = 50
OFF = "Off: not expected"


def _worst_first(metric: str, *, low_is_bad: bool = False) -> Callable[[StationRow], Any]:
    def key(row: StationRow) -> tuple[bool, float]:
        value = row.beside.get(metric) if metric in BESIDE else getattr(row.metrics, metric)
        return value is None, (value or 0) * (1 if low_is_bad else -1)

    return key


def _points(row: StationRow) -> int:
    return FULL + 1 if row.score is None else row.score


# What the table can be sorted by; metrics worst first, stations without the metric last.
STATION_SORTS: dict[str, Callable[[StationRow], Any]] = {
    # what does not count raises no alarm: below all that does
    "status": lambda row: (not row.is_counted, _SEVERITY[row.state], _points(row)),
    "score": lambda row: _points(row),
    "station": lambda row: row.station_id,
    "name": lambda row: row.name.casefold(),
    "country": lambda row: row.country,
    "since": lambda row: -(row.since_ns or 0),
    "latency": _worst_first("total_latency_s"),
    "feed_latency": _worst_first("feed_latency_s"),
    "gaps": _worst_first("num_gaps"),
    "availability_1h": _worst_first("percent_availability_1h", low_is_bad=True),
    "availability_24h": _worst_first("percent_availability_24h", low_is_bad=True),
    "timing": _worst_first("timing_quality", low_is_bad=True),
    "rms": _worst_first("sample_rms_db"),
    "mass": _worst_first("mass_position_v"),
    "supply": _worst_first("supply_voltage_v", low_is_bad=True),
}


def stations(
    connection: Connection, *, seen_at_ns: int | None = None, among: Collection[str] | None = None, **choice: Any
) -> list[StationRow]:
    """Stations that have metadata or a status; all of them, unless `choice` has parameters of `chosen`.

    One that is off is not expected to be anything: its state is UNKNOWN, and it has no metrics.

    Parameters
    ----------
    seen_at_ns : when they are shown, ns UTC: a status that nobody has renewed by then is UNKNOWN. None shows
        what was saved.
    among : only of these ids; None for all

    Raises
    ------
    StoreError : as `chosen`
    """
    by_whom, query = alert_queries.acknowledged(connection), _station_query()
    if among is not None:
        query = query.where(_station_id.in_(among))
    rows = (_station_row(found, seen_at_ns, by_whom) for found in connection.execute(query))
    return chosen(rows, **choice)


def chosen(
    rows: Iterable[StationRow],
    *,
    status: State | None = None,
    network: str | None = None,
    country: str | None = None,
    usage: str | None = None,
    q: str = "",
    sort: str = "status",
    limit: int | None = None,
) -> list[StationRow]:
    """Some of the stations, sorted. Not asked of SQL: lower() of SQLite knows only ASCII, and states go stale.

    Parameters
    ----------
    status, network, country, usage : only these; None for all
    q : only stations whose id, name or country contains this, in any case
    sort : one of `STATION_SORTS`, equal ones by station id; with `-` in front reversed
    limit : at most this many

    Raises
    ------
    StoreError : if `sort` is not one of `STATION_SORTS`
    """
    key = STATION_SORTS.get(sort.removeprefix("-"))
    if key is None:
        raise StoreError(f"sort: one of {', '.join(STATION_SORTS)} is needed, {sort!r} came")
    words = q.strip().casefold()
    found = [
        row
        for row in rows
        if (status is None or row.state is status)
        and (network is None or row.network == network)
        and (country is None or row.country == country)
        and (usage is None or row.usage == usage)
        and (not words or words in f"{row.station_id} {row.name} {row.country}".casefold())
    ]
    found.sort(key=lambda row: row.station_id)
    found.sort(key=key, reverse=sort.startswith("-"))
    return found[:limit]


def station(connection: Connection, station_id: str, *, seen_at_ns: int | None = None) -> StationDetail | None:
    """One station with its channels, epochs and latest changes; None where nothing is known of it.

    Parameters
    ----------
    seen_at_ns : as for `stations`; a status that went stale takes its channels with it
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
    row = _station_row(found, seen_at_ns, alert_queries.acknowledged(connection))
    statuses = [channel_status_of(one) for one in connection.execute(channels)]
    if _unseen(found, seen_at_ns) or row.usage == "off":
        statuses = [_stale(status, row) for status in statuses]
    return StationDetail(
        row,
        tuple(statuses),
        tuple(epoch_of(one) for one in connection.execute(epochs.order_by(epoch.c.source_id, epoch.c.start_ns))),
        tuple(StatusChange(one.since_ns, State(one.state), one.reason) for one in connection.execute(changes)),
        registry.cards(connection, station_id).get(station_id, Card()),
        tuple(registry.audit(connection, station_id=station_id, limit=_N_CHANGES)),
    )


def station_ids(connection: Connection) -> list[str]:
    """Stations that have metadata or a status, sorted."""
    found = connection.scalars(_station_query().with_only_columns(_station_id))
    return sorted(found)


def newest_evaluation_ns(connection: Connection) -> int | None:
    """When health last looked at any station, ns UTC; None where it never did."""
    newest: int | None = connection.execute(select(func.max(tables.station_status.c.evaluated_ns))).scalar_one()
    return newest


_station_id = func.coalesce(tables.site.c.station_id, tables.station_status.c.station_id)


def _station_query() -> Select[Any]:
    site, status = tables.site, tables.station_status
    card, said = tables.station_card, tables.station_usage
    known = site.outerjoin(status, site.c.station_id == status.c.station_id, full=True)
    known = known.outerjoin(card, card.c.station_id == _station_id)
    return select(
        _station_id.label("station_id"),
        *(column for column in site.c if column.name != "station_id"),
        *(column for column in status.c if column.name not in ("station_id", "usage")),
        func.coalesce(card.c.usage, status.c.usage, "").label("configured_usage"),
        *(said.c[name] for name in ("level", "set_ns", "until_ns", "set_by", "why", "resting")),
    ).select_from(known.outerjoin(said, said.c.station_id == _station_id))


def _usage(found: Found, seen_at_ns: int | None) -> Usage:
    change = None
    if found.set_ns is not None:
        change = UsageChange(found.level, found.set_ns, found.until_ns, found.set_by, found.why, found.resting)
    return usage_at(found.configured_usage, change, seen_at_ns)


def _unseen(found: Found, seen_at_ns: int | None) -> str:
    """Why its status may not be shown; "" where it may."""
    if found.state is None:
        return "Not evaluated yet"
    return "" if seen_at_ns is None else why_unseen(found.evaluated_ns, seen_at_ns)


def _station_row(found: Found, seen_at_ns: int | None, acknowledged: Mapping[str, str]) -> StationRow:
    usage = _usage(found, seen_at_ns)
    unseen = OFF if usage.level == "off" else _unseen(found, seen_at_ns)
    return StationRow(
        station_id=found.station_id,
        name=found.name or "",
        country=found.country or "",
        latitude_deg=found.latitude_deg,
        longitude_deg=found.longitude_deg,
        elevation_m=found.elevation_m,
        state=State.UNKNOWN if unseen else _STATES[found.state],
        reason=unseen or found.reason,
        since_ns=found.evaluated_ns if unseen else found.since_ns,
        evaluated_ns=found.evaluated_ns,
        usage=usage.level,
        # none, where it may not be seen: the last numbers known would look like today's
        metrics=Metrics() if unseen else metrics_of(found),
        marks={} if unseen else _marks_of(found.marks),
        flapping=not unseen and found.flapping,
        # what is being worked on is no worse for it
        score=None if unseen or usage.level == "maintenance" else found.score,
        deductions=() if unseen or usage.level == "maintenance" else _deductions_of(found.deductions),
        beside={} if unseen else json.loads(found.beside),
        acknowledged_by=acknowledged.get(found.station_id, ""),
        usage_since_ns=usage.since_ns,
        usage_until_ns=usage.until_ns,
        usage_by=usage.by,
        usage_why=usage.why,
    )


@lru_cache(maxsize=4096)
def _marks_of(text: str) -> Mapping[str, State]:
    # Most stations are well, and all of these have the same few texts.
    return MappingProxyType({metric: _STATES[state] for metric, state in json.loads(text).items()})


_deductions_of = lru_cache(maxsize=4096)(deductions_of)


def _stale(channel: ChannelStatus, row: StationRow) -> ChannelStatus:
    since_ns = channel.since_ns if row.since_ns is None else row.since_ns
    return replace(channel, state=row.state, reason=row.reason, since_ns=since_ns, metrics=Metrics(), readings=())
