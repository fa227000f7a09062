"""Files among records that describe their stations: StationXML by its ending, dataless SEED by name and beginning."""

from __future__ import annotations

import re
from pathlib import Path

from stations.dataless import is_dataless

# dataless.CL.AGE, AGE.dataless, AGE.dless, age.seed; a volume with records in it may have the last as well
_SEED_NAME = re.compile(r"dataless|\.dless$|\.seed$", re.IGNORECASE)
_HEAD_BYTES = 16


def is_station_file(path: Path) -> bool:
    """Whether a file describes stations with their responses, as far as its name and beginning tell."""
    if path.suffix == ".xml":
        return True
    if _SEED_NAME.search(path.name) is None or not path.is_file():
        return False
    with path.open("rb") as file:
        return is_dataless(file.read(_HEAD_BYTES))


def find_station_files(folder: Path) -> list[Path]:
    """Files of a folder, and below it, that describe stations, by name."""
    return sorted(path for path in folder.rglob("*") if is_station_file(path))
