"""Tables of station health and of what the archive holds, as the first migration makes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key


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
    return [column(name, kind, needed=False) for name, kind in types.items()]


def health() -> None:
    op.create_table(
        "station_status",
        key("station_id"),
        *(column(name, sa.String) for name in ("state", "reason")),
        *(column(name, sa.BigInteger) for name in ("since_ns", "evaluated_ns")),
        column("usage", sa.String),
        *_metrics(),
        column("marks", sa.String),
        column("flapping", sa.Boolean),
        column("score", sa.Integer),
        column("deductions", sa.String),
        column("beside", sa.String),
        sa.PrimaryKeyConstraint("station_id", name="pk_station_status"),
    )
    op.create_table(
        "channel_status",
        key("source_id"),
        *(column(name, sa.String) for name in ("station_id", "state", "reason")),
        *(column(name, sa.BigInteger) for name in ("since_ns", "evaluated_ns")),
        column("required", sa.Boolean),
        *_metrics(),
        column("readings", sa.String),
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
        key("station_id"),
        key("since_ns", sa.BigInteger),
        *(column(name, sa.String) for name in ("state", "reason")),
        sa.PrimaryKeyConstraint("station_id", "since_ns", name="pk_status_change"),
    )


def holdings() -> None:
    op.create_table(
        "archive_file",
        key("source_id"),
        key("day_ns", sa.BigInteger),
        *(column(name, sa.BigInteger) for name in ("n_bytes", "size_bytes", "inode", "mtime_ns", "tail_crc")),
        sa.PrimaryKeyConstraint("source_id", "day_ns", name="pk_archive_file"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "span",
        key("source_id"),
        *(key(name, sa.BigInteger) for name in ("day_ns", "start_ns")),
        key("sample_rate_hz", sa.Double),
        column("end_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("source_id", "day_ns", "start_ns", "sample_rate_hz", name="pk_span"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "absence",
        *(key(name) for name in ("server", "source_id")),
        key("start_ns", sa.BigInteger),
        column("end_ns", sa.BigInteger),
        column("tries", sa.Integer),
        column("next_try_ns", sa.BigInteger),
        column("reason", sa.String),
        sa.PrimaryKeyConstraint("server", "source_id", "start_ns", name="pk_absence"),
    )
