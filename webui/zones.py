"""In which time zone a page shows times: the address says (`?tz=Asia/Almaty`), else the cookie, else it is UTC.

Only what is shown follows it: addresses, forms, downloads and the API stay in UTC, and so do days that something was
counted by. The label is the place, never an offset: Almaty's changed in 2024, and an event of 2023 has that of 2023.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import current_app, g, has_request_context, request

from houfeng.times import NS_PER_S, now_ns
from webui import language
from webui.zone_names import UTC_NAME, known


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone by its IANA name."""

    name: str = UTC_NAME

    @property
    def place(self) -> str:
        """What stands beside a time: `UTC`, or the city whose clocks show it, in the page's language."""
        return UTC_NAME if self.name == UTC_NAME else language.city(self.name)

    def offset_ns(self, t_ns: int) -> int:
        """How far its clocks were ahead of UTC then."""
        if self.name == UTC_NAME:
            return 0
        at = datetime.fromtimestamp(t_ns // NS_PER_S, UTC).astimezone(_info(self.name))
        offset = at.utcoffset()
        return 0 if offset is None else round(offset.total_seconds()) * NS_PER_S


_UTC = Zone()


def chosen() -> Zone:
    """The request's zone; UTC where nobody asked for another, and outside of requests."""
    if not has_request_context():
        return _UTC
    if "zone" not in g:
        g.zone = _asked()
    zone: Zone = g.zone
    return zone


def offered() -> str:
    """The zone that the switch leads to, when the configuration says so; "" for the browser's own."""
    return str(current_app.config["SETTINGS"].time_zone)


def shifted(t_ns: int) -> int:
    """What a clock in the request's zone showed then, as ns UTC: only for writing it down."""
    return t_ns + chosen().offset_ns(t_ns)


def from_utc(t_ns: int) -> str:
    """How far the zone is from UTC then: `UTC+6`, `UTC+5:30`."""
    minutes = chosen().offset_ns(t_ns) // (60 * NS_PER_S)
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def now_offset_s() -> int:
    """Seconds that the zone is ahead of UTC now: for the clock of the page."""
    return chosen().offset_ns(now_ns()) // NS_PER_S


def _asked() -> Zone:
    for asked in (request.args.get("tz"), request.cookies.get("tz")):
        if asked and known(asked):
            return Zone(asked)
    return _UTC


@functools.cache
def _info(name: str) -> ZoneInfo:
    return ZoneInfo(name)
