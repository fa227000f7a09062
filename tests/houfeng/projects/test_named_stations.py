"""A station that a project names and nobody knows is told, by the command and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.records import pack
from houfeng.cli import main
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

PROJECT = """
[project]
title = "Bridge"
languages = ["en", "zh", "ru"]
[[event]]
name = "M5.6"
time = "2012-02-13T21:07:02.77Z"
latitude_deg = 41.1431667
longitude_deg = -123.7903333
depth_km = 27.358
[records]
folders = ["records"]
[[site]]
name = "Bridge"
latitude_deg = 40.95
longitude_deg = -123.63
stations = ["CE.NOPE"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    noise = np.random.default_rng(1).normal(0, 300, 500).astype(np.int32)
    records = pack(SourceId("XX", "AAA", "00", "HNZ"), 1_700_000_000 * NS_PER_S, 100.0, noise)
    (tmp_path / "records" / "a.mseed").write_bytes(b"".join(records))
    (tmp_path / "project.toml").write_text(PROJECT)
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
