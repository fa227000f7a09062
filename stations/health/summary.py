"""From the channels of a station to one line: the worst of everything, and whose reason it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from stations.health.status import ChannelStatus, Metrics, Reading, State
from stations.health.words import MAX_REASON

# Which end of each metric is the worse one.
_WORST: dict[str, Callable[[Iterable[Any]], Any]] = {
    "total_latency_s": max,
    "feed_latency_s": max,
    "data_latency_s": max,
    "num_gaps": max,
    "max_gap_s": max,
    "num_overlaps": max,
    "percent_availability_1h": min,
    "percent_availability_24h": min,
    "watched_s": min,
    "timing_quality": min,
    "sample_rms": max,
    "sample_mean": lambda means: max(means, key=abs),
    "flat": max,
    "num_distinct": min,
    "clipping": max,
}


# What rules read beside `Metrics`: clocks, supplies, masses, and how far the noise is off the usual.
# And which end of each is the worse one.
BESIDE: dict[str, Callable[[Iterable[float]], float]] = {
    "sample_rms_db": max,
    "clock_quality": min,
    "clock_error_ms": max,
    "supply_voltage_v": min,
    "mass_position_v": max,
}


def station_beside(channels: Iterable[ChannelStatus]) -> dict[str, float | None]:
    """The worst value of each metric of `BESIDE` among the required channels.

    Returns
    -------
    values : those without a rule are left out, for the station has no such source; None where the source went quiet:
        what it said last is no evidence of how things are
    """
    said: dict[str, list[Reading]] = {}
    for reading in (each for channel in channels if channel.required for each in channel.readings):
        if reading.metric in BESIDE:
            said.setdefault(reading.metric, []).append(reading)
    found: dict[str, float | None] = {}
    for metric, readings in sorted(said.items()):
        known = [float(each.value) for each in readings if each.value is not None and each.state is not State.UNKNOWN]
        found[metric] = BESIDE[metric](known) if known else None
    return found


def station_metrics(channels: Sequence[Metrics]) -> Metrics:
    """The worst value of each metric; None where no channel has one."""
    values: dict[str, Any] = {}
    for name, pick in _WORST.items():
        known = [value for metrics in channels if (value := getattr(metrics, name)) is not None]
        values[name] = pick(known) if known else None
    return Metrics(**values)


def station_reason(state: State, channels: Sequence[ChannelStatus]) -> str:
    """Reason of the first channel that is as bad as the station; its code leads where others are better."""
    if state is State.OK:
        return ""
    guilty = [channel for channel in channels if channel.state is state]
    reason = guilty[0].reason
    if len(guilty) < len(channels):
        named = f"{guilty[0].source_id.rsplit('.', 1)[1]}: {reason[:1].lower()}{reason[1:]}"
        return named if len(named) <= MAX_REASON else reason
    return reason
