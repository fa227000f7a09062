"""Where fetched StationXML is kept: known without what fetches it, which takes half a second to import."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from acquisition.fdsn.settings import FdsnSettings

_FOLDER = ".inventory"


def fetched_files(root: Path, services: Iterable[FdsnSettings]) -> list[Path]:
    """StationXML that was fetched for these services, where there is some.

    Parameters
    ----------
    root : folder of the archive
    """
    paths = (document_path(root, service) for service in services if service.refresh_h)
    return [path for path in paths if path.exists()]


def document_path(root: Path, service: FdsnSettings) -> Path:
    """Where the StationXML of a service is kept."""
    return root / _FOLDER / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', service.address)}.xml"
