"""What was measured on channels, as pages, commands and programs read it: metrics by name, under MUSTANG's names.

Every function takes a connection: `with store.read() as snapshot`. Availability by station, network and country is in
`houfeng.availability`, noise in `houfeng.noise`: they need more than tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, func, select

from database import day_checks, latencies, measures, noise_days, tables
from database.measures import DAY_NS, HOUR_NS, TABLES
from houfeng.errors import StoreError
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from stations.health.latencies import Latencies
from stations.health.measures import MINUTE_NS, Measures
from stations.health.rules import is_ground_motion

LENGTH_NS = {"minute": MINUTE_NS, "hour": HOUR_NS, "day": DAY_NS}


class Metric(NamedTuple):
    """What a metric is called, its unit ("" for a count or a yes), and whether only days have it."""

    name: str
    unit: str = ""
    is_daily: bool = False


class MetricRow(NamedTuple):
    """One channel in one minute, hour or day: its metrics by name, None where there was nothing to measure them on."""

    start_ns: int
    values: Mapping[str, float | None]


_MEASURED = (
    *(Metric("percent_availability", "%"), Metric("num_gaps"), Metric("max_gap_s", "s"), Metric("num_overlaps")),
    *(Metric("timing_quality", "%"), Metric("percent_locked", "%"), Metric("sample_mean", "counts")),
    *(Metric("sample_rms", "counts"), Metric("sample_min", "counts"), Metric("sample_max", "counts")),
    *(Metric("percent_clipped", "%"), Metric("num_spikes"), Metric("percent_flat", "%"), Metric("n_samples")),
    *(Metric("sample_rate_hz", "Hz"), Metric("n_records"), Metric("n_flagged"), Metric("value")),
)
# Of the time at which records came, not of the time of their samples; only what came live has them.
_LATENCIES = (
    *(Metric("total_latency_s", "s"), Metric("feed_latency_s", "s"), Metric("data_latency_s", "s")),
    *(Metric("max_total_latency_s", "s"), Metric("max_data_latency_s", "s"), Metric("n_arrived")),
)
_NOISE = (
    *(Metric("pct_above_nhnm", "%", True), Metric("pct_below_nlnm", "%", True)),
    *(Metric("dead_channel_lin", "dB", True), Metric("dead_channel_gsn", "dB", True)),
)
_CHECKS = (
    *(Metric("sample_unique", "", True), Metric("cross_talk", "", True), Metric("polarity_check", "", True)),
    *(Metric("orientation_check", "deg", True), Metric("orientation_correlation", "", True)),
    *(Metric("sample_rate_channel", "", True), Metric("sample_rate_resp", "", True)),
    *(Metric(name, "", True) for name in day_checks.FLAGS),
)
METRICS = {each.name: each for each in (*_MEASURED, *_LATENCIES, *_NOISE, *_CHECKS)}
DAILY = tuple(each.name for each in METRICS.values() if each.is_daily)


def channels(connection: Connection) -> list[SourceId]:
    """Channels that something was measured on, sorted."""
    return sorted({*measures.channels(connection, TABLES["day"]), *latencies.channels(connection)})


def rows(
    connection: Connection, source_id: SourceId, by: str, since_ns: int | None = None, until_ns: int | None = None
) -> list[MetricRow]:
    """All metrics of a channel, earliest first. Latencies are those of records that came in the time of the row.

    Parameters
    ----------
    by : "minute", "hour" or "day"; minutes and hours are kept as long as `[metrics]` says
    since_ns, until_ns : only what begins in between (until exclusive), ns UTC

    Raises
    ------
    StoreError : if `by` is none of the three
    """
    found = measures.read(connection, _table(by), source_id, since_ns, until_ns)
    gains = _Gains(connection, source_id)
    values = {row.start_ns: _values(row, by) | {"value": gains.scaled(row)} for row in found}
    late = {each.start_ns: _late(each) for each in latencies.read(connection, by, source_id, since_ns, until_ns)}
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in (*_MEASURED, *_LATENCIES))
    values = {at: nothing | values.get(at, {}) | late.get(at, {}) for at in sorted({*values, *late})}
    if by == "day":
        daily = _daily(connection, source_id, since_ns, until_ns)
        values = {day: its | dict.fromkeys(DAILY) | daily.get(day, {}) for day, its in values.items()}
    return [MetricRow(start_ns, its) for start_ns, its in values.items()]


def series(
    connection: Connection,
    source_id: SourceId,
    metric: str,
    by: str,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> list[tuple[int, float | None]]:
    """One metric of a channel over time: when each minute, hour or day begins (ns UTC), and its value.

    Raises
    ------
    StoreError : if there is no such metric, or as `rows`
    """
    if metric not in METRICS:
        raise StoreError(f"metric: one of {', '.join(METRICS)} is needed, {metric!r} came")
    return [(row.start_ns, row.values.get(metric)) for row in rows(connection, source_id, by, since_ns, until_ns)]


def latest(
    connection: Connection, by: str = "minute", source_ids: Iterable[SourceId] = ()
) -> dict[SourceId, MetricRow]:
    """The newest row of every channel, or of some: what noise and checks say of days is not in it.

    Looked up channel by channel, at the end of each one's rows: a search for the newest of all rows read two weeks of
    minutes.
    """
    table = _table(by)
    newest = select(table).where(table.c.source_id == bindparam("name")).order_by(table.c.start_ns.desc()).limit(1)
    found = {}
    for source_id in sorted(source_ids) or channels(connection):
        row = connection.execute(newest, {"name": str(source_id)}).one_or_none()
        if row is not None:
            measured = Measures(*row[1:])
            found[source_id] = MetricRow(measured.start_ns, _values(measured, by))
    return found


def worst_latencies(connection: Connection, since_ns: int) -> dict[str, list[tuple[int, float]]]:
    """How old the newest sample of a station's required channels became, hour by hour from a time on (ns UTC).

    Returns
    -------
    hours : when each begins, ns UTC, and seconds, earliest first, by station id
    """
    return latencies.worst_by_station(connection, since_ns)


def total_latencies(connection: Connection, source_ids: Iterable[SourceId], since_ns: int) -> list[tuple[int, float]]:
    """Minute by minute from a time on (ns UTC) the worst mean total latency of some channels, seconds."""
    worst: dict[int, float] = {}
    for source_id in source_ids:
        for row in latencies.read(connection, "minute", source_id, since_ns):
            total_s = row.feed_latency_s + row.data_latency_s
            worst[row.start_ns] = max(total_s, worst.get(row.start_ns, total_s))
    return sorted(worst.items())


def unit_of(connection: Connection, source_id: SourceId, t_ns: int) -> str:
    """Unit of the metric `value` at a time, as StationXML has it (`V`, `C`); "" where it states no gain."""
    return _Gains(connection, source_id).at(t_ns)[1]


def _table(by: str) -> Table:
    if by not in TABLES:
        raise StoreError(f"rows: by {', '.join(TABLES)} is needed, {by!r} came")
    return TABLES[by]


def _values(row: Measures, by: str) -> dict[str, float | None]:
    return {
        "percent_availability": 100 * row.covered_ns / LENGTH_NS[by],
        "max_gap_s": row.max_gap_ns / NS_PER_S,
        "percent_locked": 100 * row.n_locked / row.n_records if row.n_records else None,
        "percent_clipped": 100 * row.n_clipped / row.n_samples if row.n_samples else None,
        "percent_flat": 100 * row.n_flat / row.n_minutes if row.n_minutes else None,
        **{name: getattr(row, name) for name in _PLAIN},
    }


def _late(row: Latencies) -> dict[str, float | None]:
    total_s = row.feed_latency_s + row.data_latency_s
    return {"total_latency_s": total_s, **{name: value for name, value in row._asdict().items() if name in METRICS}}


_PLAIN = (
    *("num_gaps", "num_overlaps", "timing_quality", "sample_mean", "sample_rms", "sample_min", "sample_max"),
    *("num_spikes", "n_samples", "sample_rate_hz", "n_records", "n_flagged"),
)


def _daily(
    connection: Connection, source_id: SourceId, since_ns: int | None, until_ns: int | None
) -> dict[int, dict[str, Any]]:
    """What the noise of days and their checks say, by midnight."""
    found: dict[int, dict[str, Any]] = {}
    for day in noise_days.read(connection, source_id, since_ns, until_ns):
        found.setdefault(day.day_ns, {}).update(day.metrics)
    for check in day_checks.read(connection, source_id, since_ns, until_ns):
        found.setdefault(check.day_ns, {}).update({name: getattr(check, name) for name in day_checks.METRICS})
        found[check.day_ns].update({name: check.flags.get(name, 0) for name in day_checks.FLAGS})
    return found


class _Gains:
    """What turns counts of a channel of state of health into its unit, epoch by epoch; nothing for ground motion."""

    def __init__(self, connection: Connection, source_id: SourceId) -> None:
        epoch = tables.channel_epoch.c
        columns = epoch.start_ns, epoch.end_ns, epoch.gain, epoch.gain_unit
        query = select(*columns).where(epoch.source_id == str(source_id), func.coalesce(epoch.gain, 0) != 0)
        self._epochs = [] if is_ground_motion(source_id.channel) else connection.execute(query).all()

    def at(self, t_ns: int) -> tuple[float | None, str]:
        """Counts per unit, and the unit."""
        for start_ns, end_ns, gain, unit in self._epochs:
            if start_ns <= t_ns and (end_ns is None or t_ns < end_ns):
                return gain, unit
        return None, ""

    def scaled(self, row: Measures) -> float | None:
        """The mean in the channel's unit."""
        gain, _ = self.at(row.start_ns)
        return None if gain is None or row.sample_mean is None else row.sample_mean / gain
