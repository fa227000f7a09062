"""Mends an archive: what is no record in its place is moved, nothing is thrown away.

A file is written anew beside the old one and takes its name only when every byte that left it is on the disk
elsewhere. A kill at any moment leaves the old file or the new one; at worst bytes are in the quarantine twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.archive import Archive
from acquisition.archive_check import MENDABLE
from acquisition.archive_checksums import forget, sealing
from acquisition.archive_disk import sync_folder
from acquisition.archive_files import Kind, Piece, day_files, pieces, rewriting_path, write_anew
from acquisition.dayfile import Verdict


@dataclass(slots=True)
class Repair:
    """What was mended.

    Parameters
    ----------
    files : that were written anew
    quarantined : pieces by their kind; a misplaced record counts as a duplicate when its own file had it
    refiled : records that were moved to the file they belong in
    """

    files: list[Path] = field(default_factory=list)
    quarantined: Counter[str] = field(default_factory=Counter)
    refiled: int = 0


def repair(root: Path, seen: Callable[[int], None] = lambda n_bytes: None) -> Repair:
    """Move torn, foreign and corrupt bytes and duplicates to the quarantine, misplaced records to their own files.

    Conflicts, overlaps and records from the future are data and stay.

    Parameters
    ----------
    root : folder of the archive
    seen : called with the size of each file once it was looked at

    Raises
    ------
    ArchiveError : if there is no such archive, another process writes to it, or the disk refuses. What was mended
        until then stays mended.
    """
    paths = list(day_files(root))
    done = Repair()
    archive = Archive(root)
    try:
        with sealing(root):
            for path in paths:
                n_bytes = path.stat().st_size
                _mend(archive, path, done)
                seen(n_bytes)
    finally:
        archive.close()
    return done


def _mend(archive: Archive, path: Path, done: Repair) -> None:
    archive.release(path)  # records of other files may have been moved here
    rewriting_path(path).unlink(missing_ok=True)  # of a repair that was killed
    moved = [piece for piece in pieces(archive.root, path) if piece.kind in MENDABLE]
    if not moved:
        return
    duplicates = []
    for piece in moved:
        if piece.packet is None:
            archive.quarantine(piece.raw, f"{path}: {piece.kind} at byte {piece.offset}: {piece.reason}")
            done.quarantined[str(piece.kind)] += 1
        elif piece.kind is Kind.DUPLICATE or archive.append([piece.packet])[Verdict.DUPLICATE]:
            duplicates.append(piece.raw)
        else:
            done.refiled += 1
    if duplicates:
        archive.quarantine(b"".join(duplicates), f"{path}: {len(duplicates)} records that the archive has already")
        done.quarantined[str(Kind.DUPLICATE)] += len(duplicates)
    archive.sync()
    forget(path)
    _rewrite(path, moved)
    done.files.append(path)


def _rewrite(path: Path, moved: list[Piece]) -> None:
    """The file without these pieces, under the same name, mode and owner; no file when nothing is left."""
    content, end = path.read_bytes(), 0
    kept = []
    for piece in moved:
        kept.append(content[end : piece.offset])
        end = piece.offset + len(piece.raw)
    kept.append(content[end:])
    if not any(kept):
        path.unlink()
        sync_folder(path.parent)
        return
    write_anew(path, kept)
