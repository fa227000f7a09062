"""The table of tasks, as the first migration makes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key


def tasks() -> None:
    """Make the table of what was asked for on the web page."""
    op.create_table(
        "task",
        key("task_id"),
        *(column(name, sa.String) for name in ("kind", "about", "language", "who", "why", "state", "said")),
        column("asked_ns", sa.BigInteger),
        *(column(name, sa.BigInteger, needed=False) for name in ("seen_ns", "ended_ns")),
        sa.PrimaryKeyConstraint("task_id", name="pk_task"),
    )
    op.create_index("ix_task_kind_asked_ns", "task", ["kind", "asked_ns"])
