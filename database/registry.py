"""What operators say of stations: read for pages, commands and the daemon; written with who, when and why.

Every write here is one of a unit of work, so what was changed and the audit of it are saved together or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Connection, and_, delete, func, or_, select

from database import tables
from database.records import AuditRow
from database.rows import Found
from database.unit import UnitOfWork
from database.upsert import insert_new, upsert
from houfeng.types import public_id
from stations.card import FIELDS, Card, Corrections
from stations.usage import UsageChange, changed

_AUDIT = ("at_ns", "who", "action", "station_id", "field", "before", "after", "why", "about", "origin")


def save_cards(unit: UnitOfWork, cards: Mapping[str, Card]) -> None:
    """What the configuration says now of all stations; others are forgotten, what operators said of them is not."""
    known = set(unit.connection.scalars(select(tables.station_card.c.station_id)))
    for station_id in known - set(cards):
        unit.connection.execute(delete(tables.station_card).where(tables.station_card.c.station_id == station_id))
    rows = [asdict(card) | {"station_id": key, "servers": json.dumps(card.servers)} for key, card in cards.items()]
    upsert(unit.connection, tables.station_card, rows)
    unit.mark_shown()


def set_usage(
    unit: UnitOfWork,
    station_id: str,
    level: str,
    *,
    at_ns: int,
    until_ns: int | None,
    by: str,
    why: str,
    origin: str = "",
) -> UsageChange:
    """Change how a station is used from `at_ns` on; see `stations.usage.changed`.

    Raises
    ------
    RegistryError : if that cannot be
    """
    before = usage_changes(unit.connection, station_id).get(station_id)
    if before is not None and before.set_ns == at_ns:  # this very change: its commit's answer was lost
        return before
    change = changed(before, level, at_ns, until_ns=until_ns, by=by, why=why)
    row = {"level": change.level, "set_ns": at_ns, "until_ns": until_ns, "set_by": by, "why": change.why}
    upsert(unit.connection, tables.station_usage, [row | {"station_id": station_id, "resting": change.resting}])
    said = AuditRow(
        at_ns, by, "usage", station_id, "usage", str(before or "configured"), str(change), change.why, "", origin
    )
    add_audit(unit, [said])
    return change


def set_corrections(
    unit: UnitOfWork,
    station_id: str,
    values: Mapping[str, str],
    *,
    at_ns: int,
    by: str,
    why: str,
    action: str = "set",
    origin: str = "",
) -> dict[str, tuple[str, str]]:
    """Correct fields of `stations.card.FIELDS`; "" gives one back to the configuration.

    Returns
    -------
    changed : before and after of each field that was another one
    """
    known = corrections(unit.connection, station_id).get(station_id, Corrections())
    differ = {name: (getattr(known, name), value) for name, value in values.items() if getattr(known, name) != value}
    row = asdict(known) | dict(values) | {"station_id": station_id}
    upsert(unit.connection, tables.station_correction, [row])
    rows = [AuditRow(at_ns, by, action, station_id, name, *pair, why, "", origin) for name, pair in differ.items()]
    add_audit(unit, rows)
    return differ


def add_audit(unit: UnitOfWork, rows: Iterable[AuditRow]) -> None:
    """Note what was changed; a row that is there already stays as it is."""
    values = [{name: getattr(row, name) for name in _AUDIT} for row in rows]
    for row in values:
        # before is left out: said again after a lost answer, it would be what was just written
        key = ("at_ns", "who", "action", "station_id", "field", "after", "about")
        row["audit_id"] = public_id("audit", *(row[name] for name in key))
    insert_new(unit.connection, tables.audit, values)
    if any(row["station_id"] for row in values):  # the rest is on no page that waits for changes
        unit.mark_shown()


def audit(
    connection: Connection,
    *,
    station_id: str | None = None,
    who: str | None = None,
    action: str | None = None,
    about: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
) -> list[AuditRow]:
    """What was done, newest first: by all, or what the filters let through.

    Parameters
    ----------
    about : a station, an account, or an alert's id or its beginning
    since_ns, until_ns : from then on, before then, ns UTC
    limit : at most so many
    """
    table = tables.audit
    query = select(*(table.c[name] for name in _AUDIT)).order_by(table.c.at_ns.desc(), table.c.audit_id)
    for column, value in (("station_id", station_id), ("who", who), ("action", action)):
        if value is not None:
            query = query.where(table.c[column] == value)
    if about is not None:
        beginning = "alert/" + about.removeprefix("alert/")
        begins = func.substr(table.c.about, 1, len(beginning)) == beginning
        query = query.where(or_(table.c.station_id == about, table.c.about == about, begins))
    if since_ns is not None:
        query = query.where(table.c.at_ns >= since_ns)
    if until_ns is not None:
        query = query.where(table.c.at_ns < until_ns)
    return [AuditRow(*row) for row in connection.execute(query.limit(limit))]


def usage_changes(connection: Connection, station_id: str | None = None) -> dict[str, UsageChange]:
    """What operators said last of the use of stations, by station id; of one, or of all."""
    table = tables.station_usage
    query = select(table) if station_id is None else select(table).where(table.c.station_id == station_id)
    return {row.station_id: _change(row) for row in connection.execute(query)}


def corrections(connection: Connection, station_id: str | None = None) -> dict[str, Corrections]:
    """What operators corrected, by station id; of one station, or of all."""
    table = tables.station_correction
    query = select(table) if station_id is None else select(table).where(table.c.station_id == station_id)
    return {row.station_id: Corrections(*(getattr(row, name) for name in FIELDS)) for row in connection.execute(query)}


def cards(connection: Connection, station_id: str | None = None) -> dict[str, Card]:
    """What configuration and operators together say of stations, by station id; of one, or of all."""
    table, correction = tables.station_card, tables.station_correction
    corrected = (correction.c[name].label(f"set_{name}") for name in FIELDS)
    joined = table.outerjoin(correction, and_(correction.c.station_id == table.c.station_id))
    query = select(table, *corrected).select_from(joined)
    if station_id is not None:
        query = query.where(table.c.station_id == station_id)
    return {row.station_id: _card(row) for row in connection.execute(query)}


def _change(row: Found) -> UsageChange:
    return UsageChange(row.level, row.set_ns, row.until_ns, row.set_by, row.why, row.resting)


def _card(row: Found) -> Card:
    said = Card(row.usage, row.agency, row.contact, row.link, tuple(json.loads(row.servers)), row.network)
    return said.corrected(Corrections(*(getattr(row, f"set_{name}") or "" for name in FIELDS)))
