"""Picks as association goes on to use them, and the events it made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from detection.association.sight import Sight
from houfeng.times import seconds_ns
from houfeng.types import Event, Pick

Key = tuple[int, str, str, int]
Past = tuple["Found", ...]

# Picks a second in the coda of a strong event: the trigger is let go and taken again every few seconds.
_CODA_PER_S = 0.15
# So near to when S is due a pick is likely that, however weak the event.
_AT_S_NS = seconds_ns(3.0)
# S stands out of what P left by this part, at most, of what P stood out of the noise by: of a strong event that is far
# more than a coda does, and four such S were an event of their own.
_S_OF_P = 0.25


def key_of(pick: Pick) -> Key:
    """What orders picks and tells them apart: the onset first."""
    return (pick.onset_ns, str(pick.source_id), pick.method, pick.version)


class Coda(NamedTuple):
    """When a station's picks are rather S or coda of an event than something new.

    Parameters
    ----------
    start_ns, end_ns : ns UTC
    s_ns : when S is due; the start, where it is not known
    snr : of P at the station; where it has none, of the weakest
    """

    start_ns: int
    end_ns: int
    s_ns: int
    snr: float


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and what it makes of later picks.

    Parameters
    ----------
    keys : of its picks, and of those that are its S or the same onset on another channel
    codas : of the stations, by id
    until_ns : from then on it makes no difference to anything
    stations : those to which it makes one, as a mask (`mask_of`)
    score : evidence for it; 0 where stations without a place are counted
    """

    event: Event
    keys: frozenset[Key]
    codas: dict[str, Coda]
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


def may_be_s(snr: float, p_snr: float, coda_snr: float) -> bool:
    """Whether a pick stands out of the coda of P no further than S does.

    Parameters
    ----------
    snr, p_snr : amplitude ratios of the pick, and of P at the same station
    coda_snr : to which S may in any case
    """
    return snr < max(coda_snr, _S_OF_P * p_snr)


def coda_per_s(node: Node, past: Past, coda_snr: float) -> float:
    """Picks a second that the codas of events make where a pick is; 0 in none, and where it stands out of them.

    They are as many as the event's energy, up to where it stands out by `coda_snr`: of 13 shocks that were missed on
    synthetic days five were so because weak events minutes before had all stations in a coda they never had.
    """
    per_s = 0.0
    for found in past:
        coda = found.codas.get(node.station_id)
        if coda is not None and coda.start_ns < node.onset_ns <= coda.end_ns:
            if abs(node.onset_ns - coda.s_ns) <= _AT_S_NS:
                share = float(may_be_s(node.pick.snr, coda.snr, coda_snr))
            else:
                share = min(coda.snr / coda_snr, 1.0) ** 2 * (node.pick.snr < coda_snr)
            per_s = max(per_s, _CODA_PER_S * share)
    return per_s
