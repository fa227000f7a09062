"""Columns and references as the first migration makes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def key(name: str, kind: Any = sa.String) -> sa.Column[Any]:
    return sa.Column(name, kind(), primary_key=True, autoincrement=False)


def column(name: str, kind: Any, *, needed: bool = True) -> sa.Column[Any]:
    return sa.Column(name, kind(), nullable=not needed)


def pair(table: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """Reference of a row to an event or a pick of its own run."""
    return sa.ForeignKeyConstraint(
        ["run_id", f"{other}_id"],
        [f"{other}.run_id", f"{other}.public_id"],
        name=f"fk_{table}_{other}",
        ondelete=ondelete,
    )
