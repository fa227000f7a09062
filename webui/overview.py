"""What the overview adds up: counts of states and three figures of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from database.records import StationRow
from stations.health import WORST_FIRST, State
from stations.settings import USAGES


@dataclass(frozen=True, slots=True)
class Count:
    """How many stations are in a state, and where their part of the bar begins; both in 1/1000 of all."""

    state: State
    n: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The network in three numbers; None without evidence."""

    availability_percent: float | None
    n_available: int
    latency_s: float | None
    latency_95_s: float | None


def counts(rows: Sequence[StationRow]) -> list[Count]:
    """Stations by state, worst first; only those that count."""
    rows = [row for row in rows if row.is_counted]
    found = Counter(row.state for row in rows)
    parts: list[Count] = []
    start = 0.0
    for state in WORST_FIRST:
        width = 1000 * found[state] / len(rows) if rows else 0.0
        parts.append(Count(state, found[state], round(start, 2), round(width, 2)))
        start += width
    return parts


def uncounted(rows: Sequence[StationRow]) -> dict[str, int]:
    """How many stations are used otherwise than in full, by usage level; they raise no alarm."""
    found = Counter(row.usage for row in rows if not row.is_counted)
    return {level: found[level] for level in USAGES if found[level]}


def figures(rows: Sequence[StationRow]) -> Figures:
    """Mean availability and median latency of the stations that count and have them."""
    rows = [row for row in rows if row.is_counted]
    shares = [x for row in rows if (x := row.metrics.percent_availability_24h) is not None]
    latencies = [x for row in rows if (x := row.metrics.total_latency_s) is not None]
    return Figures(
        fmean(shares) if shares else None,
        len(shares),
        median(latencies) if latencies else None,
        quantiles(latencies, n=20, method="inclusive")[-1] if len(latencies) > 1 else None,
    )
