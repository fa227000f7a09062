"""What an instrument makes of ground motion: the transfer function that StationXML describes, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InventoryError

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Ground motion as StationXML writes it, and how many times displacement is differentiated to have it.
N_DERIVATIVES = {"M": 0, "M/S": 1, "M/SEC": 1, "M/S**2": 2, "M/S/S": 2, "M/S^2": 2, "M/SEC**2": 2, "M/(S**2)": 2}
# Rounded poles and gains move a sensitivity by a percent or two; 5 % are 0.02 units of magnitude.
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Analog:
    """A stage of poles and zeros, such as a seismometer; scaled so that |H(gain_hz)| = gain.

    Parameters
    ----------
    zeros, poles : rad/s
    gain : output per input unit ...
    gain_hz : ... at this frequency
    """

    zeros: Complexes
    poles: Complexes
    gain: float
    gain_hz: float

    def shape(self, frequency_hz: Floats) -> Complexes:
        """Product of (s - zero) over product of (s - pole)."""
        s = 2j * np.pi * frequency_hz
        above = np.prod(s[:, None] - self.zeros, axis=1) if self.zeros.size else np.ones_like(s)
        # One factor after another: ten poles of 1e4 rad/s multiplied first would overflow nothing, but lose digits.
        for pole in self.poles:
            above = above / (s - pole)
        return above


@dataclass(frozen=True, slots=True, eq=False)
class Digital:
    """A stage of numerator and denominator coefficients; scaled so that |H(gain_hz)| = gain.

    Parameters
    ----------
    numerator, denominator : of powers of 1/z, (n,) and (m,); an empty denominator is 1
    rate_hz : at which the stage takes its input
    delay_s : what the recorder's clock was corrected for it
    gain, gain_hz : as of `Analog`
    """

    numerator: Floats
    denominator: Floats
    rate_hz: float
    delay_s: float
    gain: float
    gain_hz: float

    def shape(self, frequency_hz: Floats) -> Complexes:
        """Numerator over denominator, less its delay."""
        omega = 2 * np.pi * frequency_hz
        back = np.exp(-1j * omega / self.rate_hz)
        above = _polynomial(self.numerator, back)
        if self.denominator.size > 1:
            above = above / _polynomial(self.denominator, back)
        symmetric = self.denominator.size < 2 and np.array_equal(self.numerator, self.numerator[::-1])
        # A symmetric filter delays everything by half its length, which recorders correct in the time stamp.
        delay_s = (self.numerator.size - 1) / 2 / self.rate_hz if symmetric else self.delay_s
        shaped: Complexes = above * np.exp(1j * omega * delay_s)
        return shaped


def _polynomial(coefficients: Floats, at: Complexes) -> Complexes:
    """Sum of coefficient k times at**k; `at` lies on the unit circle."""
    if at.size == 1:  # 100 coefficients: 10 us instead of 300
        return np.array([coefficients @ at[0] ** np.arange(coefficients.size)])
    summed = np.zeros_like(at)
    for coefficient in coefficients[::-1]:
        summed *= at
        summed += coefficient
    return summed


Stage = Analog | Digital


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """From ground displacement to counts.

    Parameters
    ----------
    label : document and channel, for messages
    unit : of the ground motion that the instrument feels, a key of `N_DERIVATIVES`
    stages : those that shape; the first feels the ground
    gain : product of the gains of all stages, counts per `unit`
    sensitivity, sensitivity_hz : what the document says of the whole at one frequency
    rate_hz : samples per second that leave the last stage that tells; None where none does

    Raises
    ------
    InventoryError : if what it says cannot be true
    """

    label: str
    unit: str
    stages: tuple[Stage, ...]
    gain: float
    sensitivity: float
    sensitivity_hz: float
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def counts_per_metre(self, frequency_hz: Floats) -> Complexes:
        """Counts per metre of ground displacement.

        Parameters
        ----------
        frequency_hz : (n,) not negative
        """
        return self.counts_per_unit(frequency_hz) * (2j * np.pi * frequency_hz) ** N_DERIVATIVES[self.unit]

    def counts_per_unit(self, frequency_hz: Floats) -> Complexes:
        """Counts per `unit` of ground motion."""
        product = np.full(len(frequency_hz), self.gain, np.complex128)
        for stage in self.stages:
            product *= stage.shape(frequency_hz) / abs(stage.shape(np.array([stage.gain_hz]))[0])
        return product

    def on_grid(self, n_fft: int, rate_hz: float) -> Complexes:
        """Counts per metre at the frequencies of a real Fourier transform of `n_fft` samples; remembered."""
        return _on_grid(self, n_fft, rate_hz)


# 64 bytes a sample: 2048 windows of 16384 samples would be 270 MB, 256 are 34 MB.
@lru_cache(maxsize=256)
def _on_grid(response: Response, n_fft: int, rate_hz: float) -> Complexes:
    values = response.counts_per_metre(grid_hz(n_fft, rate_hz))
    values.flags.writeable = False
    return values


def grid_hz(n_fft: int, rate_hz: float) -> Floats:
    """Frequencies of a real Fourier transform of `n_fft` samples."""
    return np.linspace(0.0, rate_hz * (n_fft // 2) / n_fft, n_fft // 2 + 1)


def _check(response: Response) -> None:
    if response.unit not in N_DERIVATIVES:
        raise _fault(response, f"it must be of ground motion in M, M/S or M/S**2, came {response.unit or 'no unit'!r}")
    for name, value in (("sensitivity", response.sensitivity), ("product of the stages' gains", response.gain)):
        if not value > 0:
            raise _fault(response, f"the {name} must be more than 0, came {value:g}")
    if not response.stages:
        raise _fault(response, "it has a sensitivity and no stage with poles and zeros or coefficients")
    with np.errstate(divide="ignore", invalid="ignore"):
        computed = abs(response.counts_per_unit(np.array([response.sensitivity_hz]))[0])
    if not abs(computed / response.sensitivity - 1) <= TOLERANCE:
        said = f"the sensitivity is stated as {response.sensitivity:g} at {response.sensitivity_hz:g} Hz"
        raise _fault(response, f"{said}, the stages give {computed:g}")


def _fault(response: Response, text: str) -> InventoryError:
    return InventoryError(f"{response.label}: response: {text}")


def complexes(values: list[Any]) -> Complexes:
    """A read-only array, whose caller may share it."""
    made = np.array(values, np.complex128)
    made.flags.writeable = False
    return made
