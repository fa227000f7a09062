"""Tables of what operators say of stations, as the first migration makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key

_REFUSAL = "audit is append only"


def registry() -> None:
    """Make the tables of what operators say of stations, and the audit that only grows."""
    op.create_table(
        "station_card",
        key("station_id"),
        *(column(name, sa.String) for name in ("usage", "agency", "contact", "link", "servers", "network")),
        sa.PrimaryKeyConstraint("station_id", name="pk_station_card"),
    )
    op.create_table(
        "station_correction",
        key("station_id"),
        *(column(name, sa.String) for name in ("agency", "contact", "link")),
        sa.PrimaryKeyConstraint("station_id", name="pk_station_correction"),
    )
    op.create_table(
        "station_usage",
        key("station_id"),
        column("level", sa.String),
        column("set_ns", sa.BigInteger),
        column("until_ns", sa.BigInteger, needed=False),
        *(column(name, sa.String) for name in ("set_by", "why", "resting")),
        sa.PrimaryKeyConstraint("station_id", name="pk_station_usage"),
    )
    op.create_table(
        "audit",
        key("audit_id"),
        column("at_ns", sa.BigInteger),
        *(column(name, sa.String) for name in ("who", "action", "station_id", "field", "before", "after", "why")),
        *(column(name, sa.String) for name in ("about", "origin")),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit"),
    )
    op.create_index("ix_audit_station_id_at_ns", "audit", ["station_id", "at_ns"])
    op.create_index("ix_audit_at_ns", "audit", ["at_ns"])
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            raising = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            op.execute(f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit {raising}")
        return
    raising = f"BEGIN RAISE EXCEPTION '{_REFUSAL}'; END"
    op.execute(f"CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$")
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def drop_registry() -> None:
    for table in ("audit", "station_usage", "station_correction", "station_card"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_audit_change()")
