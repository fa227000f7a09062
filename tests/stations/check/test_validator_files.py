"""The test documents of EarthScope's StationXML validator: which rule a document breaks is in its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.check import RULES, check_stationxml
from tests.stations.check.conftest import DOCUMENT

# P1_220 and F1_220 are the same bytes; P1_301 names a channel "___", which no other program takes.
NOT_AS_NAMED = {"P1_301"}


@pytest.mark.data
def test_every_file_breaks_the_rule_in_its_name_or_keeps_it(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("stationxml_rules")
    files = sorted(folder.glob("*.xml"))
    assert len(files) == 64
    found = {file.stem: {each.rule for each in check_stationxml(file.read_bytes(), file.name)} for file in files}
    assert (folder / "P1_220.xml").read_bytes() == (folder / "F1_220.xml").read_bytes()
    assert found.pop("F1_220") == found.pop("P1_220") == {"222"}
    assert found.pop("Validator_Pass") == set()
    missed = [name for name, rules in found.items() if name.startswith("F") and name[3:] not in rules]
    blamed = [name for name, rules in found.items() if name.startswith("P") and name[3:] in rules]
    assert missed == []
    assert set(blamed) == NOT_AS_NAMED


@pytest.mark.data
def test_documents_in_use_are_not_blamed(shared_data: Callable[[str], Path]) -> None:
    """Real metadata of data centres: faults are found in the one that is known to be faulty."""
    files = [
        *(shared_data("asia_gsn").glob("*.xml")),
        *(shared_data("bw_unterhaching").rglob("*.xml")),
        *(shared_data("noise_psd").rglob("*.xml")),
    ]
    stationxml = [file for file in files if b"<FDSNStationXML" in file.read_bytes()[:2000]]
    assert len(stationxml) >= 4
    blamed = {file.name for file in stationxml if check_stationxml(file.read_bytes(), file.name)}
    assert blamed == {"TM.SKLT.__.BHZ_faulty_response.xml"}


_TAGS = sorted(set(re.findall(r"<([A-Z]\w+)[ >]", DOCUMENT)) - {"FDSNStationXML"})
_JUNK = st.sampled_from(["", "NaN", "-1e999", "0", "x" * 200, "９", "1e308", "\N{BOM}", "<Stage/>", "<!-- a -->"])


@given(tag=st.sampled_from(_TAGS), at=st.integers(0, 3), junk=_JUNK, rest=st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_text_in_any_element_brings_the_check_down(tag: str, at: int, junk: str, rest: bool) -> None:
    """An element's content is replaced, or put before what it was; and so is an attribute of it."""
    starts = [found.end() for found in re.finditer(rf"<{tag}(?: [^>]*)?>", DOCUMENT)]
    start = starts[at % len(starts)]
    end = start if rest else DOCUMENT.index(f"</{tag}>", start)
    inside = check_stationxml((DOCUMENT[:start] + junk + DOCUMENT[end:]).encode(), "a.xml")
    attribute = re.sub(rf"(<{tag} [^>]*?=)'[^']*'", rf"\1'{junk[:20].replace('<', '')}'", DOCUMENT, count=1)
    for finding in [*inside, *check_stationxml(attribute.encode(), "a.xml")]:
        assert finding.rule in RULES and str(finding)
    if not rest and junk != "0" and tag in ("Latitude", "SampleRate", "InputSampleRate"):
        assert inside != [], "a number that is none goes unnoticed"
