"""What the demo plays: real records, cut and re-timed. No clock and no waiting here."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import obspy

from acquisition.records import pack
from acquisition.replay import ReplaySource, find_files
from houfeng.errors import RecordError, SourceError
from houfeng.times import from_utcdatetime, samples_ns, seconds_ns
from houfeng.types import Samples, SourceId

# The demo holds its samples in memory; what is larger than this is a case for `houfeng replay`.
MAX_FOLDER_BYTES = 256 * 1024 * 1024
INVENTORY_SUFFIXES = (".xml", ".stationxml")

# Of the 230.34 s that all channels of 2010-05-27 share, the first 0.32 s are left out: UH4 begins with the swing of
# the filter it went through, which would look like an onset every time the loop comes round.
_SKIP_S = 0.32
_LOOP_S = 230.0
_NS_PER_US = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Segment:
    """Samples of one stream without a gap.

    Parameters
    ----------
    source_id : the stream
    start_ns : time of the first sample, ns UTC
    sample_rate_hz : samples per second
    samples : (n,) counts
    """

    source_id: SourceId
    start_ns: int
    sample_rate_hz: float
    samples: Samples

    @property
    def end_ns(self) -> int:
        """Time of the sample after the last, ns UTC."""
        return self.start_ns + samples_ns(len(self.samples), self.sample_rate_hz)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is there to play.

    Parameters
    ----------
    segments : by start time, at least one
    loop_ns : length after which it begins anew without a gap, None to play it once
    inventory_files : XML files that were found beside the records
    """

    segments: tuple[Segment, ...]
    loop_ns: int | None = None
    inventory_files: tuple[Path, ...] = ()

    @property
    def start_ns(self) -> int:
        return self.segments[0].start_ns

    @property
    def span_ns(self) -> int:
        """From the first sample to the end of the last, ns."""
        return max(segment.end_ns for segment in self.segments) - self.start_ns

    @property
    def source_ids(self) -> tuple[SourceId, ...]:
        return tuple(sorted({segment.source_id for segment in self.segments}))


@dataclass(frozen=True, slots=True, order=True)
class Timed:
    """One record and when it is complete.

    Parameters
    ----------
    end_ns : time of the sample after its last, in data time, ns UTC
    source_id : the stream
    raw : 512 bytes of miniSEED 2
    """

    end_ns: int
    source_id: SourceId
    raw: bytes


def builtin_recording() -> Recording:
    """Three small earthquakes at a geothermal site near Unterhaching, Bavaria, on 2010-05-27 (network BW).

    The records come with ObsPy (obspy/signal/tests/data): 230 s of six channels at UH1 to UH4, played in a loop; the
    earthquakes begin 29, 177 and 206 s after its start. Every channel keeps its own offset below one sample.

    Raises
    ------
    SourceError : if the installed ObsPy came without its test data
    """
    folder = Path(obspy.__file__).parent / "signal" / "tests" / "data"
    files = sorted(folder.glob("BW.UH?._.*.cut.slist.gz"))
    if not files:
        raise SourceError(f"{folder}: the demo needs ObsPy's records BW.UH*.cut.slist.gz, none are there")
    segments = []
    for path in files:
        trace = obspy.read(str(path), format="SLIST")[0]
        rate_hz = float(trace.stats.sampling_rate)
        first, n_samples = round(_SKIP_S * rate_hz), round(_LOOP_S * rate_hz)
        start_ns = from_utcdatetime(trace.stats.starttime) + samples_ns(first, rate_hz)
        samples = np.asarray(trace.data[first : first + n_samples])
        segments.append(Segment(SourceId.parse(trace.id), start_ns, rate_hz, samples))
    return Recording(_by_start(segments), loop_ns=seconds_ns(_LOOP_S))


