"""Numbers, ages and times as a page shows them, in the page's language. Units keep their space: `6.6 ms`, `38 %`."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor

from houfeng.times import NS_PER_S, format_ns, parse_ns
from stations.health.words import number
from webui import zones
from webui.language import day_and_month, lazy_gettext

NO_EVIDENCE = "—"
NOT_APPLICABLE = "n/a"

UNITS = {
    "s": lazy_gettext("s"),
    "min": lazy_gettext("min"),
    "h": lazy_gettext("h"),
    "d": lazy_gettext("d"),
    "ms": lazy_gettext("ms"),
    "V": lazy_gettext("V"),
    "dB": lazy_gettext("dB"),
    "y": lazy_gettext("y"),
    "counts": lazy_gettext("counts"),
}

_MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SI = {"M": "m", "M/S": "m/s", "M/S**2": "m/s²"}


def age(seconds: float) -> str:
    """How long something lasts already: `0.8 s`, `19 min`, `5 h 13 min`, `12 d`; cut off, never ahead of time."""
    if seconds < 0:
        return _MINUS + age(-seconds)
    if seconds < 10:
        return _with_unit(f"{floor(seconds * 10) / 10:.1f}", "s")
    if seconds < 90:
        return _with_unit(f"{floor(seconds)}", "s")
    minutes = floor(seconds / 60)
    if minutes < 60:
        return _with_unit(f"{minutes}", "min")
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        whole = _with_unit(f"{hours}", "h")
        return f"{whole} {_with_unit(str(minutes), 'min')}" if minutes else whole
    return _with_unit(number(hours // 24), "d")


def latency(seconds: float | None) -> str:
    """A duration in a table cell: `2.1 s`, `74.2 s`, `19 min`, `5.2 h`."""
    if seconds is None:
        return NO_EVIDENCE
    if seconds < 0:
        return _MINUS + latency(-seconds)
    if seconds < 99.95:
        return _with_unit(f"{seconds:.1f}", "s")
    if seconds < 5400:
        return _with_unit(f"{seconds / 60:.0f}", "min")
    if seconds < 48 * 3600:
        return _with_unit(f"{seconds / 3600:.1f}", "h")
    return _with_unit(number(round(seconds / 86400)), "d")


def share(percent: float | None) -> str:
    """A percentage without its sign, one decimal, cut off: 97.98 below a limit of 98 must look it."""
    return NO_EVIDENCE if percent is None else f"{floor(round(percent * 10, 6)) / 10:.1f}"


def figure(value: float | None) -> str:
    """A plain number with thin spaces between thousands and a real minus sign; whole ones in full."""
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{THIN SPACE}").replace("-", _MINUS)
    return NO_EVIDENCE if value is None else number(value)


def scientific(value: float) -> str:
    """A number of many digits as a power of ten: `6.3 × 10⁸`."""
    mantissa, _, exponent = number(value).partition("e")
    return f"{mantissa} × 10{exponent.translate(_RAISED)}" if exponent else mantissa


def decimals(value: float | None, n_digits: int) -> str:
    """A number with as many decimals as its column, with a real minus sign; what rounds to nothing has none."""
    return NO_EVIDENCE if value is None else f"{value:z.{n_digits}f}".replace("-", _MINUS)


def shift(value: float | None, n_digits: int) -> str:
    """The same of a difference; one that is there, but rounds to nothing, is less than the last decimal."""
    text = decimals(value, n_digits)
    return f"<{10**-n_digits:.{n_digits}f}" if value and not text.strip(_MINUS + "0.") else text


def coordinates(latitude_deg: float, longitude_deg: float) -> str:
    """A place as maps have it: `48.050° N 11.643° E`."""
    north, east = ("N" if latitude_deg >= 0 else "S"), ("E" if longitude_deg >= 0 else "W")
    return f"{abs(latitude_deg):.3f}° {north} {abs(longitude_deg):.3f}° {east}"


def si_unit(unit: str) -> str:
    """A unit of StationXML as people write it: `m/s²` of `M/S**2`; what is not ground motion stays."""
    return _SI.get(unit.upper(), unit)


def quantity(value: float | None, unit: str) -> str:
    """A value of a reading with its unit."""
    if value is None:
        return NO_EVIDENCE
    if unit == "s":
        return latency(value)
    if unit == "%":
        return f"{share(value)} %"
    return _with_unit(number(value), unit) if unit in UNITS else number(value)


def limit(value: float, unit: str) -> str:
    """A limit with its unit, as short as the configuration has it: `120 s`, `98 %`."""
    if unit == "s" and value <= 180:
        return _with_unit(f"{value:g}", "s")
    return f"{value:g} %" if unit == "%" else quantity(value, unit)


def moment(t_ns: int | None, now_ns: int, *, digits: int = -1) -> str:
    """A time in the page's zone, as short as it stays clear: `18:23` of today, `22 Nov 06:00`, or `2019-07-06 03:19`.

    Parameters
    ----------
    t_ns, now_ns : ns UTC; None is an em dash
    digits : -1 for minutes, 0 for seconds, more for decimals of a second (cut off)
    """
    if t_ns is None:
        return NO_EVIDENCE
    date, clock = _day_and_clock(t_ns, digits)
    today = format_ns(zones.shifted(now_ns), digits=0)
    if date == today[:10]:
        return clock
    if date[:4] == today[:4]:
        return f"{day(t_ns)} {clock}"
    return f"{date} {clock}"


def day(t_ns: int) -> str:
    """`22 Nov` in the page's language."""
    return utc_day(zones.shifted(t_ns))


def utc_day(t_ns: int) -> str:
    """The same of a day that something was counted by, which is one of UTC in every zone."""
    return day_and_month(datetime.fromtimestamp(t_ns // NS_PER_S, UTC))


def utc_date(t_ns: int) -> str:
    """`2026-11-22`, as `utc_day`."""
    return format_ns(t_ns, digits=0)[:10]


def written(text: str) -> str:
    """A time that was written down as text, as `full_time` to the minute; what is no time stays as it is."""
    try:
        return full_time(parse_ns(text), -1)
    except ValueError:
        return text


def span(text: str) -> str:
    """A length such as `24h`, `30d` or `1y`, in the page's language."""
    return _with_unit(text[:-1], text[-1])


def lasting(seconds: int) -> str:
    """A whole length as a choice has it: `1 min`, `24 h`, `7 d`."""
    for unit, length_s in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % length_s == 0 and (unit != "d" or seconds > length_s):
            return _with_unit(str(seconds // length_s), unit)
    return _with_unit(str(seconds), "s")


def full_time(t_ns: int, digits: int) -> str:
    """`2019-07-06 03:19:53.04`; digits as for `moment`."""
    return " ".join(_day_and_clock(t_ns, digits))


def _day_and_clock(t_ns: int, digits: int) -> tuple[str, str]:
    day, clock = format_ns(zones.shifted(t_ns), digits=max(digits, 0)).rstrip("Z").split("T")
    return day, clock[:5] if digits < 0 else clock


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {UNITS[unit]}"
