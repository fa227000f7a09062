"""What grows with time and is let go of: changes of status, closed alerts, and what was sent about them.

Nothing open goes: an alert that is not closed, a message that still waits or a step that nobody has been told of keeps
its alert with all of it, and a station's state at the beginning of what is kept stays known. The audit of what
operators changed, events, picks and the history of events are kept for ever.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, and_, delete, exists, func, select

from database import tables
from database.deliveries import DeliveryState
from database.settings import RetentionSettings
from database.store import Store
from houfeng.times import NS_PER_S

_DAY_NS = 86_400 * NS_PER_S
# Data that are sent once a day, and stations that are silent for an evening, must not keep what is old.
_AHEAD_NS = _DAY_NS
# One large DELETE keeps every writer waiting: 1,000 rows take some milliseconds.
_AT_ONCE = 1000


def present_ns(connection: Connection, now_ns: int) -> int:
    """The time from which ages are counted: the computer's, but no later than a day after the newest record's end.

    A clock that is 15 years ahead for a minute would have all deleted that is kept for two years. Records do not go by
    it, and while none come nothing needs to make room.

    Parameters
    ----------
    now_ns : by the computer's clock, ns UTC
    """
    newest_ns = connection.scalar(select(func.max(tables.stream_state.c.last_ns)))
    return now_ns if not newest_ns else min(now_ns, newest_ns + _AHEAD_NS)


def purge(
    store: Store, settings: RetentionSettings, now_ns: int, go_on: Callable[[], bool] = lambda: True
) -> dict[str, int]:
    """Delete what is older than it is kept, a little at a time.

    Parameters
    ----------
    settings : how long what is kept; 0 for ever
    now_ns : by the computer's clock, ns UTC
    go_on : asked between two transactions

    Returns
    -------
    n_rows : deleted, by table

    Raises
    ------
    StoreError : if the database does not answer; what was deleted until then is
    """
    parts = {
        "status_change": (settings.status_changes_days, _purge_changes),
        "delivery": (settings.deliveries_days, _purge_deliveries),
        "alert": (settings.alerts_days, _purge_alerts),
    }
    found = {}
    with store.read() as snapshot:
        at_ns = present_ns(snapshot, now_ns)
    for name, (days, part) in parts.items():
        n_rows, n_last = 0, _AT_ONCE
        before_ns = at_ns - round(days * _DAY_NS)
        while days and n_last and go_on():
            n_last = store.run(lambda unit, part=part, before_ns=before_ns: part(unit.connection, before_ns))  # type: ignore[misc]
            n_rows += n_last
        found[name] = n_rows
    return found


def _purge_changes(connection: Connection, before_ns: int) -> int:
    """Changes before a time, but for each station's last one, which says how it was then."""
    change, later = tables.status_change, tables.status_change.alias()
    is_followed = exists().where(
        later.c.station_id == change.c.station_id, later.c.since_ns > change.c.since_ns, later.c.since_ns <= before_ns
    )
    query = select(change.c.station_id, change.c.since_ns).where(change.c.since_ns < before_ns, is_followed)
    rows = connection.execute(query.limit(_AT_ONCE)).all()
    for row in rows:
        key = and_(change.c.station_id == row.station_id, change.c.since_ns == row.since_ns)
        connection.execute(delete(change).where(key))
    return len(rows)


def _purge_deliveries(connection: Connection, before_ns: int) -> int:
    """Messages about alerts that were closed before a time."""
    alert, delivery = tables.alert.c, tables.delivery
    query = select(delivery.c.delivery_id).join(tables.alert, alert.alert_id == delivery.c.alert_id)
    query = query.where(alert.closed_ns < before_ns, delivery.c.state != str(DeliveryState.WAITING))
    ids = list(connection.scalars(query.limit(_AT_ONCE)))
    connection.execute(delete(delivery).where(delivery.c.delivery_id.in_(ids)))
    return len(ids)


def _purge_alerts(connection: Connection, before_ns: int) -> int:
    """Alerts that were closed before a time, with stations, history and messages."""
    alert, step, delivery = tables.alert, tables.alert_step.c, tables.delivery.c
    waits = exists().where(delivery.alert_id == alert.c.alert_id, delivery.state == str(DeliveryState.WAITING))
    untold = exists().where(step.alert_id == alert.c.alert_id, step.is_planned.is_(False))
    query = select(alert.c.alert_id).where(alert.c.closed_ns < before_ns, ~waits, ~untold)
    ids = list(connection.scalars(query.limit(_AT_ONCE)))
    connection.execute(delete(alert).where(alert.c.alert_id.in_(ids)))
    return len(ids)
