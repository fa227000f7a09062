"""Alerts, to be read: as pages and as JSON. `webui.acting` acts on them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from database import alert_queries, queries
from houfeng import alert_shapes
from houfeng.errors import AlertError
from houfeng.times import now_ns
from webui import alert_words, api, pages, reading
from webui.caching import revalidated
from webui.reading import ParameterError

blueprint = Blueprint("alerts", __name__)

_STATUSES = ("", "open", "all")


@blueprint.get("/alerts")
@revalidated
def index() -> Response:
    """Open alerts first, the worst of them first; then closed ones."""
    at_ns = now_ns()
    rows, evaluated_ns = reading.read(
        lambda snapshot: (alert_queries.alerts(snapshot), queries.newest_evaluation_ns(snapshot))
    )
    shaped = [alert_shapes.alert(row, at_ns) for row in rows]
    n_open = sum(each["closed"] is None for each in shaped)
    return pages.rendered(
        "alerts.html",
        alerts=list(zip(rows, shaped, strict=True)),
        n_open=n_open,
        alert_words=alert_words,
        evaluated_ns=evaluated_ns,
    )


@blueprint.get("/alerts/<path:alert_id>")
@revalidated
def alert(alert_id: str) -> Response:
    """One alert: evidence, stations, history, and who was told."""
    try:
        detail, evaluated_ns = reading.read(
            lambda snapshot: (alert_queries.alert(snapshot, alert_id), queries.newest_evaluation_ns(snapshot))
        )
    except AlertError as error:
        return pages.failure(404, str(error))
    shaped = alert_shapes.alert_detail(detail, now_ns())
    return pages.rendered(
        "alert.html", detail=detail, shaped=shaped, alert_words=alert_words, evaluated_ns=evaluated_ns
    )


@blueprint.get("/api/v1/alerts")
@revalidated
def api_list() -> Response:
    """The list, as `houfeng alerts list --format json` has it; `status=open` without closed ones."""
    reading.only("status", "limit")
    status = request.args.get("status", "")
    if status not in _STATUSES:
        raise ParameterError(f"status: open or all is needed, {status!r} came")
    limit, at_ns = reading.limit(100) or 100, now_ns()
    rows = reading.read(lambda snapshot: alert_queries.alerts(snapshot, only_open=status == "open", limit=limit))
    return jsonify({"alerts": [alert_shapes.alert(row, at_ns) for row in rows]})


@blueprint.get("/api/v1/alerts/<path:alert_id>")
@revalidated
def api_alert(alert_id: str) -> Response:
    """One alert, as `houfeng alerts show --json` has it."""
    reading.only()
    try:
        detail = reading.read(lambda snapshot: alert_queries.alert(snapshot, alert_id))
    except AlertError as error:
        return api.failure(404, str(error))
    return jsonify(alert_shapes.alert_detail(detail, now_ns()))
