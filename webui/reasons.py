"""Reasons of the status rule in the page's language.

Health words a reason once, in English, where the evidence is; commands and JSON show it as it is. A page takes it
apart by the rule's pattern and says it again. What fits no pattern stays English.
"""

from __future__ import annotations

import re

from webui.language import gettext, lazy_gettext
from webui.words import UNITS

_WHAT: tuple[tuple[str, object], ...] = (
    (r"No data since start of (?:service|.*…)", lazy_gettext("No data since start of service")),
    (r"No current flat", lazy_gettext("No recent samples to judge flatness by")),
    (r"No current sample mean", lazy_gettext("No recent samples to judge the mean by")),
    (r"No current clipping", lazy_gettext("No recent samples to judge clipping by")),
    (r"No current timing quality", lazy_gettext("No current timing quality")),
    (r"No current num gaps", lazy_gettext("No data to judge gaps by")),
    (r"No current num overlaps", lazy_gettext("No data to judge overlaps by")),
    (r"No current availability (?P<window>1h|24h)", lazy_gettext("Availability %(window)s not judged yet")),
    (r"Latency (?P<value>.+)", lazy_gettext("Latency %(value)s")),
    (r"Feed latency (?P<value>.+)", lazy_gettext("Feed latency %(value)s")),
    (r"Data (?P<value>.+) ahead", lazy_gettext("Data %(value)s ahead")),
    (
        r"Flat: (?P<value>.+) distinct in 60 s,(?: needs (?P<needed>\d+)|.*…)",
        lazy_gettext("Flat: %(value)s distinct in 60 s, needs %(needed)s"),
    ),
    (r"Mean (?P<value>.+)", lazy_gettext("Mean %(value)s")),
    (r"Clipped (?P<value>.+) of a minute", lazy_gettext("Clipped %(value)s of a minute")),
    (r"Timing quality (?P<value>.+)", lazy_gettext("Timing quality %(value)s")),
    (r"Gaps: (?P<value>.+) in 1 h", lazy_gettext("Gaps: %(value)s in 1 h")),
    (r"Overlaps: (?P<value>.+) in 1 h", lazy_gettext("Overlaps: %(value)s in 1 h")),
    (
        r"Availability (?P<window>[\d.]+ \w+) (?P<value>.+)",
        lazy_gettext("Availability %(window)s %(value)s"),
    ),
    (r"Not evaluated for (?P<value>.+)", lazy_gettext("Not evaluated for %(value)s")),
    (r"Evaluated (?P<value>.+) ahead of clock", lazy_gettext("Evaluated %(value)s ahead of the clock")),
    (r"Not evaluated yet", lazy_gettext("Not evaluated yet")),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _WHAT)
_CHANNEL = re.compile(r"(?P<channel>[A-Z0-9]{3}): (?P<reason>.+)")
_RECOVERING = re.compile(r"Recovering: (?P<reason>.+)", re.IGNORECASE)
_LIMIT = re.compile(r"(?P<what>.+), limit (?P<limit>.+)")
_UNIT = re.compile(r"(?<=[\d ]) (s|min|h|d)\b")


def translated(reason: str) -> str:
    """The reason in the page's language."""
    if found := _CHANNEL.fullmatch(reason):
        return f"{found['channel']}: {_lowered(translated(found['reason']))}"
    if found := _RECOVERING.fullmatch(reason):
        return gettext("Recovering: %(reason)s", reason=_lowered(translated(found["reason"])))
    limit = ""
    if found := _LIMIT.fullmatch(reason):
        reason, limit = found["what"], gettext(", limit %(limit)s", limit=_units(found["limit"]))
    for pattern, words in _PATTERNS:
        if found := pattern.fullmatch(reason):
            # what health cut off to keep 40 characters is not said
            values = {name: _units(value or "…") for name, value in found.groupdict().items()}
            return str(words) % values + limit
    return reason + limit


def _units(text: str) -> str:
    return _UNIT.sub(lambda unit: f" {UNITS[unit[1]]}", text)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
