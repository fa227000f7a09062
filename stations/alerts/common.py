"""Common cause: many stations of one server or link that went stale together (status rule 5)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil

from houfeng.times import seconds_ns
from stations.alerts.alert import Group
from stations.alerts.scene import Scene
from stations.alerts.settings import AlertSettings


@dataclass(frozen=True, slots=True)
class Common:
    """Stations that went stale together.

    Parameters
    ----------
    group : what they share
    stale : since when each of them is, ns UTC, by station id
    n_members : stations that share it
    """

    group: Group
    stale: Mapping[str, int]
    n_members: int


def members(scene: Scene, station_ids: Collection[str]) -> dict[Group, list[str]]:
    """Which of the stations share what, groups and stations sorted."""
    shared: dict[Group, list[str]] = {}
    for station_id in sorted(station_ids):
        for group in scene.groups.get(station_id, ()):
            shared.setdefault(group, []).append(station_id)
    return dict(sorted(shared.items()))


def together(
    group: Group,
    station_ids: Collection[str],
    stale: Mapping[str, int],
    free: Collection[str],
    settings: AlertSettings,
) -> Common | None:
    """The stations of a group that went stale within `common_within_s`, if they are enough.

    Stations that were stale before count for nothing: of ten stations, seven dead for weeks, three that go are all.

    Parameters
    ----------
    station_ids : of the group
    stale : since when they are, ns UTC, of those that are
    free : stations that no alert of several has yet
    """
    within_ns = seconds_ns(settings.common_within_s)
    begun = sorted(stale[station_id] for station_id in station_ids if station_id in stale)
    times = sorted((stale[station_id], station_id) for station_id in station_ids if station_id in stale.keys() & free)
    freed = [t_ns for t_ns, _ in times]
    best: tuple[int, int] | None = None
    for n_before, start_ns in enumerate(freed):
        n = bisect_right(freed, start_ns + within_ns) - n_before
        n_alive = len(station_ids) - bisect_left(begun, start_ns)
        enough = max(settings.common_min_stations, ceil(n_alive * settings.common_share_percent / 100))
        if n >= enough and (best is None or n > best[0]):
            best = (n, start_ns)
    if best is None:
        return None
    return Common(group, {name: t_ns for t_ns, name in times if t_ns >= best[1]}, len(station_ids))


def is_thin(n_left: int, n_children: int, settings: AlertSettings) -> bool:
    """Whether those that are left of an alert's children are too few to have it in common."""
    return n_left < settings.common_min_stations or n_left * 100 < n_children * settings.common_share_percent
