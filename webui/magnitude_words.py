"""Why a magnitude is missing, not used or flagged, in the page's language: patterns for `webui.reasons`."""

from __future__ import annotations

from webui.language import gettext, lazy_gettext

MAGNITUDE_REASONS: tuple[tuple[str, object], ...] = (
    (r"no record of the onset", lazy_gettext("no record of the onset")),
    (r"no record of the coda", lazy_gettext("no record of the coda")),
    (r"no record of a horizontal channel", lazy_gettext("no record of a horizontal channel")),
    (r"no record of a vertical channel", lazy_gettext("no record of a vertical channel")),
    (
        r"the record ends (?P<value>.+) before the window does",
        lazy_gettext("the record ends %(value)s before the window does"),
    ),
    (
        r"the record begins (?P<value>.+) before the onset, too late to tell the noise",
        lazy_gettext("the record begins %(value)s before the onset, too late to tell the noise"),
    ),
    (
        r"(?P<value>.+) samples per second, (?P<least>.+) needed",
        lazy_gettext("%(value)s samples per second, %(least)s needed"),
    ),
    (r"clipped at (?P<value>.+)", lazy_gettext("clipped at %(value)s")),
    (
        r"period (?P<value>.+ s), less than (?P<most>.+) needed",
        lazy_gettext("period %(value)s, less than %(most)s needed"),
    ),
    (r"no swing in the P waves", lazy_gettext("no swing in the P waves")),
    (
        r"signal (?P<value>.+) times the noise, (?P<least>.+) needed",
        lazy_gettext("signal %(value)s times the noise, %(least)s needed"),
    ),
    (r"the coda has not ended after (?P<value>.+)", lazy_gettext("the coda has not ended after %(value)s")),
    (
        r"the seismometer is of short period, (?P<least>.+) are needed",
        lazy_gettext("the seismometer is of short period, %(least)s are needed"),
    ),
    (
        r"hypocentral distance (?P<value>.+) km, (?P<low>.+) to (?P<high>.+) km needed",
        lazy_gettext("hypocentral distance %(value)s km, %(low)s to %(high)s km needed"),
    ),
    (r"stations: (?P<value>\d+), (?P<least>\d+) needed", lazy_gettext("stations: %(value)s, %(least)s needed")),
    (r"scatter (?P<value>.+), at most (?P<most>.+) wanted", lazy_gettext("scatter %(value)s, at most %(most)s wanted")),
    (
        r"stations too noisy to be used that saw less: (?P<value>\d+)",
        lazy_gettext("stations too noisy to be used that saw less: %(value)s"),
    ),
    (r"ML is (?P<value>.+), (?P<least>.+) needed", lazy_gettext("ML is %(value)s, %(least)s needed")),
    (r"(?P<value>K = .+) is not confirmed", lazy_gettext("%(value)s is not confirmed")),
    (r"(?P<value>\S+): no metadata of this time", lazy_gettext("%(value)s: no metadata of this time")),
    (r"(?P<value>\S+): no response in the metadata", lazy_gettext("%(value)s: no response in the metadata")),
)


def method(text: str) -> str:
    """How a network's value was made."""
    if text.startswith("from "):
        return gettext("from %(kind)s", kind=text.removeprefix("from "))
    return {"mean": gettext("mean"), "trimmed mean": gettext("trimmed mean")}.get(text, text)


# Steps of 1000 from what is stored, and what they are called.
_STEPS = {"nm": ("nm", "µm", "mm", "m"), "m*s": ("m·s", "mm·s", "µm·s", "nm·s")}


def amplitude(value: float | None, unit: str) -> str:
    """An amplitude with three digits and a unit that suits it: `431 nm`, `71.9 µm·s`, `51.5 s`."""
    if value is None:
        return "—"
    if unit not in _STEPS:
        return f"{value:.1f} {gettext('s')}"
    upwards = unit == "nm"
    names = list(_STEPS[unit])
    while len(names) > 1 and (value >= 999.5 if upwards else value < 0.9995):
        value = value / 1000 if upwards else value * 1000
        names.pop(0)
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {names[0]}"


def correction(value: float) -> str:
    """What was added to a station's value: `+0.12`; empty for none."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") if value else ""
