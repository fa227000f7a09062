"""Reasons of the status rule in the page's language.

Health words a reason once, in English, where the evidence is; commands and JSON show it as it is. A page takes it
apart by the rule's pattern and says it again. What fits no pattern stays English.
"""

from __future__ import annotations

import re

from webui.language import gettext, lazy_gettext
from webui.magnitude_words import MAGNITUDE_REASONS
from webui.words import UNITS

_WHAT: tuple[tuple[str, object], ...] = (
    (r"No data since acquisition started", lazy_gettext("No data since acquisition started")),
    (r"No data in the last hour", lazy_gettext("No data in the last hour")),
    (r"Too few samples to tell a flat trace", lazy_gettext("Too few samples to tell a flat trace")),
    (r"Too few samples for their mean", lazy_gettext("Too few samples for their mean")),
    (r"Too few samples to see clipping", lazy_gettext("Too few samples to see clipping")),
    (r"No timing quality for (?P<value>.+)", lazy_gettext("No timing quality for %(value)s")),
    (r"Watched too briefly for availability", lazy_gettext("Watched too briefly for availability")),
    (r"Latency (?P<value>.+)", lazy_gettext("Latency %(value)s")),
    (r"Feed latency (?P<value>.+)", lazy_gettext("Feed latency %(value)s")),
    (r"Data (?P<value>.+) ahead", lazy_gettext("Data %(value)s ahead")),
    (r"Flat, distinct values (?P<value>.+)", lazy_gettext("Flat, distinct values %(value)s")),
    (r"Mean (?P<value>.+)", lazy_gettext("Mean %(value)s")),
    (r"Clipped (?P<value>.+) of a minute", lazy_gettext("Clipped %(value)s of a minute")),
    (r"Timing quality (?P<value>.+)", lazy_gettext("Timing quality %(value)s")),
    (r"Gaps: (?P<value>.+) in 1 h", lazy_gettext("Gaps: %(value)s in 1 h")),
    (r"Overlaps: (?P<value>.+) in 1 h", lazy_gettext("Overlaps: %(value)s in 1 h")),
    (r"Available (?P<value>.+) of (?P<window>.+)", lazy_gettext("Available %(value)s of %(window)s")),
    (r"Supply (?P<value>.+)", lazy_gettext("Supply %(value)s")),
    (r"Last supply (?P<value>.+)", lazy_gettext("Last supply %(value)s")),
    (r"Mass position (?P<value>.+)", lazy_gettext("Mass position %(value)s")),
    (r"Last mass position (?P<value>.+)", lazy_gettext("Last mass position %(value)s")),
    (r"Clock quality (?P<value>.+)", lazy_gettext("Clock quality %(value)s")),
    (r"Last clock quality (?P<value>.+)", lazy_gettext("Last clock quality %(value)s")),
    (r"Clock off by (?P<value>.+)", lazy_gettext("Clock off by %(value)s")),
    (r"Last clock off by (?P<value>.+)", lazy_gettext("Last clock off by %(value)s")),
    (r"Temperature (?P<value>.+)", lazy_gettext("Temperature %(value)s")),
    (r"Last temperature (?P<value>.+)", lazy_gettext("Last temperature %(value)s")),
    (r"Satellites (?P<value>.+)", lazy_gettext("Satellites %(value)s")),
    (r"Last satellites (?P<value>.+)", lazy_gettext("Last satellites %(value)s")),
    (r"Buffer used (?P<value>.+)", lazy_gettext("Buffer used %(value)s")),
    (r"Last buffer used (?P<value>.+)", lazy_gettext("Last buffer used %(value)s")),
    (
        r"Records (?P<value>.+) Hz, StationXML (?P<least>.+) Hz",
        lazy_gettext("Records %(value)s Hz, StationXML %(least)s Hz"),
    ),
    (r"Spikes: (?P<value>.+) in 1 h", lazy_gettext("Spikes: %(value)s in 1 h")),
    (r"Clock locked (?P<value>.+) of 1 h", lazy_gettext("Clock locked %(value)s of 1 h")),
    (r"Rms (?P<value>.+) above usual", lazy_gettext("Rms %(value)s above usual")),
    (r"Rms (?P<value>.+) below usual", lazy_gettext("Rms %(value)s below usual")),
    (r"Rms (?P<value>.+) in a day", lazy_gettext("Rms %(value)s in a day")),
    (r"Above high noise model (?P<value>.+)", lazy_gettext("Above high noise model %(value)s")),
    (r"Below low noise model (?P<value>.+)", lazy_gettext("Below low noise model %(value)s")),
    (r"Spectrum (?P<value>.+) off line", lazy_gettext("Spectrum %(value)s off line")),
    (r"4-8 s (?P<value>.+) below low noise", lazy_gettext("4-8 s %(value)s below low noise")),
    (r"Distinct values (?P<value>.+) in a day", lazy_gettext("Distinct values %(value)s in a day")),
    (r"Cross-talk (?P<value>.+)", lazy_gettext("Cross-talk %(value)s")),
    (r"Polarity (?P<value>.+)", lazy_gettext("Polarity %(value)s")),
    (r"Awaits its first measured minutes", lazy_gettext("Awaits its first measured minutes")),
    (r"Awaits this hour on (?P<value>\d+) earlier days", lazy_gettext("Awaits this hour on %(value)s earlier days")),
    (r"Awaits a whole day of records", lazy_gettext("Awaits a whole day of records")),
    (r"Not measured for (?P<value>.+)", lazy_gettext("Not measured for %(value)s")),
    (r"Day not checked for (?P<value>.+)", lazy_gettext("Day not checked for %(value)s")),
    (r"StationXML has no epoch for now", lazy_gettext("StationXML has no epoch for now")),
    (
        r"StationXML breaks rule (?P<rule>\d+) and (?P<value>\d+) more",
        lazy_gettext("StationXML breaks rule %(rule)s and %(value)s more"),
    ),
    (r"StationXML breaks rule (?P<rule>\d+)", lazy_gettext("StationXML breaks rule %(rule)s")),
    (r"Not evaluated for (?P<value>.+)", lazy_gettext("Not evaluated for %(value)s")),
    (r"Evaluated (?P<value>.+) ahead of the clock", lazy_gettext("Evaluated %(value)s ahead of the clock")),
    (r"Not evaluated yet", lazy_gettext("Not evaluated yet")),
    (r"Off: not expected", lazy_gettext("Off: not expected")),
    (r"no window of an hour is without a gap", lazy_gettext("no window of an hour is without a gap")),
    (
        r"(?P<value>\d+) windows of another rate than (?P<rate>.+) Hz are left out",
        lazy_gettext("%(value)s windows of another rate than %(rate)s Hz are left out"),
    ),
    # what keeps a location from a better class
    (r"no place explains the onsets", lazy_gettext("no place explains the onsets")),
    (
        r"(?P<value>\d+) stations? with known place < (?P<least>.+)",
        lazy_gettext("%(value)s located stations < %(least)s"),
    ),
    (r"(?P<value>\d+) stations?", lazy_gettext("%(value)s stations")),
    (r"(?P<value>\d+) onsets? < (?P<least>.+)", lazy_gettext("%(value)s onsets < %(least)s")),
    (r"rms (?P<value>.+)", lazy_gettext("rms %(value)s")),
    (r"epicentre (?P<value>± .+)", lazy_gettext("epicentre %(value)s")),
    (r"depth (?P<value>± .+)", lazy_gettext("depth %(value)s")),
    (r"depth fixed", lazy_gettext("depth fixed")),
    (r"gap (?P<value>\d.+)", lazy_gettext("gap %(value)s")),
    (r"nearest station (?P<value>.+)", lazy_gettext("nearest station %(value)s")),
    # why an event looks like something else than an earthquake nearby
    (r"apparent velocity (?P<value>.+) km/s", lazy_gettext("apparent velocity %(value)s km/s")),
    (r"onsets stand out best about (?P<value>.+) Hz", lazy_gettext("onsets stand out best about %(value)s Hz")),
    (r"in known blast area (?P<value>.+)", lazy_gettext("in known blast area %(value)s")),
    (
        r"(?P<day>\w{3}) (?P<value>.+) local time, hours (?P<hours>.+)",
        lazy_gettext("%(value)s local time, blasts %(hours)s h"),
    ),
    (r"(?P<value>\d+) km deep", lazy_gettext("%(value)s km deep")),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _WHAT + MAGNITUDE_REASONS)
_CHANNEL = re.compile(r"(?P<channel>[A-Z0-9]{3}): (?P<reason>.+)")
_RECOVERING = re.compile(r"Recovering: (?P<reason>.+)", re.IGNORECASE)
_LIMIT = re.compile(r"(?P<what>.+), limit (?P<limit>.+)")
_UNIT = re.compile(r"(?<=[\d ]) (s|min|h|d|ms|V|dB|counts)\b")


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
            values = {name: _units(value) for name, value in found.groupdict().items()}
            return str(words) % values + limit
    return reason + limit


def _units(text: str) -> str:
    return _UNIT.sub(lambda unit: f" {UNITS[unit[1]]}", text)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
