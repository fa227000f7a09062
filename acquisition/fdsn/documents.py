"""Where fetched and imported station metadata are kept.

Known without what fetches it, which takes half a second to load.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from acquisition.fdsn.settings import FdsnSettings

_FOLDER = ".inventory"
_IMPORTED = "imported"
_N_DIGITS = 6
_NUMBERED = re.compile(rf"\d{{{_N_DIGITS}}}-[A-Za-z0-9._-]+", re.ASCII)


def fetched_files(root: Path, services: Iterable[FdsnSettings]) -> list[Path]:
    """StationXML that was fetched for these services, where there is some.

    Parameters
    ----------
    root : folder of the archive
    """
    paths = (document_path(root, service) for service in services if service.refresh_h)
    return [path for path in paths if path.exists()]


def imported_files(root: Path) -> list[Path]:
    """Documents that operators imported, in the order in which they did: the later has the last word.

    Parameters
    ----------
    root : folder of the archive
    """
    folder = root / _FOLDER / _IMPORTED
    return sorted(path for path in folder.glob("*") if _NUMBERED.fullmatch(path.name)) if folder.is_dir() else []


def imported_path(root: Path, name: str) -> tuple[Path, list[Path]]:
    """Where the next imported document of this name is kept, and those of that name whose place it takes."""
    known = imported_files(root)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
    number = int(known[-1].name[:_N_DIGITS]) + 1 if known else 1
    folder = root / _FOLDER / _IMPORTED
    return folder / f"{number:0{_N_DIGITS}}-{plain}", [path for path in known if path.name[_N_DIGITS + 1 :] == plain]


def document_path(root: Path, service: FdsnSettings) -> Path:
    """Where the StationXML of a service is kept."""
    return root / _FOLDER / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', service.address)}.xml"
