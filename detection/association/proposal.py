"""Proposals: the event that would begin with a pick, and what accepting it would mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detection.association import evidence
from detection.association.board import Board, around
from detection.association.closer import Closer
from detection.association.found import Coda, Found, Node, Past
from detection.association.grid import Anchor, Anchors
from detection.association.hypothesis import Examiner, Hypothesis, Scene
from detection.association.nucleus import Around, Nucleus, nuclei
from detection.association.sight import Sight, mask_of
from detection.association.stations import Stations
from detection.plan import Floats
from detection.settings import AssociationSettings
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Event

# Places that are tried, those of them that are looked at closer: the best, and the next if they are nearly as good.
_N_TRIED, _N_LOOKED_AT, _NEARLY = 6, 2, 4.0
# Onsets fit less well between the places that are tried than where the event is: evidence that is lost there at most.
_COARSE, _CLOSE = 3.0, 2.0
# A hypothesis that lacks no more evidence than this is sought from places around it too.
_ALMOST = 4.0
# A pick this close to an event's at the same station is the same onset.
_SAME_NS = seconds_ns(1.0)
# P to the end of the coda at a station: to S but no longer than this, and the settings' coda besides.
_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """An event that begins with a pick.

    Parameters
    ----------
    p_score : evidence of P alone: S is easily another event's P
    needed : evidence that makes it an event
    of_p, of_s : its picks of P and S
    found : what it would be
    """

    p_score: float
    needed: float
    of_p: tuple[Node, ...]
    of_s: tuple[Node, ...]
    found: Found

    @property
    def score(self) -> float:
        """All evidence for it: of rivals the one with most comes first."""
        return self.found.score

    def replaces(self, other: Proposal) -> bool:
        """Whether it comes before one that wants a pick of its own, for it has more evidence, and more of P.

        S is there by chance often enough to weigh up a lost onset of P.
        """
        is_better = self.score > other.score and self.p_score > other.p_score
        return is_better and not self.found.keys.isdisjoint(other.found.keys)

    def without_s(self) -> Found:
        """The event, were its S another event's P."""
        return replace(self.found, keys=self.found.keys - {node.key for node in self.of_s})


