"""Tables of what was measured on the archive, as the first migration makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from database.migrations.columns import column, key


def _measures(name: str) -> None:
    op.create_table(
        name,
        key("source_id"),
        key("start_ns", sa.BigInteger),
        column("sample_rate_hz", sa.Double),
        *(column(each, sa.BigInteger) for each in ("n_samples", "covered_ns")),
        column("num_gaps", sa.Integer),
        column("max_gap_ns", sa.BigInteger),
        *(column(each, sa.Integer) for each in ("num_overlaps", "n_records", "n_timed", "n_locked", "n_flagged")),
        *(column(each, sa.Double, needed=False) for each in ("timing_quality", "sample_mean", "sample_rms")),
        *(column(each, sa.Double, needed=False) for each in ("sample_min", "sample_max")),
        *(column(each, sa.BigInteger) for each in ("n_clipped", "num_spikes")),
        *(column(each, sa.Integer) for each in ("n_minutes", "n_flat", "n_calibrated")),
        column("rms_median", sa.Double, needed=False),
        sa.PrimaryKeyConstraint("source_id", "start_ns", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )


def metrics() -> None:
    """Make the tables of measures and of noise by day."""
    for name in ("health_minute", "health_hour", "health_day"):
        _measures(name)
    op.create_table(
        "measured_file",
        key("source_id"),
        key("day_ns", sa.BigInteger),
        *(column(name, sa.BigInteger) for name in ("n_bytes", "tail_crc")),
        sa.PrimaryKeyConstraint("source_id", "day_ns", name="pk_measured_file"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "noise_day",
        key("source_id"),
        key("day_ns", sa.BigInteger),
        key("sample_rate_hz", sa.Double),
        column("made_from", sa.String),
        column("n_windows", sa.Integer),
        column("slots", sa.BigInteger),
        column("levels", sa.LargeBinary),
        column("response_crc", sa.BigInteger, needed=False),
        *(column(name, sa.Double, needed=False) for name in ("pct_above_nhnm", "pct_below_nlnm")),
        *(column(name, sa.Double, needed=False) for name in ("dead_channel_lin", "dead_channel_gsn")),
        sa.PrimaryKeyConstraint("source_id", "day_ns", "sample_rate_hz", name="pk_noise_day"),
    )
    _checks()
    for name in ("latency_minute", "latency_hour", "latency_day"):
        _latencies(name)


def _checks() -> None:
    op.create_table(
        "day_check",
        key("source_id"),
        key("day_ns", sa.BigInteger),
        column("made_from", sa.String),
        column("n_records", sa.Integer),
        column("sample_unique", sa.BigInteger, needed=False),
        column("cross_talk", sa.Double, needed=False),
        column("cross_talk_with", sa.String),
        column("polarity_check", sa.Double, needed=False),
        column("polarity_with", sa.String),
        *(column(name, sa.Double, needed=False) for name in ("orientation_check", "orientation_correlation")),
        *(column(name, sa.Integer, needed=False) for name in ("sample_rate_channel", "sample_rate_resp")),
        column("flags", sa.String),
        sa.PrimaryKeyConstraint("source_id", "day_ns", name="pk_day_check"),
        sqlite_with_rowid=False,
    )


def _latencies(name: str) -> None:
    op.create_table(
        name,
        key("source_id"),
        key("start_ns", sa.BigInteger),
        *(column(each, sa.Integer) for each in ("n_minutes", "n_arrived")),
        *(column(each, sa.Double) for each in ("feed_latency_s", "data_latency_s")),
        *(column(each, sa.Double) for each in ("max_data_latency_s", "max_total_latency_s")),
        sa.PrimaryKeyConstraint("source_id", "start_ns", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
