"""Every rule of the StationXML check, each on a document in which one thing is wrong."""

from __future__ import annotations

import pytest

from stations.check import RULES, Severity, check_stationxml

_POLYNOMIAL = "<InstrumentPolynomial><Coefficient number='0'>1</Coefficient></InstrumentPolynomial>"
_FIRST_FACTOR = "<InputSampleRate>400</InputSampleRate><Factor>1<"
_LAST_UNIT = "</InputUnits><OutputUnits><Name>COUNTS</Name></OutputUnits><Symmetry>"
_CHANNEL_START = "locationCode='00' startDate='2020-01-01T00:00:00' endDate='2022-01-01T00:00:00'"


def twice(document: str, tag: str, old: str, new: str) -> str:
    """The document with a second element `tag`, a copy of the first but for `old`."""
    start, end = document.index(f"<{tag} "), document.rindex(f"</{tag}>") + len(f"</{tag}>")
    return document[:end] + document[start:end].replace(old, new, 1) + document[end:]


def without(document: str, tag: str) -> str:
    """The document without any element `tag`."""
    while f"<{tag}>" in document:
        start, end = document.index(f"<{tag}>"), document.index(f"</{tag}>") + len(f"</{tag}>")
        document = document[:start] + document[end:]
    return document


# rule -> what to write instead of what, and words that the finding must have
ONE_THING = {
    "002": ("<Depth>1</Depth>", "<Depth>deep</Depth>", "'deep'"),
    "003": ("startDate='2000-01-01T00:00:00'", "startDate='2000-13-01T00:00:00'", "2000-13-01"),
    "101": ("<Network code='KR'", "<Network code='KRX'", "'KRX'"),
    "110": ("startDate='2000-01-01T00:00:00'", "startDate='2000-01-01' endDate='2000-01-01'", "after startDate 2000"),
    "112": ("startDate='2000-01-01T00:00:00'", "startDate='2021-01-01T00:00:00'", "within 2021-01-01T00:00:00Z..open"),
    "201": ("<Station code='AAA'", "<Station code='#AAA'", "'#AAA'"),
    "210": ("endDate='2024-01-01T00:00:00'", "endDate='2019-01-01T00:00:00'", "2019-01-01"),
    "212": ("endDate='2024-01-01T00:00:00'", "endDate='2021-01-01T00:00:00'", "2020-01-01T00:00:00Z..2022"),
    "220": ("<Latitude>41.5</Latitude>", "<Latitude>91</Latitude>", "91 deg; expected -90 to 90 deg"),
    "222": ("<Latitude>41.5</Latitude>", "<Latitude>41.6</Latitude>", "11.1 km away; expected at most 1 km"),
    "223": ("<Elevation>2000</Elevation>", "<Elevation>20</Elevation>", "2000 m; expected at most 1000 m"),
    "301": ("code='BHN'", "code='BH'", "'BH'; expected 3 capital letters"),
    "302": ("locationCode='00'", "locationCode='-'", "'-'"),
    "303": ("<Name>A</Name></CalibrationUnits>", "<Name>Siriometer</Name></CalibrationUnits>", "'Siriometer'"),
    "304": ("<Description>STS-2</Description>", "", "what instrument it is"),
    "305": ("<SampleRate>100</SampleRate>", "<SampleRate>0</SampleRate>", "0 Hz; expected more than 0 Hz"),
    "310": (_CHANNEL_START, "locationCode='00' startDate='2020-06-01' endDate='2020-06-01'", "after startDate 2020-06"),
    "320": ("<Azimuth>0</Azimuth>", "", "Azimuth: found nothing"),
    "321": ("<Name>M/S</Name>", "<Name>PA</Name>", "'PA'; expected M/S"),
    "322": ("code='BHN'", "code='BNN'", "'M/S'; expected M/S**2"),
    "330": ("<Azimuth>0</Azimuth>", "<Azimuth>361</Azimuth>", "361 deg; expected 0 to 360"),
    "331": ("<Dip>0</Dip>", "<Dip>-91</Dip>", "-91 deg; expected -90"),
    "332": ("<Azimuth>0</Azimuth>", "<Azimuth>6</Azimuth>", "azimuth 6, dip 0 deg on a channel N"),
    "401": ("<Stage number='2'>", "<Stage number='5'>", "found 1, 5, 3; expected 1 to 3 in order"),
    "402": ("<OutputUnits><Name>V</Name>", "<OutputUnits><Name>furlong</Name>", "Stage[1]/PolesZeros/OutputUnits/Name"),
    "403": ("<InputUnits><Name>V</Name>", "<InputUnits><Name>A</Name>", "'A'; expected 'V', which stage 1 gives out"),
    "406": ("<OutputUnits><Name>COUNTS</Name>", "<OutputUnits><Name>V</Name>", "'COUNTS'; expected 'V'"),
    "407": ("<InputUnits><Name>M/S</Name>", "<InputUnits><Name>M</Name>", "'M/S'; expected 'M'"),
    "410": ("<Value>6e8</Value>", "<Value>0</Value>", "counts per unit, not 0"),
    "411": ("<Frequency>1</Frequency>", "<Frequency>50</Frequency>", "50 Hz; expected below 50 Hz"),
    "412": ("<Value>6e8</Value>", "<Value>5e8</Value>", "5e+08; expected 6e+08"),
    "413": ("<Value>1</Value>", "<Value>0</Value>", "Response/Stage[3]/StageGain/Value"),
    "414": ("<Value>1500</Value><Frequency>1<", "<Value>1500</Value><Frequency>0<", "0 Hz, at which poles and zeros"),
    "421": ("<SampleRate>100</SampleRate>", "<SampleRate>200</SampleRate>", "100 Hz after the last one; expected 200"),
    "422": (_FIRST_FACTOR, _FIRST_FACTOR.replace("1<", "2<"), "400 Hz; expected 200 Hz"),
    "424": (_LAST_UNIT, _LAST_UNIT.replace("COUNTS", "V"), "'V'; expected COUNTS"),
}


