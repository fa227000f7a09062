"""A small document that keeps every rule."""

from __future__ import annotations

import pytest

_UNITS = "<InputUnits><Name>{}</Name></InputUnits><OutputUnits><Name>{}</Name></OutputUnits>"
_GAIN = "<StageGain><Value>{}</Value><Frequency>1</Frequency></StageGain>"
_DECIMATION = (
    "<Decimation><InputSampleRate>{}</InputSampleRate><Factor>{}</Factor><Offset>0</Offset><Delay>0</Delay>"
    "<Correction>0</Correction></Decimation>"
)
_ROOT = "<{0} number='0'><Real>0</Real><Imaginary>0</Imaginary></{0}>"
STAGES = (
    f"<Stage number='1'><PolesZeros>{_UNITS.format('M/S', 'V')}"
    "<PzTransferFunctionType>LAPLACE (RADIANS/SECOND)</PzTransferFunctionType>"
    "<NormalizationFactor>1</NormalizationFactor><NormalizationFrequency>1</NormalizationFrequency>"
    f"{_ROOT.format('Zero') * 2}{_ROOT.format('Pole')}</PolesZeros>{_GAIN.format(1500)}</Stage>"
    f"<Stage number='2'><Coefficients>{_UNITS.format('V', 'COUNTS')}"
    "<CfTransferFunctionType>DIGITAL</CfTransferFunctionType><Numerator>1</Numerator></Coefficients>"
    f"{_DECIMATION.format(400, 1)}{_GAIN.format(400000)}</Stage>"
    f"<Stage number='3'><FIR>{_UNITS.format('COUNTS', 'COUNTS')}<Symmetry>NONE</Symmetry>"
    f"<NumeratorCoefficient>1</NumeratorCoefficient></FIR>{_DECIMATION.format(400, 4)}{_GAIN.format(1)}</Stage>"
)
RESPONSE = (
    "<Response><InstrumentSensitivity><Value>6e8</Value><Frequency>1</Frequency>"
    f"{_UNITS.format('M/S', 'COUNTS')}</InstrumentSensitivity>{STAGES}</Response>"
)
CHANNEL = (
    "<Channel code='BHN' locationCode='00' startDate='2020-01-01T00:00:00' endDate='2022-01-01T00:00:00'>"
    "<Latitude>41.5</Latitude><Longitude>75.5</Longitude><Elevation>2000</Elevation><Depth>1</Depth>"
    "<Azimuth>0</Azimuth><Dip>0</Dip><Type>GEOPHYSICAL</Type><SampleRate>100</SampleRate>"
    "<CalibrationUnits><Name>A</Name></CalibrationUnits><Sensor><Description>STS-2</Description></Sensor>"
    f"{RESPONSE}</Channel>"
)
STATION = (
    "<Station code='AAA' startDate='2020-01-01T00:00:00' endDate='2024-01-01T00:00:00'>"
    "<Latitude>41.5</Latitude><Longitude>75.5</Longitude><Elevation>2000</Elevation><Site><Name>A</Name></Site>"
    f"{CHANNEL}</Station>"
)
DOCUMENT = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    "<FDSNStationXML xmlns='http://www.fdsn.org/xml/station/1' schemaVersion='1.1'><Source>test</Source>"
    f"<Network code='KR' startDate='2000-01-01T00:00:00'>{STATION}</Network></FDSNStationXML>"
)


@pytest.fixture
def document() -> str:
    """KR.AAA.00.BHN of 2020 to 2022, with a response of three stages."""
    return DOCUMENT
