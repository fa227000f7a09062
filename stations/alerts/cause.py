"""What an alert's cause likely is, and the evidence for it; `unknown` where the evidence does not tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from houfeng.times import NS_PER_S
from stations.alerts.common import Common, members
from stations.alerts.scene import Scene, deciding, is_late, is_stale
from stations.alerts.words import Kind
from stations.health.status import ChannelStatus, Reading, State, StationStatus
from stations.health.words import age

_CLOCK = ("future_data", "timing_quality")
_SENSOR = ("flat", "sample_mean", "clipping")
# Data that keep coming this late, while packets come now, wait on their way.
_QUEUED_S = 30.0


class Cause(NamedTuple):
    """One of link, server, power, clock, sensor, metadata, unknown; and why."""

    word: str
    sentence: str


def of_group(found: Common, scene: Scene) -> Cause:
    """Why stations that share something went stale together."""
    n, n_all = len(found.stale), found.n_members
    span_s = (max(found.stale.values()) - min(found.stale.values())) / NS_PER_S
    name, within = found.group.name, f"within {age(span_s)}" if span_s else "at once"
    if found.group.kind is Kind.LINK:
        return Cause("link", f"{n} of {n_all} stations behind link {name} went silent {within}")
    server = scene.servers.get(name)
    if server is not None and not server.connected:
        why = f" ({server.reason})" if server.reason else ""
        return Cause("server", f"Server {name} is not connected{why}; {n} of {n_all} stations went silent {within}")
    if n == n_all:
        known = " answers but" if server is not None else ""
        return Cause("server", f"Server {name}{known} sends none of its {n_all} stations; they went silent {within}")
    others = f"the other {n_all - n} still come" if n_all - n > 1 else "the other one still comes"
    return Cause("link", f"{n} of {n_all} stations of server {name} went silent {within}, {others}: before the server")


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
    for word, rules in (("clock", _CLOCK), ("sensor", _SENSOR), ("link", ("num_gaps", "feed_latency"))):
        told = [(channel, reading) for channel, reading in bad if reading.rule in rules]
        if told:
            return Cause(word, f"{_codes(channel for channel, _ in told)}: {told[0][1].reason}; data come in time")
    return Cause("unknown", f"{status.reason or 'It is well now'}; the evidence does not tell why")


def _silent(
    status: StationStatus,
    channels: list[ChannelStatus],
    watched: Mapping[str, StationStatus],
    stale: Collection[str],
    scene: Scene,
) -> Cause:
    groups = scene.groups.get(status.station_id, ())
    for group in groups:
        server = scene.servers.get(group.name) if group.kind is Kind.SERVER else None
        if server is not None and not server.connected and len([g for g in groups if g.kind is Kind.SERVER]) == 1:
            why = f" ({server.reason})" if server.reason else ""
            return Cause("server", f"Server {group.name} is not connected{why}")
    metrics = status.metrics
    if any(_reading(channel, "feed_latency", State.OK) for channel in channels):
        late_s, data_s = metrics.total_latency_s or 0.0, metrics.data_latency_s or 0.0
        if data_s > _QUEUED_S:
            return Cause(
                "link", f"Packets still come, their data are {age(late_s)} late: the link is slow or catches up"
            )
    neighbours = _neighbours(status.station_id, watched, stale, scene)
    if not any(channel.metrics.total_latency_s is not None for channel in channels):
        return Cause(
            "metadata" if neighbours else "unknown", f"No data ever came since acquisition started{neighbours}"
        )
    if metrics.num_gaps:
        return Cause("link", f"Data stopped after {metrics.num_gaps} gaps in an hour{neighbours}")
    return Cause(
        "unknown", f"Data stopped without a sign before{neighbours}: power or link, the evidence does not tell"
    )


def _partly(status: StationStatus, late: list[ChannelStatus], fresh: list[ChannelStatus]) -> Cause:
    coming = f"{_codes(fresh)} of {status.station_id} {'come' if len(fresh) > 1 else 'comes'} in time"
    if all(channel.metrics.total_latency_s is None for channel in late):
        return Cause(
            "metadata", f"{_codes(late)} never came, {coming}: station metadata or the wanted streams are wrong"
        )
    return Cause("sensor", f"{_codes(late)} stopped, {coming}: the link works, a channel of the digitiser does not")


def _neighbours(station_id: str, watched: Mapping[str, StationStatus], stale: Collection[str], scene: Scene) -> str:
    for group, station_ids in members(scene, watched).items():
        others = set(station_ids) - {station_id}
        if station_id in station_ids and others:
            n_come = len(others - set(stale))
            return f", {n_come} of {len(others)} others behind {group} come" if n_come else ""
    return ""


def _reading(channel: ChannelStatus, rule: str, state: State) -> Reading | None:
    return next((each for each in channel.readings if each.rule == rule and each.state is state), None)


def _codes(channels: Iterable[ChannelStatus]) -> str:
    codes = list(dict.fromkeys(channel.source_id.rsplit(".", 1)[1] for channel in channels))
    return ", ".join(codes[:3]) + (f" and {len(codes) - 3} more" if len(codes) > 3 else "")
