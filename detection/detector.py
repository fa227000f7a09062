"""Many channels, streaming: packets in, picks out."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from detection.blocks import Blocker, Chunk
from detection.channel import Channel
from detection.engine import advance
from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings
from detection.snapshot import pack, unpack
from houfeng.errors import WindowError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, Pick, SourceId

log = logging.getLogger(__name__)

SAME_RATE = 1e-4  # headers round the rate: 100 Hz is also written as 99.9998


@dataclass(slots=True)
class _Stream:
    blocker: Blocker
    channel: Channel
    queue: deque[Chunk] = field(default_factory=deque)


class Detector:
    """Watches the channels that the settings name and reads the onsets of what triggers.

    What comes out depends on each channel's samples and times alone: not on how they were cut into packets, how
    many packets come at once, in which order the channels take turns, or when anything arrived. A trigger's onset
    is read once its window is complete, so one in the last seconds of a record is never picked, live or replayed.

    Parameters
    ----------
    settings : of detection
    """

    def __init__(self, settings: DetectionSettings) -> None:
        self._settings = settings
        self._streams: dict[SourceId, _Stream] = {}
        self._watched: dict[SourceId, bool] = {}
        self._unusable: dict[SourceId, str] = {}
        self._changed: set[SourceId] = set()

    @property
    def unusable(self) -> Mapping[SourceId, str]:
        """Watched channels that cannot be searched, with the reason."""
        return dict(self._unusable)

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
        for packet in packets:
            if packet.n_samples and packet.sample_rate_hz > 0 and self._is_watched(packet.source_id):
                picks += self._take(packet)
        picks += _drain([stream for stream in self._streams.values() if stream.queue])
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
        restored = {key: _Stream(*unpack(key, state, self._settings)) for key, state in states.items()}
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

    def _take(self, packet: Packet) -> list[Pick]:
        picks: list[Pick] = []
        stream = self._streams.get(packet.source_id)
        if stream is None or not _same_rate(packet.sample_rate_hz, stream.channel.plan.rate_hz):
            plan = self._plan(packet)
            if plan is None or (stream is not None and packet.next_ns <= stream.blocker.position_ns):
                return []
            if stream is not None:
                picks = _end(stream, packet.start_ns)
            stream = self._start(packet, plan, stream)
        self._changed.add(packet.source_id)
        stream.queue += stream.blocker.push(packet)
        return picks

    def _plan(self, packet: Packet) -> Plan | None:
        source_id = packet.source_id
        try:
            plan = plan_for(self._settings, packet.sample_rate_hz)
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
        stream = _Stream(blocker, Channel(packet.source_id, plan, plan.bandpass_rest))
        self._streams[packet.source_id] = stream
        return stream


def _same_rate(one_hz: float, other_hz: float) -> bool:
    return abs(one_hz - other_hz) <= SAME_RATE * other_hz


def _end(stream: _Stream, next_ns: int) -> list[Pick]:
    position_ns = stream.blocker.position_ns
    stream.queue += stream.blocker.close(max(next_ns, position_ns))
    return _drain([stream]) + stream.channel.read_onsets(ended=True)


def _drain(streams: list[_Stream]) -> list[Pick]:
    """Filter all chunks that wait, those of one rate and length together."""
    picks: list[Pick] = []
    while streams := [stream for stream in streams if stream.queue]:
        groups: dict[tuple[Plan, int], list[_Stream]] = {}
        for stream in streams:
            plan = stream.channel.plan
            groups.setdefault((plan, len(stream.queue[0].samples) % plan.n_block), []).append(stream)
        for (plan, _), group in groups.items():
            n = min(len(stream.queue[0].samples) for stream in group)
            chunks = [_next_chunk(stream.queue, n) for stream in group]
            picks += advance(plan, [stream.channel for stream in group], chunks)
    return picks


def _next_chunk(queue: deque[Chunk], n: int) -> Chunk:
    chunk = queue.popleft()
    if len(chunk.samples) > n:
        chunk, rest = chunk.split(n)
        queue.appendleft(rest)
    return chunk