class Proposer:
    """Proposes events of stations whose place is known.

    Parameters
    ----------
    settings : of association
    stations : of the network
    board : of the picks
    reach_ns : no pick later than this after the first is looked at
    """

    def __init__(self, settings: AssociationSettings, stations: Stations, board: Board, reach_ns: int) -> None:
        self._settings = settings
        self._stations = stations
        self._board = board
        self._coda_ns = seconds_ns(settings.coda_s)
        self._threshold = evidence.needed(settings.threshold, len(stations))
        self._anchors = Anchors(stations, settings.tolerance_s)
        self._closer = Closer(stations, settings.tolerance_s, settings.min_stations - 1)
        self._examiner = Examiner(stations, settings.tolerance_s, settings.min_stations, settings.coda_snr)
        self._reach_ns = reach_ns

    def until_ns(self, first: Node) -> int:
        """No neighbour's onset of P is later in an event that begins with a pick."""
        return first.onset_ns + min(seconds_ns(self._anchors.at(first.station).window_s), self._reach_ns)

    def is_near(self, first: Node, other: Node) -> bool:
        """Whether a pick is of one of the stations around another's."""
        return other.station in self._anchors.at(first.station).slots

    def propose(self, index: int, past: Past, least: float = 0.0) -> tuple[Proposal | None, Sight]:
        """The event that would begin with a pick, None if none would; and which picks had a part in that.

        Parameters
        ----------
        index : of the pick on the board
        past : events before
        least : evidence that is wanted, if that is more than an event needs
        """
        first = self._board.nodes[index]
        anchor = self._anchors.at(first.station)
        until_ns = self.until_ns(first)
        sight = Sight(anchor.mask, until_ns, near=anchor.mask)
        free = self._board.free(index + 1, until_ns, past)
        nodes, after_s, slots = around(anchor, first, free)
        n_others = self._settings.min_stations - 1
        if len(set(slots.tolist())) < n_others:
            return None, sight
        picks = Around(
            after_s,
            slots,
            self._board.per_s(nodes, first.onset_ns, past),
            self._board.working(anchor, first.onset_ns),
            np.array([node.pick.snr < self._settings.coda_snr for node in nodes]),
        )
        own_per_s = self._board.per_s([first], first.onset_ns, past)
        needed = self._threshold - evidence.ease(np.append(picks.per_s, own_per_s))
        wanted = max(needed, least)
        # Not with what is wanted: of S and of stations further away a place has its evidence later.
        found = self._nuclei(anchor, picks, needed - self._own(own_per_s))
        if not found:
            return None, sight
        until_ns = first.onset_ns + self._reach_ns
        scene = self._board.scene(first, self._board.free(index, until_ns, past), past, self._reach_ns)
        looked = [self._examiner.examine(anchor, nucleus, scene, wanted - _ALMOST) for nucleus in found]
        looked = [
            self._examiner.examine_around(anchor, one, scene)
            if one is not None and wanted - _ALMOST <= one.score < wanted
            else one
            for one in looked
        ]
        seen = scene.look.closed()
        sight |= Sight(seen.mask, first.onset_ns, looked=(seen,))
        best = max((one for one in looked if one is not None), key=lambda one: one.score, default=None)
        if best is None or best.score < wanted:
            return None, sight
        return self._proposal(first, best, scene, needed), sight

    def _nuclei(self, anchor: Anchor, picks: Around, least: float) -> list[Nucleus]:
        """The places to be looked at closer, where the other stations have so much evidence."""
        n_others = self._settings.min_stations - 1
        found = nuclei(anchor.field, picks, n_others=n_others, n_best=_N_TRIED)
        found = [nucleus for nucleus in found if nucleus.score > least - _COARSE]
        closer = self._closer.narrowed(anchor, picks, found, least - _CLOSE)
        return [one for one in closer[:_N_LOOKED_AT] if one.score > max(closer[0].score - _NEARLY, least)]

    def _own(self, per_s: Floats) -> float:
        """Evidence of the first pick itself."""
        return float(evidence.gain(np.array(0.9), np.array(0.0), np.array(self._settings.tolerance_s), per_s[0]))

    def _proposal(self, first: Node, best: Hypothesis, scene: Scene, needed: float) -> Proposal:
        of_p, of_s = ([scene.nodes[number] for number in of] for of in (best.of_p, best.of_s))
        codas = self._codas(first, best, of_p)
        keys = {node.key for node in (*of_p, *of_s)}
        keys |= _same_onsets((*of_p, *of_s), scene.nodes)
        until_ns = max(coda.end_ns for coda in codas.values())
        until_ns = max(until_ns, *(key[0] for key in keys))
        event = Event(tuple(node.pick for node in sorted(of_p, key=lambda node: node.key)))
        stations = frozenset(
            (*(node.station for node in (*of_p, *of_s)), *(self._stations.index[name] for name in codas))
        )
        found = Found(event, frozenset(keys), codas, until_ns, mask_of(stations), best.score)
        return Proposal(best.p_score, needed, tuple(of_p), tuple(of_s), found)

    def _codas(self, first: Node, best: Hypothesis, of_p: Sequence[Node]) -> dict[str, Coda]:
        """From P to the end of the coda at the stations that see the event, by station id."""
        distance_km = self._stations.from_place(best.hypocentre.place)
        some = np.flatnonzero(distance_km <= 1.5 * best.reach_km)
        _, _, arrivals = self._stations.seen_from(best.hypocentre.place[np.newaxis], some)
        p_s, s_s = arrivals.time_s[:, 0] + best.hypocentre.origin_s
        s_s = np.where(np.isfinite(s_s), np.minimum(s_s, p_s + _LONGEST_S), p_s + _LONGEST_S)
        codas, weakest = {}, min(node.pick.snr for node in of_p)
        for station, p, s in zip(some.tolist(), p_s.tolist(), s_s.tolist(), strict=True):
            if np.isfinite(p):
                start_ns, s_ns = (first.onset_ns + round(each * NS_PER_S) for each in (p, s))
                codas[self._stations.ids[station]] = Coda(start_ns, s_ns + self._coda_ns, s_ns, weakest)
        for node in of_p:
            known = codas.get(node.station_id, Coda(0, 0, node.onset_ns, 0.0))
            end_ns = max(node.onset_ns + self._coda_ns, known.end_ns)
            codas[node.station_id] = Coda(node.onset_ns, end_ns, known.s_ns, node.pick.snr)
        return codas


def _same_onsets(members: Sequence[Node], nodes: Sequence[Node]) -> set[tuple[int, str, str, int]]:
    onsets_ns: dict[int, list[int]] = {}
    for member in members:
        onsets_ns.setdefault(member.station, []).append(member.onset_ns)
    return {
        node.key
        for node in nodes
        if any(abs(node.onset_ns - onset_ns) <= _SAME_NS for onset_ns in onsets_ns.get(node.station, ()))
    }
