"""What a day of samples says of channels: rows of `stations.health.day_checks`, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from database import tables
from database.upsert import delete_where, upsert
from houfeng.types import SourceId


@dataclass(frozen=True, slots=True)
class DayCheck:
    """One channel's day.

    Parameters
    ----------
    day_ns : midnight, ns UTC
    made_from : another one means that the row is to be made again
    n_records : that begin in the day
    sample_unique : distinct values among its samples
    cross_talk : of the components of its sensor the most like it, -1 to 1; None where there is no other
    cross_talk_with : that component
    polarity_check : correlation with the nearest station, -1 to 1; None on a day without a wave that both saw
    polarity_with : that station's channel
    orientation_check : azimuth that Rayleigh waves show less the one in the metadata, degrees; None without an event
    orientation_correlation : of the wave that says so
    sample_rate_channel, sample_rate_resp : 1 where the metadata, or its response, is of another rate than the records
    flags : records of the day that have each flag of their header set; those that none has are left out
    """

    day_ns: int
    made_from: str
    n_records: int = 0
    sample_unique: int | None = None
    cross_talk: float | None = None
    cross_talk_with: str = ""
    polarity_check: float | None = None
    polarity_with: str = ""
    orientation_check: float | None = None
    orientation_correlation: float | None = None
    sample_rate_channel: int | None = None
    sample_rate_resp: int | None = None
    flags: Mapping[str, int] = field(default_factory=dict)


# Flags of records, as `acquisition.mseed_flags` names them.
FLAGS = (
    *("amplifier_saturation", "digitizer_clipping", "spikes", "glitches", "missing_padded_data"),
    *("telemetry_sync_error", "digital_filter_charging", "suspect_time_tag", "calibration_signal"),
    *("timing_correction", "event_begin", "event_end", "event_in_progress", "clock_locked"),
)
METRICS = (
    *("sample_unique", "cross_talk", "polarity_check", "orientation_check", "orientation_correlation"),
    *("sample_rate_channel", "sample_rate_resp"),
)
_COLUMNS = ("day_ns", "made_from", "n_records", *METRICS, "cross_talk_with", "polarity_with")


def channels(connection: Connection) -> list[SourceId]:
    """Channels that have a row, sorted."""
    return sorted(map(SourceId.parse, connection.scalars(select(tables.day_check.c.source_id).distinct())))


def made_from(connection: Connection, source_id: SourceId) -> dict[int, str]:
    """What each day's row was made from."""
    check = tables.day_check.c
    query = select(check.day_ns, check.made_from).where(check.source_id == str(source_id))
    return {day_ns: seen for day_ns, seen in connection.execute(query)}


def save(connection: Connection, rows: Sequence[tuple[SourceId, DayCheck]]) -> None:
    """Save days of channels."""
    upsert(connection, tables.day_check, [{"source_id": str(source_id)} | _values(row) for source_id, row in rows])


def forget(connection: Connection, days_ns: Mapping[SourceId, Sequence[int]]) -> None:
    """Remove days of channels of which nothing is archived any more."""
    gone = [{"source_id": str(source_id), "day_ns": day} for source_id, days in days_ns.items() for day in days]
    delete_where(connection, tables.day_check, gone)


def read(
    connection: Connection, source_id: SourceId, since_ns: int | None = None, until_ns: int | None = None
) -> list[DayCheck]:
    """Days of a channel that begin between two times (until exclusive, ns UTC), earliest first."""
    check = tables.day_check.c
    query = select(*(check[name] for name in _COLUMNS), check.flags).where(check.source_id == str(source_id))
    if since_ns is not None:
        query = query.where(check.day_ns >= since_ns)
    if until_ns is not None:
        query = query.where(check.day_ns < until_ns)
    rows = connection.execute(query.order_by(check.day_ns)).mappings()
    return [DayCheck(**{**row, "flags": json.loads(row["flags"])}) for row in rows]


def _values(row: DayCheck) -> dict[str, Any]:
    flags = json.dumps(dict(sorted(row.flags.items())))
    return {name: getattr(row, name) for name in _COLUMNS} | {"flags": flags}
