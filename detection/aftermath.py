"""Behind an artefact: the channel goes on as if it had not been, until the noise level has forgotten it.

An artefact of a thousand times the noise fills the long-term average, and hides what follows for a minute and more. So
when a trigger is refused, its stretch (from one short-term window before the trigger to the end of the onset's window)
is masked: the long-term average stays what it was before, the filters run over the copy without the artefact, and
nothing triggers. From there on a second search with these averages replaces the channel's own, as long as the two
differ. Where the artefact lasts, as a sine does, that search begins inside it: the average stays what it was until the
artefact has ended. All this is a function of the samples alone, and costs nothing where nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter, sosfilt

from detection.matrices import Floats
from detection.plan import Plan
from detection.settings import Form
from detection.trigger import Growth, Starts, hysteresis, intervals

SAME = 0.1  # the noise level has forgotten the artefact when it is this share above what it was
LONGEST = 20.0  # times lta_s: then energies 10^8 times the noise are forgotten
LASTS = 6.0  # times lta_s: what goes on for longer is no artefact, or nobody sees what is behind it


class Trigger(NamedTuple):
    """A trigger whose onset is still to be read.

    Parameters
    ----------
    at : number of the sample on the grid at which it started
    band : number of the band that triggered
    ltas : long-term average of each band there
    """

    at: int
    band: int
    ltas: tuple[float, ...]


@dataclass(slots=True, eq=False)
class Aftermath:
    """The second search.

    Parameters
    ----------
    plan : of the channel
    begin, end : numbers of its first sample and the one behind its last
    n_done : number of the next sample to be taken in
    filters : (n_bands, n_states)
    sta, lta : (n_bands,) averages after the last sample
    held_until : until this sample the long-term average stays what it is, unless the ratio falls below `off_ratio`
    starts : of its triggers
    """

    plan: Plan
    begin: int
    end: int
    n_done: int
    held_until: int
    filters: Floats
    sta: Floats
    lta: Floats
    starts: Starts

    def advance(self, first: int, raw: Floats) -> list[Trigger]:
        """Take in samples of the channel, those outside of `begin` to `end` apart.

        Parameters
        ----------
        first : number of the first of them, not beyond `n_done`
        raw : (n,) counts

        Returns
        -------
        triggers : that start in them
        """
        part = raw[self.n_done - first : max(self.end - first, 0)]
        if not len(part):
            return []
        signals, stas, ltas = np.empty((3, len(self.sta), len(part)))
        for number, band in enumerate(self.plan.bands):
            signal, state = sosfilt(band.sections, part, zi=self.filters[number].reshape(-1, 2))
            self.filters[number] = state.ravel()
            self.plan.rectify(signal, out=signals[number])
            stas[number] = _average(signals[number], self.plan.n_sta, self.sta[number])
        n_held = self._n_held(stas)
        ltas[:, :n_held] = self.lta[:, np.newaxis]
        for number in range(len(self.lta)):
            rest = signals[number, n_held:], stas[number, n_held:]
            ltas[number, n_held:] = _long(*rest, self.plan, self.lta[number])
        self.sta, self.lta = stas[:, -1].copy(), ltas[:, -1].copy()
        ratios = np.divide(stas, ltas, out=np.zeros_like(stas), where=ltas > 0)
        settings = self.plan.settings
        was_on = np.array([self.starts.growth is not None])
        highest = ratios.max(axis=0, keepdims=True)
        state = hysteresis(highest, was_on, on=settings.on_ratio, off=settings.off_ratio)[0]
        begin, self.n_done = self.n_done, self.n_done + len(part)
        return [
            Trigger(at, int(ratios[:, at - begin].argmax()), tuple(ltas[:, at - begin].tolist()))
            for at in self.starts.find(begin, stas.sum(axis=0), intervals(state))
        ]

    def _n_held(self, stas: Floats) -> int:
        """The samples for which the long-term average is held; from the first one behind them on it never is."""
        n = int(min(max(self.held_until - self.n_done, 0), stas.shape[1]))
        levels = self.plan.settings.off_ratio * self.lta[:, np.newaxis]
        is_over = (stas[:, :n] < levels).all(axis=0)
        if is_over.any():
            n = int(is_over.argmax())
            self.held_until = self.n_done + n
        return n


def aftermath(raw: Floats, copy: Floats, first: int, trigger: Trigger, plan: Plan) -> Aftermath | None:
    """The search behind a trigger that was refused.

    Parameters
    ----------
    raw, copy : (n,) counts; the samples around it, and the same without the artefact, as they end alike
    first : number of the first of them
    trigger, plan : as above

    Returns
    -------
    aftermath : from behind the last sample on; None where nothing was hidden. Of dead time, which the channel's own
        search keeps behind every trigger, it knows nothing
    """
    at, n_bands = trigger.at - first, len(plan.bands)
    before = np.array([level_before(raw, at, lta, plan, n) for n, lta in enumerate(trigger.ltas)])
    lasts = any(_lasts(raw - copy, plan, number, before[number]) for number in range(n_bands))
    excess = 0.0
    filters, stas = np.empty((n_bands, plan.n_states)), np.empty(n_bands)
    for number, lta in enumerate(trigger.ltas):
        signal, _ = _filtered(raw, plan, number)
        sta = _average(signal, plan.n_sta, 0.0)
        now = _long(signal[at:], sta[at:], plan, lta)[-1]
        if before[number] > 0:
            excess = max(excess, float(now / before[number]) - 1)
        signal, filters[number] = _filtered(raw if lasts else copy, plan, number)
        stas[number] = _average(signal, plan.n_sta, 0.0)[-1]
    if excess <= SAME and not plan.n_dead:
        return None
    begin, starts = first + len(raw), Starts(plan.n_rearm, plan.rearm_factor, plan.n_dead)
    n = LONGEST if lasts else min(np.log(max(excess / SAME, 1.0)), LONGEST)
    end = begin + max(round(n * plan.n_lta), plan.n_dead)
    if lasts:
        starts.growth = Growth(plan.n_rearm, plan.rearm_factor)  # one that lasts and does not count
    return Aftermath(plan, begin, end, begin, begin + round(LASTS * plan.n_lta) * lasts, filters, stas, before, starts)


def _filtered(values: Floats, plan: Plan, number: int) -> tuple[Floats, Floats]:
    """What is averaged of a band, and the filter's state after it."""
    band = plan.bands[number]
    signal, state = sosfilt(band.sections, values, zi=band.rest * values[0])
    plan.rectify(signal, out=signal)
    return signal, state.ravel()


