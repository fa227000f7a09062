"""Samples of one channel without a gap: what is made of packets before anybody measures anything on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.times import NS_PER_S, samples_ns


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
    samples: NDArray[np.float64]

    @property
    def end_ns(self) -> int:
        """When the sample after the last would be, ns UTC."""
        return self.start_ns + samples_ns(len(self.samples), self.rate_hz)

    def index(self, t_ns: int) -> int:
        """Number of the sample nearest to a time; outside 0..n-1 where the stretch does not reach."""
        return int(np.rint((t_ns - self.start_ns) * self.rate_hz / NS_PER_S))
