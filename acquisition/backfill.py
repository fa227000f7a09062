"""Gaps of the archive filled from an FDSN web service: found by the samples on the disk, closed by samples alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acquisition.archive import Archive
from acquisition.fdsn import book
from acquisition.fdsn.availability import listed
from acquisition.fdsn.client import FdsnClient
from acquisition.fdsn.coverage import join, missing, subtract, total_s
from acquisition.fdsn.held import Coverage
from acquisition.fdsn.rules import MAX_LINES, Missing, joined
from acquisition.fdsn.settings import FdsnSettings
from acquisition.fdsn.source import FdsnSource
from acquisition.heartbeat import Heartbeat
from acquisition.source import Reject
from houfeng.errors import SourceError
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Gap, Packet

_log = logging.getLogger(__name__)

# A noisy day of a channel is read in 1 s; the disk may be slow.
_READING_S = 10.0
# In the archive's folder, beside the years.
BOOK_NAME = "fdsn-absent.json"


@dataclass(frozen=True, slots=True)
class Filled:
    """What one filling brought.

    Parameters
    ----------
    wanted_s : channel-seconds that were wanted
    present_s : of them in the archive before
    came_s : of them that came
    n_records, n_bytes : that came
    n_requests : that were made
    missing : gaps that stay open after having been asked for, and why
    waiting : gaps that were asked for in vain before and whose next try is not due
    still_open : wanted times without samples: all that is missing or waiting
    """

    wanted_s: float
    present_s: float
    came_s: float
    n_records: int
    n_bytes: int
    n_requests: int
    missing: tuple[Missing, ...]
    waiting: tuple[book.Absence, ...]
    still_open: tuple[Gap, ...]


def gaps_in(coverage: Coverage, wanted: Iterable[Gap]) -> list[Gap]:
    """The parts of wanted times whose samples an archive does not hold."""
    return [hole for gap in join(wanted) for hole in missing(gap, coverage.spans(gap))]


class Backfill:
    """Fills gaps of one archive from one web service.

    Parameters
    ----------
    settings : of the service
    root : folder of the archive
    reject : called with bytes that are no record, and the reason with the server's name
    progress : called with the channel-seconds that were settled since the last call
    heartbeat : hears that the thread that fills gets on
    insists : what failed is asked for again by the next call, for a person gives the command again; without it a
        server that failed is left alone for a while
    """

    def __init__(
        self,
        settings: FdsnSettings,
        root: Path,
        reject: Reject,
        *,
        progress: Callable[[float], None] = lambda seconds: None,
        heartbeat: Heartbeat | None = None,
        insists: bool = False,
    ) -> None:
        self._settings = settings
        self._insists = insists
        self._root = root
        self._reject = reject
        self._progress = progress
        self._heart = heartbeat or Heartbeat()
        self._client = FdsnClient(settings)
        self._source: FdsnSource | None = None
        self._closed = False
        self.coverage = Coverage(root)
        self.filled: Filled | None = None

    @property
    def address(self) -> str:
        """Where the service is, with http:// or https://."""
        return self._client.address

    def fill(self, archive: Archive, wanted: Iterable[Gap]) -> Filled:
        """Ask for what is missing and due, archive what comes, remember what does not.

        Ended in the middle it has kept everything that came; the next call asks for the rest.

        Raises
        ------
        ArchiveError : if the disk refuses a record
        SourceError : if the list of absent data cannot be read, or another thread closed this
        """
        for packets in self.packets(wanted):
            archive.append(packets)
            archive.sync()
        if self.filled is None:
            raise SourceError(f"{self.address}: closed before everything was asked for")
        return self.filled

    def packets(self, wanted: Iterable[Gap]) -> Iterator[list[Packet]]:
        """What is missing and due, for whoever archives it; `filled` afterwards tells what came of it.

        Raises
        ------
        SourceError : if the list of absent data cannot be read
        """
        wanted, self.filled = join(wanted), None
        self._heart.beat("reading what is absent")
        known = book.load(self._root / BOOK_NAME, self.address)
        gaps = gaps_in(self.coverage, wanted)
        asked = book.due(gaps, known, now_ns())
        later = subtract(gaps, asked)
        self._progress(total_s(wanted) - total_s(asked))
        self._source = source = FdsnSource(
            self._settings, asked, self._reject, progress=self._progress, heartbeat=self._heart
        )
        if self._closed:
            source.close()
        n_records = n_bytes = 0
        try:
            for packets in source.packets():
                n_records += len(packets)
                n_bytes += sum(len(packet.raw) for packet in packets)
                yield packets
        finally:
            if not source.is_done:
                # Nothing is known of what was not asked for yet: only what was answered is written down.
                self._remember(known, [], joined(source.missing))
        if not source.is_done:
            return
        lost = tuple(joined(self._checked(joined(source.missing))))
        lost_gaps = [each.gap for each in lost]
        known = self._remember(known, subtract(asked, lost_gaps), lost)
        self.filled = Filled(
            wanted_s=total_s(wanted),
            present_s=total_s(wanted) - total_s(gaps),
            came_s=total_s(asked) - total_s(lost_gaps),
            n_records=n_records,
            n_bytes=n_bytes,
            n_requests=source.n_requests,
            missing=lost,
            waiting=tuple(each for each in known if subtract(later, [each.gap]) != later),
            still_open=tuple(join([*later, *lost_gaps])),
        )

    def close(self) -> None:
        """End `packets()` from another thread, in the middle of a transfer too."""
        self._closed = True
        self._client.close()
        if self._source is not None:
            self._source.close()

    def _remember(
        self, known: Iterable[book.Absence], filled: Iterable[Gap], lost: Iterable[Missing]
    ) -> tuple[book.Absence, ...]:
        now = book.remember(known, filled, [each for each in lost if each.absent or not self._insists], now_ns())
        book.save(self._root / BOOK_NAME, self.address, now)
        return now

    def _checked(self, lost: list[Missing]) -> Iterator[Missing]:
        """What is missing, with the server's own list of what it holds where it offers one.

        An answer without samples of data that the server lists was not whole, whatever its status.
        """
        absent = [each.gap for each in lost if each.absent]
        holds: list[Gap] = []
        for first in range(0, len(absent), MAX_LINES):
            self._heart.beat("asking what there is", within_s=self._settings.deadline_s)
            holds += listed(self._client.availability(absent[first : first + MAX_LINES]))
        for each in lost:
            denied = subtract([each.gap], holds)
            if each.absent and denied != [each.gap]:
                for gap in denied:
                    yield Missing(gap, each.reason, absent=True)
                for gap in subtract([each.gap], denied):
                    yield Missing(gap, "the server lists these data and does not send them", absent=False)
            else:
                yield each


