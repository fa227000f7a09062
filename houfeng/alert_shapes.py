"""Alerts as programs read them: the same in the API, in JSON of the command line and on the pages."""

from __future__ import annotations

from typing import Any

from database.alert_queries import AlertDetail, AlertRow
from houfeng.times import NS_PER_S, format_ns


def alert(row: AlertRow, now_ns: int) -> dict[str, Any]:
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
        "opened": _time(known.opened_ns),
        "closed": _time(known.closed_ns),
        "age_s": ((known.closed_ns or now_ns) - known.opened_ns) / NS_PER_S,
        "cause": known.cause,
        "evidence": known.evidence,
        "facts": [{"fact": each.key, **each.values} for each in known.facts],
        "acknowledged_by": handled.acknowledged_by,
        "assignee": handled.assignee,
        "silenced_until": _time(handled.silenced_until_ns) if handled.is_silenced(now_ns) else None,
    }


def alert_detail(detail: AlertDetail, now_ns: int) -> dict[str, Any]:
    """An alert with its stations, its history and who was told."""
    known = detail.row.alert
    actions = {step.step_id: str(step.action) for step in detail.steps}
    return alert(detail.row, now_ns) | {
        "children": [
            {"station": child.station_id, "joined": _time(child.joined_ns), "left": _time(child.left_ns)}
            for child in known.children
        ],
        "steps": [
            {
                "time": _time(step.t_ns),
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
