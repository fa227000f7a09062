"""The table of what was asked for on the web page and is done by another process; `database.tables` has them all."""

from __future__ import annotations

from sqlalchemy import Index, Table

from database.columns import text, time
from database.metadata import metadata

# `about` is a server's name, a folder or a file; `seen_ns` is when whoever does it was last heard of; `said` what came
# of it.
task = Table(
    "task",
    metadata,
    text("task_id", key=True),
    *(text(name) for name in ("kind", "about", "language", "who", "why", "state", "said")),
    time("asked_ns"),
    time("seen_ns", needed=False),
    time("ended_ns", needed=False),
    Index(None, "kind", "asked_ns"),
)
