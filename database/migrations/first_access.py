"""Tables of who may use the web page, as the first migration makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key


def access() -> None:
    """Make the tables of accounts, their tokens and their sessions."""
    op.create_table(
        "account",
        key("name"),
        *(column(name, sa.String) for name in ("role", "password_hash")),
        column("made_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_table(
        "api_token",
        key("token_id"),
        *(column(name, sa.String) for name in ("name", "label", "secret_hash")),
        column("made_ns", sa.BigInteger),
        column("until_ns", sa.BigInteger, needed=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["name"], ["account.name"], name="fk_api_token_account", ondelete="CASCADE"),
    )
    op.create_table(
        "web_session",
        key("secret_hash"),
        column("name", sa.String),
        column("made_ns", sa.BigInteger),
        column("until_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_web_session"),
        sa.ForeignKeyConstraint(["name"], ["account.name"], name="fk_web_session_account", ondelete="CASCADE"),
    )
    for table in ("api_token", "web_session"):
        op.create_index(f"ix_{table}_name", table, ["name"])


def drop_access() -> None:
    """Remove them, children first."""
    for table in ("web_session", "api_token", "account"):
        op.drop_table(table)
