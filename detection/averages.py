"""Short- and long-term averages of one band's signal: carried step by step, looked at by sample where asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detection.bandpass import TILE, Filtered, Indices
from detection.matrices import AverageStep, Floats

Bools = NDArray[np.bool_]

_FEW = 8  # steps
_CALL = 400  # numbers that `lfilter` works through while one step of all channels is handed to NumPy


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Exponential averages of some steps of some channels.

    Parameters
    ----------
    step : how they are formed
    signal : energies (counts²) or amplitudes (counts), by step and channel
    sta, lta : (n_steps + 1, n_channels); before the first step and after each
    bounds : (n_steps, n_channels); where they are below the step's `share` of what is left of `lta` after the step, the
        ratio is below `share` throughout it
    """

    step: AverageStep
    signal: Filtered
    sta: Floats
    lta: Floats
    bounds: Floats

    @classmethod
    def of(cls, step: AverageStep, signal: Filtered, sta: Floats, lta: Floats) -> Averages:
        """Average a signal.

        Parameters
        ----------
        step, signal : as above
        sta, lta : (n_channels,) before the first step
        """
        to_sta, to_lta, *parts = signal.ends
        stas = _carried(to_sta, sta, float(step.sta_keep[-1]))
        from_sta = float(step.lta_from_sta[-1])
        ltas = _carried(to_lta + from_sta * stas[:-1] if from_sta else to_lta, lta, float(step.lta_keep[-1]))
        first, *others = step.bound_keep.tolist()
        bounds = first * stas[:-1] + parts[0]
        for part, kept in zip(parts[1:], others, strict=True):
            part += kept * stas[:-1]
            np.maximum(bounds, part, out=bounds)
        return cls(step, signal, stas, ltas, bounds)

    def may_trigger(self, seen: Bools) -> Bools:
        """Whether the ratio reaches that of a trigger in a step: wherever it does, or comes as close as rounding.

        Parameters
        ----------
        seen : (n_steps, n_channels) steps that count

        Returns
        -------
        may_trigger : (n_steps, n_channels)
        """
        possible = self.bounds >= self.step.share * float(self.step.lta_keep[-1]) * self.lta[:-1]
        possible &= self.bounds > 0
        possible &= seen
        channels, steps = np.divmod(possible.T.ravel().nonzero()[0], len(possible))
        if len(steps):
            # Against the long-term average of each sample: its least in the step let twice as many through again.
            of_signal, of_averages = _excess(self.step)
            excess = self.signal.pairs(steps, channels) @ of_signal
            before = np.array([self.sta[steps, channels], self.lta[steps, channels]])
            excess += before.T @ of_averages
            possible[steps, channels] = excess.max(axis=1) >= 0
        return possible

    def by_sample(self, firsts: Indices, n_steps: int, channels: Indices) -> tuple[Floats, Floats]:
        """Both averages at every sample of some channels, (n, n_steps * n_step) each.

        Parameters
        ----------
        firsts : (n,) steps from which on; behind the last step there is anything
        n_steps : how many steps
        channels : (n,)
        """
        steps = np.minimum(firsts[:, np.newaxis] + np.arange(n_steps), len(self.bounds) - 1)
        signal = self.signal.rows(steps, channels)
        n, _, n_step = signal.shape
        filled = np.empty((-(-n * n_steps // TILE) * TILE, n_step))  # one shape, so one result in any company
        filled[: n * n_steps] = signal.reshape(-1, n_step)
        filled[n * n_steps :] = 0
        sta, lta = (
            np.matmul(filled.reshape(-1, TILE, n_step), matrix.T).reshape(-1, n_step)[: n * n_steps]
            for matrix in (self.step.sta, self.step.lta)
        )
        sta_before = self.sta[steps, channels[:, np.newaxis]].reshape(-1, 1)
        sta += self.step.sta_keep * sta_before
        lta += self.step.lta_keep * self.lta[steps, channels[:, np.newaxis]].reshape(-1, 1)
        if self.step.lta_from_sta[-1]:
            lta += self.step.lta_from_sta * sta_before
        return sta.reshape(n, -1), lta.reshape(n, -1)


@lru_cache(maxsize=64)
def _excess(step: AverageStep) -> tuple[Floats, Floats]:
    """What makes the short-term average less a share of the long-term one, at every sample of a step.

    Returns
    -------
    of_signal : (n_step, n_step), from the step's samples
    of_averages : (2, n_step), from both averages before it
    """
    of_signal = np.ascontiguousarray((step.sta - step.share * step.lta).T)
    return of_signal, np.array([step.sta_keep - step.share * step.lta_from_sta, -step.share * step.lta_keep])


def _carried(drive: Floats, before: Floats, keep: float) -> Floats:
    """a[k + 1] = drive[k] + keep a[k] down the columns, from a[0] = before on; each column by itself.

    `lfilter` does the same operations, so the same bits.
    """
    if len(drive) > _FEW and drive.shape[1] < _CALL:
        after, _ = lfilter([1.0], [1.0, -keep], drive.T, zi=(keep * before)[:, np.newaxis])
        return np.concatenate((before[:, np.newaxis], after), axis=1).T
    carried = np.empty((len(drive) + 1, drive.shape[1]))
    carried[0] = before
    for number, driven in enumerate(drive):
        np.multiply(carried[number], keep, out=carried[number + 1])
        carried[number + 1] += driven
    return carried
