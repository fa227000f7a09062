"""FDSN channels of records whose files name none: told from the agency, the sample rate and the azimuths.

Band codes are those of the FDSN Source Identifiers 1.0 for sensors that feel down to 10 s and beyond, as
accelerometers do; the instrument code is N. Orientation codes are Z, N and E, or 1 and 2 where a horizontal is more
than 5 degrees from north or east, which is where the same document ends them.
"""

from __future__ import annotations

from collections.abc import Sequence

from houfeng.codes import SourceId
from houfeng.errors import SourceIdError

_BANDS = ((1000.0, "F"), (250.0, "C"), (80.0, "H"), (10.0, "B"), (1.0, "M"))
_TRUE_DEG = 5.0
_N_AXES = 3  # of more, which are those of a building or an array, the file does not say where each sensor is
_ROUNDING = 1e-6  # of a rate that a header gives as an interval


def name_channels(
    network: str | None, station: str, location: str, rate_hz: float, azimuths_deg: Sequence[float | None]
) -> list[SourceId | None]:
    """A channel for each axis of a file, or None for all where the file does not say enough.

    Parameters
    ----------
    network : of the agency that owns the station; None where it is not known
    azimuths_deg : clockwise from north; None of a vertical
    """
    unknown: list[SourceId | None] = [None] * len(azimuths_deg)
    band = next((letter for least_hz, letter in _BANDS if rate_hz * (1 + _ROUNDING) >= least_hz), None)
    orientations = _orientations(azimuths_deg)
    if network is None or band is None or orientations is None:
        return unknown
    try:
        return [SourceId(network, station, location, f"{band}N{orientation}") for orientation in orientations]
    except SourceIdError:
        return unknown


def _orientations(azimuths_deg: Sequence[float | None]) -> list[str] | None:
    level = [azimuth % 360 for azimuth in azimuths_deg if azimuth is not None]
    if len(azimuths_deg) > _N_AXES or len(azimuths_deg) - len(level) > 1:
        return None
    is_true = all(min(abs(azimuth - true) for true in (0, 90, 360)) <= _TRUE_DEG for azimuth in level)
    names = ["E" if abs(azimuth - 90) <= _TRUE_DEG else "N" for azimuth in level]
    if not is_true or len(set(names)) < len(names):
        names = [str(number) for number in range(1, len(level) + 1)]
    left = iter(names)
    return ["Z" if azimuth is None else next(left) for azimuth in azimuths_deg]
