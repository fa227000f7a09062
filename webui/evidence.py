"""The evidence behind the station table and the station page: which value broke which limit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_babel import LazyString, lazy_gettext
from sqlalchemy import Connection, select

from database import tables
from stations.health import ChannelStatus, Metrics, Reading, State, worst

# What each rule measures, in the order of the station page.
RULES: dict[str, LazyString] = {
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
}
_ORDER = {rule: n for n, rule in enumerate(RULES)}
_LOW_IS_BAD = ("availability_1h", "availability_24h", "timing_quality", "flat")
_SEVERITY = {State.BAD: 0, State.UNKNOWN: 1, State.WARN: 2, State.OK: 3}


@dataclass(frozen=True, slots=True)
class Marks:
    """What the required channels of one station say.

    Parameters
    ----------
    states : worst state by metric, as far as it votes
    metrics : those that some rule judges; others do not apply to the station
    """

    states: dict[str, State] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)

    def of(self, metric: str) -> State | None:
        """WARN or BAD where a value is over its limit."""
        state = self.states.get(metric)
        return state if state in (State.WARN, State.BAD) else None


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the station page: one rule, on one channel or on all that are OK."""

    rule: str
    state: State
    channels: tuple[str, ...]
    reading: Reading
    value: float | None

    @property
    def label(self) -> str:
        """What is measured, in the page's language."""
        return str(RULES.get(self.rule, self.rule))

    @property
    def sign(self) -> str:
        """How a good value stands to the limit."""
        return "≥" if self.rule in _LOW_IS_BAD else "≤"


def marks(connection: Connection) -> dict[str, Marks]:
    """Marks of every station that was evaluated."""
    channel = tables.channel_status.c
    found: dict[str, Marks] = {}
    for row in connection.execute(select(channel.station_id, channel.readings).where(channel.required)):
        station = found.setdefault(row.station_id, Marks())
        for reading in json.loads(row.readings):
            metric = reading["metric"]
            station.metrics.add(metric)
            if reading["votes"]:
                station.states[metric] = worst((State(reading["state"]), station.states.get(metric, State.OK)))
    return found


def findings(channels: Iterable[ChannelStatus], metrics: Metrics) -> list[Finding]:
    """What the rules say, worst first: each deviation by itself, what is OK together.

    Parameters
    ----------
    channels : of one station; those that are not required do not count
    metrics : the worst values of the required channels
    """
    lines: list[Finding] = []
    fine: dict[str, list[tuple[str, Reading]]] = {}
    for channel in channels:
        if not channel.required:
            continue
        code = channel.source_id.rsplit(".", 1)[1]
        for reading in channel.readings:
            if reading.state is State.OK:
                fine.setdefault(reading.rule, []).append((code, reading))
            elif reading.votes:
                lines.append(Finding(reading.rule, reading.state, (code,), reading, reading.value))
    for rule, readings in fine.items():
        codes, first = tuple(code for code, _ in readings), readings[0][1]
        # the data latency of the table is not what is ahead of the clock
        shared = None if rule == "future_data" else getattr(metrics, first.metric, None)
        value = first.value if shared is None or len(readings) == 1 else shared
        lines.append(Finding(rule, State.OK, codes, first, value))
    return sorted(lines, key=lambda line: (_SEVERITY[line.state], _ORDER.get(line.rule, 99), line.channels))


def waiting(channels: Iterable[ChannelStatus]) -> list[str]:
    """Rules that do not judge yet, because too little was seen; in the page's language."""
    rules = {
        reading.rule
        for channel in channels
        for reading in channel.readings
        if channel.required and not reading.votes and reading.state is State.UNKNOWN
    }
    return [str(RULES.get(rule, rule)) for rule in sorted(rules, key=lambda rule: _ORDER.get(rule, 99))]
