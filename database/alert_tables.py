"""Tables of alerts, of their history and of who was told; `database.tables` has them all."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from database.columns import text, time
from database.metadata import metadata


def _of_alert(*, key: bool = False) -> Column[str]:
    reference = ForeignKey("alert.alert_id", ondelete="CASCADE")
    return Column("alert_id", String, reference, primary_key=key, nullable=False)


alert = Table(
    "alert",
    metadata,
    text("alert_id", key=True),
    *(text(name) for name in ("kind", "about", "severity")),
    time("opened_ns"),
    text("cause"),
    text("evidence"),
    # JSON: the evidence again, to be said in other languages
    text("facts"),
    Column("flapping", Boolean, nullable=False),
    time("closed_ns", needed=False),
    Index(None, "closed_ns", "opened_ns"),
)

alert_child = Table(
    "alert_child",
    metadata,
    _of_alert(key=True),
    text("station_id", key=True),
    time("joined_ns"),
    time("left_ns", needed=False),
)

# Only ever added to. What was done about an alert (acknowledged, silenced, assigned) is what its steps come to.
alert_step = Table(
    "alert_step",
    metadata,
    text("step_id", key=True),
    _of_alert(),
    time("t_ns"),
    *(text(name) for name in ("action", "who", "why")),
    time("until_ns", needed=False),
    text("assignee"),
    # whether its deliveries are in table `delivery`
    Column("is_planned", Boolean, nullable=False),
    Index(None, "alert_id"),
    Index(None, "is_planned"),
)

# What is remembered of a station or a group between evaluations, so that a restart changes nothing; changes are JSON.
alert_watch = Table(
    "alert_watch",
    metadata,
    text("about", key=True),
    time("since_ns", needed=False),
    time("stale_ns", needed=False),
    text("changes_ns"),
    Column("hushed", Boolean, nullable=False),
)

# One message to one recipient about one step; the message is JSON, made once, and the same at every try.
delivery = Table(
    "delivery",
    metadata,
    text("delivery_id", key=True),
    _of_alert(),
    text("step_id"),
    *(text(name) for name in ("recipient", "state")),
    time("planned_ns"),
    Column("n_tries", Integer, nullable=False),
    time("next_ns"),
    time("tried_ns", needed=False),
    text("answer"),
    text("message"),
    Index(None, "alert_id"),
    Index(None, "state", "next_ns"),
)
