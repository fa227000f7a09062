"""The history of events of live runs, and events that are none any more, as pages, commands and programs read them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from database import tables
from database.records import CLOSING, EventRow, RevisedPick, Revision
from database.rows import REASONS, Found
from houfeng.types import Magnitude, Origin

_revision = tables.revision


def revisions(connection: Connection, run_id: str, event_id: str) -> tuple[Revision, ...]:
    """Every state of an event of a live run, the first one first; empty where there is none of this id."""
    run = tables.run.c
    query = select(_revision, run.is_synthetic).join(tables.run, run.run_id == _revision.c.run_id)
    query = query.where(_revision.c.run_id == run_id, _revision.c.event_id == event_id)
    return tuple(_revision_of(row) for row in connection.execute(query.order_by(_revision.c.number)))


def gone() -> Select[Any]:
    """Last revisions of events that are none any more, for `gone_row`."""
    later, event, run = _revision.alias("later"), tables.event.c, tables.run.c
    newest = (
        select(func.max(later.c.number))
        .where(later.c.run_id == _revision.c.run_id, later.c.event_id == _revision.c.event_id)
        .scalar_subquery()
    )
    is_there = exists().where(event.run_id == _revision.c.run_id, event.public_id == _revision.c.event_id)
    query = select(_revision, run.is_synthetic).join(tables.run, run.run_id == _revision.c.run_id)
    return query.where(_revision.c.reason.in_(CLOSING), _revision.c.number == newest, ~is_there)


def gone_row(found: Found) -> EventRow:
    """What an event was before it was none any more, and what became of it."""
    return _revision_of(found).event


def _revision_of(found: Found) -> Revision:
    others = tuple(json.loads(found.others))
    return Revision(
        number=found.number,
        created_ns=found.created_ns,
        reason=found.reason,
        others=others,
        added=_picks(found.added),
        taken=_picks(found.taken),
        event=_event_row(found, others),
        moved_km=found.moved_km,
        moved_s=found.moved_s,
    )


def _event_row(found: Found, others: tuple[str, ...]) -> EventRow:
    values = json.loads(found.state)
    values |= {name: tuple(json.loads(values[name])) for name in REASONS}
    for name, kind in (("origin", Origin), ("magnitude", Magnitude)):
        values[name] = None if values[name] is None else kind(**values[name])
    values["is_synthetic"] = values["is_synthetic"] or found.is_synthetic
    is_closed = found.reason in CLOSING
    return EventRow(
        **values,
        status=found.reason if is_closed else "current",
        successor=others[0] if is_closed and others else None,
    )


def _picks(text: str) -> tuple[RevisedPick, ...]:
    return tuple(RevisedPick(*pick) for pick in json.loads(text))
