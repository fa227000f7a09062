"""Samples as a reader wants to see them: a band of frequencies, filtered over all that is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, sosfilt

from houfeng.envelopes import Floats
from houfeng.errors import WindowError
from houfeng.stretch import Stretch
from houfeng.times import seconds_ns

_CORNERS = 4
# So many periods of the lower corner before what is shown: by then the filter has forgotten where it began.
_PAD_PERIODS = 10.0
MIN_HZ = 0.001


@dataclass(frozen=True, slots=True)
class Passband:
    """A Butterworth band-pass of four corners that runs forward, so nothing moves before its onset.

    Parameters
    ----------
    low_hz, high_hz : corners

    Raises
    ------
    WindowError : if they are not 0.001 Hz or more, and rising
    """

    low_hz: float
    high_hz: float

    def __post_init__(self) -> None:
        if not MIN_HZ <= self.low_hz < self.high_hz < 1e5:
            raise WindowError(f"two rising frequencies from {MIN_HZ:g} Hz on are needed, such as 1-10, {self} came")

    def __str__(self) -> str:
        return f"{self.low_hz:g}-{self.high_hz:g}"

    @property
    def pad_ns(self) -> int:
        """How long before what is shown the samples should begin."""
        return seconds_ns(_PAD_PERIODS / self.low_hz)

    def filtered(self, stretches: Iterable[Stretch]) -> list[Stretch]:
        """Each stretch by itself, from its first sample on, which is taken for what was before.

        Stretches of a rate that has no such band (upper corner at or above half of it) are left out.
        """
        found = []
        for stretch in stretches:
            if 2 * self.high_hz < stretch.rate_hz:
                samples = sosfilt(_sections(self, stretch.rate_hz), stretch.samples - stretch.samples[0])
                found.append(Stretch(stretch.start_ns, stretch.rate_hz, np.asarray(samples)))
        return found


def parse(text: str) -> Passband:
    """`1-10`, in Hz.

    Raises
    ------
    WindowError : if the text is not two rising frequencies
    """
    low, _, high = text.partition("-")
    try:
        return Passband(float(low), float(high))
    except ValueError:
        raise WindowError(f"two frequencies in Hz are needed, such as 1-10, {text[:40]!r} came") from None


@lru_cache(maxsize=256)
def _sections(band: Passband, rate_hz: float) -> Floats:
    made = butter(_CORNERS, [band.low_hz, band.high_hz], "bandpass", fs=rate_hz, output="sos")
    return np.asarray(made, np.float64)
