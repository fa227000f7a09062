"""Settings turned into numbers of samples and filter coefficients for one sampling rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt_zi

from detection.settings import DetectionSettings
from houfeng.errors import WindowError

Floats = NDArray[np.float64]

FILTER_ORDER = 4
HIGHPASS_HZ = 1.0  # onsets are read where a trace is only rid of drift: a narrow band rounds the onset off
RUN_IN_S = 3.0  # three periods of the high-pass corner
NYQUIST_SHARE = 0.9  # above it the digitiser's anti-alias filter shapes the noise
OCTAVE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything about one sampling rate that does not change from sample to sample.

    `n_*` are numbers of samples; `bandpass` and `highpass` second-order sections, the `*_rest` their state
    after an endless run of ones.
    """

    settings: DetectionSettings
    rate_hz: float
    band: str
    bandpass: Floats
    bandpass_rest: Floats
    highpass: Floats
    highpass_rest: Floats
    n_sta: int
    n_lta: int
    n_block: int
    n_flat: int
    n_hold_off: int
    n_rearm: int
    n_before: int
    n_after: int
    n_run_in: int

    @property
    def n_recent(self) -> int:
        """Raw samples kept, so that a trigger's window and the filters' run-in are there when it is complete."""
        return self.n_run_in + self.n_before + self.n_after


@lru_cache(maxsize=64)
def plan_for(settings: DetectionSettings, rate_hz: float) -> Plan:
    """The plan of one sampling rate.

    Parameters
    ----------
    rate_hz : samples per second

    Raises
    ------
    WindowError : if the rate leaves less than an octave of the band, or a window has too few samples
    """
    low = settings.band_low_hz
    high = min(settings.band_high_hz, NYQUIST_SHARE * rate_hz / 2)
    if high < min(OCTAVE * low, settings.band_high_hz):
        raise WindowError(
            f"{rate_hz:g} Hz is too slow for the band {low:g}-{settings.band_high_hz:g} Hz: "
            f"{2 * min(OCTAVE * low, settings.band_high_hz) / NYQUIST_SHARE:g} Hz or more is needed"
        )
    n_sta = round(settings.sta_s * rate_hz)
    if n_sta < 2:
        raise WindowError(f"sta_s = {settings.sta_s:g} s is {n_sta} samples at {rate_hz:g} Hz; 2 are needed")
    bandpass = butter(FILTER_ORDER, (low, high), "bandpass", fs=rate_hz, output="sos")
    highpass = butter(2, HIGHPASS_HZ, "highpass", fs=rate_hz, output="sos")
    return Plan(
        settings,
        rate_hz,
        f"{low:g}-{high:g} Hz",
        bandpass,
        sosfilt_zi(bandpass),
        highpass,
        sosfilt_zi(highpass),
        n_sta,
        n_lta=max(round(settings.lta_s * rate_hz), n_sta + 1),
        n_block=max(round(settings.block_s * rate_hz), 1),
        n_flat=max(round(settings.flat_s * rate_hz), 2),
        n_hold_off=round(settings.hold_off_s * rate_hz),
        n_rearm=max(round(settings.rearm_s * rate_hz), 1),
        n_before=round(settings.onset_before_s * rate_hz),
        n_after=round(settings.onset_after_s * rate_hz),
        n_run_in=round(RUN_IN_S * rate_hz),
    )
