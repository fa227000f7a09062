"""Names of time zones that a page can show, for whoever checks a configuration too: `webui.zones` needs Flask."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

UTC_NAME = "UTC"
# Names of UTC itself, and those whose sign is the other way round: Etc/GMT-6 is six hours ahead of Greenwich.
_NOT_PLACES = ("Etc/", "GMT", "UTC", "UCT", "Zulu", "Greenwich", "Universal", "posix", "right", "Factory", "localtime")


def known(name: str | None) -> bool:
    """Whether it is UTC or the IANA name of a place."""
    return name == UTC_NAME or name in _places()


@functools.cache
def _places() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if not name.startswith(_NOT_PLACES))
