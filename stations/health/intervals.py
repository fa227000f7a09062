"""Which time is covered: disjoint, sorted intervals that forget what is old."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

# A gap in every 512-byte record of a 100 Hz channel makes 20 000 intervals a day, and a hostile sender makes
# millions: 4096 keep a channel under 0.4 MB and still say "BAD" long before they are used up.
MAX_INTERVALS = 4096

Span = tuple[int, int]


class Intervals:
    """Union of half-open intervals, ns. The order in which they are added makes no difference.

    `known_from_ns` is the earliest time the set can speak of: None until something had to be forgotten.
    """

    __slots__ = ("ends", "known_from_ns", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.known_from_ns: int | None = None

    def add(self, start_ns: int, end_ns: int, tolerance_ns: int) -> list[Span]:
        """Cover a span; holes of at most `tolerance_ns` beside it are closed.

        Returns
        -------
        the parts longer than `tolerance_ns` that were covered already, sorted
        """
        starts, ends = self.starts, self.ends
        if self.known_from_ns is not None:
            # What was forgotten must not come back as an island with a false hole behind it.
            start_ns = max(start_ns, self.known_from_ns)
            if end_ns <= start_ns:
                return []
        if not ends or start_ns > ends[-1] + tolerance_ns:
            starts.append(start_ns)
            ends.append(end_ns)
            if len(starts) > MAX_INTERVALS:
                self._forget(1)
            return []
        if start_ns >= ends[-1] - tolerance_ns:
            ends[-1] = max(ends[-1], end_ns)
            return []
        first = bisect_left(ends, start_ns - tolerance_ns)
        last = bisect_right(starts, end_ns + tolerance_ns)
        touched = [(max(start_ns, starts[i]), min(end_ns, ends[i])) for i in range(first, last)]
        if first < last:
            start_ns, end_ns = min(start_ns, starts[first]), max(end_ns, ends[last - 1])
        starts[first:last] = [start_ns]
        ends[first:last] = [end_ns]
        if len(starts) > MAX_INTERVALS:
            self._forget(1)
        return [(start, end) for start, end in touched if end - start > tolerance_ns]

    def forget_before(self, t_ns: int) -> None:
        """Drop intervals that ended by `t_ns`."""
        n_old = bisect_right(self.ends, t_ns)
        if n_old:
            self._forget(n_old)

    def covered_ns(self, start_ns: int, end_ns: int) -> int:
        """How much of the window is covered."""
        first = bisect_right(self.ends, start_ns)
        last = bisect_left(self.starts, end_ns)
        if first >= last:
            return 0
        total = sum(self.ends[first:last]) - sum(self.starts[first:last])
        return total - max(0, start_ns - self.starts[first]) - max(0, self.ends[last - 1] - end_ns)

    def holes(self, start_ns: int, end_ns: int) -> list[Span]:
        """Uncovered spans between two intervals that reach into the window, whole."""
        first = max(1, bisect_right(self.starts, start_ns))
        last = bisect_left(self.ends, end_ns)
        return [(self.ends[i - 1], self.starts[i]) for i in range(first, min(last + 1, len(self.starts)))]

    def count(self, start_ns: int, end_ns: int) -> int:
        """How many intervals reach into the window."""
        return max(0, bisect_left(self.starts, end_ns) - bisect_right(self.ends, start_ns))

    def _forget(self, n_old: int) -> None:
        self.known_from_ns = self.ends[n_old - 1]
        del self.starts[:n_old]
        del self.ends[:n_old]
