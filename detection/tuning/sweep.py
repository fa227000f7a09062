"""One passage of the records through a detector of each combination of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detection.detector import Detector
from detection.settings import DetectionSettings
from detection.tuning.windows import Coverage
from houfeng.types import Packet, Pick

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the detectors of some combinations heard in the same records.

    Parameters
    ----------
    combinations : as they were tried, those of today first
    picks : of each combination, earliest first
    spans : of each station with data, from when to when, ns UTC, joined and earliest first
    """

    combinations: tuple[DetectionSettings, ...]
    picks: tuple[tuple[Pick, ...], ...]
    spans: Mapping[str, Sequence[Span]]

    def with_more(self, others: Sequence[Heard]) -> Heard:
        """The same with what other combinations heard in these records."""
        every = (self, *others)
        combinations = tuple(each for heard in every for each in heard.combinations)
        return Heard(combinations, tuple(picks for heard in every for picks in heard.picks), self.spans)


class Sweep:
    """Feeds the same packets to a detector of each combination.

    Parameters
    ----------
    combinations : at least one
    """

    def __init__(self, combinations: Sequence[DetectionSettings]) -> None:
        self._combinations = tuple(combinations)
        self._detectors = [Detector(settings, by_rows=True) for settings in combinations]
        self._picks: list[list[Pick]] = [[] for _ in combinations]
        self._coverage: dict[str, Coverage] = {}

    def feed(self, packets: Sequence[Packet]) -> None:
        """Take in packets; each channel's in the order of time."""
        for detector, picks in zip(self._detectors, self._picks, strict=True):
            picks += detector.feed(packets)
        first = self._detectors[0]
        for packet in packets:
            if packet.n_samples and first.position_ns(packet.source_id) is not None:
                self._coverage.setdefault(packet.source_id.station_id, Coverage()).add(packet.start_ns, packet.next_ns)

    @property
    def heard(self) -> Heard:
        """What came of it so far."""
        spans = {station_id: coverage.spans for station_id, coverage in self._coverage.items()}
        return Heard(self._combinations, tuple(tuple(sorted(picks)) for picks in self._picks), spans)
