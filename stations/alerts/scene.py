"""What alerts are judged by beside the statuses: who shares what, and how the servers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stations.alerts.alert import Group
from stations.health.rules import LATENCY
from stations.health.status import ChannelStatus, State, StationStatus

_LATE = (State.BAD, State.UNKNOWN)
# These tell of the past hour or day: after an outage they would keep its alert open, or raise another, for as long.
_OF_THE_PAST = ("availability_1h", "availability_24h")


@dataclass(frozen=True, slots=True)
class ServerSight:
    """How a server is seen from here.

    Parameters
    ----------
    connected : whether it talks to us
    reason : why not
    """

    connected: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The surroundings of the stations at one evaluation.

    Parameters
    ----------
    groups : what each station shares with others, by station id
    servers : how each server is, by name
    is_expected : whether a station that has no status now is watched still: after a restart there is none before its
        first packet
    """

    groups: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    servers: Mapping[str, ServerSight] = field(default_factory=dict)
    is_expected: Callable[[str], bool] = lambda station_id: True


def deciding(status: StationStatus) -> list[ChannelStatus]:
    """The channels that make the station's state."""
    return [channel for channel in status.channels if channel.required]


def is_bad(status: StationStatus) -> bool:
    """Whether somebody must look now: a rule says BAD, or no data came.

    Other evidence that is missing makes a station UNKNOWN, and no alert: whenever data begin to flow again, the first
    minute is not full yet.
    """
    if not status.channels:
        return status.state in _LATE
    return any(_alarms(channel) for channel in deciding(status))


def _alarms(channel: ChannelStatus) -> bool:
    return is_late(channel) or any(
        reading.votes and reading.state is State.BAD and reading.rule not in _OF_THE_PAST
        for reading in channel.readings
    )


def is_late(channel: ChannelStatus) -> bool:
    """Whether its newest sample is too old, or never came."""
    return any(reading.rule == LATENCY and reading.state in _LATE for reading in channel.readings)


def is_stale(status: StationStatus) -> bool:
    """Whether no channel that decides has recent data."""
    return is_bad(status) and all(is_late(channel) for channel in deciding(status))


def is_unseen(status: StationStatus) -> bool:
    """Whether nothing came since this watch began, as of every station just after a start."""
    return status.state is State.UNKNOWN and status.metrics.total_latency_s is None
