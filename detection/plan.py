"""Settings turned into numbers of samples and filter coefficients for one sampling rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, sosfilt_zi

from detection.matrices import AverageStep, Output, average_step, filter_step, side_by_side
from detection.matrices import Floats as Floats
from detection.oscillations import Oscillations, oscillations
from detection.settings import HIGHPASS_HZ, NYQUIST_SHARE, DetectionSettings, Form
from houfeng.errors import WindowError

FILTER_ORDER = 4
RUN_IN = 3.0  # periods of the lowest high-pass corner, and ...
SETTLES = 1.0  # ... that many until it has settled
OCTAVE = 2.0
LEAST_BLOCK = 16  # samples: slow channels send records of many seconds; 10 and 25 took 10 % longer at 20 Hz
LEAST_ROW = 48  # the same for `detection.table`
STEP = 48  # samples of a matrix product, about, and ...
WIDE = 8  # ... a whole number of what a processor multiplies at once: with 50 the products took 13 % longer


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One pass band.

    Parameters
    ----------
    name : for people
    low_hz, high_hz : corners
    sections : (n_sections, 6), second order
    rest : their state after an endless run of ones
    oscillations : what they do in one step, as `detection.table` needs it
    highpass, highpass_rest : what onsets of this band are read behind: second-order sections, and their state after an
        endless run of ones
    """

    name: str
    low_hz: float
    high_hz: float
    sections: Floats
    rest: Floats
    oscillations: Oscillations
    highpass: Floats
    highpass_rest: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything about one sampling rate that does not change from sample to sample.

    `n_*` are numbers of samples: a block, the least that is searched, is some steps of `n_step`, each of which is one
    matrix product. `by_rows` says how channels are filtered: as in `detection.table`, else as in `detection.bandpass`.
    In tiles, products with `outputs` make what passes each band, and one with `carry` makes the states after a step.
    """

    settings: DetectionSettings
    rate_hz: float
    by_rows: bool
    bands: tuple[Band, ...]
    averages: AverageStep
    carry: Floats
    outputs: tuple[Output, ...]
    n_sta: int
    n_lta: int
    n_step: int
    n_block: int
    n_flat: int
    n_hold_off: int
    n_rearm: int
    n_dead: int
    n_before: int
    n_after: int
    n_run_in: int
    n_settle: int

    @property
    def n_states(self) -> int:
        """Numbers that one band-pass carries from sample to sample."""
        return self.bands[0].rest.size

    @property
    def rest(self) -> Floats:
        """(n_bands, n_states) what the band-passes carry after an endless run of ones."""
        as_sum = self.by_rows and not self.is_windowed
        return np.array([band.oscillations.rest if as_sum else band.rest.ravel() for band in self.bands])

    def rectify(self, signal: Floats, out: Floats) -> None:
        """Make the band-passed signal what is averaged: its energy, for SeisComP's form its amplitude."""
        (np.abs if self.settings.form is Form.SEISCOMP else np.square)(signal, out=out)

    @property
    def is_windowed(self) -> bool:
        """Whether the averages are over windows that end sharply, not exponential."""
        return self.settings.form in (Form.CLASSIC, Form.Z_DETECT)

    @property
    def rearm_factor(self) -> float:
        """How much the short-term average must grow for a trigger to start anew."""
        amplitude = self.settings.rearm_amplitude
        return amplitude if self.settings.form is Form.SEISCOMP else amplitude**2

    @property
    def n_recent(self) -> int:
        """Raw samples kept, so that a trigger's window and the filters' run-in are there when it is complete."""
        return self.n_run_in + self.n_before + self.n_after


@lru_cache(maxsize=64)
def plan_for(settings: DetectionSettings, rate_hz: float, *, by_rows: bool = False) -> Plan:
    """The plan of one sampling rate.

    Parameters
    ----------
    rate_hz : samples per second
    by_rows : how channels are filtered

    Raises
    ------
    WindowError : if the rate leaves less than an octave of the band, or a window has too few samples
    """
    n_sta = round(settings.sta_s * rate_hz)
    n_lta = max(round(settings.lta_s * rate_hz), n_sta + 1)
    n_wanted = max(round(settings.block_s * rate_hz), LEAST_ROW if by_rows else LEAST_BLOCK)
    n_steps = max(round(n_wanted / STEP), 1)
    n_step = max(round(n_wanted / n_steps / WIDE), 1) * WIDE
    bands = _bands(settings, rate_hz, n_step)
    carry, of_bands = side_by_side([filter_step(band.sections, n_step) for band in bands], n_step)
    corner_hz = min(HIGHPASS_HZ, bands[0].low_hz)
    if n_sta < 2:
        raise WindowError(f"sta_s = {settings.sta_s:g} s is {n_sta} samples at {rate_hz:g} Hz; 2 are needed")
    return Plan(
        settings,
        rate_hz,
        by_rows,
        bands,
        average_step(n_sta, n_lta, n_step, ratio=settings.on_ratio, lta_of_sta=settings.form is Form.SEISCOMP),
        carry,
        of_bands,
        n_sta,
        n_lta,
        n_step,
        n_block=n_steps * n_step,
        n_flat=max(round(settings.flat_s * rate_hz), 2),
        n_hold_off=round(settings.hold_off_s * rate_hz),
        n_rearm=max(round(settings.rearm_s * rate_hz), 1),
        n_dead=round(settings.dead_time_s * rate_hz),
        n_before=round(settings.onset_before_s * rate_hz),
        n_after=round(settings.onset_after_s * rate_hz),
        n_run_in=round(RUN_IN * rate_hz / corner_hz),
        n_settle=round(SETTLES * rate_hz / corner_hz),
    )


def _bands(settings: DetectionSettings, rate_hz: float, n_step: int) -> tuple[Band, ...]:
    """The bands that a sampling rate has, lowest first."""
    found = []
    faults = []
    for low_hz, high_hz in sorted(settings.bands):
        try:
            found.append(_band(low_hz, high_hz, rate_hz, n_step))
        except WindowError as error:
            faults.append(error)
    if not found:
        raise faults[0]
    return tuple(found)


def _band(low_hz: float, high_hz: float, rate_hz: float, n_step: int) -> Band:
    """A pass band, or the part of it that a sampling rate has."""
    high = min(high_hz, NYQUIST_SHARE * rate_hz / 2)
    if high < min(OCTAVE * low_hz, high_hz):
        raise WindowError(
            f"{rate_hz:g} Hz is too slow for the band {low_hz:g}-{high_hz:g} Hz: "
            f"{2 * min(OCTAVE * low_hz, high_hz) / NYQUIST_SHARE:g} Hz or more is needed"
        )
    sections = butter(FILTER_ORDER, (low_hz, high), "bandpass", fs=rate_hz, output="sos")
    highpass = butter(2, min(HIGHPASS_HZ, low_hz), "highpass", fs=rate_hz, output="sos")
    return Band(
        f"{low_hz:g}-{high:g} Hz",
        low_hz,
        high,
        sections,
        sosfilt_zi(sections),
        oscillations(sections, n_step),
        highpass,
        sosfilt_zi(highpass),
    )
