"""How often stations trigger: what a pick is worth."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from houfeng.times import seconds_ns

WINDOW_NS = seconds_ns(3600)
# The latest minutes are left out: an event does not make its own picks worth less, and what comes late from one
# station does not change what was made of the others.
GUARD_NS = seconds_ns(300)


class Rates:
    """Onsets by station, as far back as they are counted.

    Parameters
    ----------
    quiet_per_hour : triggers that every station is taken to have had besides
    """

    def __init__(self, quiet_per_hour: float) -> None:
        self._quiet = quiet_per_hour
        self._onsets_ns: dict[int, list[int]] = {}

    def add(self, station: int, onset_ns: int) -> None:
        """Take in a pick of a station, by index."""
        insort(self._onsets_ns.setdefault(station, []), onset_ns)

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
        """Picks a second that a station has by chance."""
        return (self.n_before(station, at_ns) + self._quiet) / 3600
