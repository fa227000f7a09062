"""From the channels of a station to one line: the worst of everything, and whose reason it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from stations.health.status import ChannelStatus, Metrics, State
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
