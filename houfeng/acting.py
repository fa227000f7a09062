"""What operators do about alerts: checked, done and put in the audit alike, from the command line and from the page."""

from __future__ import annotations

import re

from database import alert_queries, alerts, registry
from database.accounts import Change
from database.records import AuditRow
from database.unit import UnitOfWork
from houfeng.errors import AlertError
from houfeng.times import NS_PER_S, format_ns, parse_ns
from stations.alerts.alert import Step
from stations.alerts.words import Action

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(min|m|h|d)", re.ASCII)
_UNIT_S = {"min": 60, "m": 60, "h": 3600, "d": 86_400}
LONGEST_S = 366 * 86_400


def span_s(text: str) -> float | None:
    """Seconds of a duration such as 30min, 8h or 2d; None where it is none."""
    found = _SPAN.fullmatch(text)
    return float(found[1]) * _UNIT_S[found[2]] if found else None


def end_ns(text: str, now_ns: int) -> int:
    """A UTC time, or how long from now: `6h`, `2d`; as ns UTC.

    Raises
    ------
    ValueError : if it is neither, or more than a year ahead
    """
    seconds = span_s(text)
    if seconds is None:
        try:
            end = parse_ns(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is neither a UTC time such as 2026-01-31T12:00:00Z nor 30min, 6h or 2d"
            ) from None
        seconds = (end - now_ns) / NS_PER_S
    else:
        end = now_ns + round(min(seconds, 2 * LONGEST_S) * NS_PER_S)
    if seconds > LONGEST_S:
        raise ValueError(f"at most a year from now is needed, {text!r} came")
    return end


def handle(
    unit: UnitOfWork,
    alert_id: str,
    action: Action,
    why: str,
    change: Change,
    *,
    until_ns: int | None = None,
    assignee: str = "",
) -> Step:
    """Take a step about an open alert.

    Parameters
    ----------
    alert_id : all of it, or its beginning
    why : the reason; of a comment, the comment
    change : when, by whom and from where
    until_ns : end of a silence, ns UTC
    assignee : of an assignment

    Raises
    ------
    AlertError : if there is no such alert, it is closed, or something is missing
    """
    _check(action, why, change.at_ns, until_ns, assignee)
    known = alert_queries.resolved(unit.connection, alert_id)
    step = Step(known, change.at_ns, action, change.by, why.strip(), until_ns, assignee.strip())
    alerts.act(unit, step)
    after = step.assignee or (format_ns(until_ns, digits=0) if until_ns is not None else "")
    said = AuditRow(change.at_ns, change.by, "alert", "", str(action), "", after, step.why, known, change.origin)
    registry.add_audit(unit, [said])
    return step


def _check(action: Action, why: str, at_ns: int, until_ns: int | None, assignee: str) -> None:
    if not why.strip():
        raise AlertError(f"{action}: a reason (why) is needed: it is what the next shift reads")
    if action is Action.ASSIGNED and not assignee.strip():
        raise AlertError("assigned: a name (assignee) is needed, an empty text came")
    if action is Action.SILENCED and (until_ns is None or until_ns <= at_ns):
        raise AlertError("silenced: an end (until) after now is needed")
