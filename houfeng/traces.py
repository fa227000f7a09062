"""Archived waveforms as pictures need them: envelopes and stretches of a channel, filtered or not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from threading import Lock

from acquisition import bulk
from acquisition.archive import day_path
from acquisition.record_windows import RecordWindows
from acquisition.waveform_files import ArchiveWindows
from houfeng.bandpass import Passband
from houfeng.envelopes import Envelope, coarser, envelope
from houfeng.errors import ArchiveError
from houfeng.pyramid import DAY_NS, Pyramid, file_signature
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet, SourceId
from houfeng.waveforms import RecordedWaveforms

# Shorter times are read as they are: of two hours of 100 Hz that takes 20 ms.
_SHORT_NS = 7200 * NS_PER_S


class Traces:
    """Reads an archive beside its writer; may be used by many threads.

    Parameters
    ----------
    root : folder of the archive; where there is none nothing is found
    cache : folder for what is made of days that are over
    cache_bytes : how much of it is kept

    Attributes
    ----------
    root : the same folder
    """

    def __init__(self, root: Path, cache: Path, cache_bytes: int = 1 << 30) -> None:
        self.root = root
        self._windows = ArchiveWindows(root)
        self._recorded = RecordedWaveforms(self._packets)
        self._lock = Lock()
        self._pyramid = Pyramid(root, self.stretches, cache, cache_bytes)

    def stretches(
        self, source_id: SourceId, start_ns: int, end_ns: int, band: Passband | None = None
    ) -> tuple[Stretch, ...]:
        """Samples at or after start and before end (ns UTC), those that came twice once.

        With a band, each stretch is filtered from ten periods of its lower corner before start on; what lies before
        start is cut off again.

        Raises
        ------
        ArchiveError : if a file is there and cannot be read
        """
        first_ns = start_ns if band is None else start_ns - band.pad_ns
        with self._lock:
            found = self._recorded.read([source_id], first_ns, end_ns).get(source_id, ())
        if band is None:
            return tuple(found)
        cut = (_from(stretch, start_ns) for stretch in band.filtered(found))
        return tuple(stretch for stretch in cut if len(stretch.samples))

    def envelope(
        self, source_id: SourceId, start_ns: int, end_ns: int, n_columns: int, band: Passband | None = None
    ) -> Envelope:
        """Least and greatest samples between two times in at most so many columns.

        Columns of a second or more are of whole seconds and begin with one, so `start_ns` of the answer may be up to a
        second before what was asked for.

        Parameters
        ----------
        n_columns : more than 0
        band : None for the samples as they were recorded

        Raises
        ------
        ArchiveError : if a file is there and cannot be read
        """
        step_ns = -(-(end_ns - start_ns) // n_columns)
        if step_ns >= NS_PER_S:
            start_ns = start_ns // NS_PER_S * NS_PER_S
            step_s = -(-(end_ns - start_ns) // (n_columns * NS_PER_S))
            step_ns = step_s * NS_PER_S
        n = -(-(end_ns - start_ns) // step_ns)
        end_ns = start_ns + n * step_ns
        if step_ns < NS_PER_S or band is not None or end_ns - start_ns <= _SHORT_NS:
            return envelope(self.stretches(source_id, start_ns, end_ns, band), start_ns, step_ns, n)
        return coarser(self._pyramid.seconds(source_id, start_ns, end_ns), start_ns, step_ns, n)

    def _packets(self, source_ids: Collection[SourceId], start_ns: int, end_ns: int) -> list[Packet]:
        """Many records in one, as long as no two have samples of the same time."""
        found = self._windows.read(source_ids, start_ns, end_ns, bulk.packets)
        return self._windows.read(source_ids, start_ns, end_ns) if bulk.overlap(found) else found

    def newest_ns(self, source_id: SourceId) -> int | None:
        """When the last sample of a channel's last day file ends, ns UTC; None where the archive has none of it.

        Raises
        ------
        ArchiveError : if the file cannot be read
        """
        below = day_path(self.root, source_id, 0).relative_to(self.root).parts[1:-1]
        days = self.root.glob(f"[0-9][0-9][0-9][0-9]/{'/'.join(below)}/{source_id}.D.*")
        path = max(days, key=lambda path: path.name, default=None)
        if path is None:
            return None
        windows = RecordWindows(path)
        try:
            windows.look()
        except OSError as error:
            raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
        return windows.end_ns if windows.source_ids else None

    def signature(self, source_id: SourceId, start_ns: int, end_ns: int) -> tuple[tuple[int, ...], ...]:
        """Changes when the files between two times do.

        Raises
        ------
        ArchiveError : if a file is there and cannot be asked for
        """
        days = range(start_ns // DAY_NS * DAY_NS - DAY_NS, end_ns, DAY_NS)
        return tuple(tuple(file_signature(day_path(self.root, source_id, day_ns))) for day_ns in days)


def _from(stretch: Stretch, start_ns: int) -> Stretch:
    """What lies at or after a time."""
    n = max(0, stretch.index(start_ns))
    n += stretch.start_ns + samples_ns(n, stretch.rate_hz) < start_ns
    return Stretch(stretch.start_ns + samples_ns(n, stretch.rate_hz), stretch.rate_hz, stretch.samples[n:])
