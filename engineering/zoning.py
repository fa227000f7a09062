"""GB 18306-2015, the Chinese zoning map: from what the map says of a place to a spectrum on its ground."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engineering.design import GB50011_SITES, Gb50011, characteristic_period_s
from engineering.oscillator import Floats
from houfeng.errors import MotionError


class Motion(StrEnum):
    """Levels of ground motion, by chance of exceedance."""

    FREQUENT = "frequent"  # 63 % in 50 years
    BASIC = "basic"  # 10 % in 50 years: what the map shows
    RARE = "rare"  # 2 % in 50 years
    VERY_RARE = "very rare"  # 1e-4 a year


# Multiples of the basic motion that the standard allows, section 6.2.
_FACTORS = {
    Motion.FREQUENT: (1 / 3, 1.0),
    Motion.BASIC: (1.0, 1.0),
    Motion.RARE: (1.6, 2.3),
    Motion.VERY_RARE: (2.7, 3.2),
}
# Largest spectral over peak acceleration, and how much later the plateau of rare motion ends.
AMPLIFICATION, RARE_LATER_S = 2.5, 0.05
# Site factors Fa at these basic accelerations, g; straight lines between them (appendix E).
_AT_G = (0.05, 0.10, 0.15, 0.20, 0.30, 0.40)
_FA = {
    "I0": (0.72, 0.74, 0.75, 0.76, 0.85, 0.90),
    "I1": (0.80, 0.82, 0.83, 0.85, 0.95, 1.00),
    "II": (1.00, 1.00, 1.00, 1.00, 1.00, 1.00),
    "III": (1.30, 1.25, 1.15, 1.00, 1.00, 1.00),
    "IV": (1.25, 1.20, 1.10, 1.00, 0.95, 0.90),
}


def site_factor(site: str, pga_g: float) -> float:
    """Fa: peak acceleration on a site over that on ground of class II.

    Raises
    ------
    MotionError : if the class is none of the standard's
    """
    if site not in _FA:
        raise MotionError(f"GB 18306 has sites {', '.join(GB50011_SITES)}, came {site!r}")
    return float(np.interp(pga_g, _AT_G, _FA[site]))


@dataclass(frozen=True, slots=True)
class Gb18306:
    """Spectrum of a place on the zoning map: its peak acceleration, in the shape of GB 50011.

    Parameters
    ----------
    pga : basic peak acceleration of ground of class II, g, as the map has it
    group : 1, 2 or 3: characteristic period 0.35, 0.40 or 0.45 s on the map
    site : class I0 to IV
    level : of motion
    factor : multiple of the basic motion, within what the standard allows for the level
    damping : share of critical
    """

    pga: float
    group: int
    site: str
    level: Motion
    factor: float
    damping: float = 0.05

    def __post_init__(self) -> None:
        low, high = _FACTORS[self.level]
        if not low - 1e-3 <= self.factor <= high + 1e-3:
            allowed = f"{low:.2f} to {high:.2f}" if low < high else f"{low:g}"
            raise MotionError(f"GB 18306: factor of {self.level} motion is {allowed} of basic, came {self.factor:g}")
        self._shape()

    @property
    def title(self) -> str:
        on = f"site {self.site}, Fa {site_factor(self.site, self.pga * self.factor):.3g}"
        return f"GB 18306-2015, {self.level} motion, {self.factor:g} x {self.pga:g} g, {on}, Tg {self._tg_s():g} s"

    @property
    def confirmed(self) -> bool:
        return False

    def at(self, periods_s: Floats) -> Floats:
        return self._shape().at(periods_s)

    def _tg_s(self) -> float:
        later = RARE_LATER_S if self.level in (Motion.RARE, Motion.VERY_RARE) else 0.0
        return characteristic_period_s(self.site, self.group) + later

    def _shape(self) -> Gb50011:
        peak_g = self.pga * self.factor  # on ground of class II
        return Gb50011(AMPLIFICATION * peak_g * site_factor(self.site, peak_g), self._tg_s(), self.damping)
