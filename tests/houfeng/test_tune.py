"""`houfeng tune` as an operator types it, on the records of three earthquakes at Unterhaching."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import obspy
import pytest
from click.testing import CliRunner, Result

from configs import load
from houfeng.cli import main

# NonLinLoc's place of the swarm, and onsets of ObsPy's coincidences less the travel time.
PLACE = "48.04707,11.64554,4.58,1.0"
ORIGINS = ("2010-05-27T16:24:32.2Z", "2010-05-27T16:27:00.3Z", "2010-05-27T16:27:29.5Z")
STATIONS = {
    "UH1": (48.08151, 11.63604),
    "UH2": (48.05787, 11.68201),
    "UH3": (48.0308, 11.63876),
    "UH4": (48.03229, 11.53557),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration, an archive of miniSEED below it, and a catalogue."""
    root = tmp_path_factory.mktemp("tune")
    data = Path(obspy.__file__).parent / "signal" / "tests" / "data"
    (root / "archive").mkdir()
    for file in sorted(data.glob("BW.UH*Z.D.2010.147.cut.slist.gz")):
        trace = obspy.read(str(file))[0]
        trace.data = trace.data.astype("int32")
        trace.write(str(root / "archive" / f"{trace.id}.mseed"), "MSEED")
    assert len(list((root / "archive").iterdir())) == 4
    stations = "".join(
        f"[[station]]\ncode = 'BW.{code}'\nlatitude_deg = {lat}\nlongitude_deg = {lon}\nelevation_m = 400.0\n"
        for code, (lat, lon) in STATIONS.items()
    )
    (root / "houfeng.toml").write_text(stations)
    rows = "".join(f"{time},{PLACE}\n" for time in ORIGINS)
    (root / "catalogue.csv").write_text(f"time,latitude,longitude,depth,mag\n{rows}")
    return root


def tune(folder: Path, *words: str, data: str = "houfeng.toml") -> Result:
    args = ["tune", str(folder / data), "--catalogue", str(folder / "catalogue.csv"), *words]
    return CliRunner().invoke(main, args, catch_exceptions=False)


_ALLOWED = ("--on", "4,15", "--bands", "3-10+8-25", "--false-per-hour", "20")


def combinations(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)["combinations"]
    return rows


def test_every_combination_and_the_best_of_each_station(folder: Path) -> None:
    result = tune(folder, "--bands", "3-10+8-25,1-2", "--on", "5,12", "--false-per-hour", "20", "--format", "json")
    rows = combinations(result)
    total = [row for row in rows if row["stations"] == "all"]
    assert [(row["bands"], row["on_ratio"]) for row in total] == [
        *(("3-10+8-25 Hz", 5.0), ("3-10+8-25 Hz", 12.0), ("1-2 Hz", 5.0), ("1-2 Hz", 12.0)),
    ]
    today, strict, low, _ = total
    assert today["n_expected"] == 12
    assert today["recall_percent"] > 90
    assert today["choice"] == "today, best"
    assert strict["n_hit"] < today["n_hit"]
    assert low["n_hit"] < today["n_hit"]
    for code in STATIONS:
        of_station = [row for row in rows if row["stations"] == f"BW.{code}"]
        assert any("best" in row["choice"] for row in of_station)
        assert sum("today" in row["choice"] for row in of_station) == 1
    assert "12 P onsets expected at 4 stations" in result.stderr
    assert "No combination is better than today's." in result.stderr
    again = list(
        csv.DictReader(io.StringIO(tune(folder, "--bands", "3-10+8-25", "--on", "4", "--format", "csv").stdout))
    )
    assert again[0]["n_hit"] == str(today["n_hit"])


