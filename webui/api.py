"""`/api/v1`: the same rows as the pages, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, Response, jsonify, request

from database import queries
from houfeng import shapes
from houfeng.errors import StoreError
from webui import reading
from webui.reading import ParameterError

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/stations")
def stations() -> Response:
    """The station table."""
    return _table("stations", [shapes.station(row) for row in reading.read(reading.stations)])


@blueprint.get("/stations/<station_id>")
def station(station_id: str) -> Response:
    """One station with its channels and the evidence for their status."""
    before_ns = reading.stale_before_ns()
    found = reading.read(lambda snapshot: queries.station(snapshot, station_id, stale_before_ns=before_ns))
    if found is None:
        return _error(404, f"no station {station_id}")
    return jsonify(shapes.station_detail(found))


@blueprint.get("/events")
def events() -> Response:
    """The event list."""
    return _table("events", [shapes.event(row) for row in reading.read(reading.events)])


@blueprint.get("/events/<path:event_id>")
def event(event_id: str) -> Response:
    """One event with its arrivals."""
    run_id = request.args.get("run") or None
    found = reading.read(lambda snapshot: queries.event(snapshot, event_id, run_id=run_id))
    if found is None:
        return _error(404, f"no event {event_id}")
    return jsonify(shapes.event_detail(found))


@blueprint.errorhandler(ParameterError)
def bad_parameter(error: ParameterError) -> Response:
    """400, naming the parameter."""
    return _error(400, str(error))


@blueprint.errorhandler(StoreError)
def store_away(error: StoreError) -> Response:
    """503: the database is away; acquisition goes on without it."""
    return _error(503, str(error))


def _table(name: str, rows: list[dict[str, Any]]) -> Response:
    layout = request.args.get("format", "json")
    if layout == "json":
        return jsonify({name: rows})
    if layout != "csv":
        raise ParameterError(f"format: json or csv is needed, {layout!r} came")
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["id"])
    writer.writeheader()
    writer.writerows(rows)
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)


def _error(status: int, message: str) -> Response:
    response = jsonify({"error": message})
    response.status_code = status
    return response
