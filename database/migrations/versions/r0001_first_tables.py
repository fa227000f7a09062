"""First tables: runs, station metadata, picks and events, health, and where streams were left."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, parents first."""
    _runs()
    _metadata()
    _picks()
    _events()
    _health()
    _holdings()
    change = op.create_table("change", _key("id", sa.Integer), _column("version", sa.BigInteger))
    op.bulk_insert(change, [{"id": 1, "version": 0}])


def downgrade() -> None:
    """Remove the tables, children first."""
    for table in (
        "change",
        "absence",
        "span",
        "archive_file",
        "status_change",
        "channel_status",
        "station_status",
        "arrival",
        "origin",
        "event",
        "pick",
        "channel_epoch",
        "run_site",
        "site",
        "inventory_doc",
        "detector_state",
        "stream_state",
        "run",
    ):
        op.drop_table(table)


def _key(name: str, kind: Any = sa.String) -> sa.Column[Any]:
    return sa.Column(name, kind(), primary_key=True, autoincrement=False)


def _column(name: str, kind: Any, *, needed: bool = True) -> sa.Column[Any]:
    return sa.Column(name, kind(), nullable=not needed)


def _runs() -> None:
    op.create_table(
        "run",
        _key("run_id"),
        _column("kind", sa.String),
        _column("started_ns", sa.BigInteger),
        _column("finished_ns", sa.BigInteger, needed=False),
        _column("config_hash", sa.String),
        _column("code_version", sa.String),
        _column("source", sa.String),
        _column("start_ns", sa.BigInteger, needed=False),
        _column("end_ns", sa.BigInteger, needed=False),
        _column("n_records", sa.BigInteger),
        _column("n_samples", sa.BigInteger),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
        sa.CheckConstraint("kind IN ('live', 'replay')", name=op.f("ck_run_kind")),
    )
    op.create_table(
        "stream_state",
        _key("server"),
        _key("station_id"),
        _column("sequence", sa.BigInteger),
        _column("last_ns", sa.BigInteger),
        _column("record_ns", sa.BigInteger),
        _column("server_start", sa.String),
        sa.PrimaryKeyConstraint("server", "station_id", name="pk_stream_state"),
    )
    op.create_table(
        "detector_state",
        _key("run_id"),
        _key("source_id"),
        _column("state", sa.LargeBinary),
        sa.PrimaryKeyConstraint("run_id", "source_id", name="pk_detector_state"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_detector_state_run"),
    )


def _metadata() -> None:
    op.create_table(
        "inventory_doc",
        _key("sha256"),
        _column("name", sa.String),
        _column("xml_gz", sa.LargeBinary),
        sa.PrimaryKeyConstraint("sha256", name="pk_inventory_doc"),
    )
    op.create_table(
        "site",
        _key("station_id"),
        *_place(),
        sa.PrimaryKeyConstraint("station_id", name="pk_site"),
    )
    op.create_table(
        "run_site",
        _key("run_id"),
        _key("station_id"),
        *_place(),
        sa.PrimaryKeyConstraint("run_id", "station_id", name="pk_run_site"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_site_run"),
    )
    op.create_table(
        "channel_epoch",
        _key("source_id"),
        _key("start_ns", sa.BigInteger),
        _column("end_ns", sa.BigInteger, needed=False),
        _column("station_id", sa.String),
        *(_column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "elevation_m", "depth_m")),
        *(_column(name, sa.Double, needed=False) for name in ("azimuth_deg", "dip_deg")),
        _column("sample_rate_hz", sa.Double),
        _column("gain", sa.Double, needed=False),
        _column("gain_unit", sa.String),
        sa.PrimaryKeyConstraint("source_id", "start_ns", name="pk_channel_epoch"),
    )
    op.create_index("ix_channel_epoch_station_id", "channel_epoch", ["station_id"])


def _picks() -> None:
    op.create_table(
        "pick",
        _key("run_id"),
        _key("public_id"),
        _column("onset_ns", sa.BigInteger),
        *(_column(name, sa.String) for name in ("station_id", "source_id", "phase", "method")),
        _column("version", sa.Integer),
        _column("uncertainty_s", sa.Double),
        _column("snr", sa.Double),
        _column("band", sa.String),
        _column("trigger_ns", sa.BigInteger),
        _column("polarity", sa.String),
        _column("spread_s", sa.Double),
        *(_column(name, sa.Boolean) for name in ("is_clipped", "is_near_gap")),
        _column("trigger_rate_h", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "public_id", name="pk_pick"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_pick_run"),
    )
    op.create_index("ix_pick_run_id_onset_ns", "pick", ["run_id", "onset_ns"])


def _events() -> None:
    op.create_table(
        "event",
        _key("run_id"),
        _key("public_id"),
        *(_column(name, sa.BigInteger) for name in ("first_onset_ns", "last_onset_ns")),
        *(_column(name, sa.Integer) for name in ("n_picks", "n_stations")),
        sa.PrimaryKeyConstraint("run_id", "public_id", name="pk_event"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_event_run"),
    )
    op.create_index("ix_event_run_id_first_onset_ns", "event", ["run_id", "first_onset_ns"])
    op.create_table(
        "origin",
        *(_key(name) for name in ("run_id", "event_id")),
        _column("time_ns", sa.BigInteger),
        *(_column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "depth_km")),
        sa.Column("depth_error_km", sa.Double),
        *(_column(name, sa.Double) for name in ("time_error_s", "semi_major_km", "semi_minor_km")),
        *(_column(name, sa.Double) for name in ("major_azimuth_deg", "rms_s", "gap_deg", "nearest_km")),
        *(_column(name, sa.String) for name in ("earth_model", "region")),
        sa.PrimaryKeyConstraint("run_id", "event_id", name="pk_origin"),
        _pair("origin", "event", ondelete="CASCADE"),
    )
    op.create_table(
        "arrival",
        *(_key(name) for name in ("run_id", "event_id", "pick_id")),
        *(sa.Column(name, sa.Double) for name in ("distance_km", "azimuth_deg", "residual_s", "weight")),
        sa.PrimaryKeyConstraint("run_id", "event_id", "pick_id", name="pk_arrival"),
        _pair("arrival", "event", ondelete="CASCADE"),
        _pair("arrival", "pick"),
    )
    op.create_index("ix_arrival_run_id_pick_id", "arrival", ["run_id", "pick_id"])


def _pair(table: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """Reference of an origin or arrival to an event or a pick of its own run."""
    return sa.ForeignKeyConstraint(
        ["run_id", f"{other}_id"],
        [f"{other}.run_id", f"{other}.public_id"],
        name=f"fk_{table}_{other}",
        ondelete=ondelete,
    )


def _place() -> list[sa.Column[Any]]:
    numbers = (_column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "elevation_m"))
    return [*(_column(name, sa.String) for name in ("name", "country")), *numbers]


def _metrics() -> list[sa.Column[Any]]:
    types = {
        "total_latency_s": sa.Double,
        "feed_latency_s": sa.Double,
        "data_latency_s": sa.Double,
        "num_gaps": sa.Integer,
        "max_gap_s": sa.Double,
        "num_overlaps": sa.Integer,
        "percent_availability_1h": sa.Double,
        "percent_availability_24h": sa.Double,
        "watched_s": sa.Double,
        "timing_quality": sa.Double,
        "sample_rms": sa.Double,
        "sample_mean": sa.Double,
        "num_distinct": sa.Integer,
        "flat": sa.Boolean,
        "clipping": sa.Double,
    }
    return [_column(name, kind, needed=False) for name, kind in types.items()]


def _health() -> None:
    op.create_table(
        "station_status",
        _key("station_id"),
        *(_column(name, sa.String) for name in ("state", "reason")),
        *(_column(name, sa.BigInteger) for name in ("since_ns", "evaluated_ns")),
        _column("usage", sa.String),
        *_metrics(),
        _column("marks", sa.String),
        sa.PrimaryKeyConstraint("station_id", name="pk_station_status"),
    )
    op.create_table(
        "channel_status",
        _key("source_id"),
        *(_column(name, sa.String) for name in ("station_id", "state", "reason")),
        *(_column(name, sa.BigInteger) for name in ("since_ns", "evaluated_ns")),
        _column("required", sa.Boolean),
        *_metrics(),
        _column("readings", sa.String),
        sa.PrimaryKeyConstraint("source_id", name="pk_channel_status"),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station_status.station_id"],
            name="fk_channel_status_station_status",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_channel_status_station_id", "channel_status", ["station_id"])
    op.create_table(
        "status_change",
        _key("station_id"),
        _key("since_ns", sa.BigInteger),
        *(_column(name, sa.String) for name in ("state", "reason")),
        sa.PrimaryKeyConstraint("station_id", "since_ns", name="pk_status_change"),
    )


def _holdings() -> None:
    op.create_table(
        "archive_file",
        _key("source_id"),
        _key("day_ns", sa.BigInteger),
        *(_column(name, sa.BigInteger) for name in ("n_bytes", "size_bytes", "inode", "mtime_ns", "tail_crc")),
        sa.PrimaryKeyConstraint("source_id", "day_ns", name="pk_archive_file"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "span",
        _key("source_id"),
        *(_key(name, sa.BigInteger) for name in ("day_ns", "start_ns")),
        _key("sample_rate_hz", sa.Double),
        _column("end_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("source_id", "day_ns", "start_ns", "sample_rate_hz", name="pk_span"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "absence",
        *(_key(name) for name in ("server", "source_id")),
        _key("start_ns", sa.BigInteger),
        _column("end_ns", sa.BigInteger),
        _column("tries", sa.Integer),
        _column("next_try_ns", sa.BigInteger),
        _column("reason", sa.String),
        sa.PrimaryKeyConstraint("server", "source_id", "start_ns", name="pk_absence"),
    )
