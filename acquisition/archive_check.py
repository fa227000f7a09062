"""Is an archive what it should be? Reads every byte, changes none; may run beside the daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.archive_files import Kind, Piece, all_files, pieces, stream_of
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S, format_ns, seconds_ns
from houfeng.types import Packet

# Records that came late stand behind later ones, and people leave notes beside the data: told, not held against it.
ALLOWED = frozenset({Kind.UNORDERED, Kind.STRAY})
MENDABLE = frozenset({Kind.TORN, Kind.FOREIGN, Kind.CORRUPT, Kind.MISPLACED, Kind.DUPLICATE})

_Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing found in one file.

    Parameters
    ----------
    path : the file
    kind : what it is
    count : how often
    n_bytes : of all of them together
    offset : byte of the file at which the first begins
    first_ns : time of the first record concerned, ns UTC; None when it is no record
    reason : of the first
    """

    path: Path
    kind: Kind
    count: int
    n_bytes: int
    offset: int
    first_ns: int | None
    reason: str


@dataclass(slots=True)
class Report:
    """What a check saw."""

    n_files: int = 0
    n_records: int = 0
    n_bytes: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found but what is allowed."""
        return all(finding.kind in ALLOWED for finding in self.findings)


def check(root: Path, now_ns: int, future_limit_h: float, seen: _Seen = lambda n_bytes: None) -> Report:
    """Every day file of an archive.

    A file that grows while it is read is read again, so a record being written is not taken for a torn one.

    Parameters
    ----------
    root : folder of the archive
    now_ns : ns UTC
    future_limit_h : hours that a record may begin after now
    seen : called with the size of each file once it was looked at

    Raises
    ------
    ArchiveError : if there is no such archive
    """
    report = Report()
    limit_ns = now_ns + seconds_ns(future_limit_h * 3600)
    ends_ns: dict[str, int] = {}  # of each stream: its files come in order of time
    for path in all_files(root):
        n_bytes = path.stat().st_size
        if (stream := stream_of(root, path)) is None:
            report.findings.append(Finding(path, Kind.STRAY, 1, n_bytes, 0, None, "not the name of an SDS day file"))
        else:
            end_ns = ends_ns.get(str(stream), 0)
            found, ends_ns[str(stream)] = _check_stable(root, path, limit_ns, end_ns, report)
            report.findings += found
        seen(n_bytes)
    return report


def _check_stable(root: Path, path: Path, limit_ns: int, end_ns: int, report: Report) -> tuple[list[Finding], int]:
    while True:
        before = path.stat()
        tally = _Tally(path, limit_ns, end_ns)
        try:
            for piece in pieces(root, path):
                tally.add(piece)
        except ArchiveError as error:
            return [Finding(path, Kind.CORRUPT, 1, before.st_size, 0, None, str(error))], end_ns
        after = path.stat()
        torn = Kind.TORN in tally.first
        if not torn or (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            break
    report.n_files += 1
    report.n_records += tally.n_records
    report.n_bytes += after.st_size
    return list(tally.findings()), tally.end_ns


class _Tally:
    """Counts what the pieces of one file are."""

    def __init__(self, path: Path, limit_ns: int, end_ns: int) -> None:
        self._path = path
        self._limit_ns = limit_ns
        self._count: dict[Kind, int] = {}
        self._n_bytes: dict[Kind, int] = {}
        self.first: dict[Kind, tuple[int, int | None, str]] = {}
        self._newest_ns = 0
        self._spans: list[tuple[int, int, int, int, float]] = []
        self.n_records = 0
        self.end_ns = end_ns

    def add(self, piece: Piece) -> None:
        packet = piece.packet
        if piece.kind is not None:
            self._note(piece.kind, piece.offset, len(piece.raw), packet.start_ns if packet else None, piece.reason)
        if packet is None:
            return
        self.n_records += 1
        if piece.kind not in (None, Kind.CONFLICT):
            return
        self._look_at_time(packet, piece)
        if piece.kind is None:
            span = (packet.start_ns, packet.next_ns, piece.offset, len(piece.raw), packet.sample_rate_hz)
            self._spans.append(span)

    def findings(self) -> Iterator[Finding]:
        """One for each kind, after all pieces were added."""
        self._find_overlaps()
        for kind in self.first:
            offset, first_ns, reason = self.first[kind]
            yield Finding(self._path, kind, self._count[kind], self._n_bytes[kind], offset, first_ns, reason)

    def _look_at_time(self, packet: Packet, piece: Piece) -> None:
        if packet.start_ns > self._limit_ns:
            self._note(Kind.FUTURE, piece.offset, len(piece.raw), packet.start_ns, "begins in the future")
        if packet.start_ns < self._newest_ns:
            reason = f"stands behind a record of {format_ns(self._newest_ns)}"
            self._note(Kind.UNORDERED, piece.offset, len(piece.raw), packet.start_ns, reason)
        self._newest_ns = max(self._newest_ns, packet.start_ns)

    def _find_overlaps(self) -> None:
        for start_ns, next_ns, offset, length, rate_hz in sorted(self._spans):
            # less than half a sample is the rounding of times in headers
            if rate_hz and start_ns < self.end_ns - NS_PER_S / rate_hz / 2:
                overlap_s = (self.end_ns - start_ns) / NS_PER_S
                reason = f"begins {overlap_s:.3f} s before the end of an earlier one ({rate_hz:g} Hz)"
                self._note(Kind.OVERLAP, offset, length, start_ns, reason)
            self.end_ns = max(self.end_ns, next_ns)

    def _note(self, kind: Kind, offset: int, n_bytes: int, first_ns: int | None, reason: str) -> None:
        self._count[kind] = self._count.get(kind, 0) + 1
        self._n_bytes[kind] = self._n_bytes.get(kind, 0) + n_bytes
        self.first.setdefault(kind, (offset, first_ns, reason))
