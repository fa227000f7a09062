"""Tables of who may use the web page; `database.tables` has them all. No secret is in them, only hashes of secrets."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from database.columns import text, time
from database.metadata import metadata


def _of_account() -> Column[str]:
    return Column("name", String, ForeignKey("account.name", ondelete="CASCADE"), nullable=False)


# The password's hash is argon2id's, with its salt and costs.
account = Table(
    "account",
    metadata,
    text("name", key=True),
    *(text(name) for name in ("role", "password_hash")),
    time("made_ns"),
)

# SHA-256 will do for tokens and sessions: they are 256 random bits, which nobody guesses.
api_token = Table(
    "api_token",
    metadata,
    text("token_id", key=True),
    _of_account(),
    text("label"),
    text("secret_hash"),
    time("made_ns"),
    time("until_ns", needed=False),
    Index(None, "name"),
)

web_session = Table(
    "web_session",
    metadata,
    text("secret_hash", key=True),
    _of_account(),
    time("made_ns"),
    time("until_ns"),
    Index(None, "name"),
)
