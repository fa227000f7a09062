"""Tables of what operators say of stations, and of who said it; `database.tables` has them all."""

from __future__ import annotations

from sqlalchemy import Index, Table

from database.columns import text, time
from database.metadata import metadata

# What the configuration of the live network says, in the words of `stations.card.Card`; servers are a JSON array.
station_card = Table(
    "station_card",
    metadata,
    text("station_id", key=True),
    *(text(name) for name in ("usage", "agency", "contact", "link", "servers", "network")),
)

# What an operator corrected of it; empty where the configuration counts.
station_correction = Table(
    "station_correction",
    metadata,
    text("station_id", key=True),
    *(text(name) for name in ("agency", "contact", "link")),
)

# What an operator said last of a station's use; `resting` comes back when it ends. What was said before is in `audit`.
station_usage = Table(
    "station_usage",
    metadata,
    text("station_id", key=True),
    text("level"),
    time("set_ns"),
    time("until_ns", needed=False),
    text("set_by"),
    text("why"),
    text("resting"),
)

# Triggers refuse to change or delete a row: the migration makes them.
audit = Table(
    "audit",
    metadata,
    text("audit_id", key=True),
    time("at_ns"),
    *(text(name) for name in ("who", "action", "station_id", "field", "before", "after", "why", "about", "origin")),
    Index(None, "station_id", "at_ns"),
    Index(None, "at_ns"),
)
