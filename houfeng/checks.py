"""How settings check themselves: every room says in the same words what was needed and what came."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from houfeng.errors import ConfigError

# The last word of a key is its unit.
_UNITS = {
    "s": "s",
    "h": "h",
    "days": "days",
    "hz": "Hz",
    "km": "km",
    "m": "m",
    "deg": "degrees",
    "mib": "MiB",
    "percent": "%",
    "counts": "counts",
}
_CHANNELS = re.compile(r"[A-Z0-9?*-]+\.[A-Z0-9?*-]+\.[A-Z0-9?*-]*\.[A-Z0-9?*]+", re.ASCII)


def need(good: bool, key: str, needed: str, came: object) -> None:
    """Refuse a value.

    Parameters
    ----------
    good : whether it will do
    key : dotted, as far as the settings know
    needed, came : completed by "is needed" and "came"

    Raises
    ------
    ConfigError : if it will not do
    """
    if not good:
        raise ConfigError(f"{key}: {needed} is needed, {came} came")


def positive(settings: object, *keys: str, where: str = "") -> None:
    """Refuse numbers that are not finite and above 0; `where` is put before the keys.

    Raises
    ------
    ConfigError : naming the key and its unit
    """
    for key in keys:
        value = getattr(settings, key)
        need(math.isfinite(value) and value > 0, where + key, f"more than {_with_unit(0, key)}", f"{value:g}")


def not_negative(settings: object, *keys: str, where: str = "") -> None:
    """Refuse numbers that are not finite and 0 or more; `where` is put before the keys.

    Raises
    ------
    ConfigError : naming the key and its unit
    """
    for key in keys:
        value = getattr(settings, key)
        need(math.isfinite(value) and value >= 0, where + key, f"{_with_unit(0, key)} or more", f"{value:g}")


def above(settings: object, key: str, other: str, where: str = "") -> None:
    """Refuse a value that is not above that of another key; `where` is put before the key.

    Raises
    ------
    ConfigError : naming both keys and the unit
    """
    value, floor = getattr(settings, key), getattr(settings, other)
    good = math.isfinite(value) and value > floor
    need(good, where + key, f"more than {other} = {_with_unit(floor, key)}", f"{value:g}")


def within(key: str, value: float | None, low: float, high: float) -> None:
    """Refuse a value outside of limits that are allowed themselves; None will do.

    Raises
    ------
    ConfigError : naming the key
    """
    need(value is None or low <= value <= high, key, f"{low:g} to {high:g}", value)


def port(key: str, value: int) -> None:
    """Refuse what is no port of TCP.

    Raises
    ------
    ConfigError : naming the key
    """
    need(0 < value < 65536, key, "a port from 1 to 65535", value)


def channel_patterns(key: str, patterns: Iterable[str]) -> None:
    """Refuse what is no NET.STA.LOC.CHA pattern with * and ?.

    Raises
    ------
    ConfigError : naming the key
    """
    for pattern in patterns:
        need(bool(_CHANNELS.fullmatch(pattern)), key, "NET.STA.LOC.CHA (* and ? allowed)", repr(pattern))


def _with_unit(value: float, key: str) -> str:
    unit = _UNITS.get(key.rpartition("_")[2], "")
    return f"{value:g} {unit}".strip()
