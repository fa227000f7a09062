"""The words of alerts in the page's language; sentences of evidence stay as they were written."""

from __future__ import annotations

from webui.language import lazy_gettext

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
}
DELIVERIES = {
    "waiting": lazy_gettext("waiting"),
    "delivered": lazy_gettext("delivered"),
    "failed": lazy_gettext("given up"),
}
