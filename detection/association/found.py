"""Picks as association goes on to use them, and the events it made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from detection.association.sight import Sight
from houfeng.types import Event, Pick

Key = tuple[int, str, str, int]
Past = tuple["Found", ...]


def key_of(pick: Pick) -> Key:
    """What orders picks and tells them apart: the onset first."""
    return (pick.onset_ns, str(pick.source_id), pick.method, pick.version)


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and what it makes of later picks.

    Parameters
    ----------
    keys : of its picks, and of those that are its S or the same onset on another channel
    coda_ns : from when to when a station's picks are S or coda rather than something new, by station id
    until_ns : from then on it makes no difference to anything
    stations : those to which it makes one, as a mask (`mask_of`)
    score : evidence for it; 0 where stations without a place are counted
    """

    event: Event
    keys: frozenset[Key]
    coda_ns: dict[str, tuple[int, int]]
    until_ns: int
    stations: int
    score: float


@dataclass(slots=True, eq=False)
class Node:
    """A pick, and what association made of it.

    Parameters
    ----------
    station : index of its station; -1 where its place is not known
    past : events that were still of interest when this pick's turn came
    found : the events that were found at this pick's turn
    sight : of the picks that had a part in that; None until its turn
    """

    pick: Pick
    key: Key
    station_id: str
    station: int
    onset_ns: int
    past: Past = ()
    found: tuple[Found, ...] = field(default=())
    sight: Sight | None = None


def taker(node: Node, past: Past) -> Found | None:
    """The event that has a pick, if one does."""
    for found in past:
        if node.key in found.keys:
            return found
    return None


def is_coda(node: Node, past: Past) -> bool:
    """Whether a pick lies in the coda of an event at its station."""
    for found in past:
        span = found.coda_ns.get(node.station_id)
        if span is not None and span[0] < node.onset_ns <= span[1]:
            return True
    return False
