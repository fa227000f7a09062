"""Statuses of a network, made to measure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from houfeng.times import NS_PER_S
from stations.alerts.alert import Alert, Group, Step, Watch
from stations.alerts.book import AlertBook
from stations.alerts.scene import Scene, ServerSight
from stations.alerts.settings import AlertSettings
from stations.alerts.words import Kind
from stations.health import ChannelStatus, Metrics, Reading, State, StationStatus

T0_NS = 1_700_000_000 * NS_PER_S
STEP_S = 10


def at(seconds: float) -> int:
    """Nanoseconds so many seconds after the beginning."""
    return T0_NS + round(seconds * NS_PER_S)


def reading(rule: str, state: State, since_ns: int, *, votes: bool = True) -> Reading:
    return Reading(rule, f"{rule}_s", state, 1.0, 1.0, "s", since_ns, "" if state is State.OK else f"{rule} bad", votes)


def channel(
    station_id: str, code: str, state: State, since_ns: int, rules: Iterable[str] = ("total_latency",), **metrics: float
) -> ChannelStatus:
    """A channel that these rules found so; the others are content."""
    judged = dict.fromkeys(("total_latency", "feed_latency", "num_gaps", "flat"), State.OK)
    judged |= dict.fromkeys(rules, state)
    readings = tuple(reading(rule, found, since_ns) for rule, found in judged.items())
    known = Metrics(**{"total_latency_s": 200.0, **metrics})  # type: ignore[arg-type]
    return ChannelStatus(f"{station_id}..{code}", state, str(state), since_ns, True, known, readings)


def status(
    station_id: str,
    state: State,
    since_s: float,
    now_s: float,
    *,
    usage: str = "full",
    rules: Iterable[str] = ("total_latency",),
    channels: tuple[ChannelStatus, ...] | None = None,
    **metrics: float,
) -> StationStatus:
    """How a station is; BAD and UNKNOWN for late data unless other rules are named."""
    if channels is None:
        channels = (channel(station_id, "HHZ", state, at(since_s), rules, **metrics),)
    known = channels[0].metrics if channels else Metrics()
    return StationStatus(station_id, state, str(state), at(since_s), at(now_s), usage, known, channels)


@dataclass
class Past:
    """What a database would have after some evaluations."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)

    def book(self, settings: AlertSettings) -> AlertBook:
        return AlertBook(settings, self.alerts.values(), self.watches.values())

    def told(self, action: str) -> list[Step]:
        return [step for step in self.steps.values() if step.action == action]


# When which stations had no data: station id -> [(from, to)] in seconds.
Outages = dict[str, list[tuple[float, float]]]


def scene(station_ids: Collection[str], *, connected: bool = True, link: Collection[str] = ()) -> Scene:
    """All stations are behind server `s`, some behind link `l` as well."""
    groups = {
        name: (Group(Kind.SERVER, "s"), *([Group(Kind.LINK, "l")] if name in link else [])) for name in station_ids
    }
    return Scene(groups, {"s": ServerSight(connected, "" if connected else "connection refused")})


def statuses(station_ids: Sequence[str], outages: Outages, now_s: float) -> list[StationStatus]:
    """How the stations are at a time, each since its last change."""
    found = []
    for name in station_ids:
        ends = [t for outage in outages.get(name, []) for t in outage]
        since_s = max((t for t in ends if t <= now_s), default=0.0)
        down = any(start <= now_s < end for start, end in outages.get(name, []))
        found.append(status(name, State.BAD if down else State.OK, since_s, now_s))
    return found


@pytest.fixture
def play() -> Callable[..., Past]:
    """play(station_ids, outages, until_s, ...): evaluate every 10 s, as the daemon does, with restarts in between."""

    def run(
        station_ids: Sequence[str],
        outages: Outages,
        until_s: float,
        *,
        settings: AlertSettings | None = None,
        around: Scene | None = None,
        restarts: Collection[int] = (),
        order: Callable[[list[StationStatus]], list[StationStatus]] = list,
        twice: bool = False,
    ) -> Past:
        settings, around, past = settings or AlertSettings(), around or scene(station_ids), Past()
        book = past.book(settings)
        for n in range(int(until_s / STEP_S) + 1):
            if n in restarts:
                book = past.book(settings)
            now_s = n * STEP_S
            for _ in range(2 if twice else 1):
                changes = book.evaluate(order(statuses(station_ids, outages, now_s)), at(now_s), around)
                past.alerts |= {alert.alert_id: alert for alert in changes.alerts}
                past.steps |= {step.step_id: step for step in changes.steps}
                past.watches |= {watch.key: watch for watch in changes.watches}
                for key in changes.forgotten:
                    del past.watches[key]
        return past

    return run
