"""One channel's memory between blocks, and the picks that come of its triggers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detection.bank import Bank
from detection.blocks import NEVER, Chunk
from detection.matrices import Floats
from detection.onset.frames import Frame
from detection.onset.p import find_onsets
from detection.plan import Plan
from detection.search import Found
from detection.trigger import Bools, Growth, intervals
from detection.vetoes import Veto, glitch_veto
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Pick, SourceId

METHOD = "AR-AIC"
VERSION = 2

_HOUR_NS = 3600 * NS_PER_S
_MOST_PIECES = 16  # joining the pieces costs more than keeping some that are not needed any more


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger whose onset is still to be read; sample numbers on the grid.

    Parameters
    ----------
    at : where it started
    earliest : where its window may start: after a gap and after the trigger before it
    band : number of the band that triggered
    lta : long-term average of that band where it started
    """

    at: int
    earliest: int
    band: int
    lta: float


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A trigger whose window is complete, with all that its pick will say: the channel may go on.

    Parameters
    ----------
    frame : the samples
    source_id : channel
    grid_ns, start : the grid, ns UTC, and the number of the window's first sample on it
    is_near_gap : the segment starts or ends inside the window
    band, trigger_ns : name of the band that triggered, and when, ns UTC
    trigger_rate_h : triggers of this channel in the hour before this one
    """

    frame: Frame
    source_id: SourceId
    grid_ns: int
    start: int
    is_near_gap: bool
    band: str
    trigger_ns: int
    trigger_rate_h: float


def read(readings: Sequence[Reading], plan: Plan) -> list[Pick]:
    """Picks of triggers whose windows are complete; none for a window without an onset.

    Parameters
    ----------
    readings : of channels with this plan; many at once are read faster, with the same picks
    """
    onsets = find_onsets([reading.frame for reading in readings], plan)
    return [
        Pick(
            onset_ns=reading.grid_ns + samples_ns(reading.start + onset.index, plan.rate_hz),
            source_id=reading.source_id,
            phase="P",
            method=METHOD,
            version=VERSION,
            uncertainty_s=onset.uncertainty_s,
            snr=onset.snr,
            band=reading.band,
            trigger_ns=reading.trigger_ns,
            polarity=onset.polarity,
            spread_s=onset.spread_s,
            is_clipped=onset.is_clipped,
            is_near_gap=reading.is_near_gap,
            trigger_rate_h=reading.trigger_rate_h,
        )
        for reading, onset in zip(readings, onsets, strict=True)
        if onset is not None
    ]


@dataclass(slots=True)
class Channel:
    """State of one channel between two chunks.

    Parameters
    ----------
    source_id : whose
    bank, row : where its filters and averages are
    growth : of the trigger that lasts, None if none does
    grid_ns, n_done : the grid, and the number of the next sample to be filtered
    recent : counts, in pieces; the raw samples before `n_done` that a window may still need, and some more
    segment : number of the segment's first sample
    earliest : number of the sample where the next trigger's window may start
    triggers : waiting for their window to be complete
    triggered_ns : times of the latest triggers that no veto refused, ns UTC: those of an hour, and some more
    vetoed : how many triggers were refused for which reason
    """

    source_id: SourceId
    bank: Bank
    row: int
    growth: Growth | None = None
    grid_ns: int = 0
    n_done: int = 0
    recent: list[Floats] = field(default_factory=list)
    segment: int = 0
    earliest: int = 0
    triggers: list[Trigger] = field(default_factory=list)
    triggered_ns: list[int] = field(default_factory=list)
    vetoed: Counter[str] = field(default_factory=Counter)

    @property
    def plan(self) -> Plan:
        """Of the channel's sampling rate."""
        return self.bank.plan

    def new_growth(self, n_on: int = 0, peaks: Floats | None = None) -> Growth:
        """What watches a trigger for a larger shock; parameters as in `Growth`."""
        return Growth(self.plan.n_rearm, self.plan.rearm_factor, n_on, np.empty(0) if peaks is None else peaks)

    def begin(self, chunk: Chunk) -> list[Reading]:
        """Start the segment that begins with this chunk; windows of the one before end where it ended."""
        readings = self.due(ended=True)
        bank, row, plan = self.bank, self.row, self.plan
        is_new = chunk.gap == NEVER or (chunk.gap or 0) > plan.settings.keep_lta_s * plan.rate_hz
        if is_new:
            bank.lta[row] = 0.0
            bank.n_learnt[row] = 0
        for windows in bank.windows.get(row, ()):
            windows.restart(plan, forget=is_new)
        bank.sta[row] = 0.0
        bank.n_blind[row] = plan.n_hold_off
        bank.is_on[row], self.growth = False, None
        bank.filters[row] = plan.rest * chunk.samples[0]  # as if the first value had always been there
        self.grid_ns = chunk.grid_ns
        self.n_done = self.segment = self.earliest = chunk.first
        self.recent = []
        return readings

    def note(self, found: Found) -> None:
        """Keep the triggers that start in a stretch of the samples that `advance` will take in."""
        for index in self._trigger_starts(found.sta, found.is_on):
            at = self.n_done + found.first + index
            band = found.band(index)
            self.triggers.append(Trigger(at, self.earliest, band, float(found.ltas[band][index])))
            self.earliest = at + self.plan.n_sta

    def advance(self, raw: Floats) -> list[Reading]:
        """Take in one chunk whose triggers are noted: (n,) counts."""
        self.n_done += len(raw)
        self.recent.append(raw)
        readings = self.due(ended=False) if self.triggers else []
        if len(self.recent) > _MOST_PIECES or len(raw) > self.plan.n_recent:
            self.recent = [self.last_samples()]
        return readings

    def last_samples(self) -> Floats:
        """The raw samples before `n_done` that a window may still need: (k,) counts."""
        n_missing, kept = self.plan.n_recent, [np.empty(0)]
        for piece in reversed(self.recent):  # from the end: a replay's last piece may be a day long
            kept.insert(1, piece[max(len(piece) - n_missing, 0) :])
            n_missing -= len(kept[1])
            if not n_missing:
                break
        return np.concatenate(kept)

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

    def due(self, *, ended: bool) -> list[Reading]:
        """The triggers whose window is complete: full, or cut off by the segment's end."""
        n_after = self.plan.n_after
        ready = [t for t in self.triggers if ended or t.at + n_after <= self.n_done]
        self.triggers = [] if ended else self.triggers[len(ready) :]
        readings = (self._reading(trigger) for trigger in ready)
        return [reading for reading in readings if reading is not None]

    def _reading(self, trigger: Trigger) -> Reading | None:
        plan = self.plan
        stop = min(trigger.at + plan.n_after, self.n_done)
        if stop - trigger.at < plan.n_sta:
            self.vetoed[Veto.GAP] += 1
            return None
        recent = self.recent[0] if len(self.recent) == 1 else np.concatenate(self.recent)
        self.recent = [recent]
        oldest = self.n_done - len(recent)
        wanted = trigger.at - plan.n_before
        start = max(wanted, trigger.earliest, oldest)
        run_in = max(wanted - plan.n_run_in, oldest)
        frame = Frame(recent[run_in - oldest : stop - oldest], start - run_in, trigger.at - run_in, trigger.band)
        is_near_gap = wanted < self.segment or stop < trigger.at + plan.n_after
        band, trigger_ns = plan.bands[trigger.band], self._time_ns(trigger.at)
        if veto := glitch_veto(frame.samples, frame.trigger, trigger.lta, plan, band):
            self.vetoed[veto] += 1
            return None
        rate_h = self._triggers_before(trigger_ns)
        self.triggered_ns.append(trigger_ns)
        return Reading(frame, self.source_id, self.grid_ns, start, is_near_gap, band.name, trigger_ns, rate_h)

    def _triggers_before(self, trigger_ns: int) -> float:
        """Triggers in the hour before one; older ones are forgotten."""
        self.triggered_ns = [at_ns for at_ns in self.triggered_ns if trigger_ns - at_ns < _HOUR_NS]
        return float(len(self.triggered_ns))

    def _time_ns(self, number: int) -> int:
        return self.grid_ns + samples_ns(number, self.plan.rate_hz)
