"""Volume 2 of the California Strong Motion Instrumentation Program: corrected motion, several axes in a file.

Each axis has 45 lines of header, then acceleration, velocity and displacement in columns. Its published peaks stand in
the header in words.
"""

from __future__ import annotations

import re
from dataclasses import replace

from engineering.formats import csmip_header
from engineering.formats.channels import name_channels
from engineering.formats.csmip_header import AXIS, STATION
from engineering.formats.lines import File
from engineering.motion import Component, Published

TITLE = "CSMIP volume 2"
_M_PER_CM = 0.01
_BAND = re.compile(r"3 dB pts at\s+(?P<low>[\d.]+) and\s+(?P<high>[\d.]+)")
_BLOCK = re.compile(
    r"\s*(?P<n>\d+) points of (?P<what>accel|veloc|displ) data equally spaced at\s+(?P<step>[\d.]+) sec,"
    r" in cm(?P<unit>/sec2?)?\.\s+\(\d+f(?P<width>\d+)\.\d+\)"
)
_PEAKS = (re.compile(r"Peak acceleration =\s*(-?[\d.]+)"), re.compile(r"Peak\s+velocity\s+=\s*(-?[\d.]+)"))
_PEAK_DISPLACEMENT = re.compile(r"Peak displacement =\s*(-?[\d.]+)")
_FIRST = "Corrected accelerogram"
_N_HEADER = 45


def is_format(file: File) -> bool:
    """Whether a file begins as these do."""
    return file.lines[0].startswith(_FIRST) and any(STATION.match(line) for line in file.lines[:10])


def read(file: File) -> list[Component]:
    """Every axis.

    Raises
    ------
    MotionError : if a header lacks what is needed, or there are fewer values than announced
    """
    begins = [number for number, line in enumerate(file.lines) if line.startswith(_FIRST)]
    found = [_component(file, begin, end) for begin, end in zip(begins, [*begins[1:], len(file.lines)], strict=True)]
    network, azimuths = csmip_header.network("\n".join(file.lines[:_N_HEADER])), [one.azimuth_deg for one in found]
    channels = name_channels(network, found[0].station, "", found[0].rate_hz, azimuths)
    return [replace(one, source_id=channel) for one, channel in zip(found, channels, strict=True)]


def _component(file: File, begin: int, end: int) -> Component:
    blocks = [(number, found) for number in range(begin, end) if (found := _BLOCK.match(file.lines[number]))]
    if not blocks or blocks[0][1]["what"] != "accel" or blocks[0][1]["unit"] != "/sec2":
        raise file.fault(begin, "expected a block of accel data in cm/sec2 behind this header")
    number, block = blocks[0]
    header = "\n".join(file.lines[begin:number])
    station, axis, band = STATION.search(header), AXIS.search(header), _BAND.search(header)
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
        start_ns=csmip_header.start_ns(header),
    )


def _published(header: str) -> Published:
    found = [pattern.search(header) for pattern in (*_PEAKS, _PEAK_DISPLACEMENT)]
    peaks = [abs(float(one[1])) * _M_PER_CM if one else None for one in found]
    return Published(*peaks)
