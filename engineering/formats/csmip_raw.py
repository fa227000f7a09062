"""Volume 1 of the California Strong Motion Instrumentation Program: motion as it was recorded, several axes in a file.

Each axis has 27 lines of header, then acceleration in g in columns. Nothing is corrected: the chain does that, once the
event tells where noise ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from engineering.chain import Raw
from engineering.formats import csmip_header
from engineering.formats.channels import name_channels
from engineering.formats.csmip_header import AXIS, STATION
from engineering.formats.lines import File
from engineering.measures import G_M_S2
from engineering.oscillator import Floats
from houfeng.codes import SourceId
from houfeng.errors import MotionError
from stations.response import Analog, Response

TITLE = "CSMIP volume 1"
_FIRST = "Uncorrected Accelerogram Data"
_N_HEADER = 30
_INSTRUMENT = re.compile(r"Instr Period =\s*(?P<period>[\d.]+) sec,\s+Damping =\s*(?P<damping>[\d.]+)")
_BLOCK = re.compile(
    r"\s*(?P<n>\d+) Accelerogram points at\s+(?P<rate>[\d.]+) pts/sec in units of g .*\(\d+f(?P<width>\d+)"
)
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
    source_id : its channel, where one follows from the header
    """

    station: str
    name: str
    azimuth_deg: float | None
    rate_hz: float
    start_ns: int
    counts: Floats
    response: Response
    source_id: SourceId | None = None

    @property
    def label(self) -> str:
        """Station and axis, for messages."""
        return f"{self.station} {self.name}"

    @property
    def acceleration_m_s2(self) -> Floats:
        """(n,) as it was recorded, with its offset and through its instrument."""
        return self.counts * (G_M_S2 / _COUNTS_PER_G)

    def raw(self, onset_ns: int) -> Raw:
        """What the chain corrects, for a wave that came then, ns UTC.

        Raises
        ------
        MotionError : if it came before the record, or behind it
        """
        onset = round((onset_ns - self.start_ns) * self.rate_hz / 1e9)
        if not 0 <= onset < len(self.counts):
            raise MotionError(f"{self.label}: P is expected {onset / self.rate_hz:.1f} s from its start,"
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
    found = [_axis(file, begin) for begin in begins]
    network, azimuths = csmip_header.network("\n".join(file.lines[:_N_HEADER])), [one.azimuth_deg for one in found]
    channels = name_channels(network, found[0].station, "", found[0].rate_hz, azimuths)
    return [replace(one, source_id=channel) for one, channel in zip(found, channels, strict=True)]


def _axis(file: File, begin: int) -> Uncorrected:
    behind = min(begin + _N_HEADER, len(file.lines))
    blocks = [(number, found) for number in range(begin, behind) if (found := _BLOCK.match(file.lines[number]))]
    if not blocks:
        raise file.fault(begin, "expected 'Accelerogram points at 200 pts/sec in units of g' in this header")
    number, block = blocks[0]
    header = "\n".join(file.lines[begin:number])
    station, axis, instrument = (one.search(header) for one in (STATION, AXIS, _INSTRUMENT))
    start_ns = csmip_header.start_ns(header)
    if station is None or axis is None or start_ns is None or instrument is None:
        raise file.fault(begin, "expected Station No., Chan, Start time in UTC, and Instr Period with Damping")
    acceleration_g, _ = file.columns(number + 1, int(block["n"]), int(block["width"]))
    name = f"{axis['azimuth']} deg" if axis["azimuth"] else axis["up"]
    return Uncorrected(
        station=station[1],
        name=name,
        azimuth_deg=float(axis["azimuth"]) if axis["azimuth"] else None,
        rate_hz=float(block["rate"]),
        start_ns=start_ns,
        counts=acceleration_g * _COUNTS_PER_G,
        response=_response(f"{file.name} {name}", float(instrument["period"]), float(instrument["damping"])),
    )


def _response(label: str, period_s: float, damping: float) -> Response:
    """Of a mass on a spring, which feels acceleration alike up to its own frequency."""
    omega = 2 * np.pi / period_s
    poles = omega * (-damping + np.array([1j, -1j]) * np.sqrt(complex(1 - damping**2)))
    gain = _COUNTS_PER_G / G_M_S2
    return Response(label, "M/S**2", (Analog(np.zeros(0, complex), poles, gain, 1.0),), gain, gain, 1.0)
