"""Alerts into the database and back: what the daemon raises, and what operators do about it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import Connection, select, update

from database import tables
from database.rows import Found
from database.unit import UnitOfWork
from database.upsert import Row, delete_where, insert_new, upsert
from houfeng.errors import AlertError
from houfeng.times import format_ns
from stations.alerts.alert import Alert, Child, Handling, Step, Watch, escalation, handling
from stations.alerts.evidence import Fact
from stations.alerts.words import Action, Kind, Severity


def save(unit: UnitOfWork, alerts: Iterable[Alert], steps: Iterable[Step], watches: Iterable[Watch]) -> None:
    """Save what evaluations brought; an alert that somebody closed meanwhile stays closed."""
    alerts = list(alerts)
    over = closed(unit.connection, [alert.alert_id for alert in alerts])
    alerts = [alert for alert in alerts if alert.alert_id not in over]
    upsert(unit.connection, tables.alert, [_alert_values(alert) for alert in alerts])
    children = [{"alert_id": alert.alert_id} | _child_values(child) for alert in alerts for child in alert.children]
    upsert(unit.connection, tables.alert_child, children)
    told = [step_values(step) for step in steps if step.alert_id not in over]
    insert_new(unit.connection, tables.alert_step, told)
    upsert(unit.connection, tables.alert_watch, [_watch_values(watch) for watch in watches])
    if alerts or told:
        unit.mark_shown()


def forget_watches(unit: UnitOfWork, keys: Iterable[str]) -> None:
    """Remove what is remembered of stations and groups that have been well for long."""
    delete_where(unit.connection, tables.alert_watch, [{"about": key} for key in keys])


def load(connection: Connection) -> tuple[list[Alert], list[Watch]]:
    """Open alerts, and what is remembered beside them."""
    watch = tables.alert_watch
    watches = [
        Watch(row.about, row.since_ns, row.stale_ns, tuple(json.loads(row.changes_ns)), row.hushed)
        for row in connection.execute(select(watch).order_by(watch.c.about))
    ]
    return open_alerts(connection), watches


def open_alerts(connection: Connection) -> list[Alert]:
    """Alerts that are not closed, oldest first."""
    alert = tables.alert
    found = connection.execute(select(alert).where(alert.c.closed_ns.is_(None)).order_by(alert.c.opened_ns)).all()
    return with_children(connection, found)


def with_children(connection: Connection, rows: Iterable[Found]) -> list[Alert]:
    """Alerts of rows of their table, each with its children."""
    rows = list(rows)
    child = tables.alert_child
    query = select(child).where(child.c.alert_id.in_([row.alert_id for row in rows])).order_by(child.c.station_id)
    children: dict[str, list[Child]] = {}
    for row in connection.execute(query) if rows else ():
        children.setdefault(row.alert_id, []).append(Child(row.station_id, row.joined_ns, row.left_ns))
    return [
        Alert(
            kind=Kind(row.kind),
            key=row.about,
            severity=Severity(row.severity),
            opened_ns=row.opened_ns,
            cause=row.cause,
            evidence=row.evidence,
            children=tuple(children.get(row.alert_id, ())),
            flapping=row.flapping,
            closed_ns=row.closed_ns,
            facts=tuple(Fact(*each) for each in json.loads(row.facts)),
        )
        for row in rows
    ]


def closed(connection: Connection, alert_ids: Collection[str]) -> set[str]:
    """Those of the alerts that are closed in the database."""
    alert = tables.alert
    if not alert_ids:
        return set()
    query = select(alert.c.alert_id).where(alert.c.alert_id.in_(alert_ids), alert.c.closed_ns.is_not(None))
    return set(connection.scalars(query))


def steps_of(connection: Connection, alert_ids: Collection[str]) -> dict[str, list[Step]]:
    """History of each of the alerts, earliest first."""
    step = tables.alert_step
    query = select(step).where(step.c.alert_id.in_(alert_ids)).order_by(step.c.t_ns, step.c.step_id)
    found: dict[str, list[Step]] = {alert_id: [] for alert_id in alert_ids}
    for row in connection.execute(query) if alert_ids else ():
        found[row.alert_id].append(step_of(row))
    return found


def handlings(connection: Connection, alert_ids: Collection[str]) -> dict[str, Handling]:
    """What people did about each of the alerts."""
    return {alert_id: handling(steps) for alert_id, steps in steps_of(connection, alert_ids).items()}


def escalate(unit: UnitOfWork, now_ns: int, after_ns: int) -> list[Step]:
    """Note for each open alert that nobody has acknowledged it for so long; the new steps.

    Parameters
    ----------
    now_ns : ns UTC
    after_ns : how long an alert may wait, ns; 0 for ever
    """
    alerts = {alert.alert_id: alert for alert in open_alerts(unit.connection)} if after_ns else {}
    handled = handlings(unit.connection, list(alerts))
    found = [escalation(alert, handled[alert_id], now_ns, after_ns) for alert_id, alert in alerts.items()]
    steps = [step for step in found if step is not None]
    if steps:
        insert_new(unit.connection, tables.alert_step, [step_values(step) for step in steps])
        unit.mark_shown()
    return steps


def act(unit: UnitOfWork, step: Step) -> None:
    """What an operator does about an open alert; closing it closes its children's part in it.

    Raises
    ------
    AlertError : if there is no such alert, or it is closed
    """
    alert = tables.alert
    row = unit.connection.execute(select(alert).where(alert.c.alert_id == step.alert_id)).one_or_none()
    if row is None:
        raise AlertError(f"{step.alert_id}: an id is needed, as `houfeng alerts list` shows it; there is no such alert")
    if row.closed_ns is not None:
        raise AlertError(f"{step.alert_id}: it was closed at {format_ns(row.closed_ns, digits=0)}")
    insert_new(unit.connection, tables.alert_step, [step_values(step)])
    if step.action is Action.CLOSED:
        (known,) = with_children(unit.connection, [row])
        over = replace(known.left(known.active, step.t_ns), closed_ns=step.t_ns)
        unit.connection.execute(update(alert).where(alert.c.alert_id == step.alert_id).values(closed_ns=step.t_ns))
        children = [{"alert_id": step.alert_id} | _child_values(child) for child in over.children]
        upsert(unit.connection, tables.alert_child, children)
    unit.mark_shown()


def step_of(row: Found) -> Step:
    """A step of a row of its table."""
    return Step(row.alert_id, row.t_ns, Action(row.action), row.who, row.why, row.until_ns, row.assignee)


def step_values(step: Step) -> Row:
    """The row of a step that nobody was told of yet."""
    return {
        "step_id": step.step_id,
        "alert_id": step.alert_id,
        "t_ns": step.t_ns,
        "action": str(step.action),
        "who": step.who,
        "why": step.why,
        "until_ns": step.until_ns,
        "assignee": step.assignee,
        "is_planned": False,
    }


def _alert_values(alert: Alert) -> Row:
    return {
        "alert_id": alert.alert_id,
        "kind": str(alert.kind),
        "about": alert.key,
        "severity": str(alert.severity),
        "opened_ns": alert.opened_ns,
        "cause": alert.cause,
        "evidence": alert.evidence,
        "facts": json.dumps([(each.key, each.values) for each in alert.facts], ensure_ascii=False),
        "flapping": alert.flapping,
        "closed_ns": alert.closed_ns,
    }


def _child_values(child: Child) -> Row:
    return {"station_id": child.station_id, "joined_ns": child.joined_ns, "left_ns": child.left_ns}


def _watch_values(watch: Watch) -> Row:
    return {
        "about": watch.key,
        "since_ns": watch.since_ns,
        "stale_ns": watch.stale_ns,
        "changes_ns": json.dumps(watch.changes_ns),
        "hushed": watch.hushed,
    }
