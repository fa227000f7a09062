"""Metrics of channels: what the stream says now, and what was measured on the archive, as a page and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypedDict, cast

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Connection

from database import metric_pages, metric_queries, queries
from database.metric_queries import LENGTH_NS, METRICS, MetricRow
from houfeng.errors import SourceIdError
from houfeng.shape_types import Time, flat
from houfeng.times import NS_PER_S, format_ns, now_ns, parse_ns
from houfeng.types import SourceId
from stations.health import ChannelStatus
from webui import api, charts, check_words, evidence, metric_words, pages, reading
from webui.caching import revalidated
from webui.language import gettext
from webui.paging import Paged
from webui.reading import ParameterError
from webui.schemas import answers, columns

blueprint = Blueprint("metrics", __name__)

_HOUR_NS = 3600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
# How much a picture shows, and of which rows: more than two thousand points are no more than fewer.
RANGES = {
    "1h": (_HOUR_NS, "minute"),
    "6h": (6 * _HOUR_NS, "minute"),
    "24h": (_DAY_NS, "minute"),
    "7d": (7 * _DAY_NS, "hour"),
    "30d": (30 * _DAY_NS, "hour"),
    "1y": (365 * _DAY_NS, "day"),
    "5y": (1826 * _DAY_NS, "day"),
}
_ROWS_SHOWN = 30
_CHECKED_NS = 14 * _DAY_NS
_N_ROWS = 1000


@flat({name: float | None for name in METRICS} | {"unit": str})
class MetricShape(TypedDict):
    """Metrics of a channel in a minute, an hour or a day; `unit` is that of `value`."""

    channel: str
    start: Time


class MetricList(Paged):
    """Rows of minutes, hours or days."""

    metrics: list[MetricShape]
    by: str


@blueprint.get("/channels/<channel_id>")
@revalidated
def channel(channel_id: str) -> Response:
    """Metrics of one channel: now, with their limits, and over a time to be chosen."""
    span = reading.one_of("range", RANGES, "24h")
    length_ns, by = RANGES[span]
    source_id = reading.source_id(channel_id)
    now = now_ns()
    until_ns = reading.time("until") or _end(now, LENGTH_NS[by])
    since_ns = until_ns - length_ns
    known = source_id and reading.read(lambda snapshot: _known(snapshot, source_id, by, since_ns, until_ns, now))
    if not known:
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    ready = known.pop("ready")
    limits = _limits(known["status"])
    return pages.rendered(
        "channel.html",
        **known,
        live=metric_words.LIVE,
        limits=limits,
        sign=evidence.sign,
        series=_series(ready, by, since_ns, until_ns, limits),
        ready=ready[: -_ROWS_SHOWN - 1 : -1],
        by=by,
        ranges=RANGES,
        span=span,
        since_ns=since_ns,
        until_ns=until_ns,
        length_ns=length_ns,
        ticks=charts.ticks(since_ns, until_ns),
        is_midnight=charts.is_midnight,
        width=charts.WIDTH,
        height=charts.HEIGHT,
    )


def _known(
    snapshot: Connection, source_id: SourceId, by: str, since_ns: int, until_ns: int, now: int
) -> dict[str, Any]:
    """What there is of a channel; empty where nobody ever heard of it. Rows that go on are left out."""
    detail = queries.station(snapshot, source_id.station_id, seen_at_ns=now)
    statuses = {SourceId.parse(each.source_id): each for each in detail.channels} if detail else {}
    siblings = sorted({*metric_pages.measured_channels(snapshot, source_id.station_id), *statuses})
    if source_id not in siblings:
        return {}
    known_until_ns = metric_pages.measured_until_ns(snapshot, source_id, now)
    rows = metric_queries.rows(snapshot, source_id, by, since_ns, until_ns)
    return {
        "source_id": source_id,
        "siblings": siblings,
        "status": statuses.get(source_id),
        "evaluated_ns": detail.station.evaluated_ns if detail else None,
        "known_until_ns": known_until_ns,
        "unit": metric_queries.unit_of(snapshot, source_id, min(until_ns, now)),
        "checked": _checked(snapshot, source_id, now),
        "ready": [row for row in rows if row.start_ns + LENGTH_NS[by] <= (known_until_ns or now)],
    }


@blueprint.get("/api/v1/metrics")
@revalidated
@answers(MetricList)
def api_metrics() -> MetricList | Response:
    """Rows of minutes, hours or days, a page at a time: `next`, and the header Link, lead to the next one."""
    reading.only("channel", "by", "since", "until", "limit", "after", "format")
    by = reading.one_of("by", LENGTH_NS, "hour")
    is_sheet, now = api.layout() == "csv", now_ns()
    since_ns, until_ns = reading.time("since"), reading.time("until")
    limit, after = reading.limit(_N_ROWS) or _N_ROWS, _after()
    since_ns = now - _DAY_NS if since_ns is None else since_ns

    def query(snapshot: Connection) -> tuple[list[MetricShape], tuple[SourceId, int] | None]:
        wanted = _wanted(snapshot, request.args.get("channel") or "*")
        page = metric_pages.metric_page(snapshot, by, wanted, since_ns, until_ns or 2**63 - 1, limit=limit, after=after)
        return [_shaped(snapshot, *row) for row in page.rows], page.following

    rows, following = reading.read(query)
    link = None
    if following is not None:
        # the time that a page begins at must not run away from those after it
        kept: dict[str, Any] = request.args.to_dict() | {"since": format_ns(since_ns)}
        link = url_for("metrics.api_metrics", **kept | {"after": f"{following[0]}@{format_ns(following[1])}"})
    if is_sheet:
        return api.sheet("metrics", columns(MetricShape), rows, link)
    return {"metrics": rows, "by": by, "next": link}


def _wanted(snapshot: Connection, pattern: str) -> list[SourceId]:
    codes = pattern.split(".")
    station_id = ".".join(codes[:2]) if len(codes) == 4 and not set("*?[") & set("".join(codes[:2])) else None
    known = metric_pages.measured_channels(snapshot, station_id)
    return [each for each in known if fnmatchcase(str(each), pattern)]


def _after() -> tuple[SourceId, int] | None:
    text = request.args.get("after")
    if not text:
        return None
    try:
        name, _, at = text.partition("@")
        return SourceId.parse(name), parse_ns(at)
    except (SourceIdError, ValueError):
        raise ParameterError(f"after: NET.STA.LOC.CHA@TIME, as `next` has it, is needed, {text!r} came") from None


def _shaped(snapshot: Connection, source_id: SourceId, row: MetricRow) -> MetricShape:
    unit = "" if row.values["value"] is None else metric_queries.unit_of(snapshot, source_id, row.start_ns)
    values = {name: row.values.get(name) for name in METRICS}
    shape = {"channel": str(source_id), "start": format_ns(row.start_ns, digits=0), **values, "unit": unit}
    return cast("MetricShape", shape)


def _series(
    rows: Sequence[MetricRow], by: str, since_ns: int, until_ns: int, limits: Mapping[str, Any]
) -> list[tuple[metric_words.Metric, charts.Chart, MetricRow]]:
    """Each metric that has a value, its picture, and the last row that has one."""
    found = []
    for metric in metric_words.LATENCIES + metric_words.MEASURED + metric_words.NOISE + check_words.CHECKS:
        points = [(row.start_ns, row.values.get(metric.name)) for row in rows]
        last = next((row for row in reversed(rows) if row.values.get(metric.name) is not None), None)
        # a flag that no record had is no picture
        if last is None or (metric.name in check_words.FLAGS and not any(value for _, value in points)):
            continue
        limit = limits.get(metric.limited)
        drawn = charts.chart(
            points,
            LENGTH_NS[by],
            since_ns,
            until_ns,
            counted=metric.counted,
            log=metric.log,
            limit=None if limit is None else limit.limit,
            most=100.0 if metric.unit == "%" else None,
        )
        found.append((metric, drawn, last))
    return found


def _checked(snapshot: Connection, source_id: SourceId, now: int) -> list[tuple[metric_words.Metric, MetricRow]]:
    """Noise and checks of whole days: each metric with the newest day of the last two weeks that has it."""
    days = metric_queries.rows(snapshot, source_id, "day", now - _CHECKED_NS, now)[::-1]
    found = []
    for metric in metric_words.NOISE + check_words.CHECKS:
        row = next((row for row in days if row.values.get(metric.name) is not None), None)
        if row is not None and (metric.name not in check_words.FLAGS or row.values[metric.name]):
            found.append((metric, row))
    return found


def _limits(status: ChannelStatus | None) -> dict[str, Any]:
    """Readings by the metric that they judge; data from the future is judged by a value of its own."""
    return {each.metric: each for each in status.readings if each.rule != "future_data"} if status else {}


def _end(now: int, step_ns: int) -> int:
    """The end of the row that goes on now."""
    return (now // step_ns + 1) * step_ns
