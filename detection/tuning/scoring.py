"""What triggers are: hits, later phases of known events, parts of unlisted ones, or false."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detection.tuning.windows import Window, quiet_ns
from houfeng.types import Pick

_NS_PER_H = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class Score:
    """What one combination of settings found at one or several stations.

    Parameters
    ----------
    n_expected, n_hit : P onsets of catalogued events that should have triggered, and that did
    n_later : triggers on further phases and in the coda of known events, other events there among them
    n_unlisted : triggers on events that are not in the catalogue; they count neither way
    n_false : all others
    quiet_h : station hours in which there were data and nothing known
    """

    n_expected: int = 0
    n_hit: int = 0
    n_later: int = 0
    n_unlisted: int = 0
    n_false: int = 0
    quiet_h: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.n_expected + other.n_expected,
            self.n_hit + other.n_hit,
            self.n_later + other.n_later,
            self.n_unlisted + other.n_unlisted,
            self.n_false + other.n_false,
            self.quiet_h + other.quiet_h,
        )

    @property
    def recall(self) -> float | None:
        """Share of expected onsets that triggered; None where none was expected."""
        return self.n_hit / self.n_expected if self.n_expected else None

    @property
    def false_per_hour(self) -> float | None:
        """And station; None where there was no quiet time."""
        return self.n_false / self.quiet_h if self.quiet_h else None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one station before its triggers are looked at.

    Parameters
    ----------
    known, unlisted : windows of events that are in the catalogue, and of those that are not
    expected : windows of the former in which the station should have triggered
    quiet_h : in how many hours there were data and no window
    """

    known: tuple[Window, ...]
    unlisted: tuple[Window, ...]
    expected: tuple[Window, ...]
    quiet_h: float

    @classmethod
    def of(
        cls, known: Iterable[Window], unlisted: Iterable[Window], spans: Sequence[tuple[int, int]], lead_ns: int
    ) -> Truth:
        """The truth of a station that has data in some spans of time.

        Parameters
        ----------
        known, unlisted : windows, of other times too
        spans : from (inclusive) to (exclusive), ns UTC, earliest first, not touching
        lead_ns : data needed before an onset, for the noise level to be known
        """
        first_ns, last_ns = spans[0][0], spans[-1][1]
        near, other = (
            tuple(window for window in windows if window.start_ns < last_ns and window.end_ns > first_ns)
            for windows in (known, unlisted)
        )
        expected = tuple(
            window
            for window in near
            if window.counts
            and any(
                first <= window.start_ns - lead_ns and window.expected_ns + window.tolerance_ns <= last
                for first, last in spans
            )
        )
        return cls(near, other, expected, quiet_ns(spans, (*near, *other)) / _NS_PER_H)

    def explains(self, onset_ns: int) -> bool:
        """Whether a trigger then is of an event, in the catalogue or not."""
        return _holds(self.known, onset_ns) or _holds(self.unlisted, onset_ns)


def score(picks: Iterable[Pick], truth: Truth) -> Score:
    """What the P picks of one station are.

    An expected onset is hit by the pick nearest to it within its tolerance; a pick hits one onset only.

    Parameters
    ----------
    picks : of any channels of the station
    """
    onsets = sorted(pick.onset_ns for pick in picks if pick.phase == "P")
    hits = _hits(onsets, truth.expected)
    hitting = set(hits.values())
    counts = {"later": 0, "unlisted": 0, "false": 0}
    for index, onset_ns in enumerate(onsets):
        if index in hitting:
            continue
        if _holds(truth.known, onset_ns):
            counts["later"] += 1
        else:
            counts["unlisted" if _holds(truth.unlisted, onset_ns) else "false"] += 1
    n_found = (counts["later"], counts["unlisted"], counts["false"])
    return Score(len(truth.expected), len(hits), *n_found, truth.quiet_h)


def _hits(onsets: Sequence[int], expected: Sequence[Window]) -> dict[int, int]:
    """Expected onset -> the pick that hits it, by their indices: the nearest pairs first."""
    pairs = []
    for number, window in enumerate(expected):
        first = bisect_right(onsets, window.start_ns - 1)
        last = bisect_right(onsets, window.expected_ns + window.tolerance_ns)
        pairs += [(abs(onsets[index] - window.expected_ns), number, index) for index in range(first, last)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, number, index in sorted(pairs):
        if number not in found and index not in taken:
            found[number] = index
            taken.add(index)
    return found


def _holds(windows: Sequence[Window], t_ns: int) -> bool:
    """Whether a time lies in one of the windows."""
    return any(window.start_ns <= t_ns < window.end_ns for window in windows)


def pooled(scores: Mapping[str, Score], station_ids: Iterable[str]) -> Score:
    """Of several stations together."""
    return sum((scores[station_id] for station_id in station_ids if station_id in scores), Score())