def test_a_sound_document_has_no_findings(document: str) -> None:
    assert check_stationxml(document.encode(), "a.xml") == []


@pytest.mark.parametrize("rule", sorted(ONE_THING))
def test_one_thing_wrong_is_found_and_explained(rule: str, document: str) -> None:
    old, new, words = ONE_THING[rule]
    assert old in document
    findings = check_stationxml(document.replace(old, new, 1).encode(), "a.xml")
    said = [str(finding) for finding in findings if finding.rule == rule]
    assert said and words in said[0]
    assert f" {RULES[rule][0]} KR" in said[0]


def test_epochs_of_a_channel_must_not_overlap(document: str) -> None:
    found = check_stationxml(twice(document, "Channel", "2020-01-01", "2021-12-31").encode(), "a.xml")
    assert [finding.rule for finding in found] == ["211"]
    assert found[0].epoch == "2021-12-31T00:00:00Z..2022-01-01T00:00:00Z"
    assert "its epoch 2020-01-01T00:00:00Z..2022-01-01T00:00:00Z" in found[0].expected
    adjoining = twice(document, "Channel", _CHANNEL_START, "locationCode='00' startDate='2022-01-01T00:00:00'")
    assert "211" not in {finding.rule for finding in check_stationxml(adjoining.encode(), "a.xml")}


def test_epochs_of_a_station_must_not_overlap(document: str) -> None:
    found = check_stationxml(twice(document, "Station", "2020-01-01", "2020-06-01").encode(), "a.xml")
    assert "111" in {finding.rule for finding in found}


def test_elements_that_are_missing_altogether(document: str) -> None:
    def rules(text: str) -> set[str]:
        return {finding.rule for finding in check_stationxml(text.encode(), "a.xml")}

    assert rules(without(document, "Decimation")) == {"404", "420"}
    assert rules(without(document, "FIR")) == {"423"}
    assert rules(without(document, "InstrumentSensitivity")) == set()
    assert rules(document.replace("<Network", "<Net").replace("</Network", "</Net")) == {"004"}
    assert rules(document.replace("<Station ", "<Stat ").replace("</Station>", "</Stat>")) == {"004"}


def test_an_analogue_stage_does_not_decimate(document: str) -> None:
    decimation = document[document.index("<Decimation>") : document.index("</Decimation>") + len("</Decimation>")]
    found = check_stationxml(document.replace("</PolesZeros>", f"</PolesZeros>{decimation}").encode(), "a.xml")
    assert [str(each).partition(": found")[0] for each in found] == [
        "425 error KR.AAA.00.BHN [2020-01-01T00:00:00Z..2022-01-01T00:00:00Z] Response/Stage[1]/Decimation"
    ]


def test_polynomials_belong_together(document: str) -> None:
    start, end = document.index("<InstrumentSensitivity>"), document.index("</InstrumentSensitivity>") + 24
    stated = document[:start] + _POLYNOMIAL + document[end:]
    last = stated.index("<Stage number='2'>"), stated.index("</Response>")
    alone = stated[: last[0]] + stated[last[1] :]
    assert "416" in {finding.rule for finding in check_stationxml(alone.encode(), "a.xml")}
    as_stage = document.replace("<FIR>", "<Polynomial>").replace("</FIR>", "</Polynomial>")
    assert "415" in {finding.rule for finding in check_stationxml(as_stage.encode(), "a.xml")}
    as_list = alone.replace("PolesZeros>", "ResponseList>")
    assert "405" in {finding.rule for finding in check_stationxml(as_list.encode(), "a.xml")}


def test_channels_that_watch_the_station_are_not_held_to_rules_of_ground_motion(document: str) -> None:
    wrong = document.replace("<Stage number='2'>", "<Stage number='5'>").replace("<Azimuth>0</Azimuth>", "")
    assert {finding.rule for finding in check_stationxml(wrong.encode(), "a.xml")} == {"320", "401"}
    assert check_stationxml(wrong.replace("code='BHN'", "code='LOG'").encode(), "a.xml") == []
    assert check_stationxml(wrong.replace("GEOPHYSICAL", "MAINTENANCE").encode(), "a.xml") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty document"),
        (b"<a/>", "root element a"),
        (b"<!DOCTYPE a><a/>", "DOCTYPE"),
        (b"\xff\xfe\x00", "text"),
        (b"<FDSNStationXML xmlns='http://www.fdsn.org/xml/station/1'><Network", "damaged or cut off"),
    ],
)
def test_what_is_no_stationxml_is_one_finding(content: bytes, words: str) -> None:
    (finding,) = check_stationxml(content, "a.xml")
    assert finding.rule == "001" and words in str(finding)


def test_every_rule_is_tested_here() -> None:
    elsewhere = {"001", "004", "111", "211", "323", "404", "405", "415", "416", "420", "423", "425"}
    assert {*ONE_THING, *elsewhere} == set(RULES)
    assert {rule for rule, (severity, _) in RULES.items() if severity is Severity.WARNING} == {"303", "304", "332"}
