"""Which of rival events come first: the best of those that want the same picks."""

from __future__ import annotations

from detection.association.board import Board
from detection.association.coincidence import Coincidence
from detection.association.found import Found, Node, Past, taker
from detection.association.proposal import Proposal, Proposer
from detection.association.sight import Sight, mask_of

# A chain of ever better rivals ends where the picks do; it has not been seen longer than four.
_MOST_ROUNDS = 12
_MOST_RIVALS = 10


class Resolver:
    """Finds the events of each pick's turn.

    Parameters
    ----------
    board : of the picks
    proposer : of events of stations whose place is known
    coincidence : of the others
    """

    def __init__(self, board: Board, proposer: Proposer, coincidence: Coincidence) -> None:
        self._board = board
        self._proposer = proposer
        self._coincidence = coincidence

    def turn(self, index: int, past: Past) -> tuple[tuple[Found, ...], Sight]:
        """The events that are found at a pick's turn, and which picks had a part in that.

        An event that begins with the pick is one if none of its picks begins a better one; if one does, that is
        found first, and the pick is asked again what is left for it.
        """
        node = self._board.nodes[index]
        found: tuple[Found, ...] = ()
        sight = Sight(mask_of([node.station]), node.onset_ns)
        for _ in range(_MOST_ROUNDS):
            known = (*past, *found)
            if taker(node, known) is not None:
                break
            one, seen = self._next(index, known)
            sight |= seen
            if one is None:
                break
            found = (*found, one)
        return found, sight

    def _next(self, index: int, past: Past) -> tuple[Found | None, Sight]:
        """The event to be found next at a pick's turn: of stations with places, else by coincidence."""
        first = self._board.nodes[index]
        asked, sight = [first], Sight(0, first.onset_ns)
        if self._has_unlocated(index):
            # groups that begin with a pick of the first one's group
            sight = Sight(0, first.onset_ns, of_all_ns=first.onset_ns + 2 * self._coincidence.reach_ns)
            asked = self._coincidence.group(index, past)
            if len(asked) == 1:
                return None, sight
        for node in asked:
            if node.station < 0:
                continue
            at = self._board.index_of(node)
            proposal, seen = self._proposer.propose(at, past)
            sight |= seen
            if proposal is not None:
                best, seen = self._best(at, proposal, past)
                if best is not None:
                    best = self._coincidence.joined(best, first, past)
                return best, sight | seen
        return (self._coincidence.found(index, past) if len(asked) > 1 else None), sight

    def _has_unlocated(self, index: int) -> bool:
        """Whether a pick, or one that can coincide with it, is of a station without a place."""
        first = self._board.nodes[index]
        near = self._board.free(index, first.onset_ns + self._coincidence.reach_ns, ())
        return any(node.station < 0 for node in near)

    def _best(self, index: int, proposal: Proposal, past: Past) -> tuple[Found | None, Sight]:
        """The best of a proposal and its rivals, the rivals of those, and so on; None where nothing is left of it.

        A rival wants one of its picks and has more evidence, see `Proposal.replaces`.
        """
        asked, sight = {index}, Sight(0, 0)
        while True:
            better: Proposal | None = None
            for node in self._beginnings(index, proposal, past):
                at = self._board.index_of(node)
                if at in asked:
                    continue
                asked.add(at)
                least = (better or proposal).score
                rival, seen = self._proposer.propose(at, past, least)
                sight |= seen
                if rival is not None and rival.replaces(proposal) and rival.score > least:
                    better = rival
            if better is None:
                found, seen = self._settled(proposal, past)
                return found, sight | seen
            proposal = better

    def _beginnings(self, index: int, proposal: Proposal, past: Past) -> list[Node]:
        """The picks that a rival may begin with: its onsets of P, and those nearby that come before any of them can.

        A true event can lack the onset of noise that one in a wrong place, with most of its onsets, begins with.
        """
        first = proposal.of_p[0]
        others = self._board.free(index, self._proposer.until_ns(first), past)
        return [*proposal.of_p[:_MOST_RIVALS], *(node for node in others if self._proposer.is_near(first, node))]

    def _settled(self, proposal: Proposal, past: Past) -> tuple[Found | None, Sight]:
        """The event less what it takes for S, where one of those begins an event even though it is likely coda."""
        sight, alone = Sight(0, 0), proposal.without_s()
        for node in proposal.of_s[:_MOST_RIVALS]:
            rival, seen = self._proposer.propose(self._board.index_of(node), (*past, alone))
            sight |= seen
            if rival is not None:
                return (alone if proposal.p_score >= proposal.needed else None), sight
        return proposal.found, sight
