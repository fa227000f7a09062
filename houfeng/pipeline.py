"""THE data path: packets in; picks, events and health into the store. Live, replay and tests walk it alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from database.store import Store
from database.unit import UnitOfWork
from detection.association.associator import Associator, EventChanges
from detection.detector import Detector
from detection.inspection.looking import Lookout
from detection.location.locator import Locator
from houfeng.types import Cursor, Event, Packet, Pick, SourceId

Also = Callable[[UnitOfWork], None]


@dataclass(slots=True)
class _Unsaved:
    """What was found since the last commit; kept over a failed one and committed with the next."""

    picks: list[Pick] = field(default_factory=list)
    events: dict[str, Event] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    states: dict[SourceId, bytes] = field(default_factory=dict)
    cursors: dict[str, dict[str, Cursor]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.picks or self.events or self.withdrawn or self.states or self.cursors)


# Events that may still change are far fewer; older ones are not counted again.
_COUNTED = 10_000


class Pipeline:
    """Detection joined to the store, for one run.

    Parameters
    ----------
    detector, associator : fresh, or restored to where the run stopped
    locator : gives events their origins
    lookout : looks at the waveforms of events; without one they keep the origins that their P onsets tell
    store : receives picks, events, detector states and cursors, all of one `feed` in one transaction
    run_id : the run they belong to; it must be saved already
    clock : what time it is, ns UTC, for the history of events: when and why they change. None for no history: events of
        a live run are seen while they change; a replay forgets what it did not find in the end

    Attributes
    ----------
    n_picks, n_events : found by this pipeline; events that were withdrawn are not counted
    """

    def __init__(
        self,
        detector: Detector,
        associator: Associator,
        locator: Locator,
        store: Store,
        run_id: str,
        lookout: Lookout | None = None,
        *,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._detector = detector
        self._associator = associator
        self._locator = locator
        self._lookout = lookout
        self._store = store
        self._run_id = run_id
        self._clock = clock
        self._unsaved = _Unsaved()
        self._known: set[SourceId] = set()
        self._counted: dict[str, None] = {}
        self.n_picks = 0
        self.n_events = 0

    def feed(self, packets: Sequence[Packet], cursors: Mapping[str, Mapping[str, Cursor]] | None = None) -> None:
        """Detect on packets and save what they bring.

        Feeding a packet again changes nothing. A failed commit loses nothing: its content is saved by the next one,
        or, when the process ends before, found again in the archive behind the last saved detector state.

        Parameters
        ----------
        packets : in order for each stream, already in the archive when they come from a server
        cursors : server -> station id -> how far the packets reach; saved with what they brought

        Raises
        ------
        StoreError : if the store cannot be reached
        """
        self.detect(packets, cursors)
        self.commit()

    def detect(self, packets: Sequence[Packet], cursors: Mapping[str, Mapping[str, Cursor]] | None = None) -> None:
        """Detect on packets; the next `commit` saves what they bring. Parameters as of `feed`."""
        if self._lookout is not None:
            self._lookout.observe(packets)
        self._collect(self._detector.feed(packets))
        self.look()
        for server, at in (cursors or {}).items():
            self._unsaved.cursors.setdefault(server, {}).update(at)
        streams = {packet.source_id for packet in packets}
        if not streams <= self._known:
            # A stream without a saved state would be read again from its beginning after a crash.
            self._known |= streams
            self.keep_states()

    def take(self, picks: Sequence[Pick], heard: Sequence[Packet], states: Mapping[SourceId, bytes]) -> None:
        """Go on with what others have detected; the next `commit` saves what it brings.

        Parameters
        ----------
        picks : of all channels up to a time, none of them before what was taken
        heard : the latest record of each channel
        states : of the channels' detection behind them
        """
        if self._lookout is not None:
            self._lookout.observe(heard)
        self._collect(picks)
        while self.look():
            pass
        self._unsaved.states.update(states)

    def looks(self) -> dict[str, Any]:
        """Where it is with the looks at events, as JSON can hold it: `warm` takes the ids of its "entries"."""
        return {"entries": {}} if self._lookout is None else self._lookout.snapshot()

    def go_on_looking(self, looks: Mapping[str, Any]) -> None:
        """After `warm`: look at events when the pipeline would have that gave `looks`."""
        if self._lookout is not None:
            self._lookout.restore(looks)

    def look(self) -> bool:
        """Look at some of the events whose waveforms are there; whether there were any. `commit` saves them."""
        if self._lookout is None:
            return False
        events = list(self._lookout.looked_at())
        self._publish(events)
        return bool(events)

    def look_at_all(self) -> bool:
        """Look at every event that still waits for data, with those there are; whether there were any.

        More of them will have it looked at again. `commit` saves what that brings.
        """
        events = [] if self._lookout is None else list(self._lookout.finish())
        self._publish(events)
        return bool(events)

    def finish(self) -> None:
        """The data have ended: look at every event that still waits for more of them, and save what that brings.

        Raises
        ------
        StoreError : if the store cannot be reached
        """
        self.look_at_all()
        self.commit()

    @property
    def vetoed(self) -> dict[str, int]:
        """Triggers that were no onsets, by reason, of all channels."""
        total: Counter[str] = Counter()
        for counts in self.vetoed_by_channel.values():
            total.update(counts)
        return dict(total)

    @property
    def vetoed_by_channel(self) -> Mapping[SourceId, Mapping[str, int]]:
        """The same of each channel."""
        return self._detector.vetoed

    @property
    def has_history_to_save(self) -> bool:
        """Whether events have changed: a revision has the time of the `commit` that saves it."""
        return self._clock is not None and bool(self._unsaved.events or self._unsaved.withdrawn)

    @property
    def n_unsaved_picks(self) -> int:
        """Picks that wait for the store."""
        return len(self._unsaved.picks)

    def warm(self, picks: Iterable[Pick], event_ids: Collection[str] = ()) -> None:
        """Tell a fresh associator the picks that the run saved before it was restarted.

        Parameters
        ----------
        picks : in any order
        event_ids : saved events that may not have been looked at to the end: those that are the picks' as well are
            looked at again
        """
        changes = self._associator.add(picks)
        if self._lookout is not None:
            for event_id in changes.withdrawn:
                self._lookout.drop(event_id)
            for event in changes.events:
                if event.public_id in event_ids:
                    self._lookout.note(self._locator.locate(event))

    def checkpoint(self, also: Also | None = None) -> None:
        """Save the detector's state, so that a restart reads little of the archive again.

        Parameters
        ----------
        also : writes of the same transaction

        Raises
        ------
        StoreError : if the store cannot be reached
        """
        self.keep_states()
        self.commit(also)

    def keep_states(self) -> None:
        """Let the next `commit` save the detector's state, as `checkpoint` does."""
        self._unsaved.states.update(self._detector.snapshot())

    def commit(self, also: Also | None = None) -> bool:
        """Save what is unsaved, in one transaction; whether there was anything.

        Parameters
        ----------
        also : writes of the same transaction

        Raises
        ------
        StoreError : if the store cannot be reached
        """
        if not self._unsaved and also is None:
            return False

        def save(unit: UnitOfWork) -> None:
            self._save(unit)
            if also is not None:
                also(unit)

        self._store.run(save)
        self._unsaved = _Unsaved()
        return True

    def _collect(self, picks: Sequence[Pick]) -> None:
        changes = self._associator.add(picks)
        self._unsaved.picks += picks
        self._count(picks, changes)
        for event_id in changes.withdrawn:
            self._unsaved.events.pop(event_id, None)
            self._unsaved.withdrawn.add(event_id)
            if self._lookout is not None:
                self._lookout.drop(event_id)
        for event in changes.events:
            located = self._locator.locate(event)
            self._publish([located])
            if self._lookout is not None:
                self._lookout.note(located)

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self._unsaved.events[event.public_id] = event
            self._unsaved.withdrawn.discard(event.public_id)

    def _count(self, picks: Sequence[Pick], changes: EventChanges) -> None:
        self.n_picks += len(picks)
        for event_id in changes.withdrawn:
            if event_id in self._counted:
                del self._counted[event_id]
                self.n_events -= 1
        for event in changes.events:
            if event.public_id not in self._counted:
                self._counted[event.public_id] = None
                self.n_events += 1
        while len(self._counted) > _COUNTED:
            del self._counted[next(iter(self._counted))]

    def _save(self, unit: UnitOfWork) -> None:
        unsaved = self._unsaved
        unit.save_picks(self._run_id, unsaved.picks)
        events = unsaved.events.values()
        if self._clock is not None and (events or unsaved.withdrawn):
            unit.note_revisions(self._run_id, events, unsaved.withdrawn, self._clock())
        unit.withdraw_events(self._run_id, unsaved.withdrawn)
        unit.save_picks(self._run_id, [pick for event in events for pick in event.picks if pick.phase == "S"])
        unit.save_events(self._run_id, events)
        unit.save_detector_states(self._run_id, unsaved.states)
        for server, cursors in unsaved.cursors.items():
            unit.save_cursors(server, cursors)
