"""The picks that association remembers, in the order of their onsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detection.association.found import Node, Past, coda_per_s, taker
from detection.association.grid import Anchor
from detection.association.hypothesis import Scene
from detection.association.rates import LEARNT_NS, WINDOW_NS, Rates
from detection.association.sight import Look
from detection.plan import Floats
from houfeng.times import NS_PER_S


class Board:
    """Picks in order, and what each is worth.

    Parameters
    ----------
    rates : of the stations' triggers
    index : of the stations with a known place, by id
    coda_snr : a pick that stands out so far is not taken for coda
    """

    def __init__(self, rates: Rates, index: Mapping[str, int], coda_snr: float) -> None:
        self.nodes: list[Node] = []
        self.rates = rates
        self._index = index
        self._coda_snr = coda_snr

    def __len__(self) -> int:
        return len(self.nodes)

    def index(self, onset_ns: int) -> int:
        """Of the first pick at or after a time."""
        return bisect_left(self.nodes, onset_ns, key=_onset_ns)

    def index_of(self, node: Node) -> int:
        """Where a pick is, or belongs."""
        return bisect_left(self.nodes, node.key, key=lambda other: other.key)

    def insert(self, node: Node) -> bool:
        """Take in a pick; whether it is new."""
        at = self.index_of(node)
        if at < len(self.nodes) and self.nodes[at].key == node.key:
            return False
        self.nodes.insert(at, node)
        if node.station >= 0:
            began_ns = self.rates.began_ns
            self.rates.add(node.station, node.onset_ns)
            if began_ns is not None and node.onset_ns < began_ns:
                self._judge_anew(began_ns + LEARNT_NS)
        return True

    def learn(self, now_ns: int) -> bool:
        """Take in what the whole network did at first; whether that changes what picks are worth, from the first on.

        Parameters
        ----------
        now_ns : so far the network was heard
        """
        began_ns, changes = self.rates.began_ns, self.rates.learn(now_ns)
        if changes and began_ns is not None:
            self._judge_anew(began_ns + LEARNT_NS)
        return changes

    def _judge_anew(self, until_ns: int) -> None:
        """The rates up to a time are others."""
        for node in self.nodes[: self.index(until_ns)]:
            node.sight = None

    def forget(self, n_old: int, before_ns: int) -> None:
        """Let the first picks go; those before a time have no part in later ones."""
        del self.nodes[:n_old]
        self.rates.forget(before_ns - WINDOW_NS)

    def free(self, index: int, until_ns: int, past: Past) -> list[Node]:
        """The picks from one on, to a time (inclusive), that no event has."""
        stop = bisect_right(self.nodes, until_ns, key=_onset_ns)
        nodes = self.nodes[index:stop]
        return [node for node in nodes if taker(node, past) is None] if past else nodes

    def coda_per_s(self, node: Node, past: Past) -> float:
        """Picks a second by the codas of events where a pick is; 0 where there is none, or it stands out of it."""
        return coda_per_s(node, past, self._coda_snr) if past else 0.0

    def per_s(self, nodes: Sequence[Node], at_ns: int, past: Past) -> Floats:
        """(n,) picks a second by chance, at a time."""
        known: dict[int, float] = {}
        found = []
        for node in nodes:
            rate = known.get(node.station)
            if rate is None:
                rate = known[node.station] = self.rates.per_s(node.station, at_ns)
            found.append(max(rate, self.coda_per_s(node, past)))
        return np.array(found)

    def scene(self, first: Node, free: Sequence[Node], past: Past, reach_ns: int) -> Scene:
        """What a hypothesis that begins with a pick is judged on; `free` are those until so long after it."""
        nodes = [node for node in free if node.station >= 0]
        alive = [self.rates.works(station, first.onset_ns) for station in range(len(self._index))]
        for node in nodes:
            alive[node.station] = 1.0
        for found in past:  # a trigger that is still on cannot start anew
            for station_id, coda in found.codas.items():
                if coda.start_ns <= first.onset_ns <= coda.end_ns and station_id in self._index:
                    alive[self._index[station_id]] = 0.0
        works = np.array(alive)
        return Scene(
            nodes,
            _after_s(first, nodes),
            np.array([node.station for node in nodes], np.int64),
            self.per_s(nodes, first.onset_ns, past),
            works,
            Look(first.onset_ns, works == 1.0, reach_ns),
        )

    def working(self, anchor: Anchor, at_ns: int) -> NDArray[np.bool_]:
        """(m,) the neighbours that surely work."""
        return np.array([self.rates.works(station, at_ns) == 1.0 for station in anchor.slots])


def around(anchor: Anchor, first: Node, free: Sequence[Node]) -> tuple[list[Node], Floats, NDArray[np.int64]]:
    """The picks of an anchor's neighbours by slot, their times after the first (s), and the slots."""
    slots = anchor.slots
    mine = sorted(
        ((slots[node.station], number) for number, node in enumerate(free) if node.station in slots),
    )
    nodes = [free[number] for _, number in mine]
    return nodes, _after_s(first, nodes), np.array([slot for slot, _ in mine], np.int64)


def _after_s(first: Node, nodes: Sequence[Node]) -> Floats:
    return np.array([node.onset_ns - first.onset_ns for node in nodes], np.float64) / NS_PER_S


def _onset_ns(node: Node) -> int:
    return node.onset_ns
