"""A small project of M5.6 at Willow Creek 2012: a bridge, with or without the record that CE.89146 made near it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acquisition.records import pack
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

# As ComCat has it.
_EVENT = """[[event]]
name = "M5.6"
time = "2012-02-13T21:07:02.77Z"
latitude_deg = 41.1431667
longitude_deg = -123.7903333
depth_km = 27.358
magnitude = 5.6
"""
_NOTHING = """[records]
folders = ["records"]
"""
# The coordinates of its header.
_RECORD = """[[record]]
files = ["{file}"]
event = "M5.6"
station = "CE.89146"
latitude_deg = 40.941
longitude_deg = -123.633
"""
_SITE = """[[site]]
name = "Bridge"
latitude_deg = 40.95
longitude_deg = -123.63
"""


def bridge(project: str = 'title = "Bridge"', *, file: str = "", more: str = "") -> str:
    """Text of a project file.

    Parameters
    ----------
    project : lines of `[project]`
    file : of the published record; without one the project has the folder that `put_noise` makes
    more : further lines of the site, and tables behind it
    """
    records = _RECORD.format(file=file) if file else _NOTHING
    return f"[project]\n{project}\n{_EVENT}{records}{_SITE}{more}"


def put_noise(folder: Path) -> None:
    """Records of a place that nobody knows, years before: every chapter is there, nothing is measured."""
    noise = np.random.default_rng(1).normal(0, 300, 500).astype(np.int32)
    records = pack(SourceId("XX", "AAA", "00", "HNZ"), 1_300_000_000 * NS_PER_S, 100.0, noise)
    (folder / "records").mkdir()
    (folder / "records" / "a.mseed").write_bytes(b"".join(records))
