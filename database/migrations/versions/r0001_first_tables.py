"""First tables: runs, station metadata, picks and events, health, and where streams were left."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key, pair
from database.migrations.first_access import access, drop_access
from database.migrations.first_alerts import alerts, drop_alerts
from database.migrations.first_metrics import metrics
from database.migrations.first_registry import drop_registry, registry
from database.migrations.first_tasks import tasks
from database.migrations.first_watch import health, holdings

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, parents first."""
    _runs()
    _replays()
    _metadata()
    _picks()
    _events()
    _magnitudes()
    _revisions()
    health()
    holdings()
    metrics()
    registry()
    alerts()
    access()
    tasks()
    change = op.create_table("change", key("id", sa.Integer), column("version", sa.BigInteger))
    op.bulk_insert(change, [{"id": 1, "version": 0}])


def downgrade() -> None:
    """Remove the tables, children first."""
    drop_access()
    drop_registry()
    drop_alerts()
    for table in (
        *("change", "task"),
        *("latency_day", "latency_hour", "latency_minute", "day_check"),
        "noise_day",
        "measured_file",
        "health_day",
        "health_hour",
        "health_minute",
        "absence",
        "span",
        "archive_file",
        "status_change",
        "channel_status",
        "station_status",
        "revision",
        "station_magnitude",
        "magnitude",
        "arrival",
        "origin",
        "event",
        "pick",
        "channel_epoch",
        *("run_site", "run_input", "run_channel", "replay_state"),
        "site",
        "inventory_doc",
        "detector_state",
        "stream_state",
        "run",
    ):
        op.drop_table(table)


