"""Events of a network's picks, by what is likelier: an earthquake, or chance.

Events are a fold over the picks in the order of their onsets, whatever order they arrive in. At each pick that no
event has, the event that would begin with it is proposed: back-projection over the places around its station finds
where that would be, and the picks that fit and the stations that have none tell how likely it is. It is one if the
evidence suffices and none of its picks begins a better one. All that the fold carries from pick to pick are the latest
events, so it can be taken up again where a late pick belongs, and left where it comes to the state it had before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from detection.association.board import Board
from detection.association.coincidence import Coincidence
from detection.association.found import Node, Past, key_of
from detection.association.proposal import Proposer
from detection.association.rates import WINDOW_NS, Rates
from detection.association.resolution import Resolver
from detection.association.sight import Arrived, Sight
from detection.association.stations import Stations
from detection.distance import longest_s
from detection.location.traveltime import TravelTimes, published
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
    time can be of one event with are forgotten; their events stay as they were last returned.

    Parameters
    ----------
    settings : of association
    sites : by station id; a station that is not among them is associated within a fixed window
    travel_times : through the Earth model; of ak135 if none are given
    refused : told of each pick that came too late: with all others it would not have been
    """

    def __init__(
        self,
        settings: AssociationSettings,
        sites: Mapping[str, Site],
        travel_times: TravelTimes | None = None,
        refused: Callable[[Pick], None] = lambda pick: None,
    ) -> None:
        self._settings = settings
        self._refused = refused
        self._stations = Stations(sites, travel_times or published("ak135"))
        self._board = Board(
            Rates(settings.quiet_picks_per_hour, self._stations.parts()), self._stations.index, settings.coda_snr
        )
        self._reach_ns = seconds_ns(longest_s(settings, sites.values()))
        self._coincidence_ns = seconds_ns(2 * settings.unlocated_window_s)
        proposer = Proposer(settings, self._stations, self._board, self._reach_ns)
        coincidence = Coincidence(settings, sites, self._board)
        self._resolver = Resolver(self._board, proposer, coincidence)
        self._memory_ns = seconds_ns(settings.memory_s)
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
        at = 0 if self._board.learn(self._now_ns()) else self._board.index(added[0].onset_ns - self._reach_ns * 2)
        changes = self._refold(added, at)
        self._forget()
        return changes

    @property
    def n_remembered(self) -> int:
        """Picks that later ones can still be of one event with."""
        return len(self._board)

    def _now_ns(self) -> int:
        """The time that `min_stations` stations (all, if there are fewer) have reached with their onsets."""
        newest = sorted(self._newest_ns.values(), reverse=True)
        return newest[min(self._settings.min_stations, len(newest)) - 1]

    def _insert(self, pick: Pick) -> Node | None:
        heard = len(self._newest_ns) >= self._settings.min_stations
        if heard and pick.onset_ns < self._now_ns() - self._memory_ns:
            log.warning("%s: onset at %s comes too late for association", pick.source_id, format_ns(pick.onset_ns))
            self._refused(pick)
            return None
        station_id = pick.source_id.station_id
        node = Node(pick, key_of(pick), station_id, self._stations.index.get(station_id, -1), pick.onset_ns)
        if not self._board.insert(node):
            return None
        self._newest_ns[station_id] = max(self._newest_ns.get(station_id, node.onset_ns), node.onset_ns)
        return node

    def _refold(self, added: Sequence[Node], at: int) -> EventChanges:
        """Take the fold up before the first new pick's influence and follow it until nothing changes.

        Parameters
        ----------
        added : the new picks, in order
        at : number of the first pick that is made something of anew
        """
        nodes = self._board.nodes
        arrived = Arrived((node.station, node.onset_ns) for node in added)
        past = self._past(at)
        before: dict[str, Event] = {}
        after: dict[str, Event] = {}
        for index in range(at, len(nodes)):
            node = nodes[index]
            past = tuple(found for found in past if found.until_ns >= node.onset_ns)
            is_same = past == node.past and node.sight is not None
            if is_same and node.onset_ns > added[-1].onset_ns + WINDOW_NS:
                break
            before |= {found.event.public_id: found.event for found in node.found}
            sight = node.sight
            if (
                sight is None
                or sight.has(arrived, node.onset_ns, self._coincidence_ns)
                or _differ(past, node.past, sight)
            ):
                found, node.sight = self._resolver.turn(index, past)
                # what is found again is the same to all that follows
                node.found = node.found if found == node.found else found
            node.past = past
            after |= {found.event.public_id: found.event for found in node.found}
            past = (*past, *node.found)
        changed = [event for public_id, event in after.items() if event != before.get(public_id)]
        withdrawn = sorted(set(before) - set(after))
        return EventChanges(tuple(sorted(changed, key=lambda event: event.picks)), tuple(withdrawn))

    def _past(self, at: int) -> Past:
        """The state of the fold before the pick at an index."""
        nodes = self._board.nodes
        if at == 0:
            return nodes[0].past
        return (*nodes[at - 1].past, *nodes[at - 1].found)

    def _forget(self) -> None:
        horizon_ns = self._now_ns() - self._memory_ns - 2 * self._reach_ns
        n_old = self._board.index(horizon_ns)
        # Moving the rest costs a thousandth of what it cost to come here; until half were old twice as many were kept.
        if n_old > len(self._board) // 8:
            self._board.forget(n_old, horizon_ns)


def _differ(past: Past, other: Past, sight: Sight) -> bool:
    """Whether two states of the fold are different for one who sees some stations."""
    if past == other:
        return False
    kept = {id(found) for found in past} & {id(found) for found in other}
    changed = [found for found in (*past, *other) if id(found) not in kept]
    return bool(sight.of_all_ns) or any(found.stations & sight.stations for found in changed)
