"""What a recipient is told: the same at every try, with a key by which it knows a message that comes again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from houfeng.times import NS_PER_S, format_ns
from houfeng.types import public_id
from stations.alerts.alert import Alert, Step

# An e-mail with a thousand lines is read by nobody; the details page and the JSON have all.
_N_NAMED = 50


def delivery_id(step_id: str, recipient: str) -> str:
    """One message for each step and recipient; the idempotency key."""
    return public_id("delivery", step_id, recipient)


def message(key: str, alert: Alert, step: Step, countries: Mapping[str, str]) -> dict[str, Any]:
    """A step in the life of an alert, for programs; every time is ISO 8601 UTC.

    Parameters
    ----------
    key : as `delivery_id` makes it
    alert : as it is now
    step : what happened
    countries : of stations, by id, as far as they are known
    """
    return {
        "id": key,
        "type": "alert",
        "alert": {
            "id": alert.alert_id,
            "kind": str(alert.kind),
            "about": alert.key,
            "severity": str(alert.severity),
            "opened": format_ns(alert.opened_ns, digits=0),
            "closed": None if alert.closed_ns is None else format_ns(alert.closed_ns, digits=0),
            "flapping": alert.flapping,
            "cause": alert.cause,
            "evidence": alert.evidence,
            "facts": [{"fact": each.key, **each.values} for each in alert.facts],
            "stations": list(alert.stations),
            "countries": sorted({countries[name] for name in alert.stations if countries.get(name)}),
        },
        "step": {
            "id": step.step_id,
            "action": str(step.action),
            "time": format_ns(step.t_ns, digits=0),
            "time_ns": str(step.t_ns),
            "who": step.who,
            "why": step.why,
            "assignee": step.assignee,
        },
    }


def test_message(key: str, t_ns: int) -> dict[str, Any]:
    """A message that says it is none, to see whether a recipient gets messages."""
    step = {"action": "test", "time": format_ns(t_ns, digits=0), "time_ns": str(t_ns), "who": "houfeng"}
    return {"id": key, "type": "test", "alert": None, "step": step | {"why": "A test of delivery; nothing happened"}}


def as_json(content: Mapping[str, Any]) -> bytes:
    """For webhooks and commands: UTF-8, the same bytes for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def as_mail(content: Mapping[str, Any], sender: str, to: str) -> EmailMessage:
    """For people. Message-ID is the key: mail programs show one that came twice once."""
    mail = EmailMessage()
    mail["Subject"] = subject(content)
    mail["From"], mail["To"] = sender, to
    mail["Date"] = formatdate(int(content["step"]["time_ns"]) // NS_PER_S, usegmt=True)
    mail["Message-ID"] = f"<{content['id'].replace('/', '.')}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Houfeng-Delivery"] = content["id"]
    mail.set_content("\n".join(_lines(content)) + "\n")
    return mail


def subject(content: Mapping[str, Any]) -> str:
    """One line."""
    alert, step = content["alert"], content["step"]
    if alert is None:
        return "[Houfeng] test of delivery"
    about = alert["about"] + (", flapping" if alert["flapping"] else "")
    return f"[Houfeng] {alert['severity']}: {about} {step['action']}"


def _lines(content: Mapping[str, Any]) -> list[str]:
    alert, step = content["alert"], content["step"]
    head = f"{step['time']} {step['action']} by {step['who']}: {step['why']}"
    if alert is None:
        return [head]
    names = alert["stations"]
    more = f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else ""
    return [
        head,
        "",
        f"About:    {alert['about']}{', flapping' if alert['flapping'] else ''}",
        f"Severity: {alert['severity']}",
        f"Cause:    {alert['cause']}",
        f"Evidence: {alert['evidence']}",
        f"Opened:   {alert['opened']}",
        f"Closed:   {alert['closed'] or 'no'}",
        f"Stations: {len(names)}: {' '.join(names[:_N_NAMED])}{more}",
        "",
        f"houfeng alerts show {alert['id']}",
        f"houfeng alerts acknowledge {alert['id']}",
    ]
