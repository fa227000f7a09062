"""Alerts as pages, commands and programs read them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from database import alerts as saved
from database import deliveries, tables
from database.deliveries import Delivery
from houfeng.errors import AlertError
from stations.alerts.alert import Alert, Handling, Step, handling
from stations.alerts.words import Severity

__all__ = ["AlertDetail", "AlertRow", "Connection", "alert", "alerts", "n_open", "n_open_by_severity", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert, and what people did about it."""

    alert: Alert
    handling: Handling


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """One alert: its history, earliest step first, and who was told, in the order it was decided on."""

    row: AlertRow
    steps: tuple[Step, ...]
    deliveries: tuple[Delivery, ...]


def alerts(
    connection: Connection, *, only_open: bool = False, since_ns: int | None = None, limit: int = 100
) -> list[AlertRow]:
    """Open alerts first, the worst and then the newest of them first; then closed ones, newest first.

    Parameters
    ----------
    only_open : without closed ones
    since_ns : only those that were opened from then on, ns UTC
    limit : at most so many
    """
    alert = tables.alert
    query = select(alert).order_by(alert.c.closed_ns.is_not(None), alert.c.opened_ns.desc(), alert.c.alert_id)
    if only_open:
        query = query.where(alert.c.closed_ns.is_(None))
    if since_ns is not None:
        query = query.where(alert.c.opened_ns >= since_ns)
    found = saved.with_children(connection, connection.execute(query.limit(limit)).all())
    handled = saved.handlings(connection, [each.alert_id for each in found])
    rows = [AlertRow(each, handled[each.alert_id]) for each in found]
    return sorted(rows, key=lambda row: (row.alert.closed_ns is not None, -_rank(row.alert)))


def alert(connection: Connection, alert_id: str) -> AlertDetail:
    """One alert with everything that is known of it.

    Raises
    ------
    AlertError : as `resolved`
    """
    known_id = resolved(connection, alert_id)
    rows = connection.execute(select(tables.alert).where(tables.alert.c.alert_id == known_id)).all()
    (known,) = saved.with_children(connection, rows)
    steps = saved.steps_of(connection, [known_id])[known_id]
    told = deliveries.of_alert(connection, known_id)
    return AlertDetail(AlertRow(known, handling(steps)), tuple(steps), tuple(told))


def resolved(connection: Connection, text: str) -> str:
    """The id of the alert that a text means: all of the id or its beginning, with or without `alert/`.

    Raises
    ------
    AlertError : if it means none, or more than one
    """
    column = tables.alert.c.alert_id
    beginning = "alert/" + text.removeprefix("alert/")
    query = select(column).where(func.substr(column, 1, len(beginning)) == beginning).limit(3)
    found: list[str] = list(connection.scalars(query))
    if len(found) == 1:
        return found[0]
    came = "more than one begins so" if found else "there is none"
    raise AlertError(f"{text}: the id of an alert is needed, as `houfeng alerts list` shows it; {came}")


def n_open(connection: Connection) -> int:
    """How many alerts are open."""
    query = select(func.count()).select_from(tables.alert).where(tables.alert.c.closed_ns.is_(None))
    return int(connection.execute(query).scalar_one())


def n_open_by_severity(connection: Connection) -> dict[Severity, int]:
    """How many alerts are open, the worst severity first; only of severities that there are."""
    column = tables.alert.c.severity
    query = select(column, func.count()).where(tables.alert.c.closed_ns.is_(None)).group_by(column)
    found = {Severity(severity): int(n) for severity, n in connection.execute(query)}
    return dict(sorted(found.items(), key=lambda each: -each[0].rank))


def _rank(alert: Alert) -> int:
    return alert.severity.rank if alert.closed_ns is None else 0
