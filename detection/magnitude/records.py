"""Records of one window: cut out, checked for clipping, and freed of their instrument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.magnitude.station import Window
from detection.plan import Floats
from houfeng.errors import AmplitudeError
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S
from stations.response import Response, grid_hz

Complexes = NDArray[np.complex128]

# Above this share of the Nyquist frequency the anti-alias filter leaves nothing that could be restored.
HIGHEST_SHARE, END_SHARE = 0.8, 0.95
# A shorter stretch of noise says little of its largest amplitude; of Mwp's two integrations, less still: they swing
# from where the record begins, and 20 s behind gaps gave 6.3 for a shock of 4.3.
MIN_NOISE_S = {"ML": 5.0, "mb": 5.0, "Mwp": 60.0, "Md": 5.0}
# Slower channels would miss the waves that a kind is made of, Hz.
MIN_RATE_HZ = {"ML": 20.0, "mb": 8.0, "Mwp": 1.0, "Md": 20.0}
# Equal samples at the extreme, of a record whose extremes are this far apart: a converter or an amplifier at its end.
N_CLIPPED, MIN_CLIPPED_COUNTS = 4, 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Samples of one window of one channel.

    Parameters
    ----------
    samples : (n,) counts
    rate_hz : samples per second
    n_fade_in, n_fade_out : samples at either end that are faded
    n_signal, n_end : sample at which noise ends and the signal may begin, and the one behind its end
    """

    samples: Floats
    rate_hz: float
    n_fade_in: int
    n_fade_out: int
    n_signal: int
    n_end: int

    def noise(self, trace: Floats) -> Floats:
        """The part of a trace made from the record that lies before the event."""
        return trace[self.n_fade_in : self.n_signal]

    def signal(self, trace: Floats) -> Floats:
        """The part of a trace made from the record in which amplitudes are read."""
        return trace[self.n_signal : self.n_end]


def cut(stretches: Sequence[Stretch], window: Window, kind: str) -> Record:
    """What is recorded of the window of a kind of magnitude.

    Raises
    ------
    AmplitudeError : if there is a gap in it, too little of the noise before the event, or too few samples a second.
        Md alone may be read where the record ends before the window does.
    """
    found = next((each for each in stretches if each.start_ns <= window.signal_ns < each.end_ns), None)
    if found is None:
        raise AmplitudeError("no record of the onset")
    if found.rate_hz < MIN_RATE_HZ[kind]:
        raise AmplitudeError(f"{found.rate_hz:g} samples per second, {MIN_RATE_HZ[kind]:g} needed")
    begin_ns, end_ns = window.read_ns
    begin, signal, end = (found.index(t_ns) for t_ns in (begin_ns, window.signal_ns, window.end_ns))
    stop = min(found.index(end_ns), len(found.samples))
    missing_s = (window.end_ns - found.end_ns) / NS_PER_S
    if end > len(found.samples) and kind != "Md":
        raise AmplitudeError(f"the record ends {missing_s:.1f} s before the window does")
    begin = max(begin, 0)
    n_fade_in = min(round(window.fade_in_s * found.rate_hz), (signal - begin) // 2)
    if (signal - begin - n_fade_in) < MIN_NOISE_S[kind] * found.rate_hz:
        have_s = max(signal - begin, 0) / found.rate_hz
        raise AmplitudeError(f"the record begins {have_s:.1f} s before the onset, too late to tell the noise")
    end = min(end, stop)
    samples = found.samples[begin:stop]
    return Record(samples, found.rate_hz, n_fade_in, max(stop - end, 0), signal - begin, end - begin)


def check_clipping(record: Record) -> None:
    """Refuse a record whose tops are flat.

    Raises
    ------
    AmplitudeError : if four samples in a row have the largest or the smallest value
    """
    samples = record.samples[record.n_signal : record.n_end]
    low, high = float(samples.min()), float(samples.max())
    if high - low < MIN_CLIPPED_COUNTS:
        return
    for extreme in (low, high):
        at = samples == extreme
        if at.sum() >= N_CLIPPED and np.convolve(at, np.ones(N_CLIPPED)).max() >= N_CLIPPED:
            raise AmplitudeError(f"clipped at {extreme:.0f} counts")


def restored(
    record: Record, response: Response, shape: Callable[[Floats], Complexes], band_hz: tuple[float, float]
) -> Floats:
    """The record as another instrument would have it, whose `shape` is output per metre of ground displacement.

    Division and multiplication are one step in the frequency domain; between `band_hz` nothing is lost, outside it
    fades to nothing over an octave below, and over what is left to 0.95 of the Nyquist frequency above.

    Parameters
    ----------
    shape : of frequencies (Hz)

    Returns
    -------
    trace : (n,) as long as the record
    """
    spectrum, n_fft = faded_spectrum(record, 2 / band_hz[0])
    frequency_hz = grid_hz(n_fft, record.rate_hz)
    keep = _band(frequency_hz, *band_hz, nyquist_hz=record.rate_hz / 2)
    used = keep > 0
    counts_per_metre = response.on_grid(n_fft, record.rate_hz)[used]
    spectrum[~used] = 0
    spectrum[used] *= keep[used] * shape(frequency_hz[used]) / counts_per_metre
    trace: Floats = np.fft.irfft(spectrum, n_fft)[: len(record.samples)]
    return trace


def faded_spectrum(record: Record, rest_s: float) -> tuple[Complexes, int]:
    """Spectrum of a record without the noise's mean, faded at its ends, and the length of its transform.

    Zeros of at least `rest_s` behind the record keep what comes out behind its end from coming in at its beginning.
    """
    samples = record.samples - record.samples[: record.n_signal].mean()
    samples[: record.n_fade_in] *= _fade(record.n_fade_in)
    samples[len(samples) - record.n_fade_out :] *= _fade(record.n_fade_out)[::-1]
    n_fft = 1 << (len(samples) + round(rest_s * record.rate_hz) - 1).bit_length()
    return np.fft.rfft(samples, n_fft), n_fft


def _fade(n: int) -> Floats:
    rise: Floats = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))
    return rise


def _band(frequency_hz: Floats, low_hz: float, high_hz: float, *, nyquist_hz: float) -> Floats:
    high_hz = min(high_hz, HIGHEST_SHARE * nyquist_hz)
    up = np.clip((frequency_hz - low_hz / 2) / (low_hz / 2), 0, 1)
    end_hz = END_SHARE * nyquist_hz
    down = np.clip((end_hz - frequency_hz) / (end_hz - high_hz), 0, 1)
    kept: Floats = (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down))
    return kept
