"""Packets -> blocks of fixed length on the segment's own sample grid.

A channel's samples sit on a grid: the time of its first sample plus whole sampling intervals. A packet whose start is
within half an interval of the next grid point continues it, whatever its header rounds to; anything else is a gap or
an overlap. However the stream was cut into packets, the same blocks come out.

Packets are taken in the order in which they come: one that fills a gap afterwards is too late for detection.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet

LARGEST_COUNT = 1e15  # float64 holds every whole number up to 9e15; NaN and infinity fail the comparison too
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Adjoining samples of one segment: whole blocks, or what is left of a segment at its end.

    Parameters
    ----------
    grid_ns : time of the grid's sample 0, ns UTC
    first : number of the first sample on the grid
    samples : (n,) counts
    gap : if a segment starts here: samples missing since the one before it, NEVER if it is the first;
        None if the segment goes on
    """

    grid_ns: int
    first: int
    samples: Floats
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
    waiting: Floats = field(default_factory=lambda: np.empty(0))
    n_held: int = 0
    held: float = 0.0

    @property
    def position_ns(self) -> int:
        """Time of the next sample expected, ns UTC."""
        return self.grid_ns + samples_ns(self.n_next, self.rate_hz)

    def push(self, packet: Packet) -> list[Chunk]:
        """Chunks that this packet completes; samples already seen are passed over.

        Parameters
        ----------
        packet : of this channel and sampling rate
        """
        samples = np.asarray(packet.samples, dtype=np.float64)
        ahead = (packet.start_ns - self.position_ns) * self.rate_hz / NS_PER_S
        if ahead > 0.5:
            return self.close(packet.start_ns) + self._extend(samples)
        if ahead < -0.5:
            samples = samples[round(-ahead) :]
        return self._extend(samples) if len(samples) else []

    def close(self, next_ns: int) -> list[Chunk]:
        """End the segment here; the grid starts again at `next_ns`, ns UTC."""
        chunks: list[Chunk] = []
        n_missing = round((next_ns - self.position_ns) * self.rate_hz / NS_PER_S)
        if self.n_held < self.n_flat and abs(self.held) < LARGEST_COUNT:
            chunks += self._release(np.full(self.n_held, self.held), self.n_next - self.n_held)
            self.n_held = 0
        n_missing = max(n_missing, 1) + self.n_held
        chunks += self._break(n_missing, self.n_next - self.n_held)
        self.grid_ns, self.n_next, self.n_held = next_ns, 0, 0
        return chunks

    def _extend(self, samples: Floats) -> list[Chunk]:
        n_again = min(self.n_held, self.n_flat)  # a channel that is flat for hours holds no more than that
        run = np.concatenate((np.full(n_again, self.held), samples))
        changes = (run[1:] != run[:-1]).nonzero()[0]
        n_equal = len(run) - 1 - len(changes)
        if n_equal < self.n_flat - 1 and len(changes) and np.abs(run).max() < LARGEST_COUNT:
            n_data = int(changes[-1]) + 1  # the usual case, at a tenth of the cost: too few equal samples for a gap
            chunks = self._release(run[:n_data], self.n_next - n_again)
            self.n_next += len(samples)
            self.n_held, self.held = len(run) - n_data, float(run[-1])
            return chunks
        return self._sort_out(run, changes, n_again)

    def _sort_out(self, run: Floats, changes: NDArray[np.int64], n_again: int) -> list[Chunk]:
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
                chunks += self._release(run[begins[start] : begins[stop]], number)
            else:
                chunks += self._break(int(numbers[stop]) - number, number)
            start = stop
        return chunks

    def _release(self, samples: Floats, number: int) -> list[Chunk]:
        """Samples known to be data, the first of them `number` on the grid: whole blocks leave."""
        ready = np.concatenate((self.waiting, samples))
        first = number - len(self.waiting)
        n_whole = len(ready) - len(ready) % self.n_block
        self.waiting = ready[n_whole:].copy()
        return self._emit(ready[:n_whole], first)

    def _break(self, n_missing: int, number: int) -> list[Chunk]:
        """The segment ended before sample `number`, where `n_missing` are missing: its incomplete block leaves."""
        chunks = self._emit(self.waiting, number - len(self.waiting))
        self.waiting = np.empty(0)
        if self.gap is None:
            self.gap = n_missing
        elif self.gap != NEVER:
            self.gap += n_missing
        return chunks

    def _emit(self, samples: Floats, first: int) -> list[Chunk]:
        if not len(samples):
            return []
        chunk = Chunk(self.grid_ns, first, samples, self.gap)
        self.gap = None
        return [chunk]
