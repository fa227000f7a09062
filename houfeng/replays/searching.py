"""A part of a replay that needs nothing of the others: some channels, for some time. What others may do elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from acquisition.record_windows import RecordWindows
from acquisition.replay import Reading, RecordFile, ReplaySource
from database.run_records import RunChannel
from detection.detector import Detector
from detection.settings import DetectionSettings
from houfeng.errors import RecordError
from houfeng.replays.tally import Tally
from houfeng.types import JoinedRecords, Packet, Pick, Samples, SourceId


class Held(NamedTuple):
    """Which streams a file holds, and from when to when, ns UTC."""

    source_ids: frozenset[SourceId]
    start_ns: int
    end_ns: int


class Heard(NamedTuple):
    """The latest record of a channel, without its samples."""

    source_id: SourceId
    start_ns: int
    sample_rate_hz: float
    n_samples: int

    @classmethod
    def of(cls, packet: Packet) -> Heard:
        """The last record of a packet."""
        start_ns, n_samples = packet.start_ns, packet.n_samples
        if isinstance(packet, JoinedRecords):
            start_ns, n_samples = int(packet.starts_ns[-1]), int(packet.n_each[-1])
        return cls(packet.source_id, start_ns, packet.sample_rate_hz, n_samples)

    @property
    def packet(self) -> Packet:
        """As those see it who want to know how far the data are."""
        return Packet(self.source_id, self.start_ns, self.sample_rate_hz, _left_behind, b"", n_samples=self.n_samples)


def _left_behind(raw: bytes) -> Samples:
    raise RecordError("the samples of this record are with the process that searched it")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be searched: the same task always finds the same, wherever and however often it is done.

    Parameters
    ----------
    detection : settings
    files : all of some channels, which no other task has
    start_ns, end_ns : only records that hold samples in between, ns UTC
    until_ns : where to stop, ns UTC; None for the end
    reading : how far the files were read
    states : of the channels' detection
    channels : what was counted of them
    """

    detection: DetectionSettings
    files: tuple[RecordFile, ...]
    start_ns: int | None
    end_ns: int | None
    until_ns: int | None
    reading: Reading
    states: Mapping[SourceId, bytes]
    channels: tuple[RunChannel, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """What a task found, and where the next one goes on.

    Parameters
    ----------
    picks : earliest first
    reading, states, channels : as of `Task`; states of channels that had records only
    heard : of the channels that had records
    rejected : bytes that are no records: reason and how many
    n_records, n_bytes : that were read
    """

    picks: tuple[Pick, ...]
    reading: Reading
    states: Mapping[SourceId, bytes]
    channels: tuple[RunChannel, ...]
    heard: tuple[Heard, ...]
    rejected: tuple[tuple[str, int], ...]
    n_records: int
    n_bytes: int


def search(task: Task) -> Searched:
    """Search the channels of a task as a replay in one process does."""
    detector = Detector(task.detection, by_rows=True)
    detector.restore(task.states)
    tally, heard = Tally(task.channels), dict[SourceId, tuple[int, Heard]]()
    picks: list[Pick] = []
    rejected: list[tuple[str, int]] = []
    n_records = n_bytes = 0
    source = ReplaySource(
        task.files,
        lambda raw, reason: rejected.append((reason, len(raw))),
        start_ns=task.start_ns,
        end_ns=task.end_ns,
        reading=task.reading,
        until_ns=task.until_ns,
    )
    for packets in source.joined():
        picks += detector.feed(packets)
        tally.count(packets)
        n_records += sum(packet.n_records for packet in packets)
        n_bytes += sum(packet.n_bytes for packet in packets)
        for packet in packets:
            before = heard.get(packet.source_id)
            if packet.n_samples and (before is None or packet.next_ns > before[0]):
                heard[packet.source_id] = packet.next_ns, Heard.of(packet)
    tally.refused(detector.vetoed)
    return Searched(
        tuple(sorted(picks)),
        task.reading,
        detector.snapshot(),
        tuple(tally.channels()),
        tuple(latest for _, latest in heard.values()),
        tuple(rejected),
        n_records,
        n_bytes,
    )


def survey(path: Path) -> Held:
    """What a file holds."""
    windows = RecordWindows(path)
    windows.look()
    return Held(frozenset(windows.source_ids), windows.start_ns, windows.end_ns)
