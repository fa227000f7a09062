"""What the check says, and its rules.

Rules from 101 on bear the numbers under which the StationXML validator of EarthScope knows them (iris-edu/
stationxml-validator, wiki "StationXML Validation Rule List"), so that its documentation can be looked up; what each one
asks here is said below, and is told from its test documents. Rules below 100 are this house's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error contradicts the document itself or the standard; a warning may be meant so."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may be.

    Parameters
    ----------
    rule : key of `RULES`
    path : `NET`, `NET.STA` or `NET.STA.LOC.CHA`; "" of the whole document
    epoch : `2018-08-06T00:00:00Z..open`; "" of the whole document
    element : of StationXML, below the path: `Response/Stage[3]/StageGain/Value`
    found, expected : in words, with units
    """

    rule: str
    path: str
    epoch: str
    element: str
    found: str
    expected: str

    @property
    def severity(self) -> Severity:
        return RULES[self.rule][0]

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.path, self.epoch and f"[{self.epoch}]", self.element)))
        return f"{self.rule} {self.severity} {where}: found {self.found}; expected {self.expected}"


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

RULES = {
    "001": (_ERROR, "the document is well-formed StationXML"),
    "002": (_ERROR, "what must be a number is one, and is there"),
    "003": (_ERROR, "what must be a UTC time is one, and is there"),
    "004": (_ERROR, "the document has a network, and the network a station"),
    "101": (_ERROR, "a network's code is 1-2 capital letters or digits, or 2 of them and the year of a temporary one"),
    "110": (_ERROR, "a network begins before it ends"),
    "111": (_ERROR, "epochs of one station do not overlap"),
    "112": (_ERROR, "epochs of stations lie within that of their network"),
    "201": (_ERROR, "a station's code is 1-8 capital letters, digits or '-'"),
    "210": (_ERROR, "a station begins before it ends"),
    "211": (_ERROR, "epochs of one channel do not overlap"),
    "212": (_ERROR, "epochs of channels lie within that of their station"),
    "220": (_ERROR, "coordinates of a station are on this planet"),
    "222": (_ERROR, "a channel is within 1 km of its station"),
    "223": (_ERROR, "a channel's elevation is within 1 km of its station's"),
    "301": (_ERROR, "a channel's code is 3 capital letters or digits"),
    "302": (_ERROR, "a location code is empty, '--', or 1-8 capital letters or digits"),
    "303": (_WARNING, "the unit of calibration is a known one"),
    "304": (_WARNING, "the sensor has a description"),
    "305": (_ERROR, "a channel with a response has a sampling rate above 0"),
    "310": (_ERROR, "a channel begins before it ends"),
    "320": (_ERROR, "a seismometer's or accelerometer's channel has azimuth and dip"),
    "321": (_ERROR, "a seismometer's response begins with ground motion"),
    "322": (_ERROR, "an accelerometer's response begins with acceleration"),
    "323": (_ERROR, "coordinates of a channel are on this planet"),
    "330": (_ERROR, "azimuths are 0 to 360 degrees"),
    "331": (_ERROR, "dips are -90 to 90 degrees"),
    "332": (_WARNING, "a channel named Z, N or E points up or down, north or east, within 5 degrees"),
    "401": (_ERROR, "the stages of a response are numbered 1, 2, 3 ..."),
    "402": (_ERROR, "units in a response are known ones"),
    "403": (_ERROR, "a stage takes in the unit that the one before it gives out"),
    "404": (_ERROR, "a digital stage says at what rate it samples"),
    "405": (_ERROR, "a response list does not stand alone"),
    "406": (_ERROR, "the last stage gives out the unit that the sensitivity has"),
    "407": (_ERROR, "the first stage takes in the unit that the sensitivity has"),
    "410": (_ERROR, "the sensitivity is not 0"),
    "411": (_ERROR, "the frequency of the sensitivity is below half the sampling rate"),
    "412": (_ERROR, "the gains of the stages multiply to the sensitivity, within 5 %"),
    "413": (_ERROR, "a stage's gain is not 0"),
    "414": (_ERROR, "a stage's gain is stated at a frequency at which the stage lets something through"),
    "415": (_ERROR, "with a polynomial stage the whole is stated as a polynomial"),
    "416": (_ERROR, "where the whole is stated as a polynomial, a stage is one"),
    "420": (_ERROR, "a digital channel's response has a stage that says at what rate it samples"),
    "421": (_ERROR, "the last stage gives out the channel's sampling rate"),
    "422": (_ERROR, "a digital stage takes in the rate that the one before it gives out"),
    "423": (_ERROR, "a stage that decimates has a filter: coefficients, FIR or digital poles and zeros"),
    "424": (_ERROR, "what follows the digitizer is in counts"),
    "425": (_ERROR, "an analogue stage does not decimate"),
}
