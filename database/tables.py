"""The tables. Times are int64 nanoseconds UTC and named `*_ns`; channels are written NET.STA.LOC.CHA.

Picks and events are keyed by run, so that a replay can never touch a row of the live run.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from database.access_tables import account, api_token, web_session
from database.alert_tables import alert, alert_child, alert_step, alert_watch, delivery
from database.columns import UInt64, number, place, run_key, text, time
from database.metadata import metadata
from database.metric_tables import (
    day_check,
    health_day,
    health_hour,
    health_minute,
    latency_day,
    latency_hour,
    latency_minute,
    measured_file,
    noise_day,
)
from database.registry_tables import audit, station_card, station_correction, station_usage
from database.run_tables import replay_state, run, run_channel, run_input, run_site
from database.task_tables import task
from database.watch_tables import absence, archive_file, channel_status, span, station_status, status_change

__all__ = [
    "REVISION",
    "VERSION_TABLE",
    "absence",
    "account",
    "alert",
    "alert_child",
    "alert_step",
    "alert_watch",
    "api_token",
    "archive_file",
    "arrival",
    "audit",
    "change",
    "channel_epoch",
    "channel_status",
    "day_check",
    "delivery",
    "detector_state",
    "event",
    "health_day",
    "health_hour",
    "health_minute",
    "inventory_doc",
    "latency_day",
    "latency_hour",
    "latency_minute",
    "magnitude",
    "measured_file",
    "metadata",
    "noise_day",
    "origin",
    "pick",
    "replay_state",
    "revision",
    "run",
    "run_channel",
    "run_input",
    "run_site",
    "site",
    "span",
    "station_card",
    "station_correction",
    "station_magnitude",
    "station_status",
    "station_usage",
    "status_change",
    "stream_state",
    "task",
    "web_session",
]

# The newest migration; a test keeps the two equal. Knowing it here spares every start the import of Alembic.
REVISION = "0001"
VERSION_TABLE = "schema_revision"

inventory_doc = Table(
    "inventory_doc",
    metadata,
    text("sha256", key=True),
    text("name"),
    Column("xml_gz", LargeBinary, nullable=False),
)

site = Table("site", metadata, text("station_id", key=True), *place())

channel_epoch = Table(
    "channel_epoch",
    metadata,
    text("source_id", key=True),
    time("start_ns", key=True),
    time("end_ns", needed=False),
    Column("station_id", String, nullable=False, index=True),
    number("latitude_deg"),
    number("longitude_deg"),
    number("elevation_m"),
    number("depth_m"),
    number("azimuth_deg", needed=False),
    number("dip_deg", needed=False),
    number("sample_rate_hz"),
    number("gain", needed=False),
    text("gain_unit"),
)

pick = Table(
    "pick",
    metadata,
    run_key(),
    text("public_id", key=True),
    time("onset_ns"),
    text("station_id"),
    text("source_id"),
    text("phase"),
    text("method"),
    Column("version", Integer, nullable=False),
    number("uncertainty_s"),
    number("snr"),
    text("band"),
    time("trigger_ns"),
    text("polarity"),
    number("spread_s"),
    *(Column(name, Boolean, nullable=False) for name in ("is_clipped", "is_near_gap")),
    number("trigger_rate_h"),
    Index(None, "run_id", "onset_ns"),
)

event = Table(
    "event",
    metadata,
    run_key(),
    text("public_id", key=True),
    time("first_onset_ns"),
    time("last_onset_ns"),
    Column("n_picks", Integer, nullable=False),
    Column("n_stations", Integer, nullable=False),
    # reasons are JSON: arrays of texts
    *(text(name) for name in ("quality", "quality_reasons", "type_hint", "type_reasons")),
    Index(None, "run_id", "first_onset_ns"),
)

# An event whose place is not known has none.
origin = Table(
    "origin",
    metadata,
    text("run_id", key=True),
    text("event_id", key=True),
    time("time_ns"),
    *(number(name) for name in ("latitude_deg", "longitude_deg", "depth_km")),
    number("depth_error_km", needed=False),
    *(number(name) for name in ("time_error_s", "semi_major_km", "semi_minor_km", "major_azimuth_deg")),
    *(number(name) for name in ("rms_s", "gap_deg", "nearest_km")),
    text("earth_model"),
    text("region"),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
)

# What the origin makes of a pick is absent where it does not use it.
arrival = Table(
    "arrival",
    metadata,
    text("run_id", key=True),
    text("event_id", key=True),
    text("pick_id", key=True),
    *(number(name, needed=False) for name in ("distance_km", "azimuth_deg", "residual_s", "weight")),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["run_id", "pick_id"], ["pick.run_id", "pick.public_id"]),
    Index(None, "run_id", "pick_id"),
)

# An event's magnitude of each kind that its stations tell; the one of least rank is the event's.
magnitude = Table(
    "magnitude",
    metadata,
    text("run_id", key=True),
    text("event_id", key=True),
    text("kind", key=True),
    Column("rank", Integer, nullable=False),
    number("value"),
    number("scatter", needed=False),
    Column("n_stations", Integer, nullable=False),
    *(text(name) for name in ("method", "reference", "remark")),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
)

# A station that was measured in vain has a row without a value, and the reason.
station_magnitude = Table(
    "station_magnitude",
    metadata,
    text("run_id", key=True),
    text("event_id", key=True),
    text("kind", key=True),
    text("station_id", key=True),
    text("channels"),
    number("value", needed=False),
    number("correction"),
    number("amplitude", needed=False),
    text("amplitude_unit"),
    *(number(name, needed=False) for name in ("period_s", "distance_km", "snr")),
    Column("is_used", Boolean, nullable=False),
    text("reason"),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
)

# How an event of a live run came to be what it is, and what became of one that is none any more: that has no row in
# `event`. Written with the clock of the wall, so no part of what a replay must find again.
revision = Table(
    "revision",
    metadata,
    run_key(),
    text("event_id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    time("created_ns"),
    time("first_onset_ns"),
    text("reason"),
    # JSON: ids of other events; picks as [id, station, phase, onset]; the event with its origin and magnitude
    *(text(name) for name in ("others", "added", "taken", "state")),
    *(number(name, needed=False) for name in ("moved_km", "moved_s")),
    Index(None, "run_id", "first_onset_ns"),
)

stream_state = Table(
    "stream_state",
    metadata,
    text("server", key=True),
    text("station_id", key=True),
    Column("sequence", UInt64, nullable=False),
    time("last_ns"),
    time("record_ns"),
    text("server_start"),
)

detector_state = Table(
    "detector_state",
    metadata,
    run_key(),
    text("source_id", key=True),
    Column("state", LargeBinary, nullable=False),
)

# One row: how often anything that a page shows was changed.
change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
