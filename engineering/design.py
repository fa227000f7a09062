"""Design spectra of codes, elastic, as pseudo-acceleration in g.

`confirmed` says which tables were checked against a second source; the others are marked in every output.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import numpy as np

from engineering.oscillator import Floats
from houfeng.errors import MotionError


class DesignSpectrum(Protocol):
    """What a code asks a structure to bear."""

    @property
    def title(self) -> str:
        """Code, site and level, in its own words."""

    @property
    def confirmed(self) -> bool:
        """Whether its numbers were checked against a second source."""

    def at(self, periods_s: Floats) -> Floats:
        """(k,) g; NaN at periods the code does not speak of."""


# Characteristic period by group (1 to 3) and class of site.
_TG_S = {
    "I0": (0.20, 0.25, 0.30),
    "I1": (0.25, 0.30, 0.35),
    "II": (0.35, 0.40, 0.45),
    "III": (0.45, 0.55, 0.65),
    "IV": (0.65, 0.75, 0.90),
}
GB50011_SITES = tuple(_TG_S)


def characteristic_period_s(site: str, group: int) -> float:
    """Of GB 50011-2010, table 5.1.4-2, for frequent earthquakes; rare ones have 0.05 s more.

    Raises
    ------
    MotionError : if the site or the group is none of the code's
    """
    if site not in _TG_S or group not in (1, 2, 3):
        raise MotionError(f"GB 50011 has sites {', '.join(_TG_S)} in groups 1 to 3, came {site!r} in group {group}")
    return _TG_S[site][group - 1]


@dataclass(frozen=True, slots=True)
class Gb50011:
    """Seismic influence coefficient of GB 50011-2010 (2016), section 5.1.5.

    Parameters
    ----------
    alpha_max : its largest value, g
    tg_s : characteristic period
    damping : share of critical
    """

    alpha_max: float
    tg_s: float
    damping: float = 0.05

    def __post_init__(self) -> None:
        _positive("GB 50011", alpha_max=self.alpha_max, tg_s=self.tg_s, damping=self.damping)

    @property
    def title(self) -> str:
        return f"GB 50011-2010, alpha_max {self.alpha_max:g}, Tg {self.tg_s:g} s, {self.damping:.0%} damping"

    @property
    def confirmed(self) -> bool:
        return True

    def at(self, periods_s: Floats) -> Floats:
        excess = 0.05 - self.damping
        gamma = 0.9 + excess / (0.3 + 6 * self.damping)
        eta1 = max(0.02 + excess / (4 + 32 * self.damping), 0.0)
        eta2 = max(1 + excess / (0.08 + 1.6 * self.damping), 0.55)
        plateau, corner = eta2 * self.alpha_max, 5 * self.tg_s
        rising = (0.45 + (eta2 - 0.45) * periods_s / 0.1) * self.alpha_max
        falling = (self.tg_s / np.maximum(periods_s, 1e-9)) ** gamma * plateau
        straight = (eta2 * 0.2**gamma - eta1 * (periods_s - corner)) * self.alpha_max
        conditions = [periods_s < 0.1, periods_s <= self.tg_s, periods_s <= corner, periods_s <= 6.0]
        return np.select(conditions, [rising, np.full_like(periods_s, plateau), falling, straight], np.nan)


# Soil factor S and corners TB, TC, TD in s.
_EC8 = {
    1: {
        "A": (1.0, 0.15, 0.4, 2.0),
        "B": (1.2, 0.15, 0.5, 2.0),
        "C": (1.15, 0.20, 0.6, 2.0),
        "D": (1.35, 0.20, 0.8, 2.0),
        "E": (1.4, 0.15, 0.5, 2.0),
    },
    2: {
        "A": (1.0, 0.05, 0.25, 1.2),
        "B": (1.35, 0.05, 0.25, 1.2),
        "C": (1.5, 0.10, 0.25, 1.2),
        "D": (1.8, 0.10, 0.30, 1.2),
        "E": (1.6, 0.05, 0.25, 1.2),
    },
}


@dataclass(frozen=True, slots=True)
class Eurocode8:
    """Horizontal elastic spectrum of EN 1998-1:2004, section 3.2.2.2.

    Parameters
    ----------
    ag : design ground acceleration on ground A, g
    ground : A to E
    kind : 1, or 2 where earthquakes are of Ms 5.5 at most
    damping : share of critical
    """

    ag: float
    ground: str
    kind: int = 1
    damping: float = 0.05

    def __post_init__(self) -> None:
        _positive("Eurocode 8", ag=self.ag, damping=self.damping)
        if self.kind not in _EC8 or self.ground not in _EC8[self.kind]:
            raise MotionError(f"Eurocode 8 has ground A to E of type 1 or 2, came {self.ground!r} of type {self.kind}")

    @property
    def title(self) -> str:
        return f"EN 1998-1, type {self.kind}, ground {self.ground}, ag {self.ag:g} g, {self.damping:.0%} damping"

    @property
    def confirmed(self) -> bool:
        return (self.kind, self.ground) == (1, "B")

    def at(self, periods_s: Floats) -> Floats:
        soil, tb, tc, td = _EC8[self.kind][self.ground]
        eta = max(sqrt(10 / (5 + 100 * self.damping)), 0.55)
        safe = np.maximum(periods_s, 1e-9)
        plateau = 2.5 * eta
        rising = 1 + periods_s / tb * (plateau - 1)
        conditions = [periods_s < tb, periods_s <= tc, periods_s <= td, periods_s <= 4.0]
        shapes = [rising, np.full_like(safe, plateau), plateau * tc / safe, plateau * tc * td / safe**2]
        return np.asarray(self.ag * soil * np.select(conditions, shapes, np.nan))


@dataclass(frozen=True, slots=True)
class Asce7:
    """Two-period design spectrum of ASCE/SEI 7-16, section 11.4.6, 5 % damped.

    Parameters
    ----------
    sds, sd1 : design accelerations at short periods and at 1 s, g
    tl_s : where long periods begin
    """

    sds: float
    sd1: float
    tl_s: float

    def __post_init__(self) -> None:
        _positive("ASCE 7", sds=self.sds, sd1=self.sd1, tl_s=self.tl_s)

    @property
    def title(self) -> str:
        return f"ASCE 7-16, SDS {self.sds:g} g, SD1 {self.sd1:g} g, TL {self.tl_s:g} s"

    @property
    def confirmed(self) -> bool:
        return False

    def at(self, periods_s: Floats) -> Floats:
        ts = self.sd1 / self.sds
        safe = np.maximum(periods_s, 1e-9)
        conditions = [periods_s < 0.2 * ts, periods_s <= ts, periods_s <= self.tl_s]
        shapes = [
            self.sds * (0.4 + 0.6 * periods_s / (0.2 * ts)),
            np.full_like(safe, self.sds),
            self.sd1 / safe,
        ]
        return np.select(conditions, shapes, self.sd1 * self.tl_s / safe**2)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A spectrum of one's own: straight lines between its points.

    Parameters
    ----------
    name : what the reader shall see
    periods_s, psa_g : (m,) and (m,); periods grow
    """

    name: str
    periods_s: Floats
    psa_g: Floats

    def __post_init__(self) -> None:
        fits = self.periods_s.shape == self.psa_g.shape and self.periods_s.ndim == 1 and len(self.periods_s) > 1
        if not fits or np.any(np.diff(self.periods_s) <= 0) or np.any(self.psa_g < 0):
            raise MotionError(
                f"{self.name}: needs two and more periods that grow, with as many accelerations in g, none below 0"
            )

    @property
    def title(self) -> str:
        return self.name

    @property
    def confirmed(self) -> bool:
        return True

    def at(self, periods_s: Floats) -> Floats:
        return np.interp(periods_s, self.periods_s, self.psa_g, left=np.nan, right=np.nan)


def _positive(code: str, **values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and np.isfinite(value)):
            raise MotionError(f"{code}: {name} must be more than 0, came {value}")
