"""Gaps of the archive filled from an FDSN web service: found by the samples on the disk, closed by samples alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.fdsn import book
from acquisition.fdsn.availability import listed
from acquisition.fdsn.client import FdsnClient
from acquisition.fdsn.coverage import Span, join, missing, span_of, subtract, total_s
from acquisition.fdsn.rules import MAX_LINES, Missing, joined
from acquisition.fdsn.source import FdsnSource
from acquisition.settings import FdsnSettings
from houfeng.errors import RecordError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Gap

_DAY_NS = 86_400 * NS_PER_S
# A record that begins this long before a wanted time may still reach into it.
_MAX_RECORD_NS = 3600 * NS_PER_S
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


def gaps_in(root: Path, wanted: Iterable[Gap]) -> list[Gap]:
    """The parts of wanted times whose samples are not in an archive.

    Every record in question is decoded: 0.3 s for a channel's day at 100 Hz.
    """
    return [hole for gap in join(wanted) for hole in missing(gap, _spans(root, gap))]


class Backfill:
    """Fills gaps of one archive from one web service.

    Parameters
    ----------
    settings : of the service
    archive : open for writing
    progress : called with the channel-seconds that were settled since the last call
    """

    def __init__(
        self,
        settings: FdsnSettings,
        archive: Archive,
        *,
        progress: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._progress = progress
        self._client = FdsnClient(settings)
        self._book = archive.root / BOOK_NAME

    def fill(self, wanted: Iterable[Gap]) -> Filled:
        """Ask for what is missing and due, archive what comes, remember what does not.

        Ended in the middle it has kept everything that came; the next call asks for the rest.

        Raises
        ------
        ArchiveError : if the disk refuses a record
        SourceError : if the list of absent data cannot be read
        """
        wanted = join(wanted)
        known = book.load(self._book, self._client.address)
        gaps = gaps_in(self._archive.root, wanted)
        asked = book.due(gaps, known, now_ns())
        later = subtract(gaps, asked)
        self._progress(total_s(wanted) - total_s(asked))
        source = FdsnSource(self._settings, asked, self._archive.quarantine, progress=self._progress)
        n_records = n_bytes = 0
        try:
            for packets in source.packets():
                self._archive.append(packets)
                self._archive.sync()
                n_records += len(packets)
                n_bytes += sum(len(packet.raw) for packet in packets)
        except BaseException:
            # Nothing is known of what was not asked for yet: only what was answered is written down.
            self._remember(known, [], joined(source.missing))
            raise
        lost = tuple(joined(self._checked(joined(source.missing))))
        known = self._remember(known, subtract(asked, [each.gap for each in lost]), lost)
        waiting = tuple(each for each in known if subtract(later, [each.gap]) != later)
        lost_gaps = [each.gap for each in lost]
        return Filled(
            wanted_s=total_s(wanted),
            present_s=total_s(wanted) - total_s(gaps),
            came_s=total_s(asked) - total_s(lost_gaps),
            n_records=n_records,
            n_bytes=n_bytes,
            n_requests=source.n_requests,
            missing=lost,
            waiting=waiting,
            still_open=tuple(join([*later, *lost_gaps])),
        )

    def _remember(
        self, known: Iterable[book.Absence], filled: Iterable[Gap], lost: Iterable[Missing]
    ) -> tuple[book.Absence, ...]:
        now = book.remember(known, filled, lost, now_ns())
        book.save(self._book, self._client.address, now)
        return now

    def _checked(self, lost: list[Missing]) -> Iterator[Missing]:
        """What is missing, with the server's own list of what it holds where it offers one.

        An answer without samples of data that the server lists was not whole, whatever its status.
        """
        absent = [each.gap for each in lost if each.absent]
        holds: list[Gap] = []
        for first in range(0, len(absent), MAX_LINES):
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


def _spans(root: Path, gap: Gap) -> Iterator[Span]:
    first_ns = (gap.start_ns - _MAX_RECORD_NS) // _DAY_NS * _DAY_NS
    for day_ns in range(first_ns, gap.end_ns, _DAY_NS):
        path = day_path(root, gap.source_id, day_ns)
        if not path.exists():
            continue
        for record in mseed.split(path.read_bytes(), _ignore_damage):
            if not gap.start_ns - _MAX_RECORD_NS <= record.start_ns < gap.end_ns:
                continue
            try:
                span = span_of(mseed.decode(record.raw))
            except RecordError:
                continue  # it was archived as it came; the writer reported it then
            if span is not None:
                yield span


def _ignore_damage(offset: int, length: int, reason: str) -> None:
    """The archive's writer reports damage; what is damaged is missing, and asked for."""
