"""Alerts as pages, commands and programs read them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from database import alerts as saved
from database import deliveries, tables
from database.deliveries import Delivery
from houfeng.errors import AlertError
from stations.alerts.alert import Alert, Handling, Step, handling
from stations.alerts.words import Action, Severity

__all__ = [
    "AlertDetail",
    "AlertRow",
    "Connection",
    "acknowledged",
    "alert",
    "alerts",
    "n_open",
    "n_open_by_severity",
    "of_station",
    "resolved",
]


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


def acknowledged(connection: Connection) -> dict[str, str]:
    """Who acknowledged an open alert first, by station that it is about and that is not well yet."""
    alert, step, child = tables.alert.c, tables.alert_step.c, tables.alert_child.c
    query = (
        select(alert.about, child.station_id, step.who)
        .select_from(tables.alert.join(tables.alert_step, step.alert_id == alert.alert_id))
        .outerjoin(tables.alert_child, and_(child.alert_id == alert.alert_id, child.left_ns.is_(None)))
        .where(alert.closed_ns.is_(None), step.action == str(Action.ACKNOWLEDGED))
        .order_by(step.t_ns.desc(), step.step_id.desc())
    )
    return {row.station_id or row.about: row.who for row in connection.execute(query)}


def of_station(connection: Connection, station_id: str) -> list[AlertRow]:
    """Open alerts about a station that is not well yet, the worst first."""
    alert, child = tables.alert, tables.alert_child.c
    member = select(child.alert_id).where(child.station_id == station_id, child.left_ns.is_(None))
    about = or_(alert.c.about == station_id, alert.c.alert_id.in_(member))
    query = select(alert).where(alert.c.closed_ns.is_(None), about).order_by(alert.c.opened_ns, alert.c.alert_id)
    found = saved.with_children(connection, connection.execute(query).all())
    handled = saved.handlings(connection, [each.alert_id for each in found])
    return sorted((AlertRow(each, handled[each.alert_id]) for each in found), key=lambda row: -_rank(row.alert))


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