def _runs() -> None:
    op.create_table(
        "run",
        key("run_id"),
        column("kind", sa.String),
        column("started_ns", sa.BigInteger),
        column("finished_ns", sa.BigInteger, needed=False),
        column("config_hash", sa.String),
        column("code_version", sa.String),
        column("source", sa.String),
        column("start_ns", sa.BigInteger, needed=False),
        column("end_ns", sa.BigInteger, needed=False),
        column("n_records", sa.BigInteger),
        column("n_samples", sa.BigInteger),
        column("engine", sa.String),
        column("is_synthetic", sa.Boolean),
        *(column(name, sa.String) for name in ("config", "input_hash", "result_hash")),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
        sa.CheckConstraint("kind IN ('live', 'replay')", name=op.f("ck_run_kind")),
    )
    op.create_table(
        "stream_state",
        key("server"),
        key("station_id"),
        column("sequence", sa.BigInteger),
        column("last_ns", sa.BigInteger),
        column("record_ns", sa.BigInteger),
        column("server_start", sa.String),
        sa.PrimaryKeyConstraint("server", "station_id", name="pk_stream_state"),
    )
    op.create_table(
        "detector_state",
        key("run_id"),
        key("source_id"),
        column("state", sa.LargeBinary),
        sa.PrimaryKeyConstraint("run_id", "source_id", name="pk_detector_state"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_detector_state_run"),
    )


def _replays() -> None:
    op.create_table(
        "run_input",
        *(key(name) for name in ("run_id", "name")),
        *(column(name, sa.String) for name in ("kind", "source_id", "sha256")),
        column("n_bytes", sa.BigInteger),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_run_input"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_input_run"),
    )
    op.create_table(
        "run_channel",
        *(key(name) for name in ("run_id", "source_id")),
        *(column(name, sa.BigInteger) for name in ("n_records", "n_samples", "start_ns", "end_ns", "n_gaps", "gap_ns")),
        column("vetoed", sa.String),
        sa.PrimaryKeyConstraint("run_id", "source_id", name="pk_run_channel"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_channel_run"),
    )
    op.create_table(
        "replay_state",
        key("run_id"),
        column("state", sa.String),
        sa.PrimaryKeyConstraint("run_id", name="pk_replay_state"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_replay_state_run"),
    )


def _metadata() -> None:
    op.create_table(
        "inventory_doc",
        key("sha256"),
        column("name", sa.String),
        column("xml_gz", sa.LargeBinary),
        sa.PrimaryKeyConstraint("sha256", name="pk_inventory_doc"),
    )
    op.create_table(
        "site",
        key("station_id"),
        *_place(),
        sa.PrimaryKeyConstraint("station_id", name="pk_site"),
    )
    op.create_table(
        "run_site",
        key("run_id"),
        key("station_id"),
        *_place(),
        sa.PrimaryKeyConstraint("run_id", "station_id", name="pk_run_site"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_site_run"),
    )
    op.create_table(
        "channel_epoch",
        key("source_id"),
        key("start_ns", sa.BigInteger),
        column("end_ns", sa.BigInteger, needed=False),
        column("station_id", sa.String),
        *(column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "elevation_m", "depth_m")),
        *(column(name, sa.Double, needed=False) for name in ("azimuth_deg", "dip_deg")),
        column("sample_rate_hz", sa.Double),
        column("gain", sa.Double, needed=False),
        column("gain_unit", sa.String),
        sa.PrimaryKeyConstraint("source_id", "start_ns", name="pk_channel_epoch"),
    )
    op.create_index("ix_channel_epoch_station_id", "channel_epoch", ["station_id"])


def _picks() -> None:
    op.create_table(
        "pick",
        key("run_id"),
        key("public_id"),
        column("onset_ns", sa.BigInteger),
        *(column(name, sa.String) for name in ("station_id", "source_id", "phase", "method")),
        column("version", sa.Integer),
        column("uncertainty_s", sa.Double),
        column("snr", sa.Double),
        column("band", sa.String),
        column("trigger_ns", sa.BigInteger),
        column("polarity", sa.String),
        column("spread_s", sa.Double),
        *(column(name, sa.Boolean) for name in ("is_clipped", "is_near_gap")),
        column("trigger_rate_h", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "public_id", name="pk_pick"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_pick_run"),
    )
    op.create_index("ix_pick_run_id_onset_ns", "pick", ["run_id", "onset_ns"])


def _events() -> None:
    op.create_table(
        "event",
        key("run_id"),
        key("public_id"),
        *(column(name, sa.BigInteger) for name in ("first_onset_ns", "last_onset_ns")),
        *(column(name, sa.Integer) for name in ("n_picks", "n_stations")),
        *(column(name, sa.String) for name in ("quality", "quality_reasons", "type_hint", "type_reasons")),
        sa.PrimaryKeyConstraint("run_id", "public_id", name="pk_event"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_event_run"),
    )
    op.create_index("ix_event_run_id_first_onset_ns", "event", ["run_id", "first_onset_ns"])
    op.create_table(
        "origin",
        *(key(name) for name in ("run_id", "event_id")),
        column("time_ns", sa.BigInteger),
        *(column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "depth_km")),
        sa.Column("depth_error_km", sa.Double),
        *(column(name, sa.Double) for name in ("time_error_s", "semi_major_km", "semi_minor_km")),
        *(column(name, sa.Double) for name in ("major_azimuth_deg", "rms_s", "gap_deg", "nearest_km")),
        *(column(name, sa.String) for name in ("earth_model", "region")),
        sa.PrimaryKeyConstraint("run_id", "event_id", name="pk_origin"),
        pair("origin", "event", ondelete="CASCADE"),
    )
    op.create_table(
        "arrival",
        *(key(name) for name in ("run_id", "event_id", "pick_id")),
        *(sa.Column(name, sa.Double) for name in ("distance_km", "azimuth_deg", "residual_s", "weight")),
        sa.PrimaryKeyConstraint("run_id", "event_id", "pick_id", name="pk_arrival"),
        pair("arrival", "event", ondelete="CASCADE"),
        pair("arrival", "pick"),
    )
    op.create_index("ix_arrival_run_id_pick_id", "arrival", ["run_id", "pick_id"])


def _magnitudes() -> None:
    op.create_table(
        "magnitude",
        *(key(name) for name in ("run_id", "event_id", "kind")),
        column("rank", sa.Integer),
        column("value", sa.Double),
        sa.Column("scatter", sa.Double),
        column("n_stations", sa.Integer),
        *(column(name, sa.String) for name in ("method", "reference", "remark")),
        sa.PrimaryKeyConstraint("run_id", "event_id", "kind", name="pk_magnitude"),
        pair("magnitude", "event", ondelete="CASCADE"),
    )
    op.create_table(
        "station_magnitude",
        *(key(name) for name in ("run_id", "event_id", "kind", "station_id")),
        column("channels", sa.String),
        sa.Column("value", sa.Double),
        column("correction", sa.Double),
        sa.Column("amplitude", sa.Double),
        column("amplitude_unit", sa.String),
        *(sa.Column(name, sa.Double) for name in ("period_s", "distance_km", "snr")),
        column("is_used", sa.Boolean),
        column("reason", sa.String),
        sa.PrimaryKeyConstraint("run_id", "event_id", "kind", "station_id", name="pk_station_magnitude"),
        pair("station_magnitude", "event", ondelete="CASCADE"),
    )


def _revisions() -> None:
    op.create_table(
        "revision",
        *(key(name) for name in ("run_id", "event_id")),
        key("number", sa.Integer),
        *(column(name, sa.BigInteger) for name in ("created_ns", "first_onset_ns")),
        *(column(name, sa.String) for name in ("reason", "others", "added", "taken", "state")),
        *(sa.Column(name, sa.Double) for name in ("moved_km", "moved_s")),
        sa.PrimaryKeyConstraint("run_id", "event_id", "number", name="pk_revision"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_revision_run"),
    )
    op.create_index("ix_revision_run_id_first_onset_ns", "revision", ["run_id", "first_onset_ns"])


def _place() -> list[sa.Column[Any]]:
    numbers = (column(name, sa.Double) for name in ("latitude_deg", "longitude_deg", "elevation_m"))
    return [*(column(name, sa.String) for name in ("name", "country", "agency", "contact")), *numbers]
