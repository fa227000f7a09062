"""From counts to corrected acceleration, with each decision on record: the chain of strong-motion practice.

Clipping, trend, mean before the onset, taper, response, signal over noise, corners, band-pass; after USGS
gmprocess (Hearne, Thompson et al. 2019). What fails a test is refused with the reason, not mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import butter, detrend, sosfiltfilt
from scipy.signal.windows import tukey

from engineering.corners import N_POLES, PADS, Corners, corners_of
from engineering.measures import integral
from engineering.motion import Component
from engineering.oscillator import Floats
from houfeng.errors import MotionError
from stations.response import Response, grid_hz

TAPER = 0.05  # of the record, on each side
LEAST_NOISE_S, LEAST_SIGNAL_S = 5.0, 10.0
# So many equal samples at the largest or smallest value are a rail; earthquakes at 100 Hz have two at most.
N_AT_RAIL = 4
LEAST_RAIL_COUNTS = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """One axis as it was recorded.

    Parameters
    ----------
    station, name, azimuth_deg : as of `Component`
    counts : (n,) without a gap
    rate_hz : samples per second
    onset : sample of the first wave; noise is before it
    response : of the instrument
    """

    station: str
    name: str
    azimuth_deg: float | None
    counts: Floats
    rate_hz: float
    onset: int
    response: Response

    @property
    def label(self) -> str:
        """Station and axis, for messages."""
        return f"{self.station} {self.name}"


def correct(axes: Sequence[Raw]) -> list[Component]:
    """Corrected components of one instrument; its horizontals share their corners.

    Raises
    ------
    MotionError : if an axis is clipped, too short, or does not rise above its noise; the message names it
    """
    prepared = [_prepared(raw) for raw in axes]
    corners = [
        corners_of(motion, raw.rate_hz, raw.onset, raw.label) for raw, motion in zip(axes, prepared, strict=True)
    ]
    shared = _shared(axes, corners)
    return [_banded(raw, motion, each) for raw, motion, each in zip(axes, prepared, shared, strict=True)]


def _prepared(raw: Raw) -> Floats:
    """Acceleration without trend, its ends faded to nothing."""
    n_noise, n_signal = raw.onset, len(raw.counts) - raw.onset
    if n_noise < LEAST_NOISE_S * raw.rate_hz or n_signal < LEAST_SIGNAL_S * raw.rate_hz:
        came = f"{n_noise / raw.rate_hz:.1f} s before the onset and {n_signal / raw.rate_hz:.1f} s behind it"
        raise MotionError(f"{raw.label}: too short: {came}, {LEAST_NOISE_S:g} s and {LEAST_SIGNAL_S:g} s are needed")
    _check_clipping(raw)
    level = detrend(raw.counts)
    faded = (level - level[: raw.onset].mean()) * tukey(len(level), 2 * TAPER)
    n_fft = next_fast_len(2 * len(faded), real=True)
    frequency_hz = grid_hz(n_fft, raw.rate_hz)
    spectrum = rfft(faded, n_fft)
    spectrum[0] = 0
    spectrum[1:] *= -((2 * np.pi * frequency_hz[1:]) ** 2) / raw.response.on_grid(n_fft, raw.rate_hz)[1:]
    # where digitisers let nothing through, division would make much of nothing
    spectrum *= np.clip((0.5 * raw.rate_hz - frequency_hz) / (0.05 * raw.rate_hz), 0, 1)
    return np.asarray(irfft(spectrum, n_fft)[: len(faded)])


def _check_clipping(raw: Raw) -> None:
    for extreme in (raw.counts.max(), raw.counts.min()):
        if abs(extreme) < LEAST_RAIL_COUNTS:
            continue
        at = np.flatnonzero(raw.counts == extreme)
        runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
        longest = max(len(run) for run in runs)
        if longest >= N_AT_RAIL:
            raise MotionError(f"{raw.label}: clipped: {longest} samples in a row at {extreme:.0f} counts")


def _shared(axes: Sequence[Raw], corners: Sequence[Corners]) -> list[Corners]:
    level = [each for raw, each in zip(axes, corners, strict=True) if raw.azimuth_deg is not None]
    if not level:
        return list(corners)
    lowest, highest = max(level, key=lambda each: each.low_hz), min(level, key=lambda each: each.high_hz)
    both = Corners(lowest.low_hz, highest.high_hz, lowest.low_by, highest.high_by)
    return [both if raw.azimuth_deg is not None else each for raw, each in zip(axes, corners, strict=True)]


def _banded(raw: Raw, motion: Floats, corners: Corners) -> Component:
    """Filtered both ways between zeros, integrated with them, and cut to the record again."""
    sections = butter(N_POLES, (corners.low_hz, corners.high_hz), "bandpass", fs=raw.rate_hz, output="sos")
    n_pad = round(PADS * N_POLES / corners.low_hz * raw.rate_hz)
    filtered = sosfiltfilt(sections, np.pad(motion, n_pad), padlen=0)
    velocity = integral(filtered, raw.rate_hz)
    displacement = integral(velocity, raw.rate_hz)
    kept = slice(n_pad, n_pad + len(motion))
    return Component(
        station=raw.station,
        name=raw.name,
        azimuth_deg=raw.azimuth_deg,
        rate_hz=raw.rate_hz,
        acceleration_m_s2=filtered[kept],
        band_hz=(corners.low_hz, corners.high_hz),
        band_by=(corners.low_by, corners.high_by),
        velocity_m_s=velocity[kept],
        displacement_m=displacement[kept],
    )
