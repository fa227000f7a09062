"""Numbers and reasons as operators read them: `Timing quality 38 %, limit 50 %`."""

from __future__ import annotations

from math import ceil, floor

MAX_REASON = 40

_MINUS = "\N{MINUS SIGN}"
_THIN = "\N{THIN SPACE}"


def age(seconds: float) -> str:
    """A duration: `0.8 s`, `75 s`, `19 min`, `5 h 13 min`, `12 d`; rounded up, so that it is seen to pass a limit."""
    if seconds < 0:
        return _MINUS + age(-seconds)
    if seconds < 10:
        tenths = ceil(round(seconds * 10, 6))
        return f"{tenths // 10} s" if tenths % 10 == 0 else f"{tenths / 10:.1f} s"
    if seconds <= 180:
        return f"{ceil(seconds)} s"
    minutes = ceil(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{number(minutes // (24 * 60))} d"


def window(seconds: float) -> str:
    """Length of a window, short: `12 min`, `1 h`, `5.2 h`."""
    if seconds < 3600:
        return f"{floor(seconds / 60)} min" if seconds >= 60 else f"{floor(seconds)} s"
    return f"{floor(seconds / 360) / 10:g} h"


def number(value: float) -> str:
    """Three digits at least, thousands apart by a thin space, a real minus sign; huge ones as powers of ten."""
    sign, magnitude = (_MINUS if value < 0 else ""), abs(value)
    if magnitude >= 1e8:
        return sign + f"{magnitude:.1e}".replace("e+0", "e").replace("e+", "e")
    if magnitude >= 100 or magnitude == round(magnitude):
        return sign + f"{magnitude:,.0f}".replace(",", _THIN)
    return sign + f"{magnitude:.3g}"


def percent(value: float) -> str:
    """`38 %`, `97.9 %`, `0.017 %`; cut off, not rounded: 97.98 % is below a limit of 98 % and must look it."""
    if 0 < value < 1e-3:
        return "<0.001 %"
    if 0 < value < 1:
        return f"{value:.2g} %"
    return f"{floor(round(value * 10, 6)) / 10:g} %"


def quantity(value: float, unit: str) -> str:
    """A value with its unit; "" and counts are plain numbers."""
    if unit == "s":
        return age(value)
    if unit == "%":
        return percent(value)
    return f"{number(value)} {unit}" if unit in ("V", "ms", "dB", "°C") else number(value)


def reason(what: str, value: float, limit: float, unit: str) -> str:
    """Fill `what` ("Latency {value}, limit {limit}"); at most 40 characters, the limit goes first when it is long."""
    text = what.format(value=quantity(value, unit), limit=quantity(limit, unit))
    # two hours with their minutes are a character too long, and less to read as 1h 31m
    return fitted(text if len(text) <= MAX_REASON else text.replace(" min", "m").replace(" h ", "h "))


def recovering(text: str) -> str:
    """The reason of a state that is held although the value is good again."""
    return fitted(f"Recovering: {text[:1].lower()}{text[1:]}")


def fitted(text: str) -> str:
    """At most 40 characters."""
    if len(text) > MAX_REASON:
        text = text.split(", limit")[0]
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"
