"""Tables of alerts, as the first migration makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key


def alerts() -> None:
    """Make the tables of alerts, their steps and deliveries."""
    op.create_table(
        "alert",
        key("alert_id"),
        *(column(name, sa.String) for name in ("kind", "about", "severity")),
        column("opened_ns", sa.BigInteger),
        *(column(name, sa.String) for name in ("cause", "evidence", "facts")),
        column("flapping", sa.Boolean),
        column("closed_ns", sa.BigInteger, needed=False),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alert"),
    )
    op.create_index("ix_alert_closed_ns_opened_ns", "alert", ["closed_ns", "opened_ns"])
    op.create_table(
        "alert_child",
        key("alert_id"),
        key("station_id"),
        column("joined_ns", sa.BigInteger),
        column("left_ns", sa.BigInteger, needed=False),
        sa.PrimaryKeyConstraint("alert_id", "station_id", name="pk_alert_child"),
        _of_alert("alert_child"),
    )
    _steps()
    op.create_table(
        "alert_watch",
        key("about"),
        *(column(name, sa.BigInteger, needed=False) for name in ("since_ns", "stale_ns")),
        column("changes_ns", sa.String),
        column("hushed", sa.Boolean),
        sa.PrimaryKeyConstraint("about", name="pk_alert_watch"),
    )
    _delivery()


def drop_alerts() -> None:
    for table in ("delivery", "alert_watch", "alert_step", "alert_child", "alert"):
        op.drop_table(table)


def _steps() -> None:
    op.create_table(
        "alert_step",
        key("step_id"),
        column("alert_id", sa.String),
        column("t_ns", sa.BigInteger),
        *(column(name, sa.String) for name in ("action", "who", "why")),
        column("until_ns", sa.BigInteger, needed=False),
        column("assignee", sa.String),
        column("is_planned", sa.Boolean),
        sa.PrimaryKeyConstraint("step_id", name="pk_alert_step"),
        _of_alert("alert_step"),
    )
    op.create_index("ix_alert_step_alert_id", "alert_step", ["alert_id"])
    op.create_index("ix_alert_step_is_planned", "alert_step", ["is_planned"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        key("delivery_id"),
        *(column(name, sa.String) for name in ("alert_id", "step_id", "recipient", "state")),
        column("planned_ns", sa.BigInteger),
        column("n_tries", sa.Integer),
        column("next_ns", sa.BigInteger),
        column("tried_ns", sa.BigInteger, needed=False),
        *(column(name, sa.String) for name in ("answer", "message")),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_delivery"),
        _of_alert("delivery"),
    )
    op.create_index("ix_delivery_alert_id", "delivery", ["alert_id"])
    op.create_index("ix_delivery_state_next_ns", "delivery", ["state", "next_ns"])


def _of_alert(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name=f"fk_{table}_alert", ondelete="CASCADE")
