"""SHA-256 of day files that are closed, beside them in `SHA256SUMS`, one a channel folder.

A file beside the data and not a table: it goes where the year's folder goes, on another disk or to another centre, and
`sha256sum -c SHA256SUMS` verifies it without Houfeng and its database. The comment before each sum has the size that
was summed: a late record makes a file longer, and what was there before must still be the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from acquisition.archive_check import Finding
from acquisition.archive_files import CHECKSUMS, Kind, day_end_ns, day_files, write_anew
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S

_CHUNK = 1 << 20
_DAY_NS = 86_400 * NS_PER_S
_ENTRY = re.compile(r"# (\d+) bytes\n([0-9a-f]{64})  (\S+)\n")

_Seen = Callable[[int], None]


class _Sum(NamedTuple):
    n_bytes: int
    digest: str


@dataclass(slots=True)
class Sealed:
    """What sealing did: files summed for the first time, files summed again after late records, all that have sums."""

    n_new: int = 0
    n_grown: int = 0
    n_all: int = 0


def seal(root: Path, now_ns: int, closed_after_days: float, seen: _Seen = lambda n_bytes: None) -> Sealed:
    """Sum the day files that are closed and have no sum yet; may run beside the daemon.

    A file whose earlier bytes changed keeps its old sum, so that `verify` goes on reporting it.

    Parameters
    ----------
    root : folder of the archive
    now_ns : ns UTC
    closed_after_days : days since the end of the file's day, and since it was written last
    seen : called with the size of each day file once it was looked at

    Raises
    ------
    ArchiveError : if there is no such archive, it is being sealed or repaired by another process, or a file cannot
        be read
    """
    limit_ns = now_ns - round(closed_after_days * _DAY_NS)
    folders: dict[Path, list[Path]] = {}
    for path in day_files(root):
        folders.setdefault(path.parent, []).append(path)
    done = Sealed()
    with sealing(root):
        for folder, paths in folders.items():
            sums = _read(folder)
            before = dict(sums)
            for path in paths:
                status = path.stat()
                if max(day_end_ns(path), status.st_mtime_ns) < limit_ns:
                    _seal_one(path, status.st_size, sums, done)
                seen(status.st_size)
            if sums != before:
                _write(folder, sums)
            done.n_all += len(sums)
    return done


def verify(root: Path, seen: _Seen = lambda n_bytes: None) -> list[Finding]:
    """Sealed files that are gone, shorter, or not what they were.

    Parameters
    ----------
    root : folder of the archive
    seen : called with the size of each day file once it was looked at

    Raises
    ------
    ArchiveError : if there is no such archive, or a file cannot be read
    """
    paths = list(day_files(root))
    folders = [path.parent for path in sorted(root.glob(f"[0-9]*/*/*/*/{CHECKSUMS}"))]
    sums = {folder / name: known for folder in folders for name, known in _read(folder).items()}
    found = [
        Finding(path, Kind.CHECKSUM, 1, known.n_bytes, 0, None, "the file was sealed and is gone")
        for path, known in sums.items()
        if not path.exists()
    ]
    for path in paths:
        size = path.stat().st_size
        if (known := sums.get(path)) is not None and (reason := _difference(path, size, known)):
            found.append(Finding(path, Kind.CHECKSUM, 1, size, 0, None, reason))
        seen(size)
    return found


@contextmanager
def sealing(root: Path) -> Iterator[None]:
    """Hold the sums for ourselves: repair changes files that sealing reads.

    Raises
    ------
    ArchiveError : if another process holds them
    """
    with (root / ".checksums.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArchiveError(f"{root}: another process is sealing or repairing this archive") from error
        yield


def forget(path: Path) -> None:
    """Drop the sum of a day file that is going to be changed on purpose."""
    sums = _read(path.parent)
    if sums.pop(path.name, None) is not None:
        _write(path.parent, sums)


def _seal_one(path: Path, size: int, sums: dict[str, _Sum], done: Sealed) -> None:
    known = sums.get(path.name)
    if known is None:
        done.n_new += 1
    elif size > known.n_bytes and not _difference(path, size, known):
        done.n_grown += 1
    else:
        return
    sums[path.name] = _Sum(size, _digest(path, size))


def _difference(path: Path, size: int, known: _Sum) -> str:
    if size < known.n_bytes:
        return f"the file is {known.n_bytes - size} bytes shorter than when it was sealed"
    if _digest(path, known.n_bytes) != known.digest:
        return f"its first {known.n_bytes} bytes are not what they were when it was sealed"
    return ""


def _digest(path: Path, n_bytes: int) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while n_bytes and (chunk := file.read(min(n_bytes, _CHUNK))):
                digest.update(chunk)
                n_bytes -= len(chunk)
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _read(folder: Path) -> dict[str, _Sum]:
    path = folder / CHECKSUMS
    if not path.exists():
        return {}
    text = path.read_text(encoding="ascii", errors="replace")
    return {match[3]: _Sum(int(match[1]), match[2]) for match in _ENTRY.finditer(text)}


def _write(folder: Path, sums: dict[str, _Sum]) -> None:
    lines = [f"# {known.n_bytes} bytes\n{known.digest}  {name}\n" for name, known in sorted(sums.items())]
    write_anew(folder / CHECKSUMS, ["".join(lines).encode("ascii")])
