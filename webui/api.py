"""`/api/v1`: the same rows as the pages, as JSON or CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from flask import Blueprint, Response, jsonify, request

from database import queries
from houfeng import shapes, sheets
from houfeng.shape_types import Event, EventDetail, Pick, Run, Station, StationDetail
from houfeng.times import now_ns
from webui import geojson, paging, reading
from webui.caching import revalidated
from webui.paging import Paged
from webui.schemas import answers, columns


class StationList(Paged):
    """The station table."""

    stations: list[Station]


class EventList(Paged):
    """Events, newest first."""

    events: list[Event]


class PickList(Paged):
    """Picks, newest first."""

    picks: list[Pick]


class RunList(Paged):
    """Runs, newest first."""

    runs: list[Run]


class Error(TypedDict):
    """What was wrong, in words."""

    error: str


blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/stations")
@revalidated
@answers(StationList)
def stations() -> StationList | Response:
    """The station table."""
    reading.only("status", "net", "country", "usage", "q", "sort", "limit", "page", "format")
    layout = reading.one_of("format", ("json", "csv", "geojson"), "json")
    found, link = paging.cut(reading.read(reading.stations), None)
    rows = [shapes.station(row) for row in found]
    if layout == "geojson":
        return geojson.places(rows, link)
    return {"stations": rows, "next": link} if layout == "json" else sheet("stations", columns(Station), rows, link)


@blueprint.get("/stations/<station_id>")
@revalidated
@answers(StationDetail)
def station(station_id: str) -> StationDetail | Response:
    """One station with its channels and the evidence for their status."""
    reading.only()
    found = reading.read(lambda snapshot: queries.station(snapshot, station_id, seen_at_ns=now_ns()))
    if found is None:
        return failure(404, f"no station {station_id}: NET.STA is needed, as /api/v1/stations lists it")
    return shapes.station_detail(found)


@blueprint.get("/events")
@revalidated
@answers(EventList)
def events() -> EventList | Response:
    """The event list."""
    reading.only("run", "since", "until", "status", "limit", "page", "format")
    layout = reading.one_of("format", ("json", "csv", "geojson"), "json")
    found, link = paging.cut(reading.read(reading.events), reading.N_ROWS, upto="until")
    rows = [shapes.event(row) for row in found]
    if layout == "geojson":
        return geojson.places(rows, link)
    return {"events": rows, "next": link} if layout == "json" else sheet("events", columns(Event), rows, link)


@blueprint.get("/events/<path:event_id>")
@revalidated
@answers(EventDetail)
def event(event_id: str) -> EventDetail | tuple[EventDetail, int] | Response:
    """One event with its arrivals and history; 410 with what is known of one that is none any more.

    A program that looks at nothing but the code of the answer shall not take it for an earthquake.
    """
    reading.only("run")
    run_id, public_id = request.args.get("run") or None, reading.event_id(event_id)
    found = reading.read(lambda snapshot: queries.event(snapshot, public_id, run_id=run_id))
    if found is None:
        return failure(404, f"no event {event_id}: an id is needed, as /api/v1/events lists it")
    return shapes.event_detail(found), 200 if found.event.status == "current" else 410


@blueprint.get("/picks")
@revalidated
@answers(PickList)
def picks() -> PickList | Response:
    """Latest picks, each with the event it belongs to."""
    reading.only("run", "station", "since", "until", "limit", "page", "format")
    is_sheet = layout() == "csv"
    found, link = paging.cut(reading.read(reading.picks), reading.N_ROWS, upto="until")
    rows = [shapes.pick(row) for row in found]
    return sheet("picks", columns(Pick), rows, link) if is_sheet else {"picks": rows, "next": link}


@blueprint.get("/runs")
@revalidated
@answers(RunList)
def runs() -> RunList | Response:
    """Runs, live ones and replays."""
    reading.only("kind", "limit", "page", "format")
    is_sheet = layout() == "csv"
    found, link = paging.cut(reading.read(reading.runs), reading.N_ROWS)
    rows = [shapes.run(row) for row in found]
    return sheet("runs", columns(Run), rows, link) if is_sheet else {"runs": rows, "next": link}


def failure(status: int, message: str) -> Response:
    """An error as programs read it."""
    said: Error = {"error": message}
    response = jsonify(said)
    response.status_code = status
    return response


def layout() -> str:
    """Whether the request wants JSON or CSV."""
    return reading.one_of("format", ("json", "csv"), "json")


def sheet(name: str, heads: Sequence[str], rows: Iterable[Mapping[str, Any]], link: str | None = None) -> Response:
    """Rows as CSV, with their head even where there are none.

    Parameters
    ----------
    link : address of the next page, if there is one
    """
    text = io.StringIO()
    sheets.write(text, heads, rows)
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    if link is not None:
        headers["Link"] = f'<{link}>; rel="next"'
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)
