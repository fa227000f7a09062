"""Response spectra: of each component, and of all directions in the horizontal plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from engineering.blocked import Blocked, matrices
from engineering.directions import N_ANGLES, largest, over_directions
from engineering.oscillator import (
    Between,
    Floats,
    Quantity,
    check_oscillators,
    check_record,
    dense,
    factor_for,
    recursions,
)


def _periods() -> Floats:
    """105 periods from 0.01 to 10 s, equal steps of their logarithm."""
    return np.logspace(-2, 1, 105)


@dataclass(frozen=True, slots=True, eq=False)
class Oscillators:
    """Those of a spectrum.

    Parameters
    ----------
    periods_s : (k,) undamped periods
    damping : share of critical
    between : what ground acceleration is between its samples

    Raises
    ------
    MotionError : if a period is not positive, or damping not in 0 to 0.99
    """

    periods_s: Floats = field(default_factory=_periods)
    damping: float = 0.05
    between: Between = Between.BAND_LIMITED

    def __post_init__(self) -> None:
        check_oscillators(self.periods_s, self.damping)

    @property
    def omegas(self) -> Floats:
        """(k,) rad/s."""
        return 2 * np.pi / self.periods_s


def psa(acceleration: Floats, rate_hz: float, oscillators: Oscillators) -> Floats:
    """Pseudo-spectral acceleration: omega^2 times the largest relative displacement, while the record lasts.

    Parameters
    ----------
    acceleration : (..., n) of the ground, of records and components as one likes
    rate_hz : samples per second

    Returns
    -------
    psa : (..., k) in the unit of acceleration

    Raises
    ------
    MotionError : if a record has no spectrum
    """
    return oscillators.omegas**2 * spectrum(acceleration, rate_hz, oscillators, Quantity.DISPLACEMENT)


def spectrum(acceleration: Floats, rate_hz: float, oscillators: Oscillators, quantity: Quantity) -> Floats:
    """The largest relative displacement or velocity; (..., k) in the unit of acceleration times s^2, or s.

    Raises
    ------
    MotionError : if a record has no spectrum
    """
    found = np.empty((*acceleration.shape[:-1], len(oscillators.periods_s)))
    for index, motion in _motions(acceleration, rate_hz, oscillators, quantity):
        found[..., index] = largest(motion, oscillators.between)
    return found


def rotated_psa(
    horizontals: Floats, rate_hz: float, oscillators: Oscillators, percentiles: tuple[float, ...] = (50.0, 100.0)
) -> Floats:
    """RotD50 and RotD100: percentiles of PSA over all horizontal directions, whichever way the sensors were laid.

    Parameters
    ----------
    horizontals : (..., 2, n) two components at right angles
    percentiles : of the directions 0 to 179 degrees

    Returns
    -------
    psa : (len(percentiles), ..., k) in the unit of acceleration

    Raises
    ------
    MotionError : if a record has no spectrum

    References
    ----------
    Boore (2010) BSSA 100, 1830-1835.
    """
    found = np.empty((*horizontals.shape[:-2], len(oscillators.periods_s), N_ANGLES))
    for index, motion in _motions(horizontals, rate_hz, oscillators, Quantity.DISPLACEMENT):
        found[..., index, :] = over_directions(motion, oscillators.between)
    return np.asarray(np.percentile(found, percentiles, axis=-1) * oscillators.omegas**2)


def _motions(
    acceleration: Floats, rate_hz: float, oscillators: Oscillators, quantity: Quantity
) -> Iterator[tuple[int, Floats]]:
    """Of each period its number and what its oscillator does; no more than one is held."""
    check_record(acceleration, rate_hz)
    limited = oscillators.between is Between.BAND_LIMITED
    periods_s = oscillators.periods_s
    factors = np.array([factor_for(period_s, rate_hz) if limited else 1 for period_s in periods_s.tolist()])
    for factor in np.unique(factors).tolist():
        samples = dense(acceleration, factor) if limited else acceleration
        chosen = np.flatnonzero(factors == factor)
        blocked = Blocked(samples)
        filters = matrices(*recursions(periods_s[chosen], oscillators.damping, 1 / (rate_hz * factor), quantity))
        for number, index in enumerate(chosen.tolist()):
            yield index, blocked.filtered(filters[number])
