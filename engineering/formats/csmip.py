"""Volume 2 of the California Strong Motion Instrumentation Program: corrected motion, several axes in a file.

Each axis has 45 lines of header, then acceleration, velocity and displacement in columns. Its published peaks stand in
the header in words.
"""

from __future__ import annotations

import re

from engineering.formats.lines import File
from engineering.motion import Component, Published

TITLE = "CSMIP volume 2"
_M_PER_CM = 0.01
_AXIS = re.compile(r"Chan\s+\d+:\s+(?:(?P<azimuth>\d+) Deg|(?P<up>Up|Down))")
_BAND = re.compile(r"3 dB pts at\s+(?P<low>[\d.]+) and\s+(?P<high>[\d.]+)")
_BLOCK = re.compile(
    r"\s*(?P<n>\d+) points of (?P<what>accel|veloc|displ) data equally spaced at\s+(?P<step>[\d.]+) sec,"
    r" in cm(?P<unit>/sec2?)?\.\s+\(\d+f(?P<width>\d+)\.\d+\)"
)
_PEAKS = (re.compile(r"Peak acceleration =\s*(-?[\d.]+)"), re.compile(r"Peak\s+velocity\s+=\s*(-?[\d.]+)"))
_PEAK_DISPLACEMENT = re.compile(r"Peak displacement =\s*(-?[\d.]+)")
_FIRST = "Corrected accelerogram"
_STATION = re.compile(r"Station No\.\s+(\S+)")


def is_format(file: File) -> bool:
    """Whether a file begins as these do."""
    return file.lines[0].startswith(_FIRST) and any(_STATION.match(line) for line in file.lines[:10])


def read(file: File) -> list[Component]:
    """Every axis.

    Raises
    ------
    MotionError : if a header lacks what is needed, or there are fewer values than announced
    """
    begins = [number for number, line in enumerate(file.lines) if line.startswith(_FIRST)]
    return [_component(file, begin, end) for begin, end in zip(begins, [*begins[1:], len(file.lines)], strict=True)]


def _component(file: File, begin: int, end: int) -> Component:
    blocks = [(number, found) for number in range(begin, end) if (found := _BLOCK.match(file.lines[number]))]
    if not blocks or blocks[0][1]["what"] != "accel" or blocks[0][1]["unit"] != "/sec2":
        raise file.fault(begin, "expected a block of accel data in cm/sec2 behind this header")
    number, block = blocks[0]
    header = "\n".join(file.lines[begin:number])
    station, axis, band = _STATION.search(header), _AXIS.search(header), _BAND.search(header)
    if station is None or axis is None:
        raise file.fault(begin, "expected 'Station No.' and 'Chan  1: 360 Deg' or 'Up' in this header")
    series = {
        found["what"]: file.columns(number + 1, int(found["n"]), int(found["width"]))[0] for number, found in blocks
    }
    return Component(
        station=station[1],
        name=f"{axis['azimuth']} deg" if axis["azimuth"] else axis["up"],
        azimuth_deg=float(axis["azimuth"]) if axis["azimuth"] else None,
        rate_hz=file.rate_hz(number, block["step"]),
        acceleration_m_s2=series["accel"] * _M_PER_CM,
        band_hz=(float(band["low"]), float(band["high"])) if band else None,
        published=_published(header),
        velocity_m_s=series["veloc"] * _M_PER_CM if "veloc" in series else None,
        displacement_m=series["displ"] * _M_PER_CM if "displ" in series else None,
    )


def _published(header: str) -> Published:
    found = [pattern.search(header) for pattern in (*_PEAKS, _PEAK_DISPLACEMENT)]
    peaks = [abs(float(one[1])) * _M_PER_CM if one else None for one in found]
    return Published(*peaks)
