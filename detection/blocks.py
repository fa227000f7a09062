"""Packets -> blocks of fixed length on the segment's own sample grid.

A channel's samples sit on a grid: the time of its first sample plus whole sampling intervals. A packet whose start is
within half an interval of the next grid point continues it, whatever its header rounds to; anything else is a gap or
an overlap. However the stream was cut into packets, the same blocks come out.

Packets are taken in the order in which they come: one that fills a gap afterwards is too late for detection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import JoinedRecords, Packet, Samples, readonly

LARGEST_COUNT = 1e15  # float64 holds every whole number up to 9e15; NaN and infinity fail the comparison too
NEVER = -1
_ON_GRID = 0.49  # intervals; nearer to a half each record is looked at by itself, in whole nanoseconds
_LARGEST_INT = 2**31 - 1
_WHOLE = np.dtype(np.int32)
_FEW = 16  # where more than one in so many neighbours equal the next one, all samples are looked at
_NONE = readonly(np.empty(0, dtype=np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Adjoining samples of one segment: whole blocks, or what is left of a segment at its end.

    Parameters
    ----------
    grid_ns : time of the grid's sample 0, ns UTC
    first : number of the first sample on the grid
    samples : (n,) counts; as 32-bit integers where all that waited together are such, else float64
    gap : if a segment starts here: samples missing since the one before it, NEVER if it is the first;
        None if the segment goes on
    """

    grid_ns: int
    first: int
    samples: Samples
    gap: int | None

    def split(self, n: int) -> tuple[Chunk, Chunk]:
        """The first `n` samples, and the rest."""
        head = Chunk(self.grid_ns, self.first, self.samples[:n], self.gap)
        return head, Chunk(self.grid_ns, self.first + n, self.samples[n:], None)


