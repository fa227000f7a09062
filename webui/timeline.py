"""What there is of a stream over time, in bars: any part that misses a sample shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from houfeng.times import NS_PER_S

# Parts of the time that a bar is made of, and its height in lines; it is stretched to its place.
N_PARTS, HEIGHT = 1440, 12
# A part that misses so little misses nothing: half a sample of 500 Hz is 1 ms.
_WHOLE_NS = 500_000
# What is so late may still be on its way: of long records some minutes are. It is no gap.
LATE_NS = 600 * NS_PER_S
_LINES = {"whole": 6, "most": 10, "little": 12, "none": 2}
_MOST = 0.9

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """One stream.

    Parameters
    ----------
    paths : `d` of an SVG path by what the parts have: "whole", "most" (from 90 % on), "little" or "none"
    percent : that is there of what was asked for; None where nothing was
    gaps : times without samples, newest first
    """

    paths: dict[str, str]
    percent: float | None
    gaps: list[Interval]


def bar(intervals: Sequence[Interval], first_ns: int | None, since_ns: int, until_ns: int) -> Bar:
    """Draw a stream.

    Parameters
    ----------
    intervals : times with samples, rising, apart from each other; ns UTC
    first_ns : first sample of all: before, nothing was asked for. None where there never was one
    since_ns, until_ns : of the picture, ns UTC
    """
    length_ns = until_ns - since_ns
    if intervals and until_ns - intervals[-1][1] < LATE_NS:
        until_ns = min(until_ns, intervals[-1][1])
    asked_from_ns = until_ns if first_ns is None else min(max(first_ns, since_ns), until_ns)
    inside = [(max(a, asked_from_ns), min(b, until_ns)) for a, b in intervals if b > asked_from_ns and a < until_ns]
    ends_ns = [asked_from_ns, *(t_ns for each in inside for t_ns in each), until_ns]
    gaps = [(a, b) for a, b in zip(ends_ns[::2], ends_ns[1::2], strict=True) if b - a > _WHOLE_NS]
    edges = np.linspace(0, length_ns, N_PARTS + 1)
    covered = np.diff(_before(inside, since_ns, edges))
    asked = np.diff(_before([(asked_from_ns, until_ns)], since_ns, edges))
    kinds = [_kind(*part) for part in zip(covered.tolist(), asked.tolist(), strict=True)]
    paths: dict[str, str] = {}
    for kind, parts in groupby(enumerate(kinds), key=lambda part: part[1]):
        at = [n for n, _ in parts]
        if kind:
            lines = _LINES[kind]
            top = (HEIGHT - lines) // 2
            paths[kind] = paths.get(kind, "") + f"M{at[0]} {top}h{len(at)}v{lines}h-{len(at)}z"
    asked_ns = until_ns - asked_from_ns
    share = 100 * sum(b - a for a, b in inside) / asked_ns if asked_ns else None
    return Bar(paths, share, gaps[::-1])


def parts(
    intervals: Sequence[Interval], first_ns: int, until_ns: int, since_ns: int, n_parts: int, length_ns: int
) -> tuple[list[float], list[float]]:
    """What there is, and what was asked for, of each of some parts of one length, ns.

    Parameters
    ----------
    intervals : times with samples, rising, apart from each other; ns UTC
    first_ns, until_ns : what is asked for lies between, ns UTC
    since_ns : of the first part, ns UTC
    """
    inside = [(max(a, first_ns), min(b, until_ns)) for a, b in intervals if b > first_ns and a < until_ns]
    edges = np.arange(n_parts + 1, dtype=np.float64) * length_ns
    asked = [(first_ns, until_ns)] if until_ns > first_ns else []
    there, wanted = (np.diff(_before(each, since_ns, edges)).tolist() for each in (inside, asked))
    return there, wanted


def _before(intervals: Sequence[Interval], since_ns: int, edges: np.ndarray) -> np.ndarray:
    """How much of the intervals lies before each edge, ns. Of 30 days doubles tell single nanoseconds."""
    if not intervals:
        return np.zeros_like(edges)
    times = np.array([t_ns - since_ns for each in intervals for t_ns in each], dtype=np.float64)
    lengths = np.array([b - a for a, b in intervals], dtype=np.float64)
    total = np.cumsum(lengths)
    known = np.stack([total - lengths, total], axis=1).ravel()
    return np.asarray(np.interp(edges, times, known))


def _kind(covered_ns: float, asked_ns: float) -> str:
    if asked_ns < 1:
        return ""
    if asked_ns - covered_ns <= _WHOLE_NS:
        return "whole"
    if covered_ns <= _WHOLE_NS:
        return "none"
    return "most" if covered_ns >= _MOST * asked_ns else "little"
