"""Volume 1 of the California Strong Motion Instrumentation Program: motion as it was recorded, several axes in a file.

Each axis has 27 lines of header, then acceleration in g in columns. Nothing is corrected: the chain does that, once the
event tells where noise ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engineering.chain import Raw
from engineering.formats.lines import File
from engineering.measures import G_M_S2
from engineering.oscillator import Floats
from houfeng.errors import MotionError
from houfeng.times import parse_ns
from stations.response import Analog, Response

TITLE = "CSMIP volume 1"
_FIRST = "Uncorrected Accelerogram Data"
_N_HEADER = 30
_STATION = re.compile(r"Station No\.\s+(\S+)")
_AXIS = re.compile(r"Chan\s+\d+:\s+(?:(?P<azimuth>\d+) Deg|(?P<up>Up|Down))")
_START = re.compile(r"Start time:\s+(\d+)/\s*(\d+)/(\d\d),\s+(\d+):(\d\d):([\d.]+) UTC")
_INSTRUMENT = re.compile(r"Instr Period =\s*(?P<period>[\d.]+) sec,\s+Damping =\s*(?P<damping>[\d.]+)")
_BLOCK = re.compile(
    r"\s*(?P<n>\d+) Accelerogram points at\s+(?P<rate>[\d.]+) pts/sec in units of g .*\(\d+f(?P<width>\d+)"
)
_PIVOT_YEAR = 70  # years have two digits
_COUNTS_PER_G = 1e6  # as many as the file has digits: so rails are told in what is printed


@dataclass(frozen=True, slots=True, eq=False)
class Uncorrected:
    """One axis as it was recorded.

    Parameters
    ----------
    station, name, azimuth_deg : as of `Component`
    rate_hz : samples per second
    start_ns : of the first sample, ns UTC
    counts : (n,) millionths of g
    response : of an accelerometer of the header's period and damping
    """

    station: str
    name: str
    azimuth_deg: float | None
    rate_hz: float
    start_ns: int
    counts: Floats
    response: Response

    def raw(self, onset_ns: int) -> Raw:
        """What the chain corrects, for a wave that came then, ns UTC.

        Raises
        ------
        MotionError : if it came before the record, or behind it
        """
        onset = round((onset_ns - self.start_ns) * self.rate_hz / 1e9)
        if not 0 <= onset < len(self.counts):
            raise MotionError(f"{self.station} {self.name}: P is expected {onset / self.rate_hz:.1f} s from its start,"
                              f" it is {len(self.counts) / self.rate_hz:.1f} s long")  # fmt: skip
        return Raw(self.station, self.name, self.azimuth_deg, self.counts, self.rate_hz, onset, self.response)


def is_format(file: File) -> bool:
    """Whether a file begins as these do."""
    return file.lines[0].startswith(_FIRST)


def read(file: File) -> list[Uncorrected]:
    """Every axis.

    Raises
    ------
    MotionError : if a header lacks what is needed, or there are fewer values than announced
    """
    begins = [number for number, line in enumerate(file.lines) if line.startswith(_FIRST)]
    return [_axis(file, begin) for begin in begins]


def _axis(file: File, begin: int) -> Uncorrected:
    behind = min(begin + _N_HEADER, len(file.lines))
    blocks = [(number, found) for number in range(begin, behind) if (found := _BLOCK.match(file.lines[number]))]
    if not blocks:
        raise file.fault(begin, "expected 'Accelerogram points at 200 pts/sec in units of g' in this header")
    number, block = blocks[0]
    header = "\n".join(file.lines[begin:number])
    station, axis, start, instrument = (one.search(header) for one in (_STATION, _AXIS, _START, _INSTRUMENT))
    if station is None or axis is None or start is None or instrument is None:
        raise file.fault(begin, "expected Station No., Chan, Start time in UTC, and Instr Period with Damping")
    acceleration_g, _ = file.columns(number + 1, int(block["n"]), int(block["width"]))
    name = f"{axis['azimuth']} deg" if axis["azimuth"] else axis["up"]
    return Uncorrected(
        station=station[1],
        name=name,
        azimuth_deg=float(axis["azimuth"]) if axis["azimuth"] else None,
        rate_hz=float(block["rate"]),
        start_ns=_start_ns(start),
        counts=acceleration_g * _COUNTS_PER_G,
        response=_response(f"{file.name} {name}", float(instrument["period"]), float(instrument["damping"])),
    )


def _start_ns(start: re.Match[str]) -> int:
    month, day, year, hour, minute = (int(part) for part in start.groups()[:5])
    whole = year + (2000 if year < _PIVOT_YEAR else 1900)
    return parse_ns(f"{whole}-{month:02}-{day:02}T{hour:02}:{minute:02}:{float(start[6]):06.3f}Z")


def _response(label: str, period_s: float, damping: float) -> Response:
    """Of a mass on a spring, which feels acceleration alike up to its own frequency."""
    omega = 2 * np.pi / period_s
    poles = omega * (-damping + np.array([1j, -1j]) * np.sqrt(complex(1 - damping**2)))
    gain = _COUNTS_PER_G / G_M_S2
    return Response(label, "M/S**2", (Analog(np.zeros(0, complex), poles, gain, 1.0),), gain, gain, 1.0)
