"""Integer nanoseconds UTC inside, ISO 8601 with Z outside; the only caller of the wall clock.

float64 seconds since 1970 resolve 240 ns and corrupt almost every nanosecond value, so no time in Houfeng is a float.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obspy import UTCDateTime

NS_PER_S = 1_000_000_000

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|\+00:00)?", re.ASCII)


def now_ns() -> int:
    """Nanoseconds UTC since 1970 from the system clock."""
    return time.time_ns()


def seconds_ns(seconds: float) -> int:
    """Whole nanoseconds nearest to a duration in seconds."""
    return round(seconds * NS_PER_S)


# Streams have few rates and records few lengths; a look takes half as long as the division.
@lru_cache(maxsize=16384)
def samples_ns(n_samples: int, sample_rate_hz: float) -> int:
    """Whole nanoseconds that `n_samples` sampling intervals last.

    Computed from the start of a segment, not summed interval by interval: at 3 Hz a sum of rounded intervals
    would be 1 ms wrong after 34 days.
    """
    return round(n_samples * NS_PER_S / sample_rate_hz)


def format_ns(t_ns: int, *, digits: int = 6) -> str:
    """ISO 8601 with Z, `digits` (0-9) decimals of a second, cut off (never rounded into the next second)."""
    whole, rest = divmod(t_ns, NS_PER_S)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}"[: len(text) + 1 + digits] + "Z" if digits else text + "Z"


def parse_ns(text: str) -> int:
    """Nanoseconds of an ISO 8601 date or time; it is UTC, with or without Z.

    Raises
    ------
    ValueError : if the text is not ISO 8601, or names another time zone
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a UTC time such as 2026-01-31T12:00:00Z")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        whole = int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError as error:
        raise ValueError(f"{text!r} is not a UTC time: {error}") from error
    return whole * NS_PER_S + int((match.group(7) or "0").ljust(9, "0"))


def to_utcdatetime(t_ns: int) -> UTCDateTime:
    """The same instant for ObsPy; exact to the nanosecond."""
    from obspy import UTCDateTime  # here: it takes half a second, and most commands ask for none

    return UTCDateTime(ns=t_ns)


def from_utcdatetime(t: UTCDateTime) -> int:
    """The same instant from ObsPy; exact to the nanosecond."""
    return int(t.ns)
