"""V2A of New Zealand's GeoNet: corrected motion, three axes in a file.

Each axis has 26 lines of header, then acceleration in mm/s/s, velocity and displacement in columns of eight.
"""

from __future__ import annotations

import re

from engineering.formats.lines import File
from engineering.motion import Component, Published

TITLE = "GeoNet V2A"
N_HEADER = 26
WIDTH = 8
_M_PER_MM = 0.001
_FIRST = "Corrected accelerogram"
_SITE = re.compile(r"Site (\S+)")
_POINTS = re.compile(r"Number of points\s+(\d+)")
_STEP = re.compile(r"data at\s+([\d.]+) sec intervals")
_AXIS = re.compile(r"Component (?:(?P<from>[NS])(?P<angle>\d+)(?P<to>[EW])|(?P<up>Up))")
_BAND = re.compile(r"transition bands are\s+([\d.]+)-\s*([\d.]+) Hz and\s+([\d.]+)-\s*([\d.]+) Hz")
_PEAKS = tuple(re.compile(rf"{name}:\s+peak\s+(-?[\d.]+)") for name in ("Acceleration", "Velocity", "Displacement"))


def is_format(file: File) -> bool:
    """Whether a file begins as these do."""
    return file.lines[0].startswith(_FIRST) and len(file.lines) > 1 and file.lines[1].startswith("Site ")


def read(file: File) -> list[Component]:
    """Every axis.

    Raises
    ------
    MotionError : if a header lacks what is needed, or there are fewer values than announced
    """
    begins = [number for number, line in enumerate(file.lines) if line.startswith(_FIRST)]
    return [_component(file, begin) for begin in begins]


def _component(file: File, begin: int) -> Component:
    header = "\n".join(file.lines[begin : begin + N_HEADER])
    site, points, step, axis = (pattern.search(header) for pattern in (_SITE, _POINTS, _STEP, _AXIS))
    if site is None or points is None or step is None or axis is None:
        raise file.fault(begin, "expected Site, Number of points, the interval and Component in this header")
    line, series = begin + N_HEADER, []
    for _ in range(3):
        values, line = file.columns(line, int(points[1]), WIDTH)
        series.append(values * _M_PER_MM)
    band = _BAND.search(header)
    peaks = [pattern.search(header) for pattern in _PEAKS]
    return Component(
        station=site[1],
        name=axis[0].removeprefix("Component "),
        azimuth_deg=None if axis["up"] else _bearing(axis["from"], float(axis["angle"]), axis["to"]),
        rate_hz=file.rate_hz(begin, step[1]),
        acceleration_m_s2=series[0],
        band_hz=(float(band[2]), float(band[3])) if band else None,
        published=Published(*(abs(float(peak[1])) * _M_PER_MM if peak else None for peak in peaks)),
        velocity_m_s=series[1],
        displacement_m=series[2],
    )


def _bearing(start: str, angle: float, towards: str) -> float:
    """Degrees clockwise from north of a quadrant bearing: S16W is 196."""
    base, sign = (0.0, 1.0) if start == "N" else (180.0, -1.0)
    return (base + sign * (angle if towards == "E" else -angle)) % 360
