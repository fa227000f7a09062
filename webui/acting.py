"""What people do on the pages: handle alerts, and say how stations are used. Programs do the same with a token."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from database import alert_queries, queries, registry
from database.accounts import Change
from database.unit import UnitOfWork
from houfeng import alert_shapes, shapes
from houfeng.acting import end_ns, handle
from houfeng.alert_shapes import WholeAlert
from houfeng.errors import AlertError, RegistryError
from houfeng.roles import Role
from houfeng.shape_types import StationDetail
from houfeng.times import now_ns
from stations.alerts.words import Action
from webui import access, api, pages, reading
from webui.reading import ParameterError
from webui.schemas import answers

blueprint = Blueprint("acting", __name__)

_MAX_TEXT = 1000
_ACTIONS = {
    "ack": Action.ACKNOWLEDGED,
    "silence": Action.SILENCED,
    "assign": Action.ASSIGNED,
    "comment": Action.COMMENTED,
    "close": Action.CLOSED,
}
_VERBS = ", ".join(_ACTIONS)


@blueprint.post(f"/alerts/<alert_id>/<any({_VERBS}):verb>")
@access.needs(Role.OPERATOR)
def handle_alert(alert_id: str, verb: str) -> Response:
    """A step about an alert, from its page."""
    try:
        _handled(alert_id, verb)
    except AlertError as error:
        return pages.failure(_status_of(alert_id), str(error))
    return to(url_for("alerts.alert", alert_id=alert_id))


@blueprint.post(f"/api/v1/alerts/<alert_id>/<any({_VERBS}):verb>")
@access.needs(Role.OPERATOR)
@answers(WholeAlert)
def api_handle_alert(alert_id: str, verb: str) -> WholeAlert | Response:
    """A step about an alert; the alert as it is then."""
    try:
        known = _handled(alert_id, verb)
    except AlertError as error:
        return api.failure(_status_of(alert_id), str(error))
    detail = reading.read(lambda snapshot: alert_queries.alert(snapshot, known))
    return alert_shapes.alert_detail(detail, now_ns())


@blueprint.post("/stations/<station_id>/usage")
@access.needs(Role.OPERATOR)
def use_station(station_id: str) -> Response:
    """How a station is used, from its page."""
    try:
        _used(station_id)
    except RegistryError as error:
        return pages.failure(400, str(error))
    return to(url_for("pages.station", station_id=station_id))


@blueprint.post("/api/v1/stations/<station_id>/usage")
@access.needs(Role.OPERATOR)
@answers(StationDetail)
def api_use_station(station_id: str) -> StationDetail | Response:
    """How a station is used; the station as it is then."""
    try:
        _used(station_id)
    except RegistryError as error:
        return api.failure(400, str(error))
    found = reading.read(lambda snapshot: queries.station(snapshot, station_id, seen_at_ns=now_ns()))
    assert found is not None
    return shapes.station_detail(found)


def _handled(alert_id: str, verb: str) -> str:
    said, change = sent("why", "until", "assignee"), by_whom()
    until_ns = _end_ns(said["until"], change.at_ns) if verb == "silence" else None
    assignee = said["assignee"] if verb == "assign" else ""
    with access.store().begin() as unit:
        step = handle(unit, alert_id, _ACTIONS[verb], said["why"], change, until_ns=until_ns, assignee=assignee)
    return step.alert_id


def _used(station_id: str) -> None:
    said, change = sent("usage", "until", "why"), by_whom()
    until_ns = _end_ns(said["until"], change.at_ns)

    def work(unit: UnitOfWork) -> None:
        if station_id not in queries.station_ids(unit.connection):
            abort(404, f"no station {station_id}: NET.STA is needed, as /api/v1/stations lists it")
        at_ns, by, why = change.at_ns, change.by, said["why"]
        origin = change.origin
        registry.set_usage(
            unit, station_id, said["usage"], at_ns=at_ns, until_ns=until_ns, by=by, why=why, origin=origin
        )

    access.store().run(work)


def sent(*names: str) -> dict[str, str]:
    """What was sent as a form or as a JSON object: short texts, "" where one is missing."""
    content: Any = request.get_json() if request.is_json else request.form.to_dict()
    if not isinstance(content, dict):
        raise ParameterError(f"a JSON object with {', '.join(names)} is needed")
    for name, value in content.items():
        if name not in (*names, "csrf_token"):
            raise ParameterError(f"{name}: this takes {', '.join(names)}")
        if not isinstance(value, str) or len(value) > _MAX_TEXT or not _is_text(value):
            raise ParameterError(f"{name}: a text of at most {_MAX_TEXT} characters is needed")
    return {name: str(content.get(name, "")).strip() for name in names}


def _is_text(value: str) -> bool:
    """Whether a database can keep it: JSON can have halves of characters, and zeros."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def _end_ns(text: str, at_ns: int) -> int | None:
    try:
        return end_ns(text, at_ns) if text else None
    except ValueError as error:
        raise ParameterError(f"until: {error}") from None


def by_whom() -> Change:
    """Who changes something now, and from where."""
    asking = access.account()
    assert asking is not None  # `needs` saw to it
    return Change(now_ns(), asking.name, access.origin())


def _status_of(alert_id: str) -> int:
    """Of a step that was refused: the alert is not there, is over, or something was missing."""
    try:
        detail = reading.read(lambda snapshot: alert_queries.alert(snapshot, alert_id))
    except AlertError:
        return 404
    return 400 if detail.row.alert.closed_ns is None else 409


def to(address: str) -> Response:
    """Go on to a page after a form was sent."""
    answer = Response(status=303)
    answer.headers["Location"] = address
    return answer
