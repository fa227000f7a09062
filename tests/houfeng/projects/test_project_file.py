"""The project file: what it may say, and that all that is wrong with it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engineering.project import Language, Measured
from houfeng.cli import main
from houfeng.errors import CatalogueError, ConfigError
from houfeng.projects.load import open_project
from tests.conftest import ROOT

GOOD = """
measured = "larger"
[project]
title = "T"
languages = ["ru"]
[records]
folders = ["records"]
[[event]]
name = "shock"
time = "2019-07-06T03:19:53.04Z"
latitude_deg = 35.77
longitude_deg = -117.6
depth_km = 8
[[spectrum]]
name = "design"
code = "GB 50011"
alpha_max = 0.5
group = 1
[[site]]
name = "A"
latitude_deg = 35
longitude_deg = -117
site_class = "II"
spectra = ["design"]
[[route]]
name = "line"
points = [[35.0, -117.0], [35.5, -117.0]]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "project.toml"
    path.write_text(text)
    return path


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        open_project(written(folder, text))
    path = f"{folder / 'project.toml'}: "
    lines = str(caught.value).splitlines()
    assert all(line.startswith(path) for line in lines)
    return [line.removeprefix(path) for line in lines]


def test_a_file_becomes_a_project(tmp_path: Path) -> None:
    opened = open_project(written(tmp_path, GOOD))
    assert opened.project.measured is Measured.LARGER
    assert opened.project.project.languages == (Language.RUSSIAN,)
    assert [event.name for event in opened.events] == ["shock"]
    assert opened.routes["line"][-1].km == pytest.approx(55.47, abs=0.01)
    (one,) = opened.inputs
    assert (one.role, one.name, one.n_bytes) == ("project", "project.toml", len(GOOD))


def test_every_fault_is_told_with_its_key(tmp_path: Path) -> None:
    text = GOOD.replace('title = "T"', 'title2 = "T"').replace('"ru"', '"fr"').replace("= 8", "= 900")
    text = text.replace('"2019-07-06T03:19:53.04Z"', '"yesterday"').replace("-117\n", "-517\n")
    text = text.replace("alpha_max = 0.5", "ag_g = 0.5").replace("[35.5, -117.0]", "[35.0, -117.0]")
    found = faults(tmp_path, text)
    assert [line.partition(": ")[0] for line in found] == [
        "project.title2",
        "project.title",
        "project.languages[1]",
        "event[1].time",
        "event[1].depth_km",
        "spectrum[1].alpha_max",
        "spectrum[1].ag_g",
        "site[1].longitude_deg",
        "route[1].points[2]",
    ]
    assert found[0].endswith("did you mean project.title?")
    assert "0 to 700 km is needed, came 900" in found[4]


def test_values_that_no_code_has_are_refused(tmp_path: Path) -> None:
    text = GOOD.replace("alpha_max = 0.5", "alpha_max = 50").replace(
        'name = "line"', 'name = "line"\nsegment_km = 1e-9'
    )
    assert faults(tmp_path, text) == [
        "spectrum[1].alpha_max: 3 at most is needed, a share and no percent, came 50",
        "route[1].segment_km: 0.05 km and more is needed, came 1e-09",
    ]


def test_names_that_nothing_has_are_told(tmp_path: Path) -> None:
    text = (
        GOOD.replace('["design"]', '["other", "design"]').replace('"II"', '"B"').replace('name = "line"', 'name = ""')
    )
    assert "route[1].name: a text is needed" in faults(tmp_path, text)[0]
    record = '[[record]]\nfiles = ["a.V2"]\nevent = "none"\nstation = "1"\nlatitude_deg = 0\nlongitude_deg = 0\n'
    assert faults(tmp_path, text.replace('name = ""', 'name = "line"') + record) == [
        "site[1].spectra: a name of a [[spectrum]] is needed (design), 'other' came",
        "site[1].site_class: design needs one of I0, I1, II, III, IV, 'B' came",
        "record[1].event: a name of an [[event]] is needed (shock), 'none' came",
    ]
    assert faults(tmp_path, '[project]\ntitle = "T"\n') == [
        "site: a [[site]] or a [[route]] is needed, none came",
        "event: an [[event]] or a [catalogue] is needed, none came",
        "records.folders: a folder or a [[record]] is needed, none came",
    ]


def test_events_come_out_of_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "time,latitude,longitude,depth,mag\n2019-07-06T03:19:53Z,35.77,-117.6,8,7.1\n"
        "2019-07-06T03:30:00Z,35.77,-117.6,8,2.1\n2019-07-06T03:40:00Z,10,10,8,6.1\n2019-08-06T03:40:00Z,35.7,-117,8,6.1\n"
    )
    asked = (
        '[catalogue]\nfile = "c.csv"\nmin_magnitude = 5\nstart = "2019-07-06T00:00:00Z"\nend = "2019-07-07T00:00:00Z"\n'
    )
    opened = open_project(written(tmp_path, GOOD + asked))
    assert [event.name for event in opened.events] == ["2019-07-06T03:19:53 M7.1", "shock"]
    assert {one.role for one in opened.inputs} == {"project", "catalogue"}
    with pytest.raises(CatalogueError, match=r"c.csv: no event from .*, magnitude 9 and more, 300 km from the places"):
        open_project(written(tmp_path, GOOD + asked.replace("= 5", "= 9")))


def test_the_example_is_a_project(tmp_path: Path) -> None:
    folder = ROOT / "configs" / "projects"
    (tmp_path / "ridgecrest2019").mkdir()
    (tmp_path / "ridgecrest2019" / "catalog.csv").write_text(
        "time,latitude,longitude,depth,mag\n2019-07-06T03:19:53.04Z,35.7695,-117.5993,8,7.1\n"
    )
    for name in ("ridgecrest.toml", "ridgecrest_line.geojson"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    opened = open_project(tmp_path / "ridgecrest.toml")
    assert len(opened.project.site) == 3
    assert opened.routes["Example line"][-1].km == pytest.approx(122.66, abs=0.01)


def test_the_command_tells_faults_a_line_each(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("= 8", "= 900").replace('"II"', '"B"'))
    result = CliRunner().invoke(main, ["assess", "project", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert result.stderr == f"houfeng: {path}: event[1].depth_km: 0 to 700 km is needed, came 900\n"
    assert not (tmp_path / "out").exists()
