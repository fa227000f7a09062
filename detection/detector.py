"""Many channels, streaming: packets in, picks out."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import groupby

import numpy as np

from detection.bank import Bank
from detection.blocks import Blocker, Chunk
from detection.channel import Channel
from detection.engine import advance
from detection.plan import Plan, plan_for
from detection.readings import read
from detection.settings import DetectionSettings
from detection.snapshot import pack, unpack
from houfeng.errors import WindowError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, Pick, SourceId

log = logging.getLogger(__name__)

_LONG = 16_384  # samples; to copy them costs more than to search them by themselves
SAME_RATE = 1e-4  # headers round the rate: 100 Hz is also written as 99.9998


@dataclass(slots=True)
class _Stream:
    blocker: Blocker
    channel: Channel
    queue: deque[Chunk] = field(default_factory=deque)

    def next_chunk(self) -> Chunk:
        """All that waits of the oldest segment, but nothing is put behind what is long already."""
        chunk = self.queue.popleft()
        parts = [chunk.samples]
        while self.queue and self.queue[0].gap is None and len(parts[-1]) < _LONG:
            parts.append(self.queue.popleft().samples)
        return chunk if len(parts) == 1 else replace(chunk, samples=np.concatenate(parts))


class Detector:
    """Watches the channels that the settings name and reads the onsets of what triggers.

    What comes out depends on each channel's samples and times alone: not on how they were cut into packets, how
    many packets come at once, in which order the channels take turns, or when anything arrived. A trigger's onset
    is read once its window is complete, so one in the last seconds of a record is never picked, live or replayed.

    Parameters
    ----------
    settings : of detection
    by_rows : filter channels in a way that suits long records: few channels, or a replay. It gives the same triggers
        (the last bits of a ratio differ, so one of 10^11 might start a sample later)
    """

    def __init__(self, settings: DetectionSettings, *, by_rows: bool = False) -> None:
        self._settings = settings
        self._banks: dict[Plan, Bank] = {}
        self._streams: dict[SourceId, _Stream] = {}
        self._watched: dict[SourceId, bool] = {}
        self._unusable: dict[SourceId, str] = {}
        self._changed: set[SourceId] = set()
        self._waiting: dict[SourceId, _Stream] = {}
        self._by_rows = by_rows

    @property
    def engine(self) -> str:
        """How channels are filtered: in `tiles` of many channels, or as `rows` of a table."""
        return "rows" if self._by_rows else "tiles"

    @property
    def unusable(self) -> Mapping[SourceId, str]:
        """Watched channels that cannot be searched, with the reason."""
        return dict(self._unusable)

    @property
    def vetoed(self) -> Mapping[SourceId, Mapping[str, int]]:
        """How many triggers of each channel were no onsets, by reason: `detection.vetoes.Veto`."""
        streams = list(self._streams.items())  # another thread may ask
        return {key: dict(stream.channel.vetoed) for key, stream in streams if stream.channel.vetoed}

    def feed(self, packets: Iterable[Packet]) -> list[Pick]:
        """Take in packets; each channel's in the order of time.

        Parameters
        ----------
        packets : of any channels; samples seen before are passed over, later ones after a missing stretch start a
            new segment

        Returns
        -------
        picks : completed by these packets, earliest onset first
        """
        picks: list[Pick] = []
        by_channel: dict[SourceId, list[Packet]] = {}
        for packet in packets:
            if packet.n_samples and packet.sample_rate_hz > 0 and self._is_watched(packet.source_id):
                by_channel.setdefault(packet.source_id, []).append(packet)
        for source_id, of_channel in by_channel.items():
            for _, of_rate in groupby(of_channel, key=lambda packet: packet.sample_rate_hz):
                picks += self._take(source_id, list(of_rate))
        picks += self._drain()
        return sorted(picks)

    def position_ns(self, source_id: SourceId) -> int | None:
        """Time of the next sample this channel expects, ns UTC; None if it has none yet."""
        stream = self._streams.get(source_id)
        return None if stream is None else stream.blocker.position_ns

    def snapshot(self) -> dict[SourceId, bytes]:
        """State of the channels that changed since the last snapshot."""
        states = {source_id: self._pack(source_id) for source_id in sorted(self._changed)}
        self._changed.clear()
        return states

    def restore(self, states: Mapping[SourceId, bytes]) -> None:
        """Go on, bit for bit, where a detector with the same settings was when it made the snapshot.

        Raises
        ------
        DetectionError : if a state is not one, or was made with other settings; nothing is restored then
        """
        restored = {key: _Stream(*unpack(key, state, self._settings, self._bank)) for key, state in states.items()}
        self._streams.update(restored)

    def _pack(self, source_id: SourceId) -> bytes:
        stream = self._streams[source_id]
        return pack(stream.blocker, stream.channel)

    def _is_watched(self, source_id: SourceId) -> bool:
        known = self._watched.get(source_id)
        if known is None:
            name = str(source_id)
            known = any(fnmatchcase(name, pattern) for pattern in self._settings.channels)
            self._watched[source_id] = known
        return known

    def _take(self, source_id: SourceId, packets: Sequence[Packet]) -> list[Pick]:
        """Queue packets of one channel and one rate."""
        picks: list[Pick] = []
        stream = self._streams.get(source_id)
        if stream is None or not _same_rate(packets[0].sample_rate_hz, stream.channel.plan.rate_hz):
            plan = self._plan(packets[0])
            if stream is not None:
                records = (record for packet in packets for record in packet.records)
                packets = [record for record in records if record.next_ns > stream.blocker.position_ns]
            if plan is None or not packets:
                return []
            if stream is not None:
                picks = self._end(stream, packets[0].start_ns)
            stream = self._start(packets[0], plan, stream)
        self._changed.add(source_id)
        self._queue(stream, stream.blocker.push(*packets))
        return picks

    def _plan(self, packet: Packet) -> Plan | None:
        source_id = packet.source_id
        try:
            plan = plan_for(self._settings, packet.sample_rate_hz, by_rows=self._by_rows)
        except WindowError as error:
            if self._unusable.get(source_id) != str(error):
                log.warning("%s: not searched for earthquakes: %s", source_id, error)
                self._unusable[source_id] = str(error)
            return None
        self._unusable.pop(source_id, None)
        return plan

    def _start(self, packet: Packet, plan: Plan, before: _Stream | None) -> _Stream:
        blocker = Blocker(plan.rate_hz, plan.n_block, plan.n_flat, packet.start_ns)
        if before is not None:  # the rate changed; what was seen at the old rate is not seen again at the new one
            seen_ns = before.blocker.position_ns - packet.start_ns
            blocker.n_next = max(math.ceil(seen_ns * plan.rate_hz / NS_PER_S - 0.5), 0)
        bank = self._bank(plan)
        stream = _Stream(blocker, Channel(packet.source_id, bank, bank.add()))
        if before is not None:
            stream.channel.triggered_ns, stream.channel.vetoed = before.channel.triggered_ns, before.channel.vetoed
        self._streams[packet.source_id] = stream
        return stream

    def _bank(self, plan: Plan) -> Bank:
        return self._banks.setdefault(plan, Bank(plan))

    def _end(self, stream: _Stream, next_ns: int) -> list[Pick]:
        """Read what is left of a stream whose sampling rate changes, and forget it."""
        position_ns = stream.blocker.position_ns
        self._queue(stream, stream.blocker.close(max(next_ns, position_ns)))
        picks = self._drain() + read(stream.channel.due(ended=True), stream.channel.plan)
        stream.channel.bank.remove(stream.channel.row)
        return picks

    def _queue(self, stream: _Stream, chunks: list[Chunk]) -> None:
        if chunks:
            stream.queue += chunks
            self._waiting[stream.channel.source_id] = stream

    def _drain(self) -> list[Pick]:
        """Search all that waits, as far as each segment goes at once, the channels of one rate together."""
        picks: list[Pick] = []
        while self._waiting:
            groups: dict[Bank, list[_Stream]] = {}
            for stream in self._waiting.values():
                groups.setdefault(stream.channel.bank, []).append(stream)
            for bank, group in groups.items():
                chunks = [stream.next_chunk() for stream in group]
                picks += advance(bank, [stream.channel for stream in group], chunks)
            self._waiting = {key: stream for key, stream in self._waiting.items() if stream.queue}
        return picks


def _same_rate(one_hz: float, other_hz: float) -> bool:
    return abs(one_hz - other_hz) <= SAME_RATE * other_hz
