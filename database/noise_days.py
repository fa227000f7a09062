"""Noise by day: what is there, of which records it was made, and what has to be made anew."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from database import tables
from database.upsert import delete_where, upsert
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from stations.health.noise import STEP_NS

_DAY_NS = 86_400 * NS_PER_S
METRICS = ("pct_above_nhnm", "pct_below_nlnm", "dead_channel_lin", "dead_channel_gsn")


class NoiseDay(NamedTuple):
    """One row: levels as `stations.health.noise_days.pack` makes them; metrics by name, where there was a response."""

    day_ns: int
    sample_rate_hz: float
    n_windows: int
    slots: int
    levels: bytes
    response_crc: int | None = None
    metrics: Mapping[str, float | None] = {}


def prints(connection: Connection, source_id: SourceId, until_ns: int) -> dict[int, str]:
    """What the archive has of each day before a time that its noise depends on: the print changes when that does.

    The day's file counts, and where the records that reach into the day or into its last window begin and end: those of
    the day before that cross midnight, and the first half hour of the day after.
    """
    file, span, name = tables.archive_file.c, tables.span.c, str(source_id)
    of_file = select(file.day_ns, file.n_bytes, file.tail_crc).where(file.source_id == name, file.day_ns < until_ns)
    found = {row.day_ns: [(row.n_bytes, row.tail_crc)] for row in connection.execute(of_file)}
    near = or_(span.end_ns > span.day_ns + _DAY_NS, span.start_ns < span.day_ns + STEP_NS)
    query = select(span.day_ns, span.start_ns, span.end_ns).where(span.source_id == name, near)
    for day_ns, start_ns, end_ns in connection.execute(query.order_by(span.day_ns, span.start_ns)):
        if end_ns > day_ns + _DAY_NS and day_ns + _DAY_NS in found:
            found[day_ns + _DAY_NS].append((start_ns, end_ns))
        if start_ns < day_ns + STEP_NS and day_ns - _DAY_NS in found:
            found[day_ns - _DAY_NS].append((start_ns, min(end_ns, day_ns + STEP_NS)))
    return {day_ns: f"{zlib.crc32(repr(parts).encode()):08x}" for day_ns, parts in found.items()}


def made_from(connection: Connection, source_id: SourceId) -> dict[int, str]:
    """The print that each day's noise was made from."""
    noise = tables.noise_day.c
    query = select(noise.day_ns, noise.made_from).where(noise.source_id == str(source_id))
    return {day_ns: seen for day_ns, seen in connection.execute(query)}


def save(connection: Connection, source_id: SourceId, day_ns: int, seen: str, rows: Sequence[NoiseDay]) -> None:
    """Save the noise of a day, all of it: one row for each sampling rate."""
    key = {"source_id": str(source_id), "day_ns": day_ns}
    rows = rows or [NoiseDay(day_ns, 0.0, 0, 0, b"")]
    noise = tables.noise_day.c
    query = select(noise.sample_rate_hz).where(noise.source_id == str(source_id), noise.day_ns == day_ns)
    gone = set(connection.scalars(query)) - {row.sample_rate_hz for row in rows}
    delete_where(connection, tables.noise_day, [key | {"sample_rate_hz": rate_hz} for rate_hz in gone])
    upsert(connection, tables.noise_day, [key | {"made_from": seen} | _values(row) for row in rows])


def save_metrics(connection: Connection, source_id: SourceId, rows: Collection[NoiseDay]) -> None:
    """Save what another response makes of days that stay as they are."""
    noise = tables.noise_day
    names = ("response_crc", *METRICS)
    same = (noise.c[name] == bindparam(f"its_{name}") for name in ("source_id", "day_ns", "sample_rate_hz"))
    change = update(noise).where(*same).values({name: bindparam(f"new_{name}") for name in names})
    values = []
    for row in rows:
        key = {"its_source_id": str(source_id), "its_day_ns": row.day_ns, "its_sample_rate_hz": row.sample_rate_hz}
        values.append(key | {f"new_{name}": value for name, value in _values(row).items() if name in names})
    if values:
        connection.execute(change, values)


def read(
    connection: Connection, source_id: SourceId, start_ns: int | None = None, end_ns: int | None = None
) -> list[NoiseDay]:
    """Days with a window, earliest first; of those, the ones that may have a window between two times, ns UTC."""
    noise = tables.noise_day.c
    query = select(tables.noise_day).where(noise.source_id == str(source_id), noise.n_windows > 0)
    if start_ns is not None:
        query = query.where(noise.day_ns > start_ns - _DAY_NS)
    if end_ns is not None:
        query = query.where(noise.day_ns < end_ns)
    return [
        NoiseDay(
            row.day_ns,
            row.sample_rate_hz,
            row.n_windows,
            row.slots,
            row.levels,
            row.response_crc,
            {name: getattr(row, name) for name in METRICS},
        )
        for row in connection.execute(query.order_by(noise.day_ns, noise.sample_rate_hz))
    ]


def responses(connection: Connection, source_id: SourceId) -> list[tuple[int, float, int | None]]:
    """Day, sampling rate and response of every row with a window."""
    noise = tables.noise_day.c
    query = select(noise.day_ns, noise.sample_rate_hz, noise.response_crc)
    found = connection.execute(query.where(noise.source_id == str(source_id), noise.n_windows > 0))
    return [(row.day_ns, row.sample_rate_hz, row.response_crc) for row in found]


def channels(connection: Connection, *, with_windows: bool = True) -> list[SourceId]:
    """Channels that have a day of noise, or, without windows, that a day was looked at of; sorted."""
    noise = tables.noise_day.c
    least = 1 if with_windows else 0
    names = connection.scalars(select(noise.source_id).where(noise.n_windows >= least).distinct())
    return sorted(map(SourceId.parse, names))


def forget(connection: Connection, source_id: SourceId, days_ns: Collection[int]) -> None:
    """Remove days of a channel of which nothing is archived any more, all their rates."""
    noise = tables.noise_day
    key = noise.c.source_id == str(source_id)
    connection.execute(delete(noise).where(key, noise.c.day_ns == bindparam("day")), [{"day": day} for day in days_ns])


def _values(row: NoiseDay) -> dict[str, Any]:
    return {
        "sample_rate_hz": row.sample_rate_hz,
        "n_windows": row.n_windows,
        "slots": row.slots,
        "levels": row.levels,
        "response_crc": row.response_crc,
        **{name: row.metrics.get(name) for name in METRICS},
    }
