"""The evidence behind a station's status: which value broke which limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stations.health import WORST_FIRST, ChannelStatus, Reading, State
from webui.language import lazy_gettext

# What each rule measures, in the order of the station page.
RULES: dict[str, object] = {
    "total_latency": lazy_gettext("Total latency"),
    "feed_latency": lazy_gettext("Feed latency"),
    "future_data": lazy_gettext("Data ahead of the clock"),
    "num_gaps": lazy_gettext("Gaps in 1 h"),
    "num_overlaps": lazy_gettext("Overlaps in 1 h"),
    "availability_1h": lazy_gettext("Availability 1 h"),
    "availability_24h": lazy_gettext("Availability 24 h"),
    "timing_quality": lazy_gettext("Timing quality, 10 min"),
    "flat": lazy_gettext("Distinct values, 1 min"),
    "sample_mean": lazy_gettext("Mean of samples, 1 min"),
    "clipping": lazy_gettext("Clipped samples, 1 min"),
    "num_spikes": lazy_gettext("Spikes in 1 h"),
    "sample_rms": lazy_gettext("RMS of 1 h, against the week before"),
    "clock_locked": lazy_gettext("Clock locked, 1 h"),
    "pct_above_nhnm": lazy_gettext("Above the high noise model, a day"),
    "pct_below_nlnm": lazy_gettext("Below the low noise model, a day"),
    "dead_channel_lin": lazy_gettext("Spectrum about a line, a day"),
    "dead_channel_gsn": lazy_gettext("Below the low noise model, 4–8 s, a day"),
    "sample_unique": lazy_gettext("Distinct values, a day"),
    "low_rms": lazy_gettext("RMS, a day"),
    "cross_talk": lazy_gettext("Correlation with another component, a day"),
    "polarity_check": lazy_gettext("Correlation with the nearest station, a day"),
    "supply_voltage": lazy_gettext("Supply voltage"),
    "mass_position": lazy_gettext("Mass position"),
    "clock_quality": lazy_gettext("Clock quality"),
    "temperature": lazy_gettext("Temperature"),
    "gnss_satellites": lazy_gettext("GNSS satellites"),
    "buffer_used": lazy_gettext("Buffer used"),
    "clock_error": lazy_gettext("Clock error"),
    "metadata_rate": lazy_gettext("Sampling rate, as in StationXML"),
    "metadata_epoch": lazy_gettext("Epochs in StationXML"),
    "metadata_response": lazy_gettext("Rules that StationXML breaks"),
}
_ORDER = {rule: n for n, rule in enumerate(RULES)}
_LOW_IS_BAD = (
    *("availability_1h", "availability_24h", "timing_quality", "flat", "supply_voltage", "clock_quality"),
    *("clock_locked", "dead_channel_lin", "sample_unique", "low_rms", "polarity_check", "gnss_satellites"),
)
# A value that equals the limit breaks it.
_REACHED = {"cross_talk": "<", "polarity_check": ">"}
_EQUAL = ("metadata_rate", "metadata_epoch")
_SEVERITY = {state: rank for rank, state in enumerate(WORST_FIRST)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the station page: one rule and what it says, of one or several channels.

    Parameters
    ----------
    channels : codes of the channels that it says this of
    value : the worst of theirs, in `unit`; None when there is no evidence
    limit : of the first of them, in `unit`
    since_ns : when the first of them came into this state, ns UTC
    """

    rule: str
    state: State
    channels: tuple[str, ...]
    value: float | None
    limit: float
    unit: str
    since_ns: int

    @property
    def label(self) -> str:
        """What is measured, in the page's language."""
        return str(RULES.get(self.rule, self.rule))

    @property
    def sign(self) -> str:
        """How a good value stands to the limit."""
        return sign(self.rule)


def sign(rule: str) -> str:
    """How a good value stands to a rule's limit."""
    if rule in _EQUAL:
        return "="
    if rule in _REACHED:
        return _REACHED[rule]
    return "≥" if rule in _LOW_IS_BAD else "≤"


def findings(channels: Iterable[ChannelStatus]) -> list[Finding]:
    """What the rules say of one station, worst first; channels that agree share a line.

    Channels that are not required do not count, nor do rules that wait for evidence.
    """
    lines: dict[tuple[str, State], list[tuple[str, Reading]]] = {}
    for channel in channels:
        code = channel.source_id.split(".", 2)[2].removeprefix(".")
        for reading in channel.readings:
            if channel.required and (reading.votes or reading.state is State.OK):
                lines.setdefault((reading.rule, reading.state), []).append((code, reading))
    found = [_finding(rule, state, said) for (rule, state), said in lines.items()]
    return sorted(found, key=lambda line: (_SEVERITY[line.state], _ORDER.get(line.rule, len(_ORDER))))


def _finding(rule: str, state: State, said: list[tuple[str, Reading]]) -> Finding:
    first = said[0][1]
    values = [reading.value for _, reading in said if reading.value is not None]
    pick = min if rule in _LOW_IS_BAD else max
    return Finding(
        rule,
        state,
        tuple(code for code, _ in said),
        pick(values) if values else None,
        first.limit,
        first.unit,
        min(reading.since_ns for _, reading in said),
    )


def waiting(channels: Iterable[ChannelStatus]) -> list[str]:
    """Rules that do not judge yet, because too little was seen; in the page's language."""
    rules = {
        reading.rule
        for channel in channels
        for reading in channel.readings
        if channel.required and not reading.votes and reading.state is State.UNKNOWN
    }
    return [str(RULES.get(rule, rule)) for rule in sorted(rules, key=lambda rule: _ORDER.get(rule, len(_ORDER)))]
