"""How much of the time is archived: by country, network, station and channel, and a station's last 30 days in bars."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, TypedDict

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from database import metric_pages, queries
from houfeng.availability import (
    LEVELS,
    WINDOWS_NS,
    Availability,
    AvailabilityRow,
    availability,
    joined,
    looked_until_ns,
)
from houfeng.shape_types import Time
from houfeng.times import NS_PER_S, format_ns, now_ns
from houfeng.types import Gap, SourceId
from stations.settings import HealthSettings
from webui import api, charts, pages, paging, reading, timeline
from webui.caching import revalidated
from webui.language import gettext
from webui.paging import Paged
from webui.schemas import answers, columns

blueprint = Blueprint("availability", __name__)

_SHOWN_NS = 30 * 86_400 * NS_PER_S
_N_GAPS = 30
_N_GAP_ROWS = 1000
_N_KEPT = 8
_SORTS = ("name", *(f"percent_{window}" for window in WINDOWS_NS), "num_gaps_1y", "max_gap_s")


class AvailabilityList(Paged):
    """Shares of the windows that end at a time."""

    availability: list[AvailabilityRow]
    by: str
    until: Time


class GapRow(TypedDict):
    """A hole of the archive."""

    channel: str
    start: Time
    end: Time
    length_s: float


class GapList(Paged):
    """Gaps, newest first."""

    gaps: list[GapRow]


class Measured:
    """Availability until some times: of a thousand stations a year is a million spans, and all readers ask the same."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: OrderedDict[tuple[int, str], list[Availability]] = OrderedDict()

    def get(self, snapshot: Connection, end_ns: int, pattern: str) -> list[Availability]:
        """Rows until a time of the channels that a pattern fits."""
        with self._lock:
            key = end_ns, pattern
            if key not in self._found:
                self._found[key] = availability(snapshot, end_ns, [pattern] if pattern else [])
            while len(self._found) > _N_KEPT:
                self._found.popitem(last=False)
            return self._found[key]


@blueprint.get("/availability")
@revalidated
def index() -> Response:
    """A table of countries, networks, stations or channels."""
    by = reading.one_of("by", LEVELS[::-1], "station")
    sort = reading.one_of("sort", [*_SORTS, *(f"-{name}" for name in _SORTS)], "percent_24h")

    def query(snapshot: Connection) -> dict[str, Any]:
        end_ns = _end_ns(snapshot)
        return {
            "end_ns": end_ns,
            "rows": _chosen(snapshot, _measured(snapshot, end_ns, ""), by),
            "evaluated_ns": queries.newest_evaluation_ns(snapshot),
        }

    values = reading.read(query)
    rows = _sorted([{**row.row()} for row in values.pop("rows")], sort)
    shown = rows[: reading.limit(200)]
    return pages.rendered(
        "availability.html",
        **values,
        rows=shown,
        n_rows=len(rows),
        by=by,
        levels=LEVELS[::-1],
        windows=list(WINDOWS_NS),
        sort=sort,
        state=_state,
    )


@blueprint.get("/availability/<station_id>")
@revalidated
def station(station_id: str) -> Response:
    """A station and its channels: shares, 30 days in bars, and the last gaps."""

    def query(snapshot: Connection) -> dict[str, Any]:
        end_ns = _end_ns(snapshot)
        rows = _measured(snapshot, end_ns, f"{station_id}.*.*")
        since_ns = {row.name: row.since_ns for row in rows}
        return {
            "end_ns": end_ns,
            "rows": [row.row() for row in rows if row.level in ("station", "channel")],
            "bars": {
                name: _bar(snapshot, SourceId.parse(name), since_ns[name], end_ns)
                for name in (row.name for row in rows if row.level == "channel")
            },
            "evaluated_ns": queries.newest_evaluation_ns(snapshot),
        }

    values = reading.read(query)
    if not values["rows"]:
        return pages.failure(404, gettext("Nothing of %(id)s is in the archive.", id=station_id))
    end_ns = values["end_ns"]
    gaps = [Gap(SourceId.parse(name), *gap) for name, bar in values["bars"].items() for gap in bar.gaps]
    gaps.sort(key=lambda gap: -gap.start_ns)
    return pages.rendered(
        "archived.html",
        **values,
        station_id=station_id,
        since_ns=end_ns - _SHOWN_NS,
        gaps=gaps[:_N_GAPS],
        n_gaps=len(gaps),
        windows=list(WINDOWS_NS),
        ticks=charts.ticks(end_ns - _SHOWN_NS, end_ns),
        n_parts=timeline.N_PARTS,
        height=timeline.HEIGHT,
        state=_state,
    )