def test_the_best_is_written_as_a_configuration_takes_it(folder: Path, tmp_path: Path) -> None:
    """Today's ratio is too strict; the fragment has a lower one, `config check` takes it and it decides what runs."""
    strict = folder / "strict.toml"
    strict.write_text((folder / "houfeng.toml").read_text() + "[detection]\non_ratio = 15.0\n")
    fragment = tmp_path / "tuned.toml"
    result = tune(folder, *_ALLOWED, "--write", str(fragment), data="strict.toml")
    assert result.exit_code == 0, result.output
    assert 'include = ["tuned.toml"]' in result.stderr
    assert "today" in result.stdout
    (tmp_path / "net.toml").write_text('include = ["tuned.toml"]\n[archive]\nballast_mib = 0\nmin_free_mib = 0\n')
    assert load(tmp_path / "net.toml").detection.on_ratio == 4.0
    checked = CliRunner().invoke(main, ["config", "check", str(tmp_path / "net.toml")])
    assert checked.exit_code == 0, checked.output
    comments = [line for line in fragment.read_text().splitlines() if line.startswith("#")]
    assert "# this: recall 9" in comments[2]
    assert comments[3].startswith("# before: recall ")


def test_nothing_is_written_where_nothing_is_known(folder: Path, tmp_path: Path) -> None:
    fragment = tmp_path / "tuned.toml"
    result = tune(folder, "--max-distance-km", "0.1", "--on", "4", "--bands", "3-10", "--write", str(fragment))
    assert result.exit_code == 2
    assert "Nothing can be said of what is best: no onset was expected." in result.stdout
    assert f"{fragment}: not written: nothing can be said of what is best" in result.stderr
    assert not fragment.exists()


def test_a_folder_of_records_with_a_window(folder: Path) -> None:
    words = ("--config", str(folder / "houfeng.toml"), "--on", "4", "--bands", "3-10+8-25", "--format", "json")
    late = combinations(tune(folder, *words, "--start", "2010-05-27T16:25:30", data="archive"))
    assert late[0]["n_expected"] == 8


def test_processes_find_the_same(folder: Path) -> None:
    """Three processes for six combinations, one a part."""
    words = ("--bands", "3-10+8-25,1-2", "--on", "5,12,15", "--format", "json")
    alone, shared = tune(folder, *words), tune(folder, *words, "--workers", "3")
    assert sum(row["stations"] == "all" for row in combinations(alone)) == 6
    assert shared.stdout == alone.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--on", "4,none"), "positive numbers with commas between them are needed, '4,none' came"),
        (("--lta", "-1"), "positive numbers"),
        (("--bands", "3"), "LOW-HIGH[+LOW-HIGH...],... in Hz is needed, '3' came"),
        (("--config", "x.toml"), "a folder of records is needed with it"),
    ],
)
def test_mistakes_on_the_command_line(folder: Path, words: Sequence[str], message: str) -> None:
    result = tune(folder, *words)
    assert result.exit_code == 2
    assert message in result.output


def test_the_picture_has_a_panel_for_each_station(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "sweep.svg"
    words = ("--bands", "3-10+8-25,1-2", "--on", "3,5,12", "--false-per-hour", "20", "--plot", str(picture))
    assert tune(folder, *words).exit_code == 0
    text = picture.read_text()
    for words_of_it in ("all stations", *(f"BW.{code}" for code in STATIONS), "1-2 Hz", "allowed: 20 per hour"):
        assert f"<!-- {words_of_it}" in text
    refused = tune(folder, *_ALLOWED, "--plot", "sweep.gif")
    assert refused.exit_code == 2
    assert "a file ending in .png or .pdf or .svg is needed, 'sweep.gif' came" in refused.output
    nowhere = tune(folder, *_ALLOWED, "--plot", str(tmp_path / "none" / "sweep.png"))
    assert f"{tmp_path}/none/sweep.png: there is no such folder" in nowhere.output


def test_a_wrong_catalogue_and_settings_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("time,latitude,longitude\n2010-05-27,95,11\n")
    result = CliRunner().invoke(main, ["tune", str(folder / "houfeng.toml"), "--catalogue", str(wrong)])
    assert result.exit_code == 2
    assert f"houfeng: {wrong}, line 2, column latitude: degrees from -90 to 90 is needed, '95' came" in result.output
    left_out = tune(folder, "--on", "4,30", "--bands", "3-10", "--format", "json")
    assert "left out: 3-10 Hz, sta 0.5 s, lta 10 s, on 30: on_ratio: less than" in left_out.stderr
    assert len([row for row in combinations(left_out) if row["stations"] == "all"]) == 2
