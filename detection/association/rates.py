"""How often stations trigger: what a pick is worth."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from math import exp, log

from houfeng.times import NS_PER_S, seconds_ns

_HOUR_NS = seconds_ns(3600)
# With 30 picks an hour the count of one hour is off by a sixth, of two by an eighth, and so is what each of an event's
# picks is worth.
WINDOW_NS = seconds_ns(7200)
# The latest minutes are left out: a large shock does not make the picks of its first aftershocks worth less, and what
# comes late from one station does not change what was made of the others.
GUARD_NS = seconds_ns(300)
# A network is taken to have been quiet for so long before it was first heard: had it been for the whole hour, 44 of the
# 111 false events of 36 synthetic hours with 30 picks of noise an hour and station were of their first three. With 20
# minutes one of the six aftershocks is lost that records beginning with M 7.1 give.
_PRIOR_NS = seconds_ns(1800)
# A large network tells in its first minutes how often its stations trigger, long before each of them has. As it goes on
# its first so many seconds are counted again; they double, so that what was made of the picks is seldom made anew.
_LEARNT_S = (5, 10, 20, 40, 80, 160, 300)
# Of one station they tell nothing: a few tens of stations are waited for until each has had some. Whatever happens in
# the first ten minutes, an earthquake and its aftershocks too, would be taken for noise.
_LEARNT_OF_FEW_S = (600, 1200, 2400)
# Of the parts of the network, so many are noisier: a shock that all of these see is not taken for noise.
_QUIETER = 4
# Stations are away one twentieth of their time. Where one that works would have had so many picks since its last one,
# it is as likely that it does not: a station that is away is not held against an event.
_N_MISSED = log(19.0)
# From then on nothing is left of what was taken for granted at first.
LEARNT_NS = WINDOW_NS + GUARD_NS


class Rates:
    """Onsets by station, as far back as they are counted.

    Parameters
    ----------
    quiet_per_hour : triggers that every station is taken to have had besides, in an hour or less
    parts : stations of each part of the network, by index; none of a small one

    Attributes
    ----------
    began_ns : the first onset of any station, ns UTC, also when it is forgotten
    """

    def __init__(self, quiet_per_hour: float, parts: Sequence[Sequence[int]] = ()) -> None:
        self._quiet = quiet_per_hour
        self._parts = parts
        self._onsets_ns: dict[int, list[int]] = {}
        self._first_per_s = 0.0
        self.began_ns: int | None = None

    def add(self, station: int, onset_ns: int) -> None:
        """Take in a pick of a station, by index."""
        insort(self._onsets_ns.setdefault(station, []), onset_ns)
        self.began_ns = onset_ns if self.began_ns is None else min(self.began_ns, onset_ns)

    def forget(self, before_ns: int) -> None:
        """Let onsets before a time go."""
        for onsets in self._onsets_ns.values():
            del onsets[: bisect_left(onsets, before_ns)]

    def n_before(self, station: int, at_ns: int) -> int:
        """Picks of a station in the two hours before a time, less the last five minutes."""
        onsets = self._onsets_ns.get(station)
        if not onsets:
            return 0
        return bisect_right(onsets, at_ns - GUARD_NS) - bisect_left(onsets, at_ns - WINDOW_NS)

    def works(self, station: int, at_ns: int) -> float:
        """Chance that a station works: 0 where it had no picks, 1 until it is silent for much longer than before.

        As it was five minutes ago: what came later is not looked at.
        """
        onsets = self._onsets_ns.get(station)
        until_ns = at_ns - GUARD_NS
        stop = bisect_right(onsets, until_ns) if onsets else 0
        if not onsets or not stop or onsets[stop - 1] < at_ns - WINDOW_NS:
            return 0.0
        n_picks = stop - bisect_left(onsets, at_ns - WINDOW_NS)
        n_expected = n_picks * (until_ns - onsets[stop - 1]) / (WINDOW_NS - GUARD_NS)
        return 1.0 if n_expected < _N_MISSED else 1 / (1 + exp(n_expected - _N_MISSED))

    def learn(self, now_ns: int) -> bool:
        """Count what the network as a whole did at first; whether that changes the rates until `LEARNT_NS` later.

        Parameters
        ----------
        now_ns : so far the network was heard; none of this after the first five minutes
        """
        began_ns, first_per_s = self.began_ns, 0.0
        of_few = max((len(part) for part in self._parts), default=0) == 1
        moments_s = _LEARNT_OF_FEW_S if of_few else _LEARNT_S
        heard_s = [] if began_ns is None else [each for each in moments_s if now_ns >= began_ns + seconds_ns(each)]
        if began_ns is not None and heard_s and self._parts:
            until_ns = began_ns + seconds_ns(heard_s[-1])
            shares = [sum(self._n_until(each, until_ns) for each in part) / len(part) for part in self._parts]
            first_per_s = sorted(shares)[len(shares) // _QUIETER] / heard_s[-1]
        changes = first_per_s != self._first_per_s
        self._first_per_s = first_per_s
        return changes

    def per_s(self, station: int, at_ns: int) -> float:
        """Picks a second that a station has by chance.

        The mean of a gamma distribution, the conjugate prior of a Poisson process' rate, after what was heard. Before
        that the station is taken to have been as quiet as all are, or as noisy as the network is at first.
        """
        heard_ns = 0 if self.began_ns is None else max(at_ns - GUARD_NS - self.began_ns, 0)
        window_ns = min(heard_ns + _PRIOR_NS, WINDOW_NS)
        quiet = self._quiet * max(window_ns / _HOUR_NS, 1.0)
        prior = max(quiet, self._first_per_s * max(window_ns - heard_ns, 0) / NS_PER_S)
        return (self.n_before(station, at_ns) + prior) / (window_ns / NS_PER_S)

    def _n_until(self, station: int, until_ns: int) -> int:
        return bisect_left(self._onsets_ns.get(station, ()), until_ns)