@blueprint.get("/api/v1/availability")
@revalidated
@answers(AvailabilityList)
def api_availability() -> AvailabilityList | Response:
    """As `houfeng availability` has it."""
    reading.only("by", "channel", "net", "country", "until", "limit", "page", "format")
    by = reading.one_of("by", LEVELS[::-1], "station")
    is_sheet, until_ns = api.layout() == "csv", reading.time("until")

    def query(snapshot: Connection) -> tuple[int, list[Availability]]:
        end_ns = _end_ns(snapshot) if until_ns is None else until_ns
        return end_ns, _chosen(snapshot, _measured(snapshot, end_ns, request.args.get("channel") or ""), by)

    end_ns, found = reading.read(query)
    shown, link = paging.cut(found[: reading.depth(None)], None, upto="until")
    rows = [row.row() for row in shown]
    if is_sheet:
        return api.sheet("availability", columns(AvailabilityRow), rows, link)
    return {"availability": rows, "by": by, "until": format_ns(end_ns), "next": link}


@blueprint.get("/api/v1/gaps")
@revalidated
@answers(GapList)
def api_gaps() -> GapList | Response:
    """Gaps of the archive, newest first."""
    reading.only("channel", "since", "until", "limit", "page", "format")
    is_sheet, patterns = api.layout() == "csv", [request.args.get("channel") or "*"]
    since_ns, until_ns, limit = reading.time("since"), reading.time("until"), reading.depth(_N_GAP_ROWS) or _N_GAP_ROWS
    found = reading.read(lambda snapshot: metric_pages.gaps(snapshot, patterns, since_ns, until_ns, limit))
    shown, link = paging.cut(found, _N_GAP_ROWS, upto="until")
    rows: list[GapRow] = [
        {
            "channel": str(gap.source_id),
            "start": format_ns(gap.start_ns),
            "end": format_ns(gap.end_ns),
            "length_s": (gap.end_ns - gap.start_ns) / NS_PER_S,
        }
        for gap in shown
    ]
    return api.sheet("gaps", columns(GapRow), rows, link) if is_sheet else {"gaps": rows, "next": link}


def _measured(snapshot: Connection, end_ns: int, pattern: str) -> list[Availability]:
    measured: Measured = current_app.extensions["availability"]
    return measured.get(snapshot, end_ns, pattern)


def _end_ns(snapshot: Connection) -> int:
    # to the minute: what is measured once serves everybody who asks in it
    return looked_until_ns(snapshot, now_ns()) // (60 * NS_PER_S) * 60 * NS_PER_S


def _chosen(snapshot: Connection, rows: Sequence[Availability], by: str) -> list[Availability]:
    """Rows of one level, of a network or a country."""
    network, country = request.args.get("net"), request.args.get("country")
    known = {row.station_id: row.country for row in queries.stations(snapshot)} if country else {}
    return [
        row
        for row in rows
        if row.level == by
        and (not network or by == "country" or row.name.split(".")[0] == network)
        and (not country or row.name == country or known.get(".".join(row.name.split(".")[:2])) == country)
    ]


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """By a column, least first; with `-` the other way round. What nobody knows comes last."""
    name, sign = sort.removeprefix("-"), -1 if sort.startswith("-") else 1
    if name == "name":
        return sorted(rows, key=lambda row: str(row["name"]), reverse=sign < 0)
    return sorted(rows, key=lambda row: (row[name] is None, sign * (row[name] or 0.0), row["name"]))


def _bar(snapshot: Connection, source_id: SourceId, first_ns: int, end_ns: int) -> timeline.Bar:
    spans = metric_pages.spans(snapshot, source_id, end_ns - _SHOWN_NS, end_ns)
    return timeline.bar(joined(spans), first_ns, end_ns - _SHOWN_NS, end_ns)


def _state(percent: float | None) -> str:
    """What a share is said to be, by the limits of the status rule."""
    limits: HealthSettings = current_app.config["HEALTH"]
    if percent is None:
        return "UNKNOWN"
    if percent < limits.availability_bad_percent:
        return "BAD"
    return "WARN" if percent < limits.availability_warn_percent else "OK"