class BackfillSource:
    """Looks for gaps of the archive now and then, and fills them: a source for the recorder that never ends by itself.

    A gap is sought between the first sample of a channel in the last `lookback_h` hours and `delay_h` hours ago: live
    streams close younger ones, and data centres are as late.

    Parameters
    ----------
    settings : of the service
    root : folder of the archive, which the recorder writes
    reject : called with bytes that are no record, and the reason with the server's name
    heartbeat : hears that the thread in `packets()` gets on
    """

    def __init__(self, settings: FdsnSettings, root: Path, reject: Reject, heartbeat: Heartbeat | None = None) -> None:
        self._settings = settings
        self._heart = heartbeat or Heartbeat()
        self._backfill = Backfill(settings, root, reject, heartbeat=self._heart)
        self._stop = threading.Event()

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of packets that close gaps, as they come."""
        while not self._stop.is_set():
            try:
                yield from self._backfill.packets(self._wanted())
            except (SourceError, OSError) as error:
                _log.error("%s: %s", self._settings.address, error)
            else:
                self._report()
            self._heart.beat("waiting for the next search", within_s=self._settings.interval_s)
            self._stop.wait(self._settings.interval_s)

    def close(self) -> None:
        """End `packets()` from another thread."""
        self._stop.set()
        self._backfill.close()

    def _wanted(self) -> list[Gap]:
        """From the first sample of each channel in the time looked at to its end."""
        settings, coverage = self._settings, self._backfill.coverage
        at_ns = now_ns()
        start_ns = at_ns - seconds_ns(settings.lookback_h * 3600)
        end_ns = at_ns - seconds_ns(settings.delay_h * 3600)
        wanted = []
        self._heart.beat("looking for channels")
        for source_id in coverage.channels(settings.streams, start_ns, end_ns):
            self._heart.beat("looking for gaps", within_s=settings.lookback_h / 24 * _READING_S)
            spans = coverage.spans(Gap(source_id, start_ns, end_ns))
            first_ns = max(min((span.start_ns for span in spans), default=end_ns), start_ns)
            if first_ns < end_ns:
                wanted.append(Gap(source_id, first_ns, end_ns))
        return wanted

    def _report(self) -> None:
        filled = self._backfill.filled
        if filled is not None and (filled.n_records or filled.missing):
            _log.info(
                "%s: %d records came for %.0f s of gaps; %.0f s stay open",
                self._backfill.address,
                filled.n_records,
                filled.came_s,
                total_s(filled.still_open),
            )
