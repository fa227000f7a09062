"""A scenario: records from elsewhere stand in for a line that has none, and every page of the report says so."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from engineering.project import Language
from houfeng.cli import main
from houfeng.errors import ConfigError
from houfeng.projects.load import open_project
from houfeng.projects.report import scenario
from houfeng.projects.report.blocks import Document, Heading
from houfeng.projects.report.pdf import to_pdf
from houfeng.projects.report.words import Words
from houfeng.projects.running import assess_project
from houfeng.projects.writing import write_assessment
from tests.conftest import ROOT

Folder = Callable[[str], Path]
EXAMPLE = ROOT / "configs" / "projects" / "china_myanmar.toml"


def small(shared_data: Folder, folder: Path) -> Path:
    """The example with two of its stations, one place and one line, in one language."""
    records = folder / "ridgecrest2019"
    records.mkdir(parents=True)
    for path in shared_data("ridgecrest2019").glob("CI.*"):
        if path.name.startswith(("CI.CLC.", "CI.MPM.")):
            (records / path.name).symlink_to(path)
    head, *tables = re.split(r"^(?=\[)", EXAMPLE.read_text("utf-8"), flags=re.M)
    dropped = ("CI.WBM", "CI.LRL", "CI.WRV2", "Maday", "Ruili station", "Kyaukphyu-Magway", "Magway-Mandalay")
    kept = "".join(table for table in tables if not any(f'= "{name}' in table for name in dropped))
    project = folder / "project.toml"
    kept = re.sub(r"languages = .*", 'languages = ["en"]', kept).replace("[records]\n", "[records]\nafter_s = 90\n")
    project.write_text(head + kept, "utf-8")
    return project


def test_the_example_says_what_is_assumed() -> None:
    opened = open_project(EXAMPLE)
    assert sum(points[-1].km - points[0].km for points in opened.routes.values()) == pytest.approx(722, abs=1)
    assert len(opened.project.stand_in) == 5
    for one in (*opened.project.spectrum, *opened.project.site, *opened.project.route):
        assert one.unconfirmed, one.name


def test_a_small_scenario_is_the_same_again_and_names_what_was_refused(shared_data: Folder, tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        found = assess_project(open_project(small(shared_data, tmp_path / name)))
        written = write_assessment(found, tmp_path / name / "out")
        texts.append(next(written)[0].read_bytes())
    assert texts[0] == texts[1]
    html = next(written)[0].read_text("utf-8")
    results = json.loads(texts[0])
    (refused,) = results["refused"]
    assert refused["station"] == "CI.MPM"
    (route,) = results["routes"]
    stations = [piece["events"][0]["station"] for piece in route["segments"]]
    assert stations == ["CI.CLC", *[None] * (len(stations) - 1)]
    assert route["segments"][0]["events"][0]["is_stand_in"]
    assert results["records"][0]["epicentre_km"] < 10  # the true one; the scenario's would be 12,000
    clc = next(one for one in results["stations"] if one["name"] == "CI.CLC")
    assert (clc["latitude_deg"], round(clc["stands_in_from"][0], 2)) == (21.75, 35.82)
    assert html.count("SCENARIO: records from elsewhere") == 1
    assert html.index('class="notice"') < html.index("<h1>")
    for text in (
        "Nothing was measured at these places",
        "CI.CLC †",
        "Mandalay-Ruili km 38.2–76.4, Ridgecrest M7.1 (California): not measured. No station is near enough.",
        "CI.MPM: ends while the ground moves",
        "position approximate, site class assumed",
        "0.20 g and group 3 are assumed",
    ):
        assert text in html, text


def test_every_page_says_that_it_is_a_scenario() -> None:
    blocks = tuple(Heading(f"chapter {n}") for n in range(40))
    red = [
        stream.count(b"0.6902 0 0.1255 rg")
        for notice in ("SCENARIO", "")
        for packed in re.findall(rb"Decode.*?stream\n(.*?)\nendstream", page_of(blocks, notice), re.S)
        if (stream := unpacked(packed)).startswith(b"2 J")
    ]
    assert len(red) > 4
    assert red == [1] * (len(red) // 2) + [0] * (len(red) // 2)


def page_of(blocks: tuple[Heading, ...], notice: str) -> bytes:
    return to_pdf(Document("en", "T", "{page}", blocks, notice))[0]


def unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return b""


def test_synthetic_records_are_called_that() -> None:
    synthetic = {"name": "SY.A1", "stands_in_from": None, "is_synthetic": True}
    real = {"name": "CI.CLC", "stands_in_from": None, "is_synthetic": False}
    words = Words(Language.ENGLISH)
    assert scenario.notice({"stations": [real, synthetic]}, words).startswith("SYNTHETIC RECORDS")
    assert scenario.notice({"stations": [real]}, words) == ""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[stand_in]]\nstation = "XX.NONE"\nlatitude_deg = 1\nlongitude_deg = 1\n', "stand_in: XX.NONE: neither"),
        ('[[stand_in]]\nstation = "CI.CLC"\nlatitude_deg = 1\nlongitude_deg = 1\n', "'CI.CLC' came before"),
    ],
)
def test_a_stand_in_is_a_station_in_one_place(shared_data: Folder, tmp_path: Path, more: str, said: str) -> None:
    project = small(shared_data, tmp_path)
    # one that nothing is near, so that no record needs to be assessed
    text = project.read_text("utf-8").replace("max_station_km = 40", "max_station_km = 0.001")
    project.write_text(text + more, "utf-8")
    with pytest.raises(ConfigError, match=said):
        assess_project(open_project(project))


@pytest.mark.soak
def test_the_whole_scenario_is_written_in_three_languages(shared_data: Folder, tmp_path: Path) -> None:
    (tmp_path / "ridgecrest2019").symlink_to(shared_data("ridgecrest2019"))
    project = tmp_path / "project.toml"
    project.write_bytes(EXAMPLE.read_bytes())
    result = CliRunner().invoke(main, ["assess", "project", str(project), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.stderr
    assert "scenario: † was recorded elsewhere" in result.stderr
    results = json.loads((tmp_path / "out" / "assessment.json").read_text("utf-8"))
    measured = {
        route["name"]: [piece["events"][0]["station"] is not None for piece in route["segments"]]
        for route in results["routes"]
    }
    assert {name: sum(has) for name, has in measured.items()} == {
        "Kyaukphyu-Magway": 0,
        "Magway-Mandalay": 3,
        "Mandalay-Ruili": 4,
    }
    assert "no font has" not in result.stdout
    for language, said in (("en", "SCENARIO"), ("zh", "情景"), ("ru", "СЦЕНАРИЙ")):
        assert said in (tmp_path / "out" / f"report.{language}.html").read_text("utf-8")
