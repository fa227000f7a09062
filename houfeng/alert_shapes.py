"""Alerts as programs read them: the same in the API, in JSON of the command line and on the pages."""

from __future__ import annotations

from typing import Any, TypedDict

from database.alert_queries import AlertDetail, AlertRow
from houfeng.shape_types import Time
from houfeng.times import NS_PER_S, format_ns


class Alert(TypedDict):
    """One row of a list."""

    id: str
    state: str
    severity: str
    kind: str
    about: str
    n_stations: int
    n_missing: int
    flapping: bool
    opened: Time
    closed: Time | None
    age_s: float
    cause: str
    evidence: str
    facts: list[dict[str, Any]]
    acknowledged_by: str
    assignee: str
    silenced_until: Time | None


class Child(TypedDict):
    """A station of an alert."""

    station: str
    joined: Time
    left: Time | None


class Step(TypedDict):
    """What was done about an alert."""

    time: Time
    action: str
    who: str
    why: str
    until: Time | None
    assignee: str


class Delivery(TypedDict):
    """Who was told, and whether that went well."""

    id: str
    step: str
    recipient: str
    state: str
    n_tries: int
    tried: Time | None
    answer: str


class WholeAlert(Alert):
    """An alert with its stations, its history and who was told."""

    children: list[Child]
    steps: list[Step]
    deliveries: list[Delivery]


def alert(row: AlertRow, now_ns: int) -> Alert:
    """One row of a list.

    Parameters
    ----------
    now_ns : when it is shown, ns UTC: ages count from it
    """
    known, handled = row.alert, row.handling
    return {
        "id": known.alert_id,
        "state": state(row, now_ns),
        "severity": str(known.severity),
        "kind": str(known.kind),
        "about": known.key,
        "n_stations": len(known.stations),
        "n_missing": len(known.active),
        "flapping": known.flapping,
        "opened": format_ns(known.opened_ns, digits=0),
        "closed": _time(known.closed_ns),
        "age_s": ((known.closed_ns or now_ns) - known.opened_ns) / NS_PER_S,
        "cause": known.cause,
        "evidence": known.evidence,
        "facts": [{"fact": each.key, **each.values} for each in known.facts],
        "acknowledged_by": handled.acknowledged_by,
        "assignee": handled.assignee,
        "silenced_until": _time(handled.silenced_until_ns) if handled.is_silenced(now_ns) else None,
    }


def alert_detail(detail: AlertDetail, now_ns: int) -> WholeAlert:
    """An alert with its stations, its history and who was told."""
    known = detail.row.alert
    actions = {step.step_id: str(step.action) for step in detail.steps}
    return {
        **alert(detail.row, now_ns),
        "children": [
            {"station": child.station_id, "joined": format_ns(child.joined_ns, digits=0), "left": _time(child.left_ns)}
            for child in known.children
        ],
        "steps": [
            {
                "time": format_ns(step.t_ns, digits=0),
                "action": str(step.action),
                "who": step.who,
                "why": step.why,
                "until": _time(step.until_ns),
                "assignee": step.assignee,
            }
            for step in detail.steps
        ],
        "deliveries": [
            {
                "id": each.delivery_id,
                "step": actions.get(each.step_id, ""),
                "recipient": each.recipient,
                "state": str(each.state),
                "n_tries": each.n_tries,
                "tried": _time(each.tried_ns),
                "answer": each.answer,
            }
            for each in detail.deliveries
        ],
    }


def state(row: AlertRow, now_ns: int) -> str:
    """One word: closed, silenced, acknowledged, escalated or new."""
    if row.alert.closed_ns is not None:
        return "closed"
    return "silenced" if row.handling.is_silenced(now_ns) else row.handling.word


def _time(t_ns: int | None) -> str | None:
    return None if t_ns is None else format_ns(t_ns, digits=0)
