"""What the status rule reads of the measures of a channel: its last hour, the hours like it, and its days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from statistics import median
from typing import Any

from sqlalchemy import BigInteger, Connection, String, bindparam, func, select

from database import tables
from database.measures import DAY_NS, HOUR_NS
from houfeng.types import SourceId
from stations.health.measured import DayEvidence, HourEvidence
from stations.health.measures import MINUTE_NS

_NOISE = ("pct_above_nhnm", "pct_below_nlnm", "dead_channel_lin", "dead_channel_gsn")
_CHECKS = ("sample_unique", "cross_talk", "polarity_check")
_N_USUAL = 7
_name = bindparam("name", type_=String)
_since, _until = (bindparam(each, type_=BigInteger) for each in ("since", "until"))


def _queries() -> tuple[Any, ...]:
    minute, hour, day = tables.health_minute.c, tables.health_hour.c, tables.health_day.c
    noise, check, file = tables.noise_day.c, tables.day_check.c, tables.archive_file.c
    its = minute.start_ns, minute.num_spikes, minute.sample_rms, minute.n_records, minute.n_locked
    at = bindparam("at", expanding=True, type_=BigInteger)
    newest = select(func.max(minute.start_ns)).where(minute.source_id == _name, minute.start_ns < _until)
    minutes = select(*its, minute.n_calibrated).where(minute.source_id == _name, minute.start_ns >= _since)
    minutes = minutes.where(minute.start_ns < _until).order_by(minute.start_ns)
    usual = select(hour.rms_median).where(hour.source_id == _name, hour.start_ns.in_(at))
    columns = day.start_ns, day.sample_rms, day.n_locked
    days = select(*columns).where(day.source_id == _name, day.start_ns >= _since).order_by(day.start_ns)
    noisy = select(noise.day_ns, *(noise[each] for each in _NOISE)).where(noise.source_id == _name)
    noisy = noisy.where(noise.day_ns >= _since).order_by(noise.day_ns, noise.n_windows)
    checks = select(check.day_ns, *(check[each] for each in _CHECKS), check.flags).where(check.source_id == _name)
    checks = checks.where(check.day_ns >= _since).order_by(check.day_ns)
    owed = select(func.min(file.day_ns)).where(file.source_id == _name, file.day_ns >= _since)
    return newest, minutes, usual, days, noisy, checks, owed


# Made once: for each channel anew, making the statements took longer than reading the rows.
_NEWEST, _MINUTES, _USUAL, _DAYS, _NOISY, _CHECKED, _OWED = _queries()


def hour(connection: Connection, source_id: SourceId, until_ns: int) -> HourEvidence:
    """What the last sixty minutes of a channel say, up to the newest that was measured.

    Parameters
    ----------
    until_ns : what is later is left out, ns UTC: one record of 2040 would be the newest for years
    """
    name = str(source_id)
    newest = connection.scalar(_NEWEST, {"name": name, "until": until_ns})
    if newest is None:
        return HourEvidence(0)
    asked = {"name": name, "since": newest - HOUR_NS + MINUTE_NS, "until": until_ns}
    rows = connection.execute(_MINUTES, asked).all()
    until_ns = newest + MINUTE_NS
    sound = [row for row in rows if not row.n_calibrated]
    levels = [row.sample_rms for row in sound if row.sample_rms is not None]
    middle_ns = (until_ns - HOUR_NS // 2) // HOUR_NS * HOUR_NS
    at = [middle_ns - number * DAY_NS for number in range(1, _N_USUAL + 1)]
    usual = [each for each in connection.scalars(_USUAL, {"name": name, "at": at}) if each is not None]
    since_ns = newest // DAY_NS * DAY_NS - _N_USUAL * DAY_NS
    ever_locked = any(row.n_locked for row in connection.execute(_DAYS, {"name": name, "since": since_ns}))
    n_records = sum(row.n_records for row in rows)
    return HourEvidence(
        until_ns,
        sum(row.num_spikes for row in sound) if sound else None,
        median(levels) if levels else None,
        median(usual) if usual else None,
        len(usual),
        100 * sum(row.n_locked for row in rows) / n_records if ever_locked and n_records else None,
    )


def days(connection: Connection, source_id: SourceId, since_ns: int) -> DayEvidence:
    """What the days of a channel from a midnight on say, ns UTC, and which of its days are still to be checked.

    A day counts as checked when its noise and its checks were both looked at.
    """
    asked: Mapping[str, Any] = {"name": str(source_id), "since": since_ns}
    found: dict[int, dict[str, float | None]] = {}
    for row in connection.execute(_NOISY, asked):
        found.setdefault(row.day_ns, {}).update({name: getattr(row, name) for name in _NOISE})
    noisy, checked, calibrated = set(found), set(), set()
    for row in connection.execute(_CHECKED, asked):
        checked.add(row.day_ns)
        found.setdefault(row.day_ns, {}).update({name: getattr(row, name) for name in _CHECKS})
        if json.loads(row.flags).get("calibration_signal"):
            calibrated.add(row.day_ns)
    whole = noisy & checked
    for row in connection.execute(_DAYS, asked):
        if row.start_ns in whole:
            found[row.start_ns]["sample_rms"] = row.sample_rms
    values = {
        name: (float(value), day_ns + DAY_NS)
        for day_ns in sorted(found)
        if day_ns not in calibrated
        for name, value in found[day_ns].items()
        if value is not None
    }
    checked_ns = max(whole) + DAY_NS if whole else None
    owed = connection.scalar(_OWED, {"name": str(source_id), "since": checked_ns or since_ns})
    return DayEvidence(values, checked_ns, None if owed is None else owed + DAY_NS)
