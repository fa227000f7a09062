"""S picks live with the event they were read for: a P pick stands for itself, these do not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, delete, exists, select

from database import tables

_pick, _arrival = tables.pick, tables.arrival
_IS_ITS = (_arrival.c.run_id == _pick.c.run_id) & (_arrival.c.pick_id == _pick.c.public_id)


def of_events(connection: Connection, run_id: str, event_ids: Iterable[str]) -> set[str]:
    """Public ids of the S picks that events of a run have."""
    query = (
        select(_pick.c.public_id)
        .join_from(_arrival, _pick, _IS_ITS)
        .where(_arrival.c.run_id == run_id, _arrival.c.event_id == bindparam("event"), _pick.c.phase == "S")
    )
    return {pick_id for event_id in event_ids for pick_id in connection.scalars(query, {"event": event_id})}


def forget(connection: Connection, run_id: str, pick_ids: Collection[str]) -> None:
    """Remove those of these S picks that no event has any more."""
    if pick_ids:
        is_used = exists().where(_IS_ITS).correlate(_pick)
        connection.execute(
            delete(_pick).where(_pick.c.run_id == run_id, _pick.c.public_id == bindparam("old"), ~is_used),
            [{"old": pick_id} for pick_id in sorted(pick_ids)],
        )
