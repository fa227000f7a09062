"""What an archive holds of each stream, and how complete it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acquisition.archive_files import Kind, day_files, pieces, stream_of
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet, SourceId

_DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One stream in the archive.

    Parameters
    ----------
    source_id : the stream
    n_days : day files
    n_records : whole records in their place, each counted once
    n_bytes : of the day files
    first_ns, last_ns : first sample, and the end of the last one; None when there are no samples
    n_gaps, gap_s : missing stretches of half a sample or more between first and last, seconds together
    n_overlaps : records that begin half a sample or more before the end of an earlier one
    n_complete : days without a missing sample from 00:00 to 24:00
    complete_percent : of the days from the first to the last
    """

    source_id: SourceId
    n_days: int
    n_records: int
    n_bytes: int
    first_ns: int | None
    last_ns: int | None
    n_gaps: int
    gap_s: float
    n_overlaps: int
    n_complete: int
    complete_percent: float


def stats(root: Path, seen: Callable[[int], None] = lambda n_bytes: None) -> Iterator[StreamStats]:
    """Every stream of an archive, in order of its codes; may run beside the daemon.

    Parameters
    ----------
    root : folder of the archive
    seen : called with the size of each file once it was read

    Raises
    ------
    ArchiveError : if there is no such archive, or a file cannot be read
    """
    streams: dict[SourceId, list[Path]] = {}
    for path in day_files(root):
        if (source_id := stream_of(root, path)) is not None:
            streams.setdefault(source_id, []).append(path)
    for source_id in sorted(streams):
        yield _stream(root, source_id, streams[source_id], seen)


def _stream(root: Path, source_id: SourceId, paths: list[Path], seen: Callable[[int], None]) -> StreamStats:
    coverage = _Coverage()
    n_records = n_bytes = 0
    for path in paths:  # in order of time, and so are the records of each: coverage need not be sorted as a whole
        packets = [piece.packet for piece in pieces(root, path) if piece.packet and piece.kind in (None, Kind.CONFLICT)]
        for packet in sorted(packets, key=lambda packet: packet.start_ns):
            coverage.add(packet)
        n_records += len(packets)
        n_bytes += (size := path.stat().st_size)
        seen(size)
    n_complete, n_spanned = coverage.complete_days()
    first_ns, last_ns = coverage.limits()
    return StreamStats(
        source_id=source_id,
        n_days=len(paths),
        n_records=n_records,
        n_bytes=n_bytes,
        first_ns=first_ns,
        last_ns=last_ns,
        n_gaps=max(0, len(coverage.segments) - 1),
        gap_s=sum(b[0] - a[1] for a, b in zip(coverage.segments, coverage.segments[1:], strict=False)) / NS_PER_S,
        n_overlaps=coverage.n_overlaps,
        n_complete=n_complete,
        complete_percent=100 * n_complete / n_spanned if n_spanned else 0.0,
    )


class _Coverage:
    """Stretches of time without a missing sample, from records in order of their start."""

    def __init__(self) -> None:
        self.segments: list[list[int]] = []  # begin and end, ns UTC
        self.n_overlaps = 0
        self._interval_ns = 0  # longest sampling interval so far

    def add(self, packet: Packet) -> None:
        if not packet.sample_rate_hz:
            return  # a log record covers no time
        interval_ns = samples_ns(1, packet.sample_rate_hz)
        self._interval_ns = max(self._interval_ns, interval_ns)
        if not self.segments:
            self.segments.append([packet.start_ns, packet.next_ns])
            return
        missing_ns = packet.start_ns - self.segments[-1][1]
        if missing_ns >= interval_ns / 2:
            self.segments.append([packet.start_ns, packet.next_ns])
            return
        self.n_overlaps += missing_ns <= -interval_ns / 2
        self.segments[-1][1] = max(self.segments[-1][1], packet.next_ns)

    def limits(self) -> tuple[int | None, int | None]:
        """First sample and end of the last, ns UTC."""
        return (self.segments[0][0], self.segments[-1][1]) if self.segments else (None, None)

    def complete_days(self) -> tuple[int, int]:
        """Days covered whole, and all days from the first to the last."""
        if not self.segments:
            return 0, 0
        # The grid of samples need not have one at midnight: the first may come less than an interval later.
        slack_ns = self._interval_ns - 1
        n_complete = sum(max(0, end // _DAY_NS + (begin - slack_ns) // -_DAY_NS) for begin, end in self.segments)
        first_ns, last_ns = self.segments[0][0], self.segments[-1][1]
        return n_complete, (last_ns - 1) // _DAY_NS - first_ns // _DAY_NS + 1
