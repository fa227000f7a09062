"""What each rule of the status measures, in plain words, and how it is computed: the page of measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from webui.evidence import RULES
from webui.language import lazy_gettext
from webui.metric_words import LIVE, MEASURED, NOISE, Metric

_OF_A_METRIC: dict[str, Metric] = {
    **{metric.name.removeprefix("percent_"): metric for metric in LIVE},
    **{metric.name: metric for metric in (*LIVE, *NOISE)},
    "num_spikes": next(metric for metric in MEASURED if metric.name == "num_spikes"),
    "clock_locked": next(metric for metric in MEASURED if metric.name == "percent_locked"),
}
_ALIASES = {"total_latency": "total_latency_s", "feed_latency": "feed_latency_s", "flat": "num_distinct"}
# Shown beside those that a rule judges.
FIGURES = tuple(metric for metric in LIVE if metric.name in ("data_latency_s", "max_gap_s", "sample_rms"))
_STATE_OF_HEALTH = lazy_gettext("mean of samples / gain, of the channel of state of health")
_OF_ITS_OWN: dict[str, tuple[object, object]] = {
    "future_data": (
        lazy_gettext("Samples from the future: the digitiser's clock is wrong, or this computer's."),
        lazy_gettext("time of the last sample − now"),
    ),
    "sample_rms": (
        lazy_gettext("How far the site's noise is from what is usual there at this hour of the day: higher or lower."),
        lazy_gettext("20 log₁₀ (RMS of 1 h / median of the RMS of the same hour, week before)"),
    ),
    "sample_unique": (
        lazy_gettext("A digitiser without a sensor writes few different values in a whole day."),
        lazy_gettext("number of different values among a day's samples"),
    ),
    "low_rms": (
        lazy_gettext("No broadband sensor is that quiet for a day: it is dead, or its cable is off."),
        lazy_gettext("√(Σ(x − x̄)² / n) of a day, in counts"),
    ),
    "cross_talk": (
        lazy_gettext("Two components that move alike all day: one leaks into the other, or one is recorded twice."),
        lazy_gettext("median over half hours of the correlation with another component, whichever is largest"),
    ),
    "polarity_check": (
        lazy_gettext("Long waves pass neighbours alike: where one goes up as the other goes down, a plug is reversed."),
        lazy_gettext(
            "median correlation with the nearest station at 10 to 50 s, over windows of 10 min that show one wave"
        ),
    ),
    "supply_voltage": (
        lazy_gettext("The battery or mains adapter; below its limit a station dies soon."),
        _STATE_OF_HEALTH,
    ),
    "mass_position": (
        lazy_gettext("How far the sensor's masses are off their centre; at the stop they record nothing."),
        lazy_gettext("largest |mean of samples / gain| of the mass position channels"),
    ),
    "clock_quality": (lazy_gettext("How sure the digitiser is of its clock, by its own channel."), _STATE_OF_HEALTH),
    "temperature": (
        lazy_gettext("Inside the digitiser: heat shortens the life of batteries and disks."),
        _STATE_OF_HEALTH,
    ),
    "gnss_satellites": (
        lazy_gettext("Satellites that are received: with fewer than four the clock drifts."),
        _STATE_OF_HEALTH,
    ),
    "buffer_used": (
        lazy_gettext("What waits in the digitiser to be sent: when it is full, samples are lost."),
        _STATE_OF_HEALTH,
    ),
    "clock_error": (lazy_gettext("How wrong the clock is, by the digitiser's own channel."), _STATE_OF_HEALTH),
    "metadata_rate": (
        lazy_gettext("Records and StationXML must name one sampling rate, or amplitudes and times are wrong."),
        lazy_gettext("samples per second in the records = those of the channel's epoch"),
    ),
    "metadata_epoch": (
        lazy_gettext("Records of a time that StationXML does not describe have no response and no magnitude."),
        lazy_gettext("epochs of the channel that hold at the time of its records = 1"),
    ),
    "metadata_response": (
        lazy_gettext("Contradictions inside the StationXML of the channel, such as stages that do not fit."),
        lazy_gettext("number of rules that the channel's epoch breaks (houfeng stations check)"),
    ),
}


class Measure(NamedTuple):
    """A rule's name, what it measures, what that tells, and how it is computed; translated when they are shown."""

    rule: str
    label: object
    meaning: object
    formula: object


def measures() -> Iterator[Measure]:
    """Of every rule, in the order of the station page."""
    for rule, label in RULES.items():
        if rule in _OF_ITS_OWN:
            yield Measure(rule, label, *_OF_ITS_OWN[rule])
        else:
            metric = _OF_A_METRIC[_ALIASES.get(rule, rule)]
            yield Measure(rule, label, metric.meaning, metric.formula)
