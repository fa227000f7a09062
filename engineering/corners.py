"""Between which frequencies a record is ground motion and not noise or drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import rfft, rfftfreq
from scipy.optimize import ridder
from scipy.signal import butter, sosfiltfilt

from engineering.measures import integral
from engineering.oscillator import Floats
from houfeng.errors import MotionError

LEAST_SNR = 2.0  # of smoothed Fourier amplitudes
SURE_HZ = 5.0  # from the low corner up to here it must hold
HIGHEST_LOW_HZ = 0.5  # a record whose low corner would be above this is refused
LOWEST_LOW_HZ = 0.01
HIGHEST_HZ, SHARE_OF_NYQUIST = 40.0, 0.75
SMOOTHING = 20.0  # Konno & Ohmachi's b
N_FREQUENCIES = 120
# Displacement may hold this share of drift: a polynomial of this degree, largest value over largest value.
MOST_DRIFT, DEGREE = 0.02, 6
N_POLES = 5  # of every filter, each way
# Boore (2005): zeros for this many periods of the high-pass, times its poles, take what the filter throws before and
# behind a record.
PADS = 1.5


@dataclass(frozen=True, slots=True)
class Corners:
    """Of a band-pass.

    Parameters
    ----------
    low_hz, high_hz : where it takes half of the energy, once
    low_by, high_by : what decided them, in a word or two
    """

    low_hz: float
    high_hz: float
    low_by: str = ""
    high_by: str = ""


def corners_of(motion: Floats, rate_hz: float, onset: int, label: str) -> Corners:
    """Corners of one axis.

    Parameters
    ----------
    motion : (n,) acceleration, its ends faded to 0
    rate_hz : samples per second
    onset : sample at which signal begins
    label : of the axis, for messages

    Raises
    ------
    MotionError : if signal is not above noise from 0.5 to 5 Hz, or displacement drifts even with a corner of 0.5 Hz
    """
    frequency_hz, ratio = signal_over_noise(motion, rate_hz, onset)
    above = ratio >= LEAST_SNR
    sure = int(np.searchsorted(frequency_hz, min(SURE_HZ, frequency_hz[-1] / 2)))
    failing = np.flatnonzero(~above[: sure + 1])
    low = int(failing[-1]) + 1 if len(failing) else 0
    if low > sure or frequency_hz[low] > HIGHEST_LOW_HZ:
        at_hz = frequency_hz[low - 1]
        raise MotionError(
            f"{label}: signal is {ratio[low - 1]:.1f} times noise at {at_hz:.2g} Hz, {LEAST_SNR:g} are needed"
        )
    noisy = np.flatnonzero(~above[sure:])
    high = frequency_hz[sure + int(noisy[0]) - 1] if len(noisy) else frequency_hz[-1]
    nyquist_hz = SHARE_OF_NYQUIST * rate_hz / 2
    high_hz, high_by = min((float(high), "noise"), (HIGHEST_HZ, "setting"), (nyquist_hz, "sampling"))
    noisy_hz = max(float(frequency_hz[low]), LOWEST_LOW_HZ)
    low_hz = _without_drift(motion, rate_hz, noisy_hz, label)
    low_by = "drift" if low_hz > noisy_hz else "noise" if len(failing) else "length of noise"
    return Corners(low_hz, high_hz, low_by, high_by)


def signal_over_noise(motion: Floats, rate_hz: float, onset: int) -> tuple[Floats, Floats]:
    """Ratio of smoothed Fourier amplitudes behind the onset and before it, each over the root of its duration.

    Returns
    -------
    frequency_hz, ratio : (m,) each, equal steps of the logarithm

    References
    ----------
    Konno & Ohmachi (1998) BSSA 88, 228-241 (smoothing).
    """
    lowest_hz = max(2 * rate_hz / onset, LOWEST_LOW_HZ)  # two periods in the noise
    frequency_hz = np.geomspace(lowest_hz, 0.9 * rate_hz / 2, N_FREQUENCIES)
    noise, signal = (smoothed(part, rate_hz, frequency_hz) for part in (motion[:onset], motion[onset:]))
    return frequency_hz, signal / np.maximum(noise, np.finfo(float).tiny)


def smoothed(part: Floats, rate_hz: float, frequency_hz: Floats) -> Floats:
    """Fourier amplitudes over the root of their number, as means of equal weight on a logarithmic axis."""
    amplitudes = np.abs(rfft(part - part.mean()))[1:] / np.sqrt(len(part))
    grid_hz = rfftfreq(len(part), 1 / rate_hz)[1:]
    found = np.empty(len(frequency_hz))
    for number, centre_hz in enumerate(frequency_hz):
        reach = 10 ** (3 / SMOOTHING)  # the first zero of the window is at pi / b
        first, last = np.searchsorted(grid_hz, (centre_hz / reach, centre_hz * reach))
        last = max(int(last), int(first) + 1)
        x = np.log10(grid_hz[first:last] / centre_hz) * SMOOTHING / np.pi
        weights = np.sinc(x) ** 4
        found[number] = weights @ amplitudes[first:last] / weights.sum()
    return found


def _without_drift(motion: Floats, rate_hz: float, low_hz: float, label: str) -> float:
    """The lowest corner, from `low_hz` up, with which displacement does not drift."""

    def excess(corner_hz: float) -> float:
        return drift(motion, rate_hz, corner_hz) - MOST_DRIFT

    if excess(low_hz) <= 0:
        return low_hz
    if excess(HIGHEST_LOW_HZ) > 0:
        raise MotionError(f"{label}: displacement drifts even when it is filtered from {HIGHEST_LOW_HZ:g} Hz on")
    return float(ridder(excess, low_hz, HIGHEST_LOW_HZ, xtol=0.001))


def drift(motion: Floats, rate_hz: float, corner_hz: float) -> float:
    """How much of displacement is a polynomial, largest value over largest value."""
    sections = butter(N_POLES, corner_hz, "highpass", fs=rate_hz, output="sos")
    n_pad = round(PADS * N_POLES / corner_hz * rate_hz)
    filtered = sosfiltfilt(sections, np.pad(motion, n_pad), padlen=0)
    displacement = integral(integral(filtered, rate_hz), rate_hz)[n_pad : n_pad + len(motion)]
    time = np.linspace(-1, 1, len(displacement))
    fitted = np.polynomial.legendre.legval(time, np.polynomial.legendre.legfit(time, displacement, DEGREE))
    largest = np.abs(displacement).max()
    return float(np.abs(fitted).max() / largest) if largest > 0 else 0.0
