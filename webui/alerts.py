"""Alerts, to be read: as pages and as JSON. `webui.acting` acts on them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from database import alert_queries, queries
from houfeng import alert_shapes
from houfeng.alert_shapes import Alert, WholeAlert
from houfeng.errors import AlertError
from houfeng.times import now_ns
from webui import alert_words, api, pages, paging, reading
from webui.caching import revalidated
from webui.paging import Paged
from webui.reading import ParameterError
from webui.schemas import answers, columns

blueprint = Blueprint("alerts", __name__)

_STATUSES = ("", "open", "all")


class AlertList(Paged):
    """Alerts, open ones first, the worst of them first."""

    alerts: list[Alert]


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
@answers(AlertList)
def api_list() -> AlertList | Response:
    """The list, as `houfeng alerts list --format json` has it; `status=open` without closed ones."""
    reading.only("status", "limit", "page", "format")
    is_sheet = api.layout() == "csv"
    status = request.args.get("status", "")
    if status not in _STATUSES:
        raise ParameterError(f"status: open or all is needed, {status!r} came")
    limit, at_ns = reading.depth(reading.N_ROWS) or reading.N_ROWS, now_ns()
    found = reading.read(lambda snapshot: alert_queries.alerts(snapshot, only_open=status == "open", limit=limit))
    shown, link = paging.cut(found, reading.N_ROWS)
    rows = [alert_shapes.alert(row, at_ns) for row in shown]
    return api.sheet("alerts", columns(Alert), rows, link) if is_sheet else {"alerts": rows, "next": link}


@blueprint.get("/api/v1/alerts/<path:alert_id>")
@revalidated
@answers(WholeAlert)
def api_alert(alert_id: str) -> WholeAlert | Response:
    """One alert, as `houfeng alerts show --json` has it."""
    reading.only()
    try:
        detail = reading.read(lambda snapshot: alert_queries.alert(snapshot, alert_id))
    except AlertError as error:
        return api.failure(404, str(error))
    return alert_shapes.alert_detail(detail, now_ns())
