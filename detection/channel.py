"""One channel's memory between blocks, and the picks that come of its triggers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detection.blocks import NEVER, Chunk
from detection.onset import find_onset
from detection.plan import Floats, Plan
from detection.trigger import Bools, Growth, intervals
from houfeng.times import samples_ns
from houfeng.types import Pick, SourceId

METHOD = "AIC"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger whose onset is still to be read; sample numbers on the grid.

    Parameters
    ----------
    at : where it started
    earliest : where its window may start: after a gap and after the trigger before it
    """

    at: int
    earliest: int


@dataclass(slots=True)
class Channel:
    """State of one channel between two chunks.

    Parameters
    ----------
    source_id, plan : whose, and for which sampling rate
    filter_state : (n_sections, 2) of the band-pass
    sta, lta : counts²; averages after the last sample
    n_learnt : samples that the LTA has seen
    n_blind : samples left in which nothing may trigger
    growth : of the trigger that lasts, None if none does
    grid_ns, n_done : the grid, and the number of the next sample to be filtered
    recent : (k,) counts; the raw samples before `n_done` that a window may still need
    earliest : number of the sample where the next trigger's window may start
    triggers : waiting for their window to be complete
    """

    source_id: SourceId
    plan: Plan
    filter_state: Floats
    sta: float = 0.0
    lta: float = 0.0
    n_learnt: int = 0
    n_blind: int = 0
    growth: Growth | None = None
    grid_ns: int = 0
    n_done: int = 0
    recent: Floats = field(default_factory=lambda: np.empty(0))
    earliest: int = 0
    triggers: list[Trigger] = field(default_factory=list)

    def new_growth(self, n_on: int = 0, peaks: Floats | None = None) -> Growth:
        """What watches a trigger for a larger shock; parameters as in `Growth`."""
        factor = self.plan.settings.rearm_amplitude**2  # of energies
        return Growth(self.plan.n_rearm, factor, n_on, np.empty(0) if peaks is None else peaks)

    def begin(self, chunk: Chunk) -> list[Pick]:
        """Start the segment that begins with this chunk; windows of the one before end where it ended."""
        picks = self.read_onsets(ended=True)
        plan, kept = self.plan, self.plan.settings.keep_lta_s * self.plan.rate_hz
        if chunk.gap == NEVER or (chunk.gap or 0) > kept:
            self.lta, self.n_learnt = 0.0, 0
        self.sta, self.n_blind, self.growth = 0.0, plan.n_hold_off, None
        self.filter_state = plan.bandpass_rest * chunk.samples[0]  # as if the first value had always been there
        self.grid_ns, self.n_done, self.earliest = chunk.grid_ns, chunk.first, chunk.first
        self.recent = np.empty(0)
        return picks

    def advance(self, raw: Floats, sta: Floats, lta_end: float, state: Bools | None) -> list[Pick]:
        """Take in one filtered chunk.

        Parameters
        ----------
        raw, sta : (n,) counts, counts²
        lta_end : counts²; after the last sample
        state : (n,) whether each sample lies in a trigger; None if no sample does, nor the one before
        """
        for index in self._trigger_starts(sta, state) if state is not None else ():
            self.triggers.append(Trigger(self.n_done + index, self.earliest))
            self.earliest = self.n_done + index + self.plan.n_sta
        self.sta, self.lta = float(sta[-1]), lta_end
        self.n_learnt += len(raw)
        self.n_blind = max(self.n_blind - len(raw), 0)
        self.n_done += len(raw)
        self.recent = np.concatenate((self.recent, raw))
        picks = self.read_onsets(ended=False)
        self.recent = self.recent[-self.plan.n_recent :].copy()
        return picks

    def _trigger_starts(self, sta: Floats, state: Bools) -> list[int]:
        found: list[int] = []
        for start, stop in intervals(state):
            if start > 0 or self.growth is None:
                found.append(start)
                self.growth = self.new_growth()
            while (again := self.growth.first(sta[start:stop])) is not None:
                start += again
                found.append(start)
                self.growth = self.new_growth()
        if not state[-1]:
            self.growth = None
        return found

    def read_onsets(self, *, ended: bool) -> list[Pick]:
        """Picks of the triggers whose window is complete: full, or cut off by the segment's end."""
        n_after = self.plan.n_after
        ready = [t for t in self.triggers if ended or t.at + n_after <= self.n_done]
        self.triggers = [] if ended else self.triggers[len(ready) :]
        picks = (self._pick(trigger) for trigger in ready)
        return [pick for pick in picks if pick is not None]

    def _pick(self, trigger: Trigger) -> Pick | None:
        plan = self.plan
        stop = min(trigger.at + plan.n_after, self.n_done)
        if stop - trigger.at < plan.n_sta:
            return None  # right before a gap: more often the failing link than an earthquake
        oldest = self.n_done - len(self.recent)
        start = max(trigger.at - plan.n_before, trigger.earliest, oldest)
        run_in = max(start - plan.n_run_in, oldest)
        onset = find_onset(self.recent[run_in - oldest : stop - oldest], start - run_in, plan)
        if onset is None:
            return None
        return Pick(
            onset_ns=self._time_ns(start + onset.index),
            source_id=self.source_id,
            phase="P",
            method=METHOD,
            version=VERSION,
            uncertainty_s=max(onset.spread, 0.5) / plan.rate_hz,
            snr=onset.snr,
            band=plan.band,
            trigger_ns=self._time_ns(trigger.at),
        )

    def _time_ns(self, number: int) -> int:
        return self.grid_ns + samples_ns(number, self.plan.rate_hz)
