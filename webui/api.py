"""`/api/v1`: the same rows as the pages, as JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from database import queries
from houfeng import shapes
from houfeng.times import now_ns
from stations.health import Metrics
from stations.health.summary import BESIDE
from webui import reading
from webui.caching import revalidated

# What a table has, whether or not it has rows.
_ORIGIN = (
    *("place", "origin_time", "latitude_deg", "longitude_deg", "depth_km", "depth_error_km", "time_error_s"),
    *("semi_major_km", "semi_minor_km", "major_azimuth_deg", "rms_s", "gap_deg", "nearest_km", "earth_model", "region"),
)
_MAGNITUDE = ("magnitude", "magnitude_kind", "magnitude_scatter", "magnitude_n_stations", "magnitude_remark")
COLUMNS: dict[str, tuple[str, ...]] = {
    "stations": (
        *("id", "name", "country", "latitude_deg", "longitude_deg", "elevation_m", "status", "reason", "since"),
        *("evaluated", "flapping", "score", "acknowledged_by", "usage", "usage_until", "usage_by", "usage_why"),
        *(field.name for field in fields(Metrics)),
        *BESIDE,
    ),
    "events": (
        *("id", "first_onset", "last_onset", "n_stations", "n_picks", *_ORIGIN, *_MAGNITUDE),
        *("quality", "quality_reason", "type_hint", "type_reason", "status", "successor", "is_synthetic", "run"),
    ),
    "picks": (
        *("id", "station", "channel", "phase", "onset", "uncertainty_s", "snr", "band", "method", "version", "trigger"),
        *("polarity", "spread_s", "is_clipped", "is_near_gap", "trigger_rate_h", "event", "run"),
    ),
    "runs": (
        *("id", "kind", "started", "finished", "data_start", "data_end", "n_records", "n_samples", "source"),
        *("config_hash", "code_version", "engine", "is_synthetic", "input_hash", "result_hash"),
    ),
}

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/stations")
@revalidated
def stations() -> Response:
    """The station table."""
    reading.only("status", "net", "country", "usage", "q", "sort", "limit", "format")
    if reading.one_of("format", ("json", "csv", "geojson"), "json") == "geojson":
        return _places([shapes.station(row) for row in reading.read(reading.stations)])
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


def layout() -> str:
    """Whether the request wants JSON or CSV."""
    return reading.one_of("format", ("json", "csv"), "json")


def sheet(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """Rows as CSV, with their head even where there are none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: json.dumps(each) if isinstance(each, list) else each for name, each in row.items()})
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)


def _places(rows: Iterable[dict[str, Any]]) -> Response:
    """Stations as points (RFC 7946); one whose place nobody knows has no geometry."""
    features = []
    for row in rows:
        at = [row.pop(name) for name in ("longitude_deg", "latitude_deg", "elevation_m")]
        point = None if None in at else {"type": "Point", "coordinates": at}
        features.append({"type": "Feature", "id": row["id"], "geometry": point, "properties": row})
    response = jsonify({"type": "FeatureCollection", "features": features})
    response.mimetype = "application/geo+json"
    return response


def _table(name: str, query: Callable[[Connection], list[Any]], shape: Callable[[Any], dict[str, Any]]) -> Response:
    is_sheet = layout() == "csv"
    rows = [shape(row) for row in reading.read(query)]
    return sheet(name, COLUMNS[name], rows) if is_sheet else jsonify({name: rows})
