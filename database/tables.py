"""The tables. Times are int64 nanoseconds UTC and named `*_ns`; channels are written NET.STA.LOC.CHA.

Picks and events are keyed by run, so that a replay can never touch a row of the live run.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

from stations.health import Metrics

# The newest migration; a test keeps the two equal. Knowing it here spares every start the import of Alembic.
REVISION = "0001"
VERSION_TABLE = "schema_revision"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class UInt64(TypeDecorator[int]):
    """A SeedLink 4 sequence number, 0 to 2^64 - 1, in a signed 64-bit column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        return value if value is None or value >= 0 else value + (1 << 64)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False)


def _time(name: str, *, key: bool = False, needed: bool = True) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=not needed, autoincrement=False)


def _number(name: str, *, needed: bool = True) -> Column[float]:
    return Column(name, Double, nullable=not needed)


def _run_key() -> Column[str]:
    return Column("run_id", String, ForeignKey("run.run_id"), primary_key=True)


def _place() -> list[Column[Any]]:
    numbers = (_number(name) for name in ("latitude_deg", "longitude_deg", "elevation_m"))
    return [_text("name"), _text("country"), *numbers]


_METRIC_TYPES = {float | None: Double, int | None: Integer, bool | None: Boolean}
METRICS = tuple(field.name for field in fields(Metrics))


def _metrics() -> list[Column[Any]]:
    """One column a metric: a wide row is 3-4 times faster to write and 8 times smaller than narrow ones."""
    types = get_type_hints(Metrics)
    return [Column(name, _METRIC_TYPES[types[name]]) for name in METRICS]


run = Table(
    "run",
    metadata,
    _text("run_id", key=True),
    _text("kind"),
    _time("started_ns"),
    _time("finished_ns", needed=False),
    _text("config_hash"),
    _text("code_version"),
    _text("source"),
    _time("start_ns", needed=False),
    _time("end_ns", needed=False),
    Column("n_records", BigInteger, nullable=False),
    Column("n_samples", BigInteger, nullable=False),
    CheckConstraint("kind IN ('live', 'replay')", name="kind"),
)

inventory_doc = Table(
    "inventory_doc",
    metadata,
    _text("sha256", key=True),
    _text("name"),
    Column("xml_gz", LargeBinary, nullable=False),
)

site = Table("site", metadata, _text("station_id", key=True), *_place())

# Where a replay took its stations to stand: the station table is the live network's alone.
run_site = Table("run_site", metadata, _run_key(), _text("station_id", key=True), *_place())

channel_epoch = Table(
    "channel_epoch",
    metadata,
    _text("source_id", key=True),
    _time("start_ns", key=True),
    _time("end_ns", needed=False),
    Column("station_id", String, nullable=False, index=True),
    _number("latitude_deg"),
    _number("longitude_deg"),
    _number("elevation_m"),
    _number("depth_m"),
    _number("azimuth_deg", needed=False),
    _number("dip_deg", needed=False),
    _number("sample_rate_hz"),
    _number("gain", needed=False),
    _text("gain_unit"),
)

pick = Table(
    "pick",
    metadata,
    _run_key(),
    _text("public_id", key=True),
    _time("onset_ns"),
    _text("station_id"),
    _text("source_id"),
    _text("phase"),
    _text("method"),
    Column("version", Integer, nullable=False),
    _number("uncertainty_s"),
    _number("snr"),
    _text("band"),
    _time("trigger_ns"),
    Index(None, "run_id", "onset_ns"),
)

event = Table(
    "event",
    metadata,
    _run_key(),
    _text("public_id", key=True),
    _time("first_onset_ns"),
    _time("last_onset_ns"),
    Column("n_picks", Integer, nullable=False),
    Column("n_stations", Integer, nullable=False),
    Index(None, "run_id", "first_onset_ns"),
)

# An event whose place is not known has none.
origin = Table(
    "origin",
    metadata,
    _text("run_id", key=True),
    _text("event_id", key=True),
    _time("time_ns"),
    *(
        Column(name, Double, nullable=name == "depth_error_km")
        for name in (
            "latitude_deg",
            "longitude_deg",
            "depth_km",
            "depth_error_km",
            "time_error_s",
            "semi_major_km",
            "semi_minor_km",
            "major_azimuth_deg",
            "rms_s",
            "gap_deg",
            "nearest_km",
        )
    ),
    _text("earth_model"),
    _text("region"),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
)

# What the origin makes of a pick is absent where it does not use it.
arrival = Table(
    "arrival",
    metadata,
    _text("run_id", key=True),
    _text("event_id", key=True),
    _text("pick_id", key=True),
    *(Column(name, Double) for name in ("distance_km", "azimuth_deg", "residual_s", "weight")),
    ForeignKeyConstraint(["run_id", "event_id"], ["event.run_id", "event.public_id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["run_id", "pick_id"], ["pick.run_id", "pick.public_id"]),
    Index(None, "run_id", "pick_id"),
)

stream_state = Table(
    "stream_state",
    metadata,
    _text("server", key=True),
    _text("station_id", key=True),
    Column("sequence", UInt64, nullable=False),
    _time("last_ns"),
    _time("record_ns"),
    _text("server_start"),
)

detector_state = Table(
    "detector_state",
    metadata,
    _run_key(),
    _text("source_id", key=True),
    Column("state", LargeBinary, nullable=False),
)

station_status = Table(
    "station_status",
    metadata,
    _text("station_id", key=True),
    _text("state"),
    _text("reason"),
    _time("since_ns"),
    _time("evaluated_ns"),
    _text("usage"),
    *_metrics(),
    # JSON: what the rules say of each metric. The station table reads it a thousand times, and not the readings of
    # every channel: for 1000 stations of 3 channels that took 0.3 s.
    _text("marks"),
)

channel_status = Table(
    "channel_status",
    metadata,
    _text("source_id", key=True),
    Column(
        "station_id",
        String,
        ForeignKey("station_status.station_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    _text("state"),
    _text("reason"),
    _time("since_ns"),
    _time("evaluated_ns"),
    Column("required", Boolean, nullable=False),
    *_metrics(),
    # JSON, as text: PostgreSQL's own JSON type refuses infinity and cannot be compared.
    _text("readings"),
)

status_change = Table(
    "status_change",
    metadata,
    _text("station_id", key=True),
    _time("since_ns", key=True),
    _text("state"),
    _text("reason"),
)

# How far each day file of the archive is in table `span`: n_bytes from its beginning, and what it looked like then.
archive_file = Table(
    "archive_file",
    metadata,
    _text("source_id", key=True),
    _time("day_ns", key=True),
    Column("n_bytes", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("inode", UInt64, nullable=False),
    _time("mtime_ns"),
    Column("tail_crc", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# By day file, so that one file can be read anew without touching another; a query joins those that touch. A span may
# end after its day.
span = Table(
    "span",
    metadata,
    _text("source_id", key=True),
    _time("day_ns", key=True),
    _time("start_ns", key=True),
    Column("sample_rate_hz", Double, primary_key=True, nullable=False),
    _time("end_ns"),
    sqlite_with_rowid=False,
)

# What data centres were asked for in vain: a copy of the list beside the archive, which is kept without a database too.
absence = Table(
    "absence",
    metadata,
    _text("server", key=True),
    _text("source_id", key=True),
    _time("start_ns", key=True),
    _time("end_ns"),
    Column("tries", Integer, nullable=False),
    _time("next_try_ns"),
    _text("reason"),
)

# One row: how often anything that a page shows was changed.
change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
