"""Tables of runs, and of what replays read."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table

from database.columns import place, run_key, text, time
from database.metadata import metadata

run = Table(
    "run",
    metadata,
    text("run_id", key=True),
    text("kind"),
    time("started_ns"),
    time("finished_ns", needed=False),
    text("config_hash"),
    text("code_version"),
    text("source"),
    time("start_ns", needed=False),
    time("end_ns", needed=False),
    Column("n_records", BigInteger, nullable=False),
    Column("n_samples", BigInteger, nullable=False),
    text("engine"),
    Column("is_synthetic", Boolean, nullable=False),
    # JSON: what decided the result, and when a replay was told to begin and end
    *(text(name) for name in ("config", "input_hash", "result_hash")),
    CheckConstraint("kind IN ('live', 'replay')", name="kind"),
)

# Where a replay took its stations to stand: the station table is the live network's alone.
run_site = Table("run_site", metadata, run_key(), text("station_id", key=True), *place())

# Files that a replay has read, and documents that say where its stations stand.
run_input = Table(
    "run_input",
    metadata,
    run_key(),
    text("name", key=True),
    text("kind"),
    text("source_id"),
    text("sha256"),
    Column("n_bytes", BigInteger, nullable=False),
)

# What a replay was given of each channel, and what came of it beside picks.
run_channel = Table(
    "run_channel",
    metadata,
    run_key(),
    text("source_id", key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("n_records", "n_samples")),
    time("start_ns"),
    time("end_ns"),
    Column("n_gaps", BigInteger, nullable=False),
    time("gap_ns"),
    # JSON: triggers that were no onsets, by reason
    text("vetoed"),
)

# Where a replay that goes on would take it up again; nothing of one that is done.
replay_state = Table("replay_state", metadata, run_key(), text("state"))
