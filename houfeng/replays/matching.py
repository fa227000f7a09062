"""Picks and events of two runs, side by side: which are the same, which moved, which one run alone has."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from database.records import EventRow
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Origin, Pick
from stations.distance import great_circle_km

T = TypeVar("T")


class Pair(NamedTuple, Generic[T]):
    """Something of run A and the one of run B that is taken for the same; None where there is none."""

    a: T | None
    b: T | None

    @property
    def either(self) -> T:
        """One of the two, for what they have in common."""
        found = self.a if self.a is not None else self.b
        assert found is not None
        return found


class PickPair(Pair[Pick]):
    """A pick of run A and the one of run B that is taken for the same onset; None where there is none."""

    @property
    def kind(self) -> str:
        """same, moved, only A or only B."""
        if self.a is None or self.b is None:
            return "only B" if self.a is None else "only A"
        return "same" if self.a.onset_ns == self.b.onset_ns else "moved"

    @property
    def shift_s(self) -> float | None:
        """Onset in B less onset in A, s; None without both."""
        return None if self.a is None or self.b is None else (self.b.onset_ns - self.a.onset_ns) / NS_PER_S


class EventPair(Pair[EventRow]):
    """An event of run A and the one of run B that is taken for the same; None where there is none."""

    @property
    def kind(self) -> str:
        """same, changed, only A or only B."""
        if self.a is None or self.b is None:
            return "only B" if self.a is None else "only A"
        return "same" if _figures(self.a) == _figures(self.b) else "changed"

    @property
    def moved_s(self) -> float | None:
        """Origin time, or first onset where one of them has no origin, in B less in A, s; None without both."""
        if self.a is None or self.b is None:
            return None
        if self.a.origin is None or self.b.origin is None:
            return (self.b.first_onset_ns - self.a.first_onset_ns) / NS_PER_S
        return (self.b.origin.time_ns - self.a.origin.time_ns) / NS_PER_S

    @property
    def moved_km(self) -> float | None:
        """Between the epicentres; None without both."""
        if self.a is None or self.b is None or self.a.origin is None or self.b.origin is None:
            return None
        return _apart_km(self.a.origin, self.b.origin)


def pair_picks(of_a: Iterable[Pick], of_b: Iterable[Pick], tolerance_s: float) -> Iterator[PickPair]:
    """Pairs of picks of one phase, the nearest onsets first; in the order of phase and onset.

    Parameters
    ----------
    of_a, of_b : of one station, in the order of phase and onset
    tolerance_s : onsets further apart are two
    """
    items = merge(((False, pick) for pick in of_a), ((True, pick) for pick in of_b), key=_by_onset)
    for _, mine in groupby(items, key=lambda item: item[1].phase):
        yield from _of_phase(mine, seconds_ns(tolerance_s))


def pair_events(
    of_a: Sequence[EventRow], of_b: Sequence[EventRow], *, tolerance_s: float, tolerance_km: float
) -> list[EventPair]:
    """Pairs of events, earliest first: those of one first onset, then the nearest in time that are near in place.

    Parameters
    ----------
    tolerance_s : origin times, or first onsets of events that are not located, further apart are two events
    tolerance_km : epicentres further apart are two events
    """
    in_b = {event.public_id: event for event in of_b}
    pairs = [EventPair(event, in_b.pop(event.public_id, None)) for event in of_a]
    left = [pair.a for pair in pairs if pair.a is not None and pair.b is None]
    others, tolerance_ns = sorted(in_b.values(), key=_time_ns), seconds_ns(tolerance_s)
    near = [
        ((abs(_time_ns(one) - _time_ns(other)), False), one.public_id, other.public_id)
        for one in left
        for other in _around(others, _time_ns(one), tolerance_ns)
        if _is_near(one, other, tolerance_km)
    ]
    partner = _greedy(near)
    taken = {pair_id: in_b.pop(other_id) for pair_id, other_id in partner.items()}
    pairs = [EventPair(a, b or taken.get(a.public_id)) for a, b in pairs if a is not None]
    pairs += [EventPair(None, event) for event in in_b.values()]
    return sorted(pairs, key=lambda pair: pair.either.first_onset_ns)


def _by_onset(item: tuple[bool, Pick]) -> tuple[str, int]:
    return item[1].phase, item[1].onset_ns


def _of_phase(mine: Iterable[tuple[bool, Pick]], tolerance_ns: int) -> Iterator[PickPair]:
    cluster: list[tuple[bool, Pick]] = []
    for item in mine:
        if cluster and item[1].onset_ns - cluster[-1][1].onset_ns > tolerance_ns:
            yield from _of_cluster(cluster, tolerance_ns)
            cluster = []
        cluster.append(item)
    yield from _of_cluster(cluster, tolerance_ns)


def _of_cluster(cluster: Sequence[tuple[bool, Pick]], tolerance_ns: int) -> Iterator[PickPair]:
    a, b = ({pick.public_id: pick for is_b, pick in cluster if is_b is wanted} for wanted in (False, True))
    near = [
        # the same channel before another one of the station
        ((abs(one.onset_ns - other.onset_ns), one.source_id != other.source_id), one.public_id, other.public_id)
        for one in a.values()
        for other in b.values()
        if abs(one.onset_ns - other.onset_ns) <= tolerance_ns
    ]
    partner = _greedy(near)
    taken = set(partner.values())
    pairs = [PickPair(pick, b[partner[key]] if key in partner else None) for key, pick in a.items()]
    pairs += [PickPair(None, pick) for key, pick in b.items() if key not in taken]
    yield from sorted(pairs, key=lambda pair: pair.either)


def _around(events: Sequence[EventRow], t_ns: int, tolerance_ns: int) -> Sequence[EventRow]:
    """Those so near a time; they are sorted by theirs."""
    begin = bisect_left(events, t_ns - tolerance_ns, key=_time_ns)
    return events[begin : bisect_left(events, t_ns + tolerance_ns + 1, key=_time_ns)]


def _greedy(near: Iterable[tuple[tuple[int, bool], str, str]]) -> Mapping[str, str]:
    """Each of one side with at most one of the other, the nearest pairs first."""
    partner: dict[str, str] = {}
    taken: set[str] = set()
    for _, one, other in sorted(near):
        if one not in partner and other not in taken:
            partner[one] = other
            taken.add(other)
    return partner


def _is_near(one: EventRow, other: EventRow, tolerance_km: float) -> bool:
    return one.origin is None or other.origin is None or _apart_km(one.origin, other.origin) <= tolerance_km


def _time_ns(event: EventRow) -> int:
    return event.first_onset_ns if event.origin is None else event.origin.time_ns


def _apart_km(one: Origin, other: Origin) -> float:
    return great_circle_km((one.latitude_deg, one.longitude_deg), (other.latitude_deg, other.longitude_deg))


def _figures(event: EventRow) -> tuple[object, ...]:
    magnitude = event.magnitude
    return (
        *(event.public_id, event.n_picks, event.n_stations, event.origin, magnitude),
        *(event.quality, event.quality_reasons, event.type_hint, event.type_reasons),
    )
