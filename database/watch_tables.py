"""Tables of station health and of what the archive holds; `database.tables` has them all."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, String, Table

from database.columns import UInt64, metrics, text, time
from database.metadata import metadata

station_status = Table(
    "station_status",
    metadata,
    text("station_id", key=True),
    text("state"),
    text("reason"),
    time("since_ns"),
    time("evaluated_ns"),
    text("usage"),
    *metrics(),
    # JSON: what the rules say of each metric. The station table reads it a thousand times, and not the readings of
    # every channel: for 1000 stations of 3 channels that took 0.3 s.
    text("marks"),
    Column("flapping", Boolean, nullable=False),
    Column("score", Integer, nullable=False),
    # JSON: what the score was taken down for
    text("deductions"),
    # JSON: the worst of what rules read beside the metrics, by metric; those without a source are left out
    text("beside"),
)

channel_status = Table(
    "channel_status",
    metadata,
    text("source_id", key=True),
    Column(
        "station_id",
        String,
        ForeignKey("station_status.station_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    text("state"),
    text("reason"),
    time("since_ns"),
    time("evaluated_ns"),
    Column("required", Boolean, nullable=False),
    *metrics(),
    # JSON, as text: PostgreSQL's own JSON type refuses infinity and cannot be compared.
    text("readings"),
)

status_change = Table(
    "status_change",
    metadata,
    text("station_id", key=True),
    time("since_ns", key=True),
    text("state"),
    text("reason"),
)

# How far each day file of the archive is in table `span`: n_bytes from its beginning, and what it looked like then.
archive_file = Table(
    "archive_file",
    metadata,
    text("source_id", key=True),
    time("day_ns", key=True),
    Column("n_bytes", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("inode", UInt64, nullable=False),
    time("mtime_ns"),
    Column("tail_crc", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# By day file, so that one file can be read anew without touching another; a query joins those that touch. A span may
# end after its day.
span = Table(
    "span",
    metadata,
    text("source_id", key=True),
    time("day_ns", key=True),
    time("start_ns", key=True),
    Column("sample_rate_hz", Double, primary_key=True, nullable=False),
    time("end_ns"),
    sqlite_with_rowid=False,
)

# What data centres were asked for in vain: a copy of the list beside the archive, which is kept without a database too.
absence = Table(
    "absence",
    metadata,
    text("server", key=True),
    text("source_id", key=True),
    time("start_ns", key=True),
    time("end_ns"),
    Column("tries", Integer, nullable=False),
    time("next_try_ns"),
    text("reason"),
)
