"""Picks that can be of one event: gathered one per station, and judged against the events before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from detection.distance import TimeLimits
from detection.settings import AssociationSettings
from houfeng.times import seconds_ns
from houfeng.types import Event, Pick

Key = tuple[int, str, str, int]
Past = tuple["Found", ...]


def key_of(pick: Pick) -> Key:
    """What orders picks and tells them apart: the onset first."""
    return (pick.onset_ns, str(pick.source_id), pick.method, pick.version)


@dataclass(slots=True, eq=False)
class Node:
    """A pick, and what association made of it.

    Parameters
    ----------
    group : this pick and the later ones gathered from it, whatever event they belong to
    past : events that were still of interest when this pick's turn came
    found : the event that begins with this pick
    """

    pick: Pick
    key: Key
    station_id: str
    onset_ns: int
    group: list[Node] = field(default_factory=list)
    past: Past = ()
    found: Found | None = None

    @classmethod
    def of(cls, pick: Pick) -> Node:
        return cls(pick, key_of(pick), pick.source_id.station_id, pick.onset_ns)


@dataclass(frozen=True, slots=True)
class Found:
    """An event, as association goes on to use it.

    Parameters
    ----------
    keys : of its picks
    onsets_ns : by station
    last_ns : latest onset
    """

    event: Event
    keys: frozenset[Key]
    onsets_ns: dict[str, int]
    last_ns: int

    @classmethod
    def of(cls, group: list[Node]) -> Found:
        return cls(
            Event(tuple(node.pick for node in group)),
            frozenset(node.key for node in group),
            {node.station_id: node.onset_ns for node in group},
            max(node.onset_ns for node in group),
        )


class Grouping:
    """The rules by which picks are one event.

    Parameters
    ----------
    settings : of association
    limits : between stations
    """

    def __init__(self, settings: AssociationSettings, limits: TimeLimits) -> None:
        self._min_stations = settings.min_stations
        self._limits = limits
        self._same_ns = seconds_ns(settings.tolerance_s)
        self._coda_ns = seconds_ns(settings.coda_s)
        self._coda_snr = settings.coda_snr
        self.memory_ns = max(self._same_ns, self._coda_ns)

    def fits(self, node: Node, group: Iterable[Node]) -> bool:
        """Whether the pick can be of one event with all of the group: another station's, and not too far in time."""
        row = self._limits.row(node.station_id)
        for other in group:
            if other.station_id == node.station_id:
                return False
            limit_ns = row.get(other.station_id)
            if limit_ns is None:
                limit_ns = self._limits.between(node.station_id, other.station_id)
            if abs(node.onset_ns - other.onset_ns) > limit_ns:
                return False
        return True

    def gather(self, group: list[Node], later: Iterable[Node], past: Past = ()) -> list[Node]:
        """The group and, in the order of their onsets, all later picks that fit it and belong to no event."""
        group = list(group)
        for node in later:
            if not self.is_taken(node, past) and self.fits(node, group):
                group.append(node)
        return group

    def takers(self, onset_ns: int, past: Past) -> Past:
        """The events that may have picks with this or a later onset."""
        return tuple(found for found in past if found.last_ns + self._same_ns >= onset_ns)

    def is_taken(self, node: Node, past: Past) -> bool:
        """Whether an event has this pick, or another channel's pick of the same onset."""
        for found in past:
            onset_ns = found.onsets_ns.get(node.station_id)
            if node.key in found.keys or (onset_ns is not None and abs(node.onset_ns - onset_ns) <= self._same_ns):
                return True
        return False

    def is_coda(self, node: Node, past: Past) -> bool:
        """Whether this is S or coda of an event: soon after its onset at the station, and not standing out."""
        if node.pick.snr >= self._coda_snr:
            return False
        onsets = (found.onsets_ns.get(node.station_id) for found in past)
        return any(onset_ns is not None and 0 < node.onset_ns - onset_ns <= self._coda_ns for onset_ns in onsets)

    def rank(self, group: list[Node], past: Past) -> tuple[int, int]:
        """The higher the better: stations with an onset of their own, then the shorter time between the onsets."""
        n_own = sum(not self.is_coda(node, past) for node in group) if past else len(group)
        return n_own, group[0].onset_ns - group[-1].onset_ns

    def suffices(self, rank: tuple[int, int]) -> bool:
        """Whether a group of this rank is an event."""
        return rank[0] >= self._min_stations
