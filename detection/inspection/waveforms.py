"""Recorded ground motion around an event, wherever it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detection.plan import Floats
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import SourceId


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples of one channel without a gap between them.

    Parameters
    ----------
    start_ns : time of the first sample, ns UTC
    rate_hz : samples per second
    samples : (n,) counts, float64; read-only
    """

    start_ns: int
    rate_hz: float
    samples: Floats

    @property
    def end_ns(self) -> int:
        """When the sample after the last would be, ns UTC."""
        return self.start_ns + samples_ns(len(self.samples), self.rate_hz)

    def index(self, t_ns: int) -> int:
        """Number of the sample nearest to a time; outside 0..n-1 where the stretch does not reach."""
        return int(np.rint((t_ns - self.start_ns) * self.rate_hz / NS_PER_S))


class Waveforms(Protocol):
    """Where samples can be read again: the archive of a daemon, the files of a replay."""

    def read(
        self, source_ids: Collection[SourceId], start_ns: int, end_ns: int
    ) -> Mapping[SourceId, tuple[Stretch, ...]]:
        """What is recorded of channels in a window: the same for the same records, in whatever order they came.

        Parameters
        ----------
        source_ids : channels
        start_ns, end_ns : samples at or after start and before end, ns UTC

        Returns
        -------
        stretches : by channel, earliest first, none shared by two; a channel without samples is left out

        Raises
        ------
        HoufengError, OSError : if what is kept cannot be read just now
        """
        ...
