"""What values of a project file may be: each fault is one line that begins with the key."""

from __future__ import annotations

from collections.abc import Sequence

from houfeng.errors import ConfigError
from houfeng.times import parse_ns


def check(faults: Sequence[str]) -> None:
    """Tell all faults at once, if there are any.

    Raises
    ------
    ConfigError : a line for each
    """
    if faults:
        raise ConfigError("\n".join(faults))


def text_faults(**values: str) -> list[str]:
    """Of texts that may not be empty."""
    return [f"{key}: a text is needed, an empty one came" for key, value in values.items() if not value.strip()]


def positive_faults(**values: float) -> list[str]:
    """Of numbers that must be more than 0."""
    return [f"{key}: more than 0 is needed, came {value:g}" for key, value in values.items() if not value > 0]


def place_faults(latitude_deg: float, longitude_deg: float) -> list[str]:
    """Of coordinates, WGS 84."""
    given = (("latitude_deg", latitude_deg, 90), ("longitude_deg", longitude_deg, 180))
    return [f"{key}: {-most} to {most} is needed, came {x:g}" for key, x, most in given if not -most <= x <= most]


def times_faults(**values: str) -> list[str]:
    """Of times, UTC."""
    faults = []
    for key, text in values.items():
        try:
            parse_ns(text)
        except ValueError:
            faults.append(f"{key}: a UTC time as 2019-07-06T03:19:53.04Z is needed, {text!r} came")
    return faults
