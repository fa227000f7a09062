"""Which events are to be looked at now: when their waveforms are there, and again when more of them come.

When an event is looked at never changes what is found in the end: it is looked at again as long as a packet comes
that has samples of its windows, and then all the records there are decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Any

from detection.inspection.settings import InspectionSettings
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Event, Packet, SourceId

Spans = Mapping[SourceId, tuple[int, int]]

_NEVER_NS = -(2**63)
# So often in data time an event that waits for the end of its longest window is looked at before.
_STEP_NS = 20 * NS_PER_S


class Stage(IntEnum):
    """What an event waits for."""

    S = 0  # waveforms until S can be read
    ALL = 1  # all of its waveforms
    LATER = 2  # some data time: what comes late seldom comes alone
    NOTHING = 3


@dataclass(slots=True, eq=False)
class Entry:
    """An event with P onsets alone, and what it waits for.

    Parameters
    ----------
    needed_ns : by channel until when waveforms are needed for S, ns UTC
    spans : by channel from when to when waveforms count, ns UTC
    latest_ns : data time at which it is looked at with what there is, ns UTC
    again_ns : data time of another look before that, ns UTC
    was_looked_at : an earlier look is published: another waits for nothing
    n_failures : looks in a row that could not read waveforms
    """

    event: Event
    needed_ns: dict[SourceId, int]
    spans: dict[SourceId, tuple[int, int]]
    latest_ns: int
    again_ns: int = 2**63
    stage: Stage = Stage.S
    was_looked_at: bool = False
    n_failures: int = 0


class Agenda:
    """Events and the data that they wait for. Bounded: older ones are forgotten once nothing is to be done for them.

    Parameters
    ----------
    settings : of inspection
    memory_s : events older than this, against data time, are not looked at again
    min_stations : stations that must have reached a time before others are taken for silent
    """

    def __init__(self, settings: InspectionSettings, *, memory_s: float, min_stations: int) -> None:
        self._wait_ns = seconds_ns(settings.wait_s)
        self._memory_ns = seconds_ns(memory_s)
        self._min_stations = min_stations
        self._newest_ns: dict[SourceId, int] = {}
        self._station_ns: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        self._pending: dict[str, None] = {}
        self._by_onset: list[tuple[int, str]] = []  # a heap; of those that were dropped or noted anew too
        self._of_channel: dict[SourceId, dict[str, Entry]] = {}
        self._reach_ns: dict[SourceId, int] = {}

    def observe(self, packets: Iterable[Packet]) -> None:
        """Note how far the data of each stream are, and which events these packets come late for."""
        for packet in packets:
            if not packet.n_samples:
                continue
            source_id, next_ns = packet.source_id, packet.next_ns
            if next_ns > self._newest_ns.get(source_id, _NEVER_NS):
                self._newest_ns[source_id] = next_ns
                station_id = source_id.station_id
                self._station_ns[station_id] = max(next_ns, self._station_ns.get(station_id, _NEVER_NS))
            reach_ns = self._reach_ns.get(source_id, _NEVER_NS)
            if packet.start_ns < reach_ns:
                for record in packet.records:
                    if record.start_ns < reach_ns:
                        self._come_late(source_id, record.start_ns, record.next_ns)

    def note(self, event: Event, s_spans: Spans, spans: Spans) -> None:
        """Take in an event, or that its P onsets are others now.

        Parameters
        ----------
        event : located with its P onsets alone
        s_spans, spans : of the channels to be read, for S and for all else; channels that there are not may be among
            them
        """
        before = self._entries.get(event.public_id)
        self.drop(event.public_id)
        needed_ns = {channel: span[1] for channel, span in s_spans.items()}
        end_ns = max((span[1] for each in (s_spans, spans) for span in each.values()), default=event.first_onset_ns)
        entry = Entry(event, needed_ns, {}, end_ns + self._wait_ns)
        entry.was_looked_at = before is not None and before.was_looked_at
        self._entries[event.public_id] = entry
        self._pending[event.public_id] = None
        heappush(self._by_onset, (event.first_onset_ns, event.public_id))
        for each in (s_spans, spans):
            self._widen(entry, each)

    def drop(self, event_id: str) -> None:
        """Forget an event."""
        entry = self._entries.pop(event_id, None)
        self._pending.pop(event_id, None)
        for channel in () if entry is None else entry.spans:
            of_channel = self._of_channel[channel]
            del of_channel[event_id]
            if not of_channel:
                del self._of_channel[channel], self._reach_ns[channel]

    def due(self) -> list[Entry]:
        """Events to look at now, earliest first."""
        if not self._pending:
            return []
        now_ns = self.now_ns()
        return [entry for entry in self.pending() if self._is_due(entry, now_ns)]

    def pending(self) -> list[Entry]:
        """Every event that will be due, earliest first: at the end of the data there is nothing to wait for."""
        return sorted((self._entries[each] for each in self._pending), key=lambda entry: entry.event.first_onset_ns)

    def looked_at(self, entry: Entry, spans: Spans) -> None:
        """An event was looked at with the waveforms there are.

        Parameters
        ----------
        spans : what was read of it, which its new origin may have moved
        """
        self._widen(entry, spans)
        entry.was_looked_at, entry.n_failures = True, 0
        now_ns = self.now_ns()
        if now_ns >= entry.latest_ns or self._has_all(entry):
            self.give_up(entry)
        else:
            entry.stage, entry.again_ns = Stage.ALL, now_ns + _STEP_NS

    def give_up(self, entry: Entry) -> None:
        """Do not look at an event again unless it changes or more data come."""
        entry.stage = Stage.NOTHING
        self._pending.pop(entry.event.public_id, None)
        oldest_ns = self.now_ns() - self._memory_ns
        old = [entry.event.public_id]
        while self._by_onset and self._by_onset[0][0] < oldest_ns:
            old.append(heappop(self._by_onset)[1])
        for event_id in old:  # those that are pending are dropped when they are given up
            other = self._entries.get(event_id)
            if other and other.event.first_onset_ns < oldest_ns and event_id not in self._pending:
                self.drop(event_id)

    def postpone(self, entry: Entry) -> None:
        """The waveforms of an event could not be read: again later, each time twice as late."""
        entry.stage = Stage.LATER
        entry.latest_ns = self.now_ns() + (self._wait_ns << min(entry.n_failures, 4))
        entry.n_failures += 1

    def now_ns(self) -> int:
        """Data time: what at least half of the stations have reached that are not silent.

        Silent are those whose data end more than `memory_s` before what `min_stations` others have.
        """
        reached = sorted(self._station_ns.values(), reverse=True)
        if not reached:
            return _NEVER_NS
        newest_ns = reached[min(self._min_stations, len(reached)) - 1]
        active = [each for each in reached if each >= newest_ns - self._memory_ns]
        return active[len(active) // 2]

    def snapshot(self) -> dict[str, Any]:
        """What `restore` needs besides the events to go on as this one would; JSON can hold it."""
        return {
            "reached": {str(channel): reached_ns for channel, reached_ns in self._newest_ns.items()},
            "pending": [*self._pending],
            "entries": {event_id: _told(entry) for event_id, entry in self._entries.items()},
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Bring a fresh one, to which the snapshot's events were noted as they were, to where the other was."""
        for name, reached_ns in snapshot["reached"].items():
            source_id = SourceId.parse(name)
            self._newest_ns[source_id] = reached_ns
            self._station_ns[source_id.station_id] = max(
                reached_ns, self._station_ns.get(source_id.station_id, _NEVER_NS)
            )
        for event_id, told in snapshot["entries"].items():
            entry = self._entries[event_id]
            entry.latest_ns, entry.again_ns, entry.n_failures = told["latest_ns"], told["again_ns"], told["n_failures"]
            entry.stage, entry.was_looked_at = Stage(told["stage"]), told["was_looked_at"]
            self._widen(entry, {SourceId.parse(name): (start, end) for name, (start, end) in told["spans"].items()})
        self._pending = dict.fromkeys(snapshot["pending"])

    @property
    def n_remembered(self) -> int:
        """Events that late data would have looked at again."""
        return len(self._entries)

    def _is_due(self, entry: Entry, now_ns: int) -> bool:
        if now_ns >= entry.latest_ns:
            return True
        if entry.stage is Stage.S:
            return entry.was_looked_at or self._has(entry.needed_ns)
        return entry.stage is Stage.ALL and (now_ns >= entry.again_ns or self._has_all(entry))

    def _has_all(self, entry: Entry) -> bool:
        return self._has({channel: end_ns for channel, (_, end_ns) in entry.spans.items()})

    def _has(self, needed_ns: Mapping[SourceId, int]) -> bool:
        """Whether every channel of these that ever sent anything has come so far."""
        return all(self._newest_ns.get(channel, end_ns) >= end_ns for channel, end_ns in needed_ns.items())

    def _widen(self, entry: Entry, spans: Spans) -> None:
        for channel, (start_ns, end_ns) in spans.items():
            first_ns, last_ns = entry.spans.get(channel, (start_ns, end_ns))
            entry.spans[channel] = min(start_ns, first_ns), max(end_ns, last_ns)
            self._of_channel.setdefault(channel, {})[entry.event.public_id] = entry
            self._reach_ns[channel] = max(end_ns, self._reach_ns.get(channel, _NEVER_NS))

    def _come_late(self, source_id: SourceId, start_ns: int, end_ns: int) -> None:
        for event_id, entry in self._of_channel[source_id].items():
            first_ns, last_ns = entry.spans[source_id]
            if entry.stage is Stage.NOTHING and start_ns < last_ns and end_ns > first_ns:
                entry.stage, entry.latest_ns = Stage.LATER, self.now_ns() + self._wait_ns
                self._pending[event_id] = None


def _told(entry: Entry) -> dict[str, Any]:
    """What is known of an event's looks; its spans are noted with the event, but where a look widened them."""
    told = {name: getattr(entry, name) for name in ("latest_ns", "again_ns", "was_looked_at", "n_failures")}
    spans = {str(channel): span for channel, span in entry.spans.items()} if entry.was_looked_at else {}
    return told | {"stage": int(entry.stage), "spans": spans}
