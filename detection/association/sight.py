"""Which picks had a part in what was made of one: a large network is not gone over again for each new pick."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.association.rates import GUARD_NS, WINDOW_NS
from detection.location.traveltime import Indices
from detection.plan import Floats
from houfeng.times import NS_PER_S


def mask_of(stations: Iterable[int]) -> int:
    """Stations by index as bits; the lowest is of all whose place is not known (-1)."""
    mask = 0
    for station in stations:
        mask |= 1 << (station + 1)
    return mask


class Arrived:
    """Picks that are new to the fold, by station.

    Parameters
    ----------
    picks : station by index, -1 where its place is not known, and onset, ns UTC; of each in the order of onsets
    """

    def __init__(self, picks: Iterable[tuple[int, int]]) -> None:
        self._of_all: list[int] = []
        self._of_each: dict[int, list[int]] = {}
        for station, onset_ns in picks:
            self._of_all.append(onset_ns)
            self._of_each.setdefault(station, []).append(onset_ns)
        self.mask = mask_of(self._of_each)

    def any(self, first_ns: int, last_ns: int) -> bool:
        """Whether a pick of any station lies between two times, ns UTC, or at one of them."""
        return bool(_between(self._of_all, first_ns, last_ns))

    def of(self, station: int, first_ns: int, last_ns: int) -> Sequence[int]:
        """Onsets at a station between two times and at these, ns UTC."""
        return _between(self._of_each.get(station, ()), first_ns, last_ns)

    def stations(self, mask: int) -> Iterator[int]:
        """Those of a mask that have any of these picks."""
        left = mask & self.mask & ~1
        while left:
            station = (left & -left).bit_length() - 2
            yield station
            left &= left - 1


def _between(onsets_ns: Sequence[int], first_ns: int, last_ns: int) -> Sequence[int]:
    begin = bisect_left(onsets_ns, first_ns)
    return onsets_ns[begin : bisect_right(onsets_ns, last_ns, begin)] if last_ns >= first_ns else ()


class Look:
    """When picks of stations had a part in hypotheses that begin with one pick; filled in as these are looked at.

    Parameters
    ----------
    first_ns : onset of that pick, ns UTC
    alive : (n_stations,) whether it is known of each that it works; any pick of the others until ...
    reach_ns : ... so long after the first tells that it does
    """

    def __init__(self, first_ns: int, alive: NDArray[np.bool_], reach_ns: int) -> None:
        self._first_ns, self._alive, self._reach_ns = first_ns, alive, reach_ns
        n_stations = len(alive)
        # of P and S: the earliest and the latest, s after the first pick
        self._start_s: NDArray[np.float32] = np.full((2, n_stations), np.inf, np.float32)
        self._end_s: NDArray[np.float32] = np.full((2, n_stations), -np.inf, np.float32)

    def add(self, stations: Indices, arrival_s: Floats, within_s: Floats) -> None:
        """Picks of stations have had a part so near to their arrivals.

        Parameters
        ----------
        stations : (m,)
        arrival_s, within_s : (2, m) of P and S; infinite where none arrives
        """
        arrives = np.isfinite(arrival_s)
        start_s = np.where(arrives, arrival_s - within_s, np.inf)
        end_s = np.where(arrives, arrival_s + within_s, -np.inf)
        self._start_s[:, stations] = np.minimum(self._start_s[:, stations], start_s)
        self._end_s[:, stations] = np.maximum(self._end_s[:, stations], end_s)

    def closed(self) -> Looked:
        """What is kept of it."""
        some = np.flatnonzero((self._end_s > -np.inf).any(axis=0))
        start_s, end_s = self._start_s[:, some], self._end_s[:, some]
        mask, silent = (_bits(each) for each in (some, some[~self._alive[some]]))
        until_ns = self._first_ns + round(float(end_s.max(initial=0.0)) * NS_PER_S) + NS_PER_S
        return Looked(self._first_ns, until_ns, mask, some, start_s, end_s, silent, self._first_ns + self._reach_ns)


def _bits(some: Indices) -> int:
    """The mask of stations in order."""
    flags = np.zeros(int(some[-1]) + 1 if len(some) else 0, bool)
    flags[some] = True
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little") << 1


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The same, done.

    Parameters
    ----------
    first_ns, until_ns : no pick before or after had a part, ns UTC
    mask : of the stations
    stations : (m,) in order
    start_s, end_s : (2, m) of P and S, after the first pick
    silent : those of which it is not known whether they work, as a mask
    silent_until_ns : a pick of theirs until then tells it, and that they have none of P then tells something
    """

    first_ns: int
    until_ns: int
    mask: int
    stations: Indices
    start_s: NDArray[np.float32]
    end_s: NDArray[np.float32]
    silent: int
    silent_until_ns: int

    def has(self, arrived: Arrived) -> bool:
        """Whether one of these picks would have had a part; onsets at one station within a second are the same."""
        if any(arrived.of(each, self.first_ns, self.silent_until_ns) for each in arrived.stations(self.silent)):
            return True
        for station in arrived.stations(self.mask):
            if onsets_ns := arrived.of(station, self.first_ns, self.until_ns):
                at = int(np.searchsorted(self.stations, station))
                after_s = (np.array(onsets_ns) - self.first_ns)[:, np.newaxis] / NS_PER_S
                if ((after_s >= self.start_s[:, at] - 1.01) & (after_s <= self.end_s[:, at] + 1.01)).any():
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Sight:
    """The picks that had a part in what was made of one.

    Parameters
    ----------
    stations : whose, as a mask
    until_ns : of stations nearby none later than this, ns UTC
    near : stations nearby, as a mask
    of_all_ns : until then those of any station had, ns UTC; 0 where stations without a place had no part
    looked : at hypotheses
    """

    stations: int
    until_ns: int
    near: int = 0
    of_all_ns: int = 0
    looked: tuple[Looked, ...] = ()

    def __or__(self, other: Sight) -> Sight:
        return Sight(
            self.stations | other.stations,
            max(self.until_ns, other.until_ns),
            self.near | other.near,
            max(self.of_all_ns, other.of_all_ns),
            self.looked + other.looked,
        )

    def has(self, arrived: Arrived, since_ns: int, coincidence_ns: int) -> bool:
        """Whether one of these picks had a part, or would have had if it had been known: as an onset, or as noise.

        Parameters
        ----------
        since_ns : onset of the pick whose sight this is
        coincidence_ns : within which picks of stations without a place are of one event
        """
        latest_ns = self.latest_ns
        if arrived.any(since_ns, self.of_all_ns) or arrived.of(-1, since_ns, latest_ns + coincidence_ns):
            return True
        for station in arrived.stations(self.stations):
            if arrived.of(station, since_ns - WINDOW_NS, latest_ns - GUARD_NS):
                return True
            if self.near >> (station + 1) & 1 and arrived.of(station, since_ns, self.until_ns):
                return True
        return any(looked.has(arrived) for looked in self.looked)

    @property
    def latest_ns(self) -> int:
        """The last pick that begins anything here, or is one of a neighbour's, is no later."""
        return max(self.until_ns, *(looked.first_ns for looked in self.looked), self.of_all_ns)
