"""What an alert's cause likely is, and the evidence for it; `unknown` where the evidence does not tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from houfeng.times import NS_PER_S
from stations.alerts.common import Common, members
from stations.alerts.evidence import Fact, fact, said
from stations.alerts.scene import Scene, deciding, is_late, is_stale
from stations.alerts.words import Kind
from stations.health import beside
from stations.health.beside import CLOCK_ERROR, CLOCK_QUALITY, EPOCH, MASS, RATE, RESPONSE, SUPPLY
from stations.health.status import ChannelStatus, Reading, State, StationStatus

CAUSES = ("link", "server", "power", "clock", "sensor", "metadata", "unknown")
# Which part each rule tells of while data come, the most telling first: a low supply spoils clocks and sensors too, and
# what metadata say wrongly is no fault of the station.
_RULES = (
    ("power", (SUPPLY,)),
    ("clock", ("future_data", "timing_quality", CLOCK_QUALITY, CLOCK_ERROR, "clock_locked", beside.SATELLITES)),
    (
        "sensor",
        (
            "flat",
            "sample_mean",
            "clipping",
            MASS,
            "dead_channel_lin",
            "dead_channel_gsn",
            "sample_rms",
            beside.TEMPERATURE,
        ),
    ),
    ("sensor", ("pct_above_nhnm", "num_spikes")),
    ("link", ("num_gaps", "feed_latency", beside.BUFFER)),
    ("metadata", (RATE, EPOCH, RESPONSE)),
)
# Data that keep coming this late, while packets come now, wait on their way.
_QUEUED_S = 30.0


class Cause(NamedTuple):
    """One of link, server, power, clock, sensor, metadata, unknown; and what speaks for it."""

    word: str
    facts: tuple[Fact, ...]

    @property
    def sentence(self) -> str:
        """The facts in English."""
        return said(self.facts)

    @property
    def is_mild(self) -> bool:
        """Whether nothing is lost: data come, and what describes them is wrong."""
        return self.word == "metadata" and self.facts[-1].key == "in time"


def of_group(found: Common, scene: Scene) -> Cause:
    """Why stations that share something went stale together."""
    n, n_all, name = len(found.stale), found.n_members, found.group.name
    span_s = (max(found.stale.values()) - min(found.stale.values())) / NS_PER_S
    if found.group.kind is Kind.LINK:
        return Cause("link", (fact("link silent", n_stale=n, n_all=n_all, name=name, span_s=span_s),))
    server = scene.servers.get(name)
    if server is not None and not server.connected:
        silent = fact("server silent", n_stale=n, n_all=n_all, span_s=span_s)
        return Cause("server", (*_away(name, server.reason), silent))
    if n == n_all:
        none = fact("server sends none", name=name, n_all=n_all, span_s=span_s)
        return Cause("server", (none,) if server is None else (none, fact("server answers")))
    seen = fact("before the server", n_stale=n, n_all=n_all, name=name, span_s=span_s, n_come=n_all - n)
    return Cause("link", (seen,))


def of_station(
    status: StationStatus, watched: Mapping[str, StationStatus], stale: Collection[str], scene: Scene
) -> Cause:
    """Why one station is not well.

    Parameters
    ----------
    status : its evaluation
    watched : every station that raises alerts, by id
    stale : those whose data are all late
    scene : what they share, and how the servers are
    """
    channels = deciding(status)
    if is_stale(status):
        return _silent(status, channels, watched, stale, scene)
    late = [channel for channel in channels if is_late(channel)]
    if late:
        return _partly(status, late, [channel for channel in channels if not is_late(channel)])
    bad = [
        (channel, reading)
        for channel in channels
        for reading in channel.readings
        if reading.votes and reading.state is State.BAD
    ]
    for word, rules in _RULES:
        told = [(channel, reading) for channel, reading in bad if reading.rule in rules]
        if told:
            rule = told[0][1].rule
            codes = _codes(channel for channel, reading in told if reading.rule == rule)
            return Cause(word, (fact("rule", channels=codes, reason=told[0][1].reason), fact("in time")))
    seen = fact("status", reason=status.reason) if status.reason else fact("well")
    return Cause("unknown", (seen, fact("untold")))


def _away(name: str, reason: str) -> tuple[Fact, ...]:
    away = fact("server away", name=name)
    return (away, fact("server said", said=reason)) if reason else (away,)


def _silent(
    status: StationStatus,
    channels: list[ChannelStatus],
    watched: Mapping[str, StationStatus],
    stale: Collection[str],
    scene: Scene,
) -> Cause:
    servers = [group.name for group in scene.groups.get(status.station_id, ()) if group.kind is Kind.SERVER]
    server = scene.servers.get(servers[0]) if len(servers) == 1 else None
    if server is not None and not server.connected:
        return Cause("server", _away(servers[0], server.reason))
    metrics = status.metrics
    if any(_reading(channel, "feed_latency", State.OK) for channel in channels):
        late_s, data_s = metrics.total_latency_s or 0.0, metrics.data_latency_s or 0.0
        if data_s > _QUEUED_S:
            return Cause("link", (fact("queued", late_s=late_s),))
    neighbours = _neighbours(status.station_id, watched, stale, scene)
    if not any(channel.metrics.total_latency_s is not None for channel in channels):
        return Cause("metadata" if neighbours else "unknown", (fact("never came"), *neighbours))
    if (low := _low_supply(channels)) is not None:
        return Cause("power", (low, fact("stopped"), *neighbours))
    if metrics.num_gaps:
        return Cause("link", (fact("stopped"), fact("gaps before", n_gaps=metrics.num_gaps), *neighbours))
    return Cause("unknown", (fact("stopped"), *neighbours, fact("no sign before")))


def _low_supply(channels: Iterable[ChannelStatus]) -> Fact | None:
    """The supply of a station that is silent, if it was low when it was last heard of."""
    for channel in channels:
        for reading in channel.readings:
            if reading.rule == SUPPLY and reading.value is not None and reading.value < reading.limit:
                return fact("supply fell", supply_v=round(reading.value, 3), limit_v=reading.limit)
    return None


def _partly(status: StationStatus, late: list[ChannelStatus], fresh: list[ChannelStatus]) -> Cause:
    coming = fact("channels come", channels=_codes(fresh), station=status.station_id)
    if all(channel.metrics.total_latency_s is None for channel in late):
        return Cause("metadata", (fact("channels never came", channels=_codes(late)), coming))
    return Cause("sensor", (fact("channels stopped", channels=_codes(late)), coming))


def _neighbours(
    station_id: str, watched: Mapping[str, StationStatus], stale: Collection[str], scene: Scene
) -> tuple[Fact, ...]:
    for group, station_ids in members(scene, watched).items():
        others = set(station_ids) - {station_id}
        if station_id in station_ids and others:
            n_come = len(others - set(stale))
            come = fact("neighbours come", n_come=n_come, n_others=len(others), group=str(group))
            return (come,) if n_come else ()
    return ()


def _reading(channel: ChannelStatus, rule: str, state: State) -> Reading | None:
    return next((each for each in channel.readings if each.rule == rule and each.state is state), None)


def _codes(channels: Iterable[ChannelStatus]) -> str:
    codes = list(dict.fromkeys(channel.source_id.rsplit(".", 1)[1] for channel in channels))
    return ", ".join(codes[:3]) + (f" +{len(codes) - 3}" if len(codes) > 3 else "")
