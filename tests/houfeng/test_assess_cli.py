"""`houfeng assess records` on published strong-motion records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from database.store import Store
from houfeng.cli import main

Folder = Callable[[str], Path]


def assess(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["assess", "records", *map(str, arguments)])


def test_files_of_one_axis_are_put_together_by_station(shared_data: Folder) -> None:
    files = sorted((shared_data("strong_motion") / "us60004wsq_ESM").glob("*.ASC"))
    result = assess(*files, "--format", "json", "--period", 0.3)
    assert result.exit_code == 0, result.stderr
    records = json.loads(result.stdout)["records"]
    assert [record["station"] for record in records] == ["HI.ARS1", "HL.DLFA"]
    for record in records:
        assert [row["component"] for row in record["components"]] == ["HNE", "HNN", "HNZ"]
        assert all(abs(row["pga_cm_s2_off_percent"]) < 0.001 for row in record["components"])
        assert record["spectra"]["periods_s"] == [0.3]
        pair = [record["spectra"]["psa_g"][name][0] for name in ("HNE", "HNN")]
        assert min(pair) <= record["spectra"]["rotd50_g"][0] <= record["spectra"]["rotd100_g"][0]
        assert max(pair) <= record["spectra"]["rotd100_g"][0] * 1.0001
        assert (record["jma"], record["china_gb_t_17742"]) == (0.0, 1.0)


def test_what_an_agency_says_stands_beside_what_is_found(shared_data: Folder) -> None:
    folder = shared_data("strong_motion")
    result = assess(folder / "nc71734741" / "CE89146.V2", folder / "nz2018p115908" / "20180212_211557_WPWS_20.V2A")
    assert result.exit_code == 0, result.stderr
    assert "77.28" in result.stdout
    assert "PGA off %" in result.stdout
    assert "89146: intensity JMA 3.3, China 5.8" in result.stdout


def test_a_file_that_cannot_be_used_is_named_and_the_others_are_assessed(shared_data: Folder, tmp_path: Path) -> None:
    folder = shared_data("strong_motion") / "nc71734741"
    (tmp_path / "empty.V2").touch()
    result = assess(folder / "CE89146.V1", tmp_path / "empty.V2", folder / "CE89146.V2", "--format", "json")
    assert result.exit_code == 1
    assert "CE89146.V1: is CSMIP volume 1, not corrected" in result.stderr
    assert "empty.V2: is empty" in result.stderr
    assert [record["station"] for record in json.loads(result.stdout)["records"]] == ["89146"]


def test_two_records_of_a_station_are_not_mixed(shared_data: Folder) -> None:
    file = shared_data("strong_motion") / "nc71734741" / "CE89146.V2"
    result = assess(file, file)
    assert result.exit_code == 1
    assert "89146: 360 deg, 90 deg, Up came twice; assess one record of a station at a time" in result.stderr


def test_one_axis_alone_has_no_directions_and_no_intensity(shared_data: Folder) -> None:
    file = next((shared_data("strong_motion") / "us60004wsq_ESM").glob("*HNZ*"))
    result = assess(file)
    assert result.exit_code == 0
    assert "no RotD50 and RotD100: it has no two horizontal components" in result.stdout
    assert "no intensity of JMA: intensity needs three components" in result.stdout


@pytest.mark.parametrize(("arguments", "said"), [(["--period", "0"], "periods must be more than 0 s"), ([], "Missing")])
def test_wrong_arguments_are_said(shared_data: Folder, arguments: list[str], said: str) -> None:
    files = [shared_data("strong_motion") / "nc71734741" / "CE89146.V2"] if arguments else []
    result = assess(*files, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_spectra_are_rows_for_programs(shared_data: Folder) -> None:
    file = shared_data("strong_motion") / "nc71734741" / "CE89146.V2"
    result = assess(file, "--spectra", "--period", 0.3, "--period", 1, "--linear", "--format", "csv")
    lines = result.stdout.split()
    assert lines[0] == "station,component,period_s,psa_g"
    # what the agency printed for this period, Sd 0.0885 in
    first = next(line for line in result.stdout.splitlines() if line.startswith("89146,360 deg,0.3"))
    assert float(first.rsplit(",", 1)[1]) == pytest.approx(0.1005, abs=3e-4)
    assert len(result.stdout.splitlines()) == 1 + 5 * 2


@pytest.mark.soak
def test_the_main_shock_of_a_replay_is_assessed(shared_data: Folder, tmp_path: Path) -> None:
    folder = shared_data("ridgecrest2019")
    config = tmp_path / "houfeng.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{tmp_path / "houfeng.db"}"\n')
    runner = CliRunner()
    replayed = runner.invoke(main, ["replay", str(folder), "--config", str(config)])
    run_id = replayed.stdout.split(":")[0].split()[-1]
    listed = runner.invoke(main, ["events", "list", "--config", str(config), "--run", run_id, "--format", "json"])
    shocks = json.loads(listed.stdout)["events"]
    (main_shock,) = [event["id"] for event in shocks if event["first_onset"].startswith("2019-07-06T03:19:53")]
    command = ["assess", "event", main_shock, str(folder), "--config", str(config), "--run", run_id, "--format", "json"]
    result = runner.invoke(main, command)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert len(found["records"]) == 10
    assert ["CI.MPM: ends while the ground moves" in reason for reason in found["refused"]] == [True]
    by_station = {record["station"]: record for record in found["records"]}
    assert by_station["CI.CCC"]["jma"] == 5.7


def test_an_event_that_is_not_there_is_said(shared_data: Folder, tmp_path: Path) -> None:
    config = tmp_path / "houfeng.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{tmp_path / "houfeng.db"}"\n')
    command = ["assess", "event", "none", str(shared_data("ridgecrest2019")), "--config", str(config)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "there is no database yet" in result.stderr
    Store.open(f"sqlite:///{tmp_path / 'houfeng.db'}").close()
    assert "event/none: the live runs have no event of this id" in CliRunner().invoke(main, command).stderr