@dataclass(slots=True)
class Blocker:
    """The grid of one channel, and the samples that wait until their block is complete.

    Runs of `n_flat` or more equal samples are gaps that somebody filled in (zeros, or the last value again), so the
    last run is held back until it ends or has that length: a filter never sees the step into such a gap.

    Parameters
    ----------
    rate_hz : samples per second
    n_block, n_flat : samples
    grid_ns : time of sample 0 of the grid, ns UTC
    n_next : number of the next sample expected
    gap : what the next chunk's `gap` will be
    waiting : (k,) counts, k < n_block; samples whose block is not complete
    n_held, held : how many equal samples came last (they follow `waiting`), and their value in counts
    """

    rate_hz: float
    n_block: int
    n_flat: int
    grid_ns: int
    n_next: int = 0
    gap: int | None = NEVER
    waiting: Samples = field(default_factory=lambda: _NONE)
    n_held: int = 0
    held: float = 0.0

    @property
    def position_ns(self) -> int:
        """Time of the next sample expected, ns UTC."""
        return self.grid_ns + samples_ns(self.n_next, self.rate_hz)

    def push(self, *packets: Packet) -> list[Chunk]:
        """Chunks that these packets complete; samples already seen are passed over.

        Parameters
        ----------
        packets : of this channel and sampling rate; those that adjoin are taken in at once, but for joined records: in
            the memory that theirs are in there is room for what waits
        """
        chunks: list[Chunk] = []
        adjoining: list[Samples] = []
        n_more = 0
        for packet in packets:
            for record in (packet,) if self._is_on_grid(packet, n_more) else packet.records:
                expected_ns = self.grid_ns + samples_ns(self.n_next + n_more, self.rate_hz)
                ahead = (record.start_ns - expected_ns) * self.rate_hz / NS_PER_S
                samples = record.samples
                if ahead > 0.5:
                    chunks += self._extend(adjoining)
                    chunks += self.close(record.start_ns)
                    adjoining, n_more = [], 0
                elif ahead < -0.5:
                    samples = samples[round(-ahead) :]
                elif isinstance(record, JoinedRecords):
                    chunks += self._extend(adjoining) + self._extend([samples], record.behind)
                    adjoining, n_more = [], 0
                    continue
                if len(samples):
                    adjoining.append(samples)
                    n_more += len(samples)
        return chunks + self._extend(adjoining)

    def _is_on_grid(self, packet: Packet, n_more: int) -> bool:
        """Whether each record goes on where those before it end, so that all are taken in as one."""
        if not isinstance(packet, JoinedRecords):
            return True
        before = packet.n_each.cumsum() - packet.n_each + (self.n_next + n_more)
        ahead = (packet.starts_ns - self.grid_ns) * (self.rate_hz / NS_PER_S) - before
        return bool(np.abs(ahead).max() <= _ON_GRID)

    def close(self, next_ns: int) -> list[Chunk]:
        """End the segment here; the grid starts again at `next_ns`, ns UTC."""
        chunks: list[Chunk] = []
        n_missing = round((next_ns - self.position_ns) * self.rate_hz / NS_PER_S)
        if self.n_held < self.n_flat and abs(self.held) < LARGEST_COUNT:
            chunks += self._join(np.full(self.n_held, self.held), self.n_next - self.n_held)
            self.n_held = 0
        n_missing = max(n_missing, 1) + self.n_held
        chunks += self._break(n_missing, self.n_next - self.n_held)
        self.grid_ns, self.n_next, self.n_held = next_ns, 0, 0
        return chunks

    def _extend(self, adjoining: list[Samples], behind: Callable[[Samples], Samples] | None = None) -> list[Chunk]:
        """Take in samples that go on where the last ones ended; `behind` puts them behind others."""
        n_new = sum(len(samples) for samples in adjoining)
        if not n_new:
            return []
        n_again = min(self.n_held, self.n_flat)  # a channel that is flat for hours holds no more than that
        n_waiting = len(self.waiting)
        # Whole counts stay what they are up to the filter: half as much memory to go through as float64.
        are_whole = self.held.is_integer() and abs(self.held) < _LARGEST_INT
        are_whole &= {samples.dtype for samples in (self.waiting, *adjoining)} == {_WHOLE}
        kind = _WHOLE if are_whole else np.dtype(np.float64)
        before = np.concatenate((self.waiting, np.full(n_again, self.held)), dtype=kind, casting="unsafe")
        ready = behind(before) if behind else np.concatenate((before, *adjoining), dtype=kind, casting="unsafe")
        run = ready[n_waiting:]
        is_small = are_whole or (all(_is_small(samples) for samples in adjoining) and abs(self.held) < LARGEST_COUNT)
        if not is_small or _has_run(run, self.n_flat):
            return self._sort_out(run, (run[1:] != run[:-1]).nonzero()[0], n_again)
        # the usual case, at a tenth of the cost: no gap begins or ends here
        last = run[-self.n_flat - 1 :]
        changes = (last[1:] != last[:-1]).nonzero()[0]
        n_held = len(last) - 1 - int(changes[-1]) if len(changes) else len(run)
        first = self.n_next - n_again - n_waiting
        self.n_next += n_new
        self.n_held, self.held = n_held, float(run[-1])
        return self._release(ready[: len(ready) - n_held], first)

    def _sort_out(self, run: Samples, changes: NDArray[np.int64], n_again: int) -> list[Chunk]:
        """Tell data from filled-in gaps; `run` begins with `n_again` samples that were held back."""
        begins = np.concatenate(([0], changes + 1))
        numbers = begins + (self.n_next - n_again)
        numbers[0] = self.n_next - self.n_held
        self.n_next += len(run) - n_again
        lengths = np.diff(numbers, append=self.n_next)
        self.n_held, self.held = int(lengths[-1]), float(run[-1])
        is_data = ((lengths < self.n_flat) & (np.abs(run[begins]) < LARGEST_COUNT))[:-1]
        if not len(is_data):
            return []
        chunks: list[Chunk] = []
        start = 0
        for stop in [*np.flatnonzero(is_data[1:] != is_data[:-1]) + 1, len(is_data)]:
            number = int(numbers[start])
            if is_data[start]:
                chunks += self._join(run[begins[start] : begins[stop]], number)
            else:
                chunks += self._break(int(numbers[stop]) - number, number)
            start = stop
        return chunks

    def _join(self, samples: Samples, number: int) -> list[Chunk]:
        """Samples known to be data, the first of them `number` on the grid, follow those that wait."""
        return self._release(np.concatenate((self.waiting, samples)), number - len(self.waiting))

    def _release(self, ready: Samples, first: int) -> list[Chunk]:
        """All samples that wait, the first of them `first` on the grid: whole blocks leave."""
        n_whole = len(ready) - len(ready) % self.n_block
        self.waiting = ready[n_whole:].copy()
        return self._emit(ready[:n_whole], first)

    def _break(self, n_missing: int, number: int) -> list[Chunk]:
        """The segment ended before sample `number`, where `n_missing` are missing: its incomplete block leaves."""
        chunks = self._emit(self.waiting, number - len(self.waiting))
        self.waiting = _NONE
        if self.gap is None:
            self.gap = n_missing
        elif self.gap != NEVER:
            self.gap += n_missing
        return chunks

    def _emit(self, samples: Samples, first: int) -> list[Chunk]:
        if not len(samples):
            return []
        chunk = Chunk(self.grid_ns, first, samples, self.gap)
        self.gap = None
        return [chunk]


def _has_run(samples: Samples, n: int) -> bool:
    """Whether `n` of these adjoin that are all equal; of most records few samples need be looked at to say no."""
    apart = max(n // 2, 1)
    few = samples[::apart]  # two neighbours at least are in a run, and all between them
    begins = (few[1:] == few[:-1]).nonzero()[0] * apart
    if len(begins) * _FEW < len(few):
        between = samples[begins[:, np.newaxis] + np.arange(apart)]
        if not (between == between[:, :1]).all(axis=1).any():
            return False
    return _has_equal(samples, n)


def _has_equal(samples: Samples, n: int) -> bool:
    """Whether `n` of these adjoin that are all equal; each turn tells it of windows up to twice as long."""
    is_equal, n = samples[1:] == samples[:-1], n - 1
    if np.count_nonzero(is_equal) < n:
        return False
    length = 1
    while length < n and len(is_equal):
        more = min(length, n - length)
        is_equal = is_equal[more:] & is_equal[:-more]
        length += more
    return bool(is_equal.any())


def _is_small(samples: Samples) -> bool:
    """Whether all these counts can be; most records hold 32-bit integers, which always can."""
    return (samples.dtype.kind in "iu" and samples.dtype.itemsize <= 4) or bool(np.abs(samples).max() < LARGEST_COUNT)
