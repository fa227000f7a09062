"""Network coincidence: onsets that several stations can have of one event.

Events are a fold over the picks in the order of their onsets, whatever order they arrive in. At each pick that is not
of an event yet, the picks that can follow it are gathered: one per station, every two of them no further apart
than the distance of their stations allows. They are an event if there are enough of them and none of them starts a
better group. All that the fold carries from pick to pick are the latest events, so it can be taken up again
where a late pick belongs, and left where it comes to the state it had before.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detection.distance import TimeLimits
from detection.group import Found, Grouping, Node, Past
from detection.settings import AssociationSettings
from houfeng.times import format_ns, seconds_ns
from houfeng.types import Event, Pick
from stations.inventory import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EventChanges:
    """What picks have changed.

    Parameters
    ----------
    events : new, or with other picks than before; earliest first
    withdrawn : public ids of events that are none, or start with another pick, now
    """

    events: tuple[Event, ...] = ()
    withdrawn: tuple[str, ...] = ()


class Associator:
    """Events of all picks so far: a pure function of their set, not of the order or the batches they came in.

    A pick is too late, and left out, when its onset lies `memory_s` before the time that `min_stations` stations
    have reached with theirs (one station whose clock runs ahead moves nothing). Picks that no pick still in
    time can be grouped with are forgotten; their events stay as they were last returned.

    Parameters
    ----------
    settings : of association
    sites : by station id; a station that is not among them is associated within a fixed window
    """

    def __init__(self, settings: AssociationSettings, sites: Mapping[str, Site]) -> None:
        limits = TimeLimits(settings, sites)
        self._settings = settings
        self._grouping = Grouping(settings, limits)
        self._reach_ns = limits.longest_ns
        self._memory_ns = seconds_ns(settings.memory_s)
        self._nodes: list[Node] = []
        self._newest_ns: dict[str, int] = {}

    def add(self, picks: Iterable[Pick]) -> EventChanges:
        """Take in picks; those of phase P count, and each counts once.

        Parameters
        ----------
        picks : in any order
        """
        added = [node for pick in sorted(picks) if pick.phase == "P" and (node := self._insert(pick)) is not None]
        if not added:
            return EventChanges()
        changes = self._refold(added[0], added[-1])
        self._forget()
        return changes

    @property
    def n_remembered(self) -> int:
        """Picks that later ones can still be grouped with."""
        return len(self._nodes)

    def _now_ns(self) -> int:
        """The time that `min_stations` stations (all, if there are fewer) have reached with their onsets."""
        newest = sorted(self._newest_ns.values(), reverse=True)
        return newest[min(self._settings.min_stations, len(newest)) - 1]

    def _insert(self, pick: Pick) -> Node | None:
        heard = len(self._newest_ns) >= self._settings.min_stations
        if heard and pick.onset_ns < self._now_ns() - self._memory_ns:
            log.warning("%s: onset at %s comes too late for association", pick.source_id, format_ns(pick.onset_ns))
            return None
        node = Node.of(pick)
        at = self._index(node.onset_ns, node)
        if at < len(self._nodes) and self._nodes[at].key == node.key:
            return None
        self._nodes.insert(at, node)
        newest_ns = self._newest_ns.get(node.station_id, node.onset_ns)
        self._newest_ns[node.station_id] = max(newest_ns, node.onset_ns)
        node.group = self._grouping.gather([node], self._later(at))
        for earlier in self._nodes[self._index(node.onset_ns - self._reach_ns) : at]:
            self._join(earlier, node, at)
        return node

    def _index(self, onset_ns: int, node: Node | None = None) -> int:
        """Where the first pick at or after a time is, or a pick with this one's key belongs."""
        key: tuple[int | str, ...] = node.key if node is not None else (onset_ns,)
        return bisect_left(self._nodes, key, key=_key)

    def _later(self, at: int) -> list[Node]:
        """The picks after one that may be of an event which starts there."""
        return self._nodes[at + 1 : self._index(self._nodes[at].onset_ns + self._reach_ns + 1)]

    def _join(self, first: Node, node: Node, at: int) -> None:
        """Bring the group of an earlier pick up to date; what it had gathered before the new one stays."""
        n_before = bisect_left(first.group, _key(node), key=_key)
        if not self._grouping.fits(node, first.group[:n_before]):
            return
        stop = self._index(first.onset_ns + self._reach_ns + 1)
        first.group = self._grouping.gather([*first.group[:n_before], node], self._nodes[at + 1 : stop])

    def _refold(self, earliest: Node, latest: Node) -> EventChanges:
        """Take the fold up before the first new pick's influence and follow it until nothing changes."""
        at = self._index(earliest.onset_ns - 2 * self._reach_ns)
        past = self._past(at)
        before: dict[str, Event] = {}
        after: dict[str, Event] = {}
        for index in range(at, len(self._nodes)):
            node = self._nodes[index]
            past = self._prune(past, node)
            if node.key > latest.key and past == node.past:
                break
            found = self._event_at(index, past)
            for events, event in ((before, node.found), (after, found)):
                if event is not None:
                    events[event.event.public_id] = event.event
            node.past, node.found = past, found
            if found is not None:
                past = (*past, found)
        changed = (event for public_id, event in after.items() if event != before.get(public_id))
        withdrawn = sorted(set(before) - set(after))
        return EventChanges(tuple(changed), tuple(withdrawn))

    def _past(self, at: int) -> Past:
        """The state of the fold before the pick at an index."""
        if at == 0:
            return self._nodes[0].past
        before = self._nodes[at - 1]
        return before.past if before.found is None else (*before.past, before.found)

    def _prune(self, past: Past, node: Node) -> Past:
        oldest_ns = node.onset_ns - self._grouping.memory_ns
        return tuple(found for found in past if found.last_ns >= oldest_ns)

    def _event_at(self, index: int, past: Past) -> Found | None:
        """The event that begins with a pick, if one does."""
        node = self._nodes[index]
        if len(node.group) < self._settings.min_stations or self._grouping.is_taken(node, past):
            return None
        group = self._group(index, past)
        rank = self._grouping.rank(group, past)
        if not self._grouping.suffices(rank):
            return None
        for other in group[1:]:
            rival = self._group(self._index(other.onset_ns, other), past)
            if self._grouping.rank(rival, past) > rank:
                return None
        return Found.of(group)

    def _group(self, index: int, past: Past) -> list[Node]:
        """What a pick gathers of the picks that earlier events have left."""
        node = self._nodes[index]
        takers = self._grouping.takers(node.onset_ns, past)
        if not any(self._grouping.is_taken(member, takers) for member in node.group):
            return node.group  # without picks that did not fit anyway, gathering comes to the same
        return self._grouping.gather([node], self._later(index), takers)

    def _forget(self) -> None:
        horizon_ns = self._now_ns() - self._memory_ns - 2 * self._reach_ns
        n_old = self._index(horizon_ns)
        if n_old > len(self._nodes) // 2:  # moving the rest is then cheaper than what it cost to come here
            del self._nodes[:n_old]


def _key(node: Node) -> tuple[int | str, ...]:
    return node.key
