"""What the page of a station draws beside its status: latency, availability, state of health, the score, an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import copysign
from typing import Any

from sqlalchemy import Connection

from database import alert_queries, metric_pages, metric_queries
from database.records import StationDetail
from houfeng.availability import joined
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from stations.health import Reading, State
from stations.health.beside import MASS, soh_rule
from stations.health.rules import is_ground_motion
from stations.health.score import Deduction
from stations.settings import HealthSettings
from webui import charts, timeline
from webui.evidence import Finding

_HOUR_NS = 3600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
N_DAYS = 90
# As StationXML has them, and as people read them.
_UNITS = {"c": "°C", "degc": "°C", "celsius": "°C", "percent": "%"}
# As many small pictures as there is room for.
_N_SOH = 12


@dataclass(frozen=True, slots=True)
class Soh:
    """One channel of state of health over a day: its picture, newest mean of an hour, and what its rule says."""

    source_id: SourceId
    rule: str
    unit: str
    value: float
    drawn: charts.Chart
    state: State | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """A day, or an hour, that begins at `start_ns` (ns UTC): the share of it that is archived, %.

    None where nothing was asked for; `state` is "" then.
    """

    start_ns: int
    percent: float | None
    state: str


def views(snapshot: Connection, detail: StationDetail, now_ns: int) -> dict[str, Any]:
    """What is drawn of a station until now."""
    required = [SourceId.parse(each.source_id) for each in detail.channels if each.required]
    midnight_ns = now_ns // _DAY_NS * _DAY_NS
    hour_ns = (now_ns // _HOUR_NS + 1) * _HOUR_NS
    covered = [_covered(snapshot, each, midnight_ns - (N_DAYS - 1) * _DAY_NS, now_ns) for each in required]
    return {
        "alert": next(iter(alert_queries.of_station(snapshot, detail.station.station_id)), None),
        "latency": _latency(snapshot, detail, required, now_ns),
        "hours": _parts(covered, hour_ns - _DAY_NS, 24, _HOUR_NS),
        "days": _parts(covered, midnight_ns - (N_DAYS - 1) * _DAY_NS, N_DAYS, _DAY_NS),
        "soh": _state_of_health(snapshot, detail, now_ns),
    }


def _latency(
    snapshot: Connection, detail: StationDetail, required: Sequence[SourceId], now_ns: int
) -> dict[str, Any] | None:
    """Total latency of the last 24 h, minute by minute: the worst of the required channels."""
    since_ns = now_ns - _DAY_NS
    minutes = metric_queries.total_latencies(snapshot, required, since_ns)
    if not minutes:
        return None
    limit = next((each.limit for one in detail.channels for each in one.readings if each.rule == "total_latency"), None)
    values = sorted(value for _, value in minutes)
    return {
        "drawn": charts.chart(minutes, 60 * NS_PER_S, since_ns, now_ns, log=True, limit=limit),
        "ticks": charts.ticks(since_ns, now_ns),
        "limit": limit,
        "median_s": values[len(values) // 2],
        "high_s": values[min(len(values) - 1, len(values) * 95 // 100)],
    }


Covered = tuple[list[tuple[int, int]], int | None, int]


def _covered(snapshot: Connection, source_id: SourceId, since_ns: int, now_ns: int) -> Covered:
    """Times of a channel that are archived, its first sample of all, and until when it is asked for."""
    spans = joined(metric_pages.spans(snapshot, source_id, since_ns, now_ns))
    first_ns = metric_pages.first_sample_ns(snapshot, source_id)
    until_ns = now_ns
    # what is archived gets into the database every few minutes: those are no gap
    if spans and now_ns - spans[-1][1] < timeline.LATE_NS:
        until_ns = min(now_ns, spans[-1][1])
    return spans, first_ns, until_ns


def _parts(covered: Sequence[Covered], since_ns: int, n_parts: int, length_ns: int) -> list[Part]:
    """Days or hours: each channel counts alike, from its first sample on."""
    there, asked = [0.0] * n_parts, [0.0] * n_parts
    for spans, first_ns, until_ns in covered:
        if first_ns is None:
            continue
        has, wants = timeline.parts(spans, first_ns, until_ns, since_ns, n_parts, length_ns)
        there = [a + b for a, b in zip(there, has, strict=True)]
        asked = [a + b for a, b in zip(asked, wants, strict=True)]
    shares = [100 * a / b if b >= 1 else None for a, b in zip(there, asked, strict=True)]
    return [Part(since_ns + n * length_ns, share, state(share)) for n, share in enumerate(shares)]


def state(percent: float | None) -> str:
    """What a share would be said to be by default: the daemon's limits are its own. "" where nothing was asked for."""
    if percent is None:
        return ""
    limits = HealthSettings()
    if percent < limits.availability_bad_percent:
        return "BAD"
    return "WARN" if percent < limits.availability_warn_percent else "OK"


def weeks(days: Sequence[Part]) -> list[list[Part | None]]:
    """Days as a calendar: a column for each week, Monday first; None before the first and after the last day."""
    lead = datetime.fromtimestamp(days[0].start_ns // NS_PER_S, UTC).weekday()
    cells: list[Part | None] = [*[None] * lead, *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def _state_of_health(snapshot: Connection, detail: StationDetail, now_ns: int) -> list[Soh]:
    """Channels of voltages, masses, clocks and temperatures, hour by hour in their unit."""
    since_ns = (now_ns // _HOUR_NS - 23) * _HOUR_NS
    said = {reading.rule: reading for channel in detail.channels for reading in channel.readings}
    found: list[Soh] = []
    for source_id in metric_pages.measured_channels(snapshot, detail.station.station_id):
        if is_ground_motion(source_id.channel) or len(found) == _N_SOH:
            continue
        points = metric_queries.series(snapshot, source_id, "value", "hour", since_ns)
        unit = metric_queries.unit_of(snapshot, source_id, now_ns)
        last = next((value for _, value in reversed(points) if value is not None), None)
        if last is None:
            continue
        rule = soh_rule(source_id.channel)
        limit, judged = _limit(said.get(rule), unit, last)
        drawn = charts.chart(points, _HOUR_NS, since_ns, since_ns + _DAY_NS, limit=limit)
        found.append(Soh(source_id, rule, _UNITS.get(unit.lower(), unit), last, drawn, judged, limit))
    return found


def _limit(judged: Reading | None, unit: str, value: float) -> tuple[float | None, State | None]:
    """The limit in a channel's unit and what is said of it; of three masses the rule tells the worst alone."""
    if judged is None or judged.unit != unit:
        return None, None if judged is None else judged.state
    if judged.rule != MASS:
        return judged.limit, judged.state
    is_over = abs(value) > judged.limit
    return copysign(judged.limit, value), judged.state if is_over or judged.state is State.UNKNOWN else State.OK


def deducted(taken: Sequence[Deduction], findings: Sequence[Finding]) -> list[tuple[Deduction, Finding | None]]:
    """Each deduction of the score with the finding that it is for: the worst of its rule."""
    return [(each, next((line for line in findings if line.rule == each.rule), None)) for each in taken]
