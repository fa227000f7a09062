"""What looks like an onset and is none: triggers that are gone once an artefact is taken out.

It is taken out of a copy, to ask whether that would still trigger: a despiker applied to the data themselves alters
most earthquakes. One that arrives beside a spike, or clips, or whose own samples look like a step, triggers all the
same and keeps its pick. Behind a trigger that is refused, the copy takes the place of the samples: `aftermath`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import lfilter, sosfilt

from detection.aftermath import level_before
from detection.glitches import N_NEIGHBOURS, bridged, glitches_in
from detection.matrices import Floats
from detection.plan import Band, Plan
from detection.responses import without_response

# Exponentials have this much to explain at least, in cycles of the band's width: of fewer they explain too much anyway.
LEAST_FREEDOM = 8.0
# Of the energy of the differences, what may be left without what answers a jump, if the rest does not trigger. Of 1,351
# triggers on records of earthquakes at 20 to 250 Hz all left 0.12 and more, at 40 Hz and above 0.21; of 279 on noise of
# a city two left less than 0.09; of 1,166 on strong calibrations, sines and decays three quarters less than 0.001.
MOST_LEFT = 0.09
LITTLE_LEFT = 0.03  # of the band's energy, where the rest still triggers: a fit has errors. Earthquakes leave 0.13


class Veto(StrEnum):
    """Why a trigger is no onset."""

    GAP = "gap"  # the segment ends right behind it: more often the failing link than an earthquake
    SPIKE = "spike"  # a few samples stand alone
    STEP = "step"  # the trace goes on elsewhere: a change of offset, a mass that is centred
    PULSE = "pulse"  # it goes there and comes back: a calibration, a short drop-out
    FLAT = "flat"  # some equal samples stand for those that were lost
    CLIP = "clip"  # it was at the largest or smallest value for a moment
    CALIBRATION = "calibration"  # it answers a jump as a sensor does: a damped oscillation, a decay, or a sine


@dataclass(frozen=True, slots=True, eq=False)
class Refusal:
    """A trigger that is no onset.

    Parameters
    ----------
    veto : why
    copy : (n,) counts; the samples that were judged, without what made the trigger
    """

    veto: Veto
    copy: Floats


def refuse(raw: Floats, at: int, lta: float, plan: Plan, number: int) -> Refusal | None:
    """Whether an artefact alone made a trigger.

    Parameters
    ----------
    raw : (n,) counts; run-in, then the window of the trigger up to its end
    at : sample of `raw` at which it started
    lta : long-term average there, of the band that triggered
    plan : of the channel
    number : of the band that triggered

    Returns
    -------
    refusal : None if it triggers without the artefact as well, or there is none
    """
    case = _Case(raw, at, lta, plan, number)
    glitch = _glitch(case)
    if glitch is None:
        return _response(case, raw)
    if not case.triggers(glitch.copy):
        return glitch
    return _response(case, raw) or _response(case, glitch.copy) or (glitch if case.is_little(glitch.copy) else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What `refuse` asks about."""

    raw: Floats
    at: int
    lta: float
    plan: Plan
    number: int

    @property
    def band(self) -> Band:
        return self.plan.bands[self.number]

    def triggers(self, copy: Floats) -> bool:
        """Whether a copy's short-term average reaches the ratio at the trigger or behind it."""
        plan = self.plan
        level = level_before(self.raw, self.at, self.lta, plan, self.number)
        signal = _banded(copy, self.band)
        plan.rectify(signal, out=signal)
        sta, _ = lfilter([1 / plan.n_sta], [1, 1 / plan.n_sta - 1], signal, zi=[0.0])
        return float(sta[max(self.at - plan.n_sta, 0) :].max()) >= plan.settings.on_ratio * level

    def is_little(self, copy: Floats) -> bool:
        """Whether a copy has so little of the band's energy that it is an error of the copy."""
        begin = max(self.at - self.plan.n_sta, 0)
        signals = [_banded(values, self.band)[begin:] for values in (copy, self.raw)]
        rest, whole = (float(signal @ signal) for signal in signals)
        return rest < LITTLE_LEFT * whole


def _glitch(case: _Case) -> Refusal | None:
    """The samples without glitches and equal ones, if any began before the trigger, and what these were."""
    raw = case.raw
    differences = raw[1:] - raw[:-1]
    clean, flats = bridged(differences)
    glitches = glitches_in(clean)
    if not any(first <= case.at for first, _ in flats + glitches):
        return None
    middle = median_filter(clean, N_NEIGHBOURS, mode="reflect")
    for first, last in glitches:
        clean[first : last + 1] = middle[first : last + 1]
    copy = np.concatenate(([raw[0]], raw[0] + np.cumsum(clean)))
    return Refusal(_kind(differences, glitches) if glitches else _flat(raw, flats), copy)


def _response(case: _Case, values: Floats) -> Refusal | None:
    """The same for what a sensor makes of a jump, which may have been taken out of the values."""
    band = case.band
    if case.plan.settings.onset_after_s * (band.high_hz - band.low_hz) < LEAST_FREEDOM:
        return None
    found = without_response(values, case.at, case.plan.rate_hz)
    if found is None or found[1] >= MOST_LEFT:
        return None
    copy, _ = found
    return None if case.triggers(copy) and not case.is_little(copy) else Refusal(Veto.CALIBRATION, copy)


def _banded(values: Floats, band: Band) -> Floats:
    signal, _ = sosfilt(band.sections, values, zi=band.rest * values[0])
    return np.asarray(signal)


def _flat(raw: Floats, flats: list[tuple[int, int]]) -> Veto:
    """Why samples are equal: at the very largest or smallest value they are at a rail."""
    first, last = max(flats, key=lambda flat: flat[1] - flat[0])
    value = raw[(first + last + 1) // 2]
    return Veto.CLIP if value in (raw.max(), raw.min()) else Veto.FLAT


def _kind(differences: Floats, glitches: list[tuple[int, int]]) -> Veto:
    """What the glitches are, by the largest: does the trace come back at once, later or not at all?"""
    jumps = [float(differences[first : last + 1].sum()) for first, last in glitches]
    sizes = [float(np.abs(differences[first : last + 1]).max()) for first, last in glitches]
    main = int(np.argmax(sizes))
    if abs(jumps[main]) < sizes[main] / 2:
        return Veto.SPIKE
    others = [jump for number, jump in enumerate(jumps) if number != main]
    return Veto.PULSE if any(abs(jump + jumps[main]) < abs(jumps[main]) / 2 for jump in others) else Veto.STEP
