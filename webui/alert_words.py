"""The words of alerts in the page's language; evidence that was saved without its facts stays as it was written."""

from __future__ import annotations

import re

from stations.alerts.alert import Alert
from stations.alerts.evidence import Value, said
from webui import reasons, words
from webui.language import gettext, lazy_gettext

STATES = {
    "new": lazy_gettext("new"),
    "escalated": lazy_gettext("escalated"),
    "acknowledged": lazy_gettext("acknowledged"),
    "silenced": lazy_gettext("silenced"),
    "closed": lazy_gettext("closed"),
}
SEVERITIES = {
    "minor": lazy_gettext("minor"),
    "major": lazy_gettext("major"),
    "critical": lazy_gettext("critical"),
}
# As the pills of states are coloured.
COLOURS = {"minor": "WARN", "major": "BAD", "critical": "BAD"}
CAUSES = {
    "link": lazy_gettext("link"),
    "server": lazy_gettext("server"),
    "power": lazy_gettext("power"),
    "clock": lazy_gettext("clock"),
    "sensor": lazy_gettext("sensor"),
    "metadata": lazy_gettext("metadata"),
    "unknown": lazy_gettext("unknown"),
}
ACTIONS = STATES | {
    "opened": lazy_gettext("opened"),
    "flapping": lazy_gettext("flapping"),
    "assigned": lazy_gettext("assigned"),
    "commented": lazy_gettext("commented"),
}
DELIVERIES = {
    "waiting": lazy_gettext("waiting"),
    "delivered": lazy_gettext("delivered"),
    "failed": lazy_gettext("given up"),
}
# Of `stations.alerts.evidence.PHRASES`, to be found by those who translate.
PHRASES = (
    lazy_gettext("%(n_stale)s of %(n_all)s stations behind link %(name)s went silent within %(span_s)s"),
    lazy_gettext("Server %(name)s is not connected"),
    lazy_gettext("it said: %(said)s"),
    lazy_gettext("%(n_stale)s of %(n_all)s stations went silent within %(span_s)s"),
    lazy_gettext("Server %(name)s sends none of its %(n_all)s stations; they went silent within %(span_s)s"),
    lazy_gettext("it is connected"),
    lazy_gettext(
        "%(n_stale)s of %(n_all)s stations of server %(name)s went silent within %(span_s)s, "
        "%(n_come)s others still come: it happened before the server"
    ),
    lazy_gettext("%(channels)s: %(reason)s"),
    lazy_gettext("data come in time"),
    lazy_gettext("Packets still come, their data are %(late_s)s late: the link is slow or catches up"),
    lazy_gettext("No data ever came since acquisition started"),
    lazy_gettext("Supply was %(supply_v)s when last heard of, below its limit of %(limit_v)s"),
    lazy_gettext("Data stopped"),
    lazy_gettext("there were %(n_gaps)s gaps in the hour before"),
    lazy_gettext("there was no sign before: power or link, the evidence does not tell"),
    lazy_gettext("%(n_come)s of %(n_others)s others behind %(group)s come"),
    lazy_gettext("%(channels)s stopped: a channel of the digitiser does not work"),
    lazy_gettext("%(channels)s never came: station metadata or the wanted streams are wrong"),
    lazy_gettext("%(channels)s of %(station)s in time: the link works"),
    lazy_gettext("It is well now"),
    lazy_gettext("%(reason)s"),
    lazy_gettext("the evidence does not tell why"),
)


_CHANGES = re.compile(r"(\d+) changes within an hour")


def why(text: str, alert: Alert) -> str:
    """The reason of a step: what the system says of its own in the page's language, what people wrote as it is."""
    if text == alert.evidence:
        return evidence(alert)
    if found := _CHANGES.fullmatch(text):
        return gettext("%(n)s changes within an hour", n=found[1])
    return text


def evidence(alert: Alert) -> str:
    """What speaks for the cause of an alert, in a sentence."""
    return said(alert.facts, phrase=gettext, word=_word) if alert.facts else alert.evidence


def _word(name: str, value: Value) -> str:
    if name == "reason":
        return reasons.translated(str(value))
    if isinstance(value, str):
        return value
    if name.endswith("_s"):
        return words.age(value)
    return words.quantity(value, "V") if name.endswith("_v") else words.figure(value)
