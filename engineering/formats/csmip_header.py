"""What the headers of California's volumes 1 and 2 have in common: station, owner, axis and first sample's time."""

from __future__ import annotations

import re

from houfeng.times import parse_ns

STATION = re.compile(r"Station No\.\s+(\S+)")
AXIS = re.compile(r"Chan\s+\d+:\s+(?:(?P<azimuth>\d+) Deg|(?P<up>Up|Down))")
START = re.compile(r"Start time:\s+(\d+)/\s*(\d+)/(\d\d),\s+(\d+):(\d\d):([\d.]+) UTC")
# The line behind the station's number is its name and, in a column of its own, who owns it.
_OWNER = re.compile(r"Station No\..*\n.*\s(?:CGS|CDMG|CSMIP)[ \t]*(?:\n|$)")
_NETWORK = "CE"  # FDSN's of the California Strong Motion Instrumentation Program
_PIVOT_YEAR = 70  # years have two digits


def network(header: str) -> str | None:
    """FDSN's code of the program that these volumes are named after; None of a station that others own."""
    return _NETWORK if _OWNER.search(header) else None


def start_ns(header: str) -> int | None:
    """When the first sample was taken, ns UTC; None where the header does not say it in UTC."""
    found = START.search(header)
    if found is None:
        return None
    month, day, year, hour, minute = (int(part) for part in found.groups()[:5])
    whole = year + (2000 if year < _PIVOT_YEAR else 1900)
    try:
        return parse_ns(f"{whole}-{month:02}-{day:02}T{hour:02}:{minute:02}:{float(found[6]):06.3f}Z")
    except ValueError:
        return None
