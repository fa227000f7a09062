"""How often, for how long and at which periods recorded motion went beyond what somebody set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engineering.oscillator import Floats
from houfeng.errors import MotionError

# Crossings less than this apart are one exceedance: at 1 Hz and faster every cycle of an earthquake would be one.
APART_S = 1.0


@dataclass(frozen=True, slots=True)
class Exceedances:
    """Of one level.

    Parameters
    ----------
    level : in the unit of the signal
    n : exceedances, apart from one another by a second and more
    above_s : sum of the time above the level (uniform duration)
    bracketed_s : from the first time above it to the last (bracketed duration)
    """

    level: float
    n: int
    above_s: float
    bracketed_s: float


def exceedances(signal: Floats, rate_hz: float, level: float) -> Exceedances:
    """Exceedances of a level by the absolute value of a signal.

    Parameters
    ----------
    signal : (n,)
    rate_hz : samples per second
    level : more than 0, in the unit of the signal; reached is not exceeded

    Raises
    ------
    MotionError : if the level is not positive

    References
    ----------
    Bolt (1973) Proc. 5th WCEE for both durations.
    """
    if not (level > 0 and np.isfinite(level)):
        raise MotionError(f"a threshold must be more than 0, came {level}")
    above = np.flatnonzero(np.abs(signal) > level)
    if len(above) == 0:
        return Exceedances(level, 0, 0.0, 0.0)
    n = 1 + int(np.count_nonzero(np.diff(above) > APART_S * rate_hz))
    return Exceedances(level, n, len(above) / rate_hz, float(above[-1] - above[0] + 1) / rate_hz)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A measured spectrum against a design spectrum.

    Parameters
    ----------
    design_g : (k,) g; NaN where the code says nothing
    ratio : (k,) measured over design; NaN where one of the two is not usable
    exceeded_s : spans of periods, from and to, over which measured is more than design
    """

    design_g: Floats
    ratio: Floats
    exceeded_s: tuple[tuple[float, float], ...]

    @property
    def n_compared(self) -> int:
        """How many periods both have."""
        return int(np.count_nonzero(np.isfinite(self.ratio)))

    @property
    def largest(self) -> int | None:
        """Index of the period of the largest ratio; None where nothing was compared."""
        return int(np.nanargmax(self.ratio)) if self.n_compared else None


def compare(periods_s: Floats, measured_g: Floats, design_g: Floats, usable_s: tuple[float, float]) -> Comparison:
    """Measured over design at each period at which both mean something.

    Parameters
    ----------
    periods_s : (k,) they grow
    measured_g, design_g : (k,)
    usable_s : periods within which the record tells of the ground
    """
    fits = (periods_s >= usable_s[0]) & (periods_s <= usable_s[1]) & np.isfinite(design_g) & (design_g > 0)
    ratio = np.divide(measured_g, design_g, out=np.full_like(measured_g, np.nan), where=fits)
    beyond = np.nan_to_num(ratio, nan=0.0) > 1
    edges = np.flatnonzero(np.diff(np.concatenate(([False], beyond, [False])).astype(int)))
    spans = [(float(periods_s[a]), float(periods_s[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return Comparison(design_g, ratio, tuple(spans))
