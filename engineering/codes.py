"""What a project file says of a design spectrum, checked, and the spectrum it makes on the ground of a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engineering.design import GB50011_SITES, Asce7, DesignSpectrum, Eurocode8, Gb50011, Table, characteristic_period_s
from engineering.zoning import Gb18306, Motion
from houfeng.errors import ConfigError, MotionError


class Code(StrEnum):
    """Where a spectrum comes from."""

    GB50011 = "GB 50011"
    GB18306 = "GB 18306"
    EUROCODE8 = "Eurocode 8"
    ASCE7 = "ASCE 7"
    TABLE = "table"


# Keys that a code needs, and those that it may have beside them.
_NEEDED = {
    Code.GB50011: ("alpha_max", "group"),
    Code.GB18306: ("pga_g", "group"),
    Code.EUROCODE8: ("ag_g",),
    Code.ASCE7: ("sds_g", "sd1_g", "tl_s"),
    Code.TABLE: ("periods_s", "psa_g"),
}
_ALLOWED = {
    Code.GB50011: ("damping", "level"),
    Code.GB18306: ("damping", "level", "factor"),
    Code.EUROCODE8: ("damping", "kind"),
    Code.ASCE7: (),
    Code.TABLE: ("damping", "source"),
}
# Classes of ground that a code tells apart; those without any already stand for a place's ground.
SITE_CLASSES = {
    Code.GB50011: GB50011_SITES,
    Code.GB18306: GB50011_SITES,
    Code.EUROCODE8: ("A", "B", "C", "D", "E"),
    Code.ASCE7: (),
    Code.TABLE: (),
}
_USUAL_DAMPING = 0.05
# Well above what codes have (GB 50011 1.4, GB 18306 0.4 times 3.2): beyond are percent, gal and slips of the hand.
_MOST = {"alpha_max": 3.0, "pga_g": 1.5, "ag_g": 2.0, "sds_g": 5.0, "sd1_g": 5.0}
# Values of these tables were written down from memory of the standard.
UNCONFIRMED = {
    Code.GB18306: "site factors Fa, the levels' multiples and the spectral shape were not checked against the standard",
    Code.EUROCODE8: "soil factors and corners of ground other than B of type 1 were not checked against the standard",
    Code.ASCE7: "the spectrum's form was not checked against the standard",
}


@dataclass(frozen=True, slots=True)
class SpectrumTable:
    """One `[[spectrum]]` of a project file.

    Parameters
    ----------
    name : by which sites and routes ask for it
    code : decides which of the other keys it needs
    level : of GB 50011 frequent or rare, of GB 18306 also basic and very rare
    damping : share of critical, as of the measured spectra that are compared with it
    source : of a table, where its numbers are from
    unconfirmed : what is not confirmed of these values, and why: it stands in the report

    Raises
    ------
    ConfigError : a line for each key that is missing, of another code, or cannot be
    """

    name: str
    code: Code
    damping: float | None = None
    alpha_max: float | None = None
    pga_g: float | None = None
    group: int | None = None
    level: Motion | None = None
    factor: float | None = None
    ag_g: float | None = None
    kind: int | None = None
    sds_g: float | None = None
    sd1_g: float | None = None
    tl_s: float | None = None
    periods_s: tuple[float, ...] | None = None
    psa_g: tuple[float, ...] | None = None
    source: str | None = None
    unconfirmed: str | None = None

    def __post_init__(self) -> None:
        needed, known = _NEEDED[self.code], {*_NEEDED[self.code], *_ALLOWED[self.code], "name", "code", "unconfirmed"}
        faults = [f"{key}: {self.code} needs it, the key is missing" for key in needed if getattr(self, key) is None]
        faults += [
            f"{key}: {self.code} has no such key; it has {', '.join(sorted(known))}"
            for key in self.__slots__
            if key not in known and getattr(self, key) is not None
        ]
        faults += [
            f"{key}: {most:g} at most is needed, a share and no percent, came {value:g}"
            for key, most in _MOST.items()
            if (value := getattr(self, key)) is not None and value > most
        ]
        if not faults:
            try:
                self.on((SITE_CLASSES[self.code] or ("",))[0])
            except MotionError as error:
                faults.append(f"periods_s: {error}" if self.code is Code.TABLE else f"name: {self.name}: {error}")
        if self.code is Code.GB50011 and self.level in (Motion.BASIC, Motion.VERY_RARE):
            faults.append(f"level: GB 50011 has frequent and rare earthquakes, came {self.level}")
        if faults:
            raise ConfigError("\n".join(faults))

    @property
    def share_of_critical(self) -> float:
        """Damping of the spectrum."""
        return _USUAL_DAMPING if self.damping is None else self.damping

    def on(self, site_class: str) -> DesignSpectrum:
        """The spectrum on a class of ground, which must be one of the code's.

        Raises
        ------
        MotionError : if a value is none that the code has
        """
        return _MAKERS[self.code](self, site_class)


def _gb50011(table: SpectrumTable, site_class: str) -> DesignSpectrum:
    later = 0.05 if table.level is Motion.RARE else 0.0
    tg_s = characteristic_period_s(site_class, table.group or 0) + later
    return Gb50011(table.alpha_max or 0.0, tg_s, table.share_of_critical)


def _gb18306(table: SpectrumTable, site_class: str) -> DesignSpectrum:
    level = table.level or Motion.BASIC
    usual = {Motion.FREQUENT: 1 / 3, Motion.BASIC: 1.0, Motion.RARE: 1.9, Motion.VERY_RARE: 2.9}[level]
    factor = usual if table.factor is None else table.factor
    return Gb18306(table.pga_g or 0.0, table.group or 0, site_class, level, factor, table.share_of_critical)


def _eurocode8(table: SpectrumTable, site_class: str) -> DesignSpectrum:
    return Eurocode8(table.ag_g or 0.0, site_class, 1 if table.kind is None else table.kind, table.share_of_critical)


def _asce7(table: SpectrumTable, _: str) -> DesignSpectrum:
    return Asce7(table.sds_g or 0.0, table.sd1_g or 0.0, table.tl_s or 0.0)


def _table(table: SpectrumTable, _: str) -> DesignSpectrum:
    title = f"{table.name}: {table.source}" if table.source else table.name
    return Table(title, np.array(table.periods_s, float), np.array(table.psa_g, float))


_MAKERS = {
    Code.GB50011: _gb50011,
    Code.GB18306: _gb18306,
    Code.EUROCODE8: _eurocode8,
    Code.ASCE7: _asce7,
    Code.TABLE: _table,
}
