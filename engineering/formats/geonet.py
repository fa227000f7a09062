"""V2A of New Zealand's GeoNet: corrected motion, three axes in a file.

Each axis has 26 lines of header, then acceleration in mm/s/s, velocity and displacement in columns of eight.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from engineering.formats.channels import name_channels
from engineering.formats.lines import File
from engineering.motion import Component, Published
from engineering.oscillator import Floats
from houfeng.times import NS_PER_S, parse_ns

TITLE = "GeoNet V2A"
N_HEADER = 26
WIDTH = 8
_M_PER_MM = 0.001
_FIRST = "Corrected accelerogram"
# Date, time, site and location, which is the sensor's; and who owns the station.
_RECORD = re.compile(r"Corrected accelerogram \d+_\d+_\w+_(?P<location>\d\d) GNS Science")
_NETWORK = "NZ"
_DATE_LINES, _PADDING_LINE = (16, 17, 19), 22  # of a header, from 0
_PEAK_TIME = re.compile(r"Acceleration:\s+peak\s+-?[\d.]+ mm/s/s at\s+([\d.]+) sec")
_PEAK_OFF_S = 0.05  # two samples of 50 Hz and what is printed
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
    found, record = [_component(file, begin) for begin in begins], _RECORD.match(file.lines[0])
    network, location = (_NETWORK, record["location"]) if record else (None, "")
    azimuths = [one.azimuth_deg for one in found]
    channels = name_channels(network, found[0].station, location, found[0].rate_hz, azimuths)
    return [replace(one, source_id=channel) for one, channel in zip(found, channels, strict=True)]


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
        start_ns=_start_ns(file, begin, series[0], file.rate_hz(begin, step[1])),
    )


def _start_ns(file: File, begin: int, acceleration: Floats, rate_hz: float) -> int | None:
    """When the first sample was taken, ns UTC; None where the header does not say it, or contradicts itself.

    Of the whole numbers year and month end the first line, day and hour the second, minute and millisecond the fourth:
    that is when the recording began (elsewhere is when the earthquake did). How many seconds were put before it for the
    filter is second in the third line of the other numbers. The time at which the header has the peak confirms it.
    """
    peak = _PEAK_TIME.search("\n".join(file.lines[begin : begin + N_HEADER]))
    try:
        rows = [[int(cell) for cell in file.lines[begin + line].split()[-2:]] for line in _DATE_LINES]
        (year, month), (day, hour), (minute, ms) = rows
        before_s = float(file.lines[begin + _PADDING_LINE].split()[1])
        recorded_ns = parse_ns(f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{ms / 1000:06.3f}Z")
    except (ValueError, IndexError):
        return None
    peak_s = float(np.argmax(np.abs(acceleration))) / rate_hz - before_s
    if peak is None or abs(peak_s - float(peak[1])) > _PEAK_OFF_S:
        return None
    return recorded_ns - round(before_s * NS_PER_S)


def _bearing(start: str, angle: float, towards: str) -> float:
    """Degrees clockwise from north of a quadrant bearing: S16W is 196."""
    base, sign = (0.0, 1.0) if start == "N" else (180.0, -1.0)
    return (base + sign * (angle if towards == "E" else -angle)) % 360
