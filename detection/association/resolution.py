"""Which of rival events come first: the best of those that want the same picks."""

from __future__ import annotations

from detection.association.board import Board
from detection.association.coincidence import Coincidence
from detection.association.found import Found, Past, taker
from detection.association.proposal import Proposal, Proposer

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
    threshold : evidence that an event needs
    """

    def __init__(self, board: Board, proposer: Proposer, coincidence: Coincidence, threshold: float) -> None:
        self._threshold = threshold
        self._board = board
        self._proposer = proposer
        self._coincidence = coincidence

    def turn(self, index: int, past: Past) -> tuple[tuple[Found, ...], int]:
        """The events that are found at a pick's turn, and until when picks were looked at for it, ns UTC.

        An event that begins with the pick is one if none of its picks begins a better one; if one does, that is
        found first, and the pick is asked again what is left for it.
        """
        node = self._board.nodes[index]
        found: tuple[Found, ...] = ()
        seen_ns = node.onset_ns + self._coincidence.reach_ns
        for _ in range(_MOST_ROUNDS):
            known = (*past, *found)
            if taker(node, known) is not None:
                break
            one, until_ns = self._next(index, known)
            seen_ns = max(seen_ns, until_ns)
            if one is None:
                break
            found = (*found, one)
        return found, seen_ns

    def _next(self, index: int, past: Past) -> tuple[Found | None, int]:
        """The event to be found next at a pick's turn: of stations with places, else by coincidence."""
        first = self._board.nodes[index]
        asked, seen_ns = [first], 0
        if self._has_unlocated(index):
            asked = self._coincidence.group(index, past)
            if len(asked) == 1:
                return None, seen_ns
        for node in asked:
            if node.station < 0:
                continue
            at = self._board.index_of(node)
            proposal, until_ns = self._proposer.propose(at, past)
            seen_ns = max(seen_ns, until_ns)
            if proposal is not None:
                best, until_ns = self._best(at, proposal, past)
                if best is not None:
                    best = self._coincidence.joined(best, first, past)
                return best, max(seen_ns, until_ns)
        return (self._coincidence.found(index, past) if len(asked) > 1 else None), seen_ns

    def _has_unlocated(self, index: int) -> bool:
        """Whether a pick, or one that can coincide with it, is of a station without a place."""
        first = self._board.nodes[index]
        near = self._board.free(index, first.onset_ns + self._coincidence.reach_ns, ())
        return any(node.station < 0 for node in near)

    def _best(self, index: int, proposal: Proposal, past: Past) -> tuple[Found | None, int]:
        """The best of a proposal and its rivals, the rivals of those, and so on; None where nothing is left of it.

        A rival begins with one of its onsets of P and has more evidence.
        """
        asked, seen_ns = {index}, 0
        while True:
            better: Proposal | None = None
            for node in proposal.of_p[:_MOST_RIVALS]:
                at = self._board.index_of(node)
                if at in asked:
                    continue
                asked.add(at)
                rival, until_ns = self._proposer.propose(at, past)
                seen_ns = max(seen_ns, until_ns)
                if rival is not None and rival.rank > (better or proposal).rank:
                    better = rival
            if better is None:
                found, until_ns = self._settled(proposal, past)
                return found, max(seen_ns, until_ns)
            proposal = better

    def _settled(self, proposal: Proposal, past: Past) -> tuple[Found | None, int]:
        """The event less what it takes for S, where one of those begins an event even though it is likely coda."""
        seen_ns, alone = 0, proposal.without_s()
        for node in proposal.of_s[:_MOST_RIVALS]:
            rival, until_ns = self._proposer.propose(self._board.index_of(node), (*past, alone))
            seen_ns = max(seen_ns, until_ns)
            if rival is not None:
                return (alone if proposal.rank >= self._threshold else None), seen_ns
        return proposal.found, seen_ns
