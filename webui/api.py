"""`/api/v1`: the same rows as the pages, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from database import queries
from database.records import EventRow, PickRow, Run, StationRow
from houfeng import shapes
from houfeng.times import now_ns
from houfeng.types import Pick, SourceId
from stations.health import Metrics, State
from webui import reading
from webui.caching import revalidated
from webui.reading import ParameterError

_PICK = Pick(0, SourceId("XX", "X", "", "XXX"), "P", "", 1, 0.0, 0.0, "", 0)
# A table without rows has its head, too: shaped from rows that say nothing.
_COLUMNS = {
    "stations": list(
        shapes.station(StationRow("", "", "", None, None, None, State.UNKNOWN, "", None, None, "", Metrics()))
    ),
    "events": list(shapes.event(EventRow("", "", 0, 0, 0, 0, None))),
    "picks": list(shapes.pick(PickRow("", _PICK, None))),
    "runs": list(shapes.run(Run("", "live", 0, "", "", ""))),
}

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/stations")
@revalidated
def stations() -> Response:
    """The station table."""
    reading.only("status", "net", "country", "usage", "q", "sort", "limit", "format")
    return _table("stations", reading.stations, shapes.station)


@blueprint.get("/stations/<station_id>")
@revalidated
def station(station_id: str) -> Response:
    """One station with its channels and the evidence for their status."""
    reading.only()
    found = reading.read(lambda snapshot: queries.station(snapshot, station_id, seen_at_ns=now_ns()))
    if found is None:
        return failure(404, f"no station {station_id}: NET.STA is needed, as /api/v1/stations lists it")
    return jsonify(shapes.station_detail(found))


@blueprint.get("/events")
@revalidated
def events() -> Response:
    """The event list."""
    reading.only("run", "since", "until", "status", "limit", "format")
    return _table("events", reading.events, shapes.event)


@blueprint.get("/events/<path:event_id>")
@revalidated
def event(event_id: str) -> Response:
    """One event with its arrivals and history; 410 with what is known of one that is none any more.

    A program that looks at nothing but the code of the answer shall not take it for an earthquake.
    """
    reading.only("run")
    run_id, public_id = request.args.get("run") or None, reading.event_id(event_id)
    found = reading.read(lambda snapshot: queries.event(snapshot, public_id, run_id=run_id))
    if found is None:
        return failure(404, f"no event {event_id}: an id is needed, as /api/v1/events lists it")
    response = jsonify(shapes.event_detail(found))
    response.status_code = 200 if found.event.status == "current" else 410
    return response


@blueprint.get("/picks")
@revalidated
def picks() -> Response:
    """Latest picks, each with the event it belongs to."""
    reading.only("run", "station", "since", "until", "limit", "format")
    return _table("picks", reading.picks, shapes.pick)


@blueprint.get("/runs")
@revalidated
def runs() -> Response:
    """Runs, live ones and replays."""
    reading.only("kind", "limit", "format")
    return _table("runs", reading.runs, shapes.run)


def failure(status: int, message: str) -> Response:
    """An error as programs read it."""
    response = jsonify({"error": message})
    response.status_code = status
    return response


def _table(name: str, query: Callable[[Connection], list[Any]], shape: Callable[[Any], dict[str, Any]]) -> Response:
    layout = request.args.get("format", "json")
    if layout not in ("json", "csv"):
        raise ParameterError(f"format: json or csv is needed, {layout!r} came")
    rows = [shape(row) for row in reading.read(query)]
    if layout == "json":
        return jsonify({name: rows})
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=_COLUMNS[name])
    writer.writeheader()
    writer.writerows(rows)
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)
