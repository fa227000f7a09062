"""Events with stations whose place is not known: onsets within a fixed window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from detection.association.board import Board
from detection.association.found import Coda, Found, Node, Past
from detection.association.sight import mask_of
from detection.settings import AssociationSettings
from houfeng.times import seconds_ns
from houfeng.types import Event
from stations.distance import distance_km
from stations.inventory import Site

# Between stations whose places are known P takes no longer than this, and a second for errors.
_SLOWEST_P_KM_S, _ERROR_S = 4.0, 1.0
# A pick this close to an event's at the same station is the same onset.
_SAME_NS = seconds_ns(1.0)

Rank = tuple[int, int]


class Coincidence:
    """Groups picks of which at least one is of a station without a place.

    Parameters
    ----------
    settings : of association
    sites : stations whose place is known
    board : of the picks
    """

    def __init__(self, settings: AssociationSettings, sites: Mapping[str, Site], board: Board) -> None:
        self._min_stations = settings.min_stations
        self._sites = dict(sites)
        self._board = board
        self._coda_ns = seconds_ns(settings.coda_s)
        self.reach_ns = seconds_ns(settings.unlocated_window_s)

    def group(self, index: int, past: Past) -> list[Node]:
        """A pick and those after it that can be of one event with it: one for each station, in order."""
        first = self._board.nodes[index]
        found, station_ids = [first], {first.station_id}
        placed = [first] if first.station >= 0 else []
        for node in self._board.free(index + 1, first.onset_ns + self.reach_ns, past):
            # all of them lie within the window: only stations with a place can be too far apart
            if node.station_id not in station_ids and (node.station < 0 or all(self._fits(node, o) for o in placed)):
                found.append(node)
                station_ids.add(node.station_id)
                if node.station >= 0:
                    placed.append(node)
        return found

    def found(self, index: int, past: Past) -> Found | None:
        """The event that begins with a pick, if one does: no later pick of it begins a better one."""
        group = self.group(index, past)
        rank = self._rank(group, past)
        if rank[0] < self._min_stations or all(node.station >= 0 for node in group):
            return None
        for other in group[1:]:
            if self._rank(self.group(self._board.index_of(other), past), past) > rank:
                return None
        return self._event(group, past)

    def joined(self, found: Found, since: Node, past: Past) -> Found:
        """An event of stations with places, and the picks of others within the window from its first onset on.

        Parameters
        ----------
        since : the pick whose turn it is; earlier ones have had theirs
        """
        first_ns, last_ns = found.event.first_onset_ns, found.event.picks[-1].onset_ns
        have = set(found.event.station_ids)
        start_ns = max(since.onset_ns, last_ns - self.reach_ns)
        more = []
        for node in self._board.free(self._board.index(start_ns), first_ns + self.reach_ns, past):
            if node.station < 0 and node.station_id not in have and node.key >= since.key:
                have.add(node.station_id)
                more.append(node)
        if not more:
            return found
        keys = found.keys | {node.key for node in more}
        codas = found.codas | {node.station_id: self._coda(node) for node in more}
        until_ns = max(found.until_ns, *(coda.end_ns for coda in codas.values()))
        event = Event(tuple(sorted((*found.event.picks, *(node.pick for node in more)))))
        return Found(event, keys, codas, until_ns, found.stations | mask_of([-1]), found.score)

    def _fits(self, node: Node, other: Node) -> bool:
        """Whether P can come to both places within their times."""
        km = distance_km(self._sites[node.station_id], self._sites[other.station_id])
        return abs(node.onset_ns - other.onset_ns) <= seconds_ns(km / _SLOWEST_P_KM_S + _ERROR_S)

    def _rank(self, group: Sequence[Node], past: Past) -> Rank:
        """The higher the better: stations with an onset that is not coda, then the shorter time between the onsets."""
        n_own = sum(not self._board.coda_per_s(node, past) for node in group)
        return n_own, group[0].onset_ns - group[-1].onset_ns

    def _event(self, group: Sequence[Node], past: Past) -> Found:
        onset_ns = {node.station_id: node.onset_ns for node in group}
        last_ns = group[-1].onset_ns
        near = self._board.free(self._board.index(group[0].onset_ns), last_ns + _SAME_NS, past)
        same = (node.key for node in near if abs(node.onset_ns - onset_ns.get(node.station_id, -_SAME_NS)) <= _SAME_NS)
        codas = {node.station_id: self._coda(node) for node in group}
        keys = frozenset((*same, *(node.key for node in group)))
        event, until_ns = Event(tuple(node.pick for node in group)), last_ns + max(self._coda_ns, _SAME_NS)
        return Found(event, keys, codas, until_ns, mask_of(node.station for node in group), 0.0)

    def _coda(self, node: Node) -> Coda:
        return Coda(node.onset_ns, node.onset_ns + self._coda_ns, node.onset_ns, inf)
