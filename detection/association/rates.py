"""How often stations trigger: what a pick is worth."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from houfeng.times import NS_PER_S, seconds_ns

WINDOW_NS = seconds_ns(3600)
# The latest minutes are left out: a large shock does not make the picks of its first aftershocks worth less, and what
# comes late from one station does not change what was made of the others.
GUARD_NS = seconds_ns(300)
# A network is taken to have been quiet for so long before it was first heard: had it been for the whole hour, 44 of the
# 111 false events of 36 synthetic hours with 30 picks of noise an hour and station were of their first three. With 20
# minutes one of the six aftershocks is lost that records beginning with M 7.1 give.
_PRIOR_NS = seconds_ns(1800)


class Rates:
    """Onsets by station, as far back as they are counted.

    Parameters
    ----------
    quiet_per_hour : triggers that every station is taken to have had besides

    Attributes
    ----------
    began_ns : the first onset of any station, ns UTC, also when it is forgotten
    """

    def __init__(self, quiet_per_hour: float) -> None:
        self._quiet = quiet_per_hour
        self._onsets_ns: dict[int, list[int]] = {}
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
        """Picks of a station in the hour before a time, less its last five minutes."""
        onsets = self._onsets_ns.get(station)
        if not onsets:
            return 0
        return bisect_right(onsets, at_ns - GUARD_NS) - bisect_left(onsets, at_ns - WINDOW_NS)

    def per_s(self, station: int, at_ns: int) -> float:
        """Picks a second that a station has by chance.

        The mean of a gamma distribution, the conjugate prior of a Poisson process' rate, after what was heard.
        """
        heard_ns = 0 if self.began_ns is None else max(at_ns - GUARD_NS - self.began_ns, 0)
        return (self.n_before(station, at_ns) + self._quiet) / (min(heard_ns + _PRIOR_NS, WINDOW_NS) / NS_PER_S)
