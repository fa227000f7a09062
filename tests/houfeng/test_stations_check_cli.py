"""`houfeng stations check` says what is wrong where, and its exit status says whether that matters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.cli import main
from tests.stations.check.conftest import DOCUMENT


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A sound document, one to warn of, and one with an error."""
    texts = {
        "sound.xml": DOCUMENT,
        "vague.xml": DOCUMENT.replace("<Description>STS-2</Description>", ""),
        "wrong.xml": DOCUMENT.replace("<Azimuth>0<", "<Azimuth>361<"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    sound, vague, wrong = (tmp_path / name for name in texts)
    return sound, vague, wrong


def test_errors_alone_fail(files: tuple[Path, Path, Path]) -> None:
    sound, vague, wrong = map(str, files)
    said = CliRunner().invoke(main, ["stations", "check", sound, vague])
    assert said.exit_code == 0
    assert "304 warning KR.AAA.00.BHN" in said.output and "2 files: 0 errors, 1 warnings" in said.output
    said = CliRunner().invoke(main, ["stations", "check", sound, wrong])
    assert said.exit_code == 1
    where = "330 error KR.AAA.00.BHN [2020-01-01T00:00:00Z..2022-01-01T00:00:00Z] Azimuth"
    assert f"{wrong}: {where}: found 361 deg; expected 0 to 360 deg" in said.output


def test_programs_read_json(files: tuple[Path, Path, Path]) -> None:
    said = CliRunner().invoke(main, ["stations", "check", "--json", str(files[2])])
    (finding,) = json.loads(said.output)["findings"]
    assert (finding["rule"], finding["severity"], finding["path"]) == ("330", "error", "KR.AAA.00.BHN")
    assert said.exit_code == 1


def test_the_rules_are_listed() -> None:
    said = CliRunner().invoke(main, ["stations", "check", "--rules"])
    assert said.exit_code == 0 and "303 warning the unit of calibration is a known one" in said.output
