"""Units that StationXML documents of instruments in use are written in."""

from __future__ import annotations

MOTION = {
    "displacement": frozenset({"M", "NM", "UM", "MM", "CM"}),
    "velocity": frozenset({"M/S", "M/SEC", "NM/S", "NM/SEC", "UM/S", "MM/S", "CM/S"}),
    "acceleration": frozenset(
        {"M/S**2", "M/S/S", "M/S^2", "M/SEC**2", "M/(S**2)", "NM/S**2", "MM/S**2", "CM/S**2", "M/S2", "G"}
    ),
}
COUNTS = frozenset({"COUNTS", "COUNT", "DIGITAL COUNTS", "CTS"})

# SEED manual, blockette 34, and the list of unit names of the StationXML documentation (docs.fdsn.org, "Unit naming").
_OTHERS = [
    "V",
    "VOLT",
    "VOLTS",
    "A",
    "AMPERES",
    "OHM",
    "W",
    "HZ",
    "PA",
    "KPA",
    "HPA",
    "MBAR",
    "BAR",
    "T",
    "NT",
    "TESLA",
    "K",
    "C",
    "DEGC",
    "CELSIUS",
    "DEG",
    "DEGREES",
    "RAD",
    "RAD/S",
    "RAD/S**2",
    "RADIAN",
    "MICRORADIAN",
    "M/M",
    "M**3/M**3",
    "STRAIN",
    "S",
    "SEC",
    "SECOND",
    "USEC",
    "MS",
    "US",
    "NS",
    "MIN",
    "H",
    "DAY",
    "PERCENT",
    "%",
    "B",
    "BIT",
    "BITS",
    "BYTE",
    "BYTES",
    "CYCLE",
    "REBOOT",
    "REBOOTS",
    "W/M**2",
    "J/M**2",
    "N",
    "NEWTON",
    "KG",
    "UNKNOWN",
    "NONE",
    "NUMBER",
    "DIMENSIONLESS",
    "DB",
    "DBM",
    "MM/HOUR",
    "MM/H",
    "V/M",
    "V/NT",
    "M**2",
    "M**3",
    "1/S",
    "PPM",
]
_KNOWN = frozenset(_OTHERS) | COUNTS | frozenset().union(*MOTION.values())


def plain(unit: str) -> str:
    """A unit as it is compared: in capitals, without blanks around it."""
    return unit.strip().upper()


def is_known(unit: str) -> bool:
    """Whether it is a unit that instruments have; in any case, because documents are in every case."""
    return plain(unit) in _KNOWN


def same(one: str, other: str) -> bool:
    """Whether two names are one unit: counts have several, the others differ in their case at most."""
    return plain(one) == plain(other) or (plain(one) in COUNTS and plain(other) in COUNTS)
