"""Who is to be told of which step of an alert, and what became of it: table `delivery`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, or_, select, update

from database import alerts, tables
from database.rows import Found
from database.unit import UnitOfWork
from database.upsert import insert_new
from stations.alerts.alert import Alert, Step


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient about one step.

    Parameters
    ----------
    delivery_id : the message's key; a message that comes again has the same
    alert_id, step_id : what it is about
    recipient : name in the configuration
    message : JSON
    planned_ns : when it was decided on, ns UTC
    state : how far it is
    n_tries : so far
    next_ns : when it is tried next, ns UTC
    tried_ns : when it was tried last, ns UTC; None before
    answer : of the other side to the last try
    """

    delivery_id: str
    alert_id: str
    step_id: str
    recipient: str
    message: str
    planned_ns: int
    state: DeliveryState = DeliveryState.WAITING
    n_tries: int = 0
    next_ns: int = 0
    tried_ns: int | None = None
    answer: str = ""


def unplanned(connection: Connection) -> list[tuple[Alert, Step]]:
    """Steps that nobody has decided yet whom to tell of, earliest first, with their alerts."""
    step, alert = tables.alert_step, tables.alert
    query = select(step).where(step.c.is_planned.is_(False)).order_by(step.c.t_ns, step.c.step_id)
    steps = [alerts.step_of(row) for row in connection.execute(query)]
    ids = {each.alert_id for each in steps}
    rows = connection.execute(select(alert).where(alert.c.alert_id.in_(ids))).all() if ids else []
    known = {each.alert_id: each for each in alerts.with_children(connection, rows)}
    return [(known[each.alert_id], each) for each in steps]


def plan(unit: UnitOfWork, steps: Iterable[Step], deliveries: Iterable[Delivery]) -> None:
    """Decide on deliveries; what was decided before stays as it is."""
    insert_new(unit.connection, tables.delivery, [_values(delivery) for delivery in deliveries])
    step = tables.alert_step
    done = [each.step_id for each in steps]
    if done:
        unit.connection.execute(update(step).where(step.c.step_id.in_(done)).values(is_planned=True))
        unit.mark_shown()


def due(connection: Connection, now_ns: int, latest_ns: int) -> list[Delivery]:
    """Deliveries to be tried now, in the order they were decided on.

    Parameters
    ----------
    now_ns : ns UTC
    latest_ns : no next try is later than this, ns UTC, unless the clock was set back: then it is tried now
    """
    delivery = tables.delivery
    is_due = or_(delivery.c.next_ns <= now_ns, delivery.c.next_ns > latest_ns)
    query = select(delivery).where(delivery.c.state == str(DeliveryState.WAITING), is_due)
    return [_delivery(row) for row in connection.execute(query.order_by(delivery.c.planned_ns, delivery.c.delivery_id))]


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """How many deliveries wait, and how many were given up of those that are kept; both by an index."""
    state = tables.delivery.c.state
    asked = (DeliveryState.WAITING, DeliveryState.FAILED)
    query = select(state, func.count()).where(state.in_(map(str, asked))).group_by(state)
    found = {name: int(n) for name, n in connection.execute(query)}
    return {each: found.get(str(each), 0) for each in asked}


def note(unit: UnitOfWork, delivery: Delivery) -> None:
    """Keep what became of a try."""
    table = tables.delivery
    values = {name: value for name, value in _values(delivery).items() if name != "delivery_id"}
    unit.connection.execute(update(table).where(table.c.delivery_id == delivery.delivery_id).values(**values))
    unit.mark_shown()


def of_alert(connection: Connection, alert_id: str) -> list[Delivery]:
    """Every delivery about an alert, in the order they were decided on."""
    delivery = tables.delivery
    query = select(delivery).where(delivery.c.alert_id == alert_id)
    return [_delivery(row) for row in connection.execute(query.order_by(delivery.c.planned_ns, delivery.c.delivery_id))]


def _delivery(row: Found) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        alert_id=row.alert_id,
        step_id=row.step_id,
        recipient=row.recipient,
        message=row.message,
        planned_ns=row.planned_ns,
        state=DeliveryState(row.state),
        n_tries=row.n_tries,
        next_ns=row.next_ns,
        tried_ns=row.tried_ns,
        answer=row.answer,
    )


def _values(delivery: Delivery) -> dict[str, object]:
    return {name: getattr(delivery, name) for name in Delivery.__slots__} | {"state": str(delivery.state)}
