"""A station that a project names and nobody knows is told, by the command and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.cli import main
from tests.houfeng.projects.bridge import bridge, put_noise


@pytest.fixture
def project(tmp_path: Path) -> Path:
    put_noise(tmp_path)
    text = bridge('title = "Bridge"\nlanguages = ["en", "zh", "ru"]', more='stations = ["CE.NOPE"]\n')
    (tmp_path / "project.toml").write_text(text)
    return tmp_path / "project.toml"


def test_a_name_that_nobody_has_is_no_silent_gap(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["assess", "project", str(project), "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    line = "site[1].stations: CE.NOPE: neither a record nor StationXML has a station of this name"
    assert f"{project}: {line}" in result.stderr.splitlines()
    (over,) = json.loads((out / "assessment.json").read_text())["sites"][0]["events"][0]["passed_over"]
    assert (over["station"], over["station_km"]) == ("CE.NOPE", None)
    for language, said in (
        ("en", "CE.NOPE was passed over: neither"),
        ("zh", "未采用 CE.NOPE"),
        ("ru", "CE.NOPE не взята"),
    ):
        html = (out / f"report.{language}.html").read_text("utf-8")
        assert said in html and "nan km" not in html and "nan км" not in html
