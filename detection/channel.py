"""One channel's memory between blocks, and the triggers that it finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from detection.aftermath import Aftermath, Trigger, aftermath
from detection.bank import Bank
from detection.blocks import NEVER, Chunk
from detection.closely import Found
from detection.onset.frames import Frame
from detection.plan import Plan
from detection.readings import Reading
from detection.trigger import Starts
from detection.vetoes import Refusal, Veto, refuse
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Samples, SourceId

_HOUR_NS = 3600 * NS_PER_S
_MOST_PIECES = 16  # joining the pieces costs more than keeping some that are not needed any more


@dataclass(slots=True)
class Channel:
    """State of one channel between two chunks.

    Parameters
    ----------
    source_id : whose
    bank, row : where its filters and averages are
    starts : of its triggers
    grid_ns, n_done : the grid, and the number of the next sample to be filtered
    recent : counts, in pieces; the raw samples before `n_done` that a window may still need, and some more
    segment : number of the segment's first sample
    earliest : number of the sample where the next trigger's window may start: after a gap, and the trigger before it
    triggers : waiting for their window to be complete, earliest first
    aftermath : of the latest artefact, as long as it is not forgotten
    triggered_ns : times of the latest triggers that no veto refused, ns UTC: those of an hour, and some more
    vetoed : how many triggers were refused for which reason
    """

    source_id: SourceId
    bank: Bank
    row: int
    starts: Starts = field(init=False)
    grid_ns: int = 0
    n_done: int = 0
    recent: list[Samples] = field(default_factory=list)
    segment: int = 0
    earliest: int = 0
    triggers: list[Trigger] = field(default_factory=list)
    aftermath: Aftermath | None = None
    triggered_ns: list[int] = field(default_factory=list)
    vetoed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.starts = self.new_starts()

    @property
    def plan(self) -> Plan:
        """Of the channel's sampling rate."""
        return self.bank.plan

    def new_starts(self) -> Starts:
        """What finds this channel's triggers."""
        return Starts(self.plan.n_rearm, self.plan.rearm_factor, self.plan.n_dead)

    def begin(self, chunk: Chunk) -> list[Reading]:
        """Start the segment that begins with this chunk; windows of the one before end where it ended."""
        readings = self.due(ended=True)
        if self.aftermath is not None:  # the noise level goes on behind the gap, without the artefact
            self.bank.lta[self.row] = self.aftermath.lta
            self.aftermath = None
        bank, row, plan = self.bank, self.row, self.plan
        is_new = chunk.gap == NEVER or (chunk.gap or 0) > plan.settings.keep_lta_s * plan.rate_hz
        if is_new:
            bank.lta[row] = 0.0
            bank.n_learnt[row] = 0
        for windows in bank.windows.get(row, ()):
            windows.restart(plan, forget=is_new)
        bank.sta[row] = 0.0
        bank.n_blind[row] = plan.n_hold_off
        bank.is_on[row] = False
        self.starts.begin(self.n_done, chunk.first, max(chunk.gap or 0, 0))
        bank.filters[row] = plan.rest * chunk.samples[0]  # as if the first value had always been there
        bank.tails.pop(row, None)
        self.grid_ns = chunk.grid_ns
        self.n_done = self.segment = self.earliest = chunk.first
        self.recent = []
        return readings

    def note(self, found: Found) -> None:
        """Keep the triggers that start in a stretch of the samples that `advance` will take in."""
        first = self.n_done + found.first
        masked = 0 if self.aftermath is None else self.aftermath.end
        for at in self.starts.find(first, found.sta, found.spans):
            if at >= masked:
                self.triggers.append(Trigger(at, *found.at(at - first)))

    def advance(self, raw: Samples) -> list[Reading]:
        """Take in one chunk whose triggers are noted: (n,) counts."""
        if self.aftermath is not None:
            self.triggers += self.aftermath.advance(self.n_done, raw)
            self.triggers.sort(key=lambda trigger: trigger.at)
        self.n_done += len(raw)
        self.recent.append(raw)
        readings = self.due(ended=False) if self.triggers else []
        if self.aftermath is not None and self.aftermath.end <= self.n_done:
            self.aftermath = None
        if len(self.recent) > _MOST_PIECES or len(raw) > self.plan.n_recent:
            self.recent = [self.last_samples()]
        return readings

    def last_samples(self) -> Samples:
        """The raw samples before `n_done` that a window may still need: (k,) counts."""
        n_missing, kept = self.plan.n_recent, self.recent[:0]
        for piece in reversed(self.recent):  # from the end: a replay's last piece may be a day long
            kept.insert(0, piece[max(len(piece) - n_missing, 0) :])
            n_missing -= len(kept[0])
            if not n_missing:
                break
        return np.concatenate(kept) if kept else np.empty(0)

    def due(self, *, ended: bool) -> list[Reading]:
        """The triggers whose window is complete: full, or cut off by the segment's end."""
        readings = []
        while self.triggers and (ended or self.triggers[0].at + self.plan.n_after <= self.n_done):
            reading = self._reading(self.triggers.pop(0))
            readings += [] if reading is None else [reading]
        return readings

    def _reading(self, trigger: Trigger) -> Reading | None:
        """What a pick will say; None if the trigger is refused."""
        plan = self.plan
        earliest, self.earliest = self.earliest, trigger.at + plan.n_sta
        stop = min(trigger.at + plan.n_after, self.n_done)
        recent = self.recent[0] if len(self.recent) == 1 else np.concatenate(self.recent)
        self.recent = [recent]
        oldest = self.n_done - len(recent)
        wanted = trigger.at - plan.n_before
        start = max(wanted, earliest, oldest)
        run_in = max(wanted - plan.n_run_in, oldest)
        samples = recent[run_in - oldest : stop - oldest].astype(np.float64)
        frame = Frame(samples, start - run_in, trigger.at - run_in, trigger.band)
        if refusal := self._refusal(frame, trigger):
            self.vetoed[refusal.veto] += 1
            self._mask(refusal, run_in, trigger)
            return None
        trigger_ns = self._time_ns(trigger.at)
        rate_h = self._triggers_before(trigger_ns)
        self.triggered_ns.append(trigger_ns)
        is_near_gap = wanted < self.segment or stop < trigger.at + plan.n_after
        band = plan.bands[trigger.band].name
        return Reading(frame, self.source_id, self.grid_ns, start, is_near_gap, band, trigger_ns, rate_h)

    def _refusal(self, frame: Frame, trigger: Trigger) -> Refusal | None:
        plan, at = self.plan, frame.trigger
        if len(frame.samples) - at < plan.n_sta:
            return Refusal(Veto.GAP, frame.samples)
        return refuse(frame.samples, at, trigger.ltas[trigger.band], plan, trigger.band)

    def _mask(self, refusal: Refusal, first: int, trigger: Trigger) -> None:
        """Go on as if what was refused had not been; `first` is the number of its first sample."""
        n, oldest = len(refusal.copy), self.n_done - len(self.recent[0])
        stop = first + n
        self.triggers = [later for later in self.triggers if later.at >= stop]
        raw = self.recent[0][first - oldest : stop - oldest]
        copy = refusal.copy + (raw[-1] - refusal.copy[-1])
        following = aftermath(raw, copy, first, trigger, self.plan)
        if following is None:
            return
        if following.held_until == following.begin:
            self.recent = [np.concatenate((self.recent[0][: first - oldest], copy, self.recent[0][stop - oldest :]))]
        if self.aftermath is not None:
            following.end = max(following.end, self.aftermath.end)
        self.aftermath = following
        self.triggers = [later for later in self.triggers if later.at >= following.end]
        self.triggers += following.advance(stop, self.recent[0][stop - oldest :])
        self.triggers.sort(key=lambda later: later.at)

    def _triggers_before(self, trigger_ns: int) -> float:
        """Triggers in the hour before one; older ones are forgotten."""
        self.triggered_ns = [at_ns for at_ns in self.triggered_ns if trigger_ns - at_ns < _HOUR_NS]
        return float(len(self.triggered_ns))

    def _time_ns(self, number: int) -> int:
        return self.grid_ns + samples_ns(number, self.plan.rate_hz)