def folder_recording(folder: Path) -> Recording:
    """Every miniSEED record and the name of every XML file in a folder and the folders in it.

    A file that is named like miniSEED but is none, or is damaged, gets a warning; the others are played.

    Raises
    ------
    SourceError : if there is no such folder, no record in it, or too much of them
    """
    files = find_files(folder)
    n_bytes = sum(file.n_bytes for file in files)
    if n_bytes > MAX_FOLDER_BYTES:
        raise SourceError(
            f"{folder}: at most {MAX_FOLDER_BYTES >> 20} MiB of records can be played as a demo, {n_bytes >> 20} MiB "
            "are there; `houfeng replay` reads folders of any size"
        )
    segments = [
        Segment(packet.source_id, packet.start_ns, packet.sample_rate_hz, packet.samples)
        for packets in ReplaySource(files, _report).packets()
        for packet in packets
        if packet.n_samples
    ]
    if not segments:
        raise SourceError(f"{folder}: miniSEED records with samples are needed, none were found")
    inventory = sorted(path for path in folder.rglob("*") if path.suffix.lower() in INVENTORY_SUFFIXES)
    return Recording(_by_start(segments), inventory_files=tuple(inventory))


def schedule(recording: Recording, start_ns: int, record_s: float) -> Iterator[Timed]:
    """The recording as 512-byte records of at most `record_s` seconds, in the order in which they are complete.

    Parameters
    ----------
    recording : what to play; a loop never ends
    start_ns : time its first sample is moved to, ns UTC; everything moves by the same whole number of microseconds,
        the resolution of miniSEED 2, so that no record's time is rounded
    record_s : longest record, seconds; a low-latency digitiser does not wait until a record is full
    """
    playing: list[tuple[Timed, int, Iterator[Timed]]] = []
    shift_ns = (start_ns - recording.start_ns) // _NS_PER_US * _NS_PER_US
    for order, segment in enumerate(_moved(recording, shift_ns)):
        while playing and playing[0][0].end_ns <= segment.start_ns:
            yield _take(playing)
        # One record of each segment is packed ahead, not all: packing a loop at once would hold up every record of
        # its first second by 0.3 s.
        records = _records(segment, record_s)
        for first in islice(records, 1):
            heapq.heappush(playing, (first, order, records))
    while playing:
        yield _take(playing)


def _take(playing: list[tuple[Timed, int, Iterator[Timed]]]) -> Timed:
    """The record that is complete first; the one behind it in its segment takes its place."""
    timed, order, records = playing[0]
    following = next(records, None)
    if following is None:
        heapq.heappop(playing)
    else:
        heapq.heapreplace(playing, (following, order, records))
    return timed


def _moved(recording: Recording, shift_ns: int) -> Iterator[Segment]:
    for turn in count():
        by_ns = shift_ns + turn * (recording.loop_ns or 0)
        for segment in recording.segments:
            yield replace(segment, start_ns=segment.start_ns + by_ns)
        if recording.loop_ns is None:
            return


def _records(segment: Segment, record_s: float) -> Iterator[Timed]:
    rate_hz = segment.sample_rate_hz
    step = max(1, int(record_s * rate_hz))
    for first in range(0, len(segment.samples), step):
        piece = replace(
            segment,
            start_ns=segment.start_ns + samples_ns(first, rate_hz),
            samples=segment.samples[first : first + step],
        )
        try:
            raws = pack(piece.source_id, piece.start_ns, rate_hz, piece.samples)
        except RecordError as error:
            _log.warning("not played: %s", error)
            continue
        # Floats and wild integers need more than one record for the step; they leave together when it is complete.
        yield from (Timed(piece.end_ns, piece.source_id, raw) for raw in raws)


def _report(raw: bytes, reason: str) -> None:
    _log.warning("%s; %d bytes left out", reason, len(raw))


def _by_start(segments: list[Segment]) -> tuple[Segment, ...]:
    return tuple(sorted(segments, key=lambda segment: (segment.start_ns, segment.source_id)))


def due_ns(end_ns: int, data_start_ns: int, wall_start_ns: int, speed: float) -> int:
    """Wall-clock time at which a record that ends at `end_ns` leaves, when data time runs `speed` times as fast."""
    return wall_start_ns + round((end_ns - data_start_ns) / speed)


def data_start_ns(recording: Recording, wall_start_ns: int, speed: float) -> int:
    """Data time of the first sample, so that no record ever comes from the future.

    At speed 1 the first sample happens now, and a record's latency is the real one. Faster, the recording starts in
    the past and catches up with the clock exactly at its end: latency shrinks from span x (1 - 1/speed) to 0, as after
    an outage of a link. Slower, it starts now and falls behind.
    """
    if speed <= 1:
        return wall_start_ns
    return wall_start_ns - round(recording.span_ns * (1 - 1 / speed))