def level_before(raw: Floats, at: int, lta: float, plan: Plan, number: int) -> float:
    """Long-term average one short-term window before a trigger, from the one at the trigger and what came between.

    The average's recursion is run back, so it is what it was. Of windows that end sharply this is an estimate.

    Parameters
    ----------
    raw : (n,) counts
    at : sample of `raw` that triggered
    lta : average of band `number` there
    """
    signal, _ = _filtered(raw[: at + 1], plan, number)
    n = min(plan.n_sta, at)
    usual = float(signal[: at + 1 - n].mean())
    if plan.settings.form is Form.Z_DETECT:
        return lta
    if plan.settings.form is Form.SEISCOMP:
        signal = _average(signal, plan.n_sta, 0.0)
    keep = 1 - 1 / plan.n_lta
    back = keep ** -np.arange(n, -1, -1.0)
    before = lta * float(back[0]) - float(signal[at : at - n : -1] @ back[:n]) / plan.n_lta
    return max(before, usual / 4)  # an artefact of 10^12 times the noise leaves only rounding


def _average(signal: Floats, n: int, before: float) -> Floats:
    keep = 1 - 1 / n
    average, _ = lfilter([1 / n], [1, -keep], signal, zi=[keep * before])
    return np.asarray(average)


def _long(signal: Floats, sta: Floats, plan: Plan, before: float) -> Floats:
    """The long-term average: exponential, for the Z-detector what it was, whose spread is not known."""
    if plan.settings.form is Form.Z_DETECT:
        return np.full(len(signal), before)
    return _average(sta if plan.settings.form is Form.SEISCOMP else signal, plan.n_lta, before)


def _lasts(removed: Floats, plan: Plan, number: int, level: float) -> bool:
    """Whether what was taken out still disturbs a band at its end."""
    signal, _ = _filtered(removed[-2 * plan.n_sta :], plan, number)
    return bool(signal.mean() > level)
