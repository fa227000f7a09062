"""Ground motion at one place, as a file or a chain of processing hands it on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engineering.oscillator import Floats
from houfeng.codes import SourceId
from houfeng.errors import MotionError

# Horizontal components whose azimuths differ from a right angle by more are no pair.
RIGHT_ANGLE_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Published:
    """What the agency that made a record says of it.

    Parameters
    ----------
    pga_m_s2, pgv_m_s, pgd_m : the peaks; None where it says nothing
    """

    pga_m_s2: float | None = None
    pgv_m_s: float | None = None
    pgd_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """Corrected acceleration along one axis.

    Parameters
    ----------
    station : as the file names it
    name : of the axis: a channel's code, or an azimuth as the file writes it
    azimuth_deg : clockwise from north; None is the vertical
    rate_hz : samples per second
    acceleration_m_s2 : (n,), zero before the first sample
    band_hz : between which corners it was filtered; None where the file does not say
    band_by : what decided each of them; "" where it is not known
    published : what it should come to
    velocity_m_s, displacement_m : (n,) as its agency integrated and filtered them; None where the file has none
    source_id, start_ns : channel, and time of its first sample, ns UTC; None where the file has none
    """

    station: str
    name: str
    azimuth_deg: float | None
    rate_hz: float
    acceleration_m_s2: Floats
    band_hz: tuple[float, float] | None = None
    band_by: tuple[str, str] = ("", "")
    published: Published = Published()
    velocity_m_s: Floats | None = None
    displacement_m: Floats | None = None
    source_id: SourceId | None = None
    start_ns: int | None = None

    def __post_init__(self) -> None:
        if not (self.rate_hz > 0 and np.isfinite(self.rate_hz)):
            raise MotionError(f"{self.label}: the sample rate must be more than 0 Hz, came {self.rate_hz}")
        if len(self.acceleration_m_s2) < 2 or not np.isfinite(self.acceleration_m_s2).all():
            raise MotionError(f"{self.label}: needs two samples and more, all finite")

    @property
    def label(self) -> str:
        """Station and axis, for messages."""
        return f"{self.station} {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Components of one instrument, of one rate and length.

    Parameters
    ----------
    components : in the order of the file

    Raises
    ------
    MotionError : if there are none, or they differ in station, rate or length
    """

    components: tuple[Component, ...]

    def __post_init__(self) -> None:
        if not self.components:
            raise MotionError("a record needs a component, came none")
        first = self.components[0]
        for other in self.components[1:]:
            if (other.station, other.rate_hz) != (first.station, first.rate_hz):
                raise MotionError(f"{first.label} and {other.label} differ in station or rate")
            if len(other.acceleration_m_s2) != len(first.acceleration_m_s2):
                lengths = f"{len(first.acceleration_m_s2)} and {len(other.acceleration_m_s2)} samples"
                raise MotionError(f"{first.label} and {other.label} differ in length: {lengths}")

    @property
    def station(self) -> str:
        """As the file names it."""
        return self.components[0].station

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        return self.components[0].rate_hz

    @property
    def acceleration_m_s2(self) -> Floats:
        """(components, n)."""
        return np.stack([component.acceleration_m_s2 for component in self.components])

    @property
    def horizontals_m_s2(self) -> Floats | None:
        """(2, n) of the pair at right angles; None where there is none."""
        level = [component for component in self.components if component.azimuth_deg is not None]
        if len(level) != 2 or level[0].azimuth_deg is None or level[1].azimuth_deg is None:
            return None
        apart = (level[1].azimuth_deg - level[0].azimuth_deg) % 180
        if abs(apart - 90) > RIGHT_ANGLE_DEG:
            return None
        return np.stack([component.acceleration_m_s2 for component in level])
