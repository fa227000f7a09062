"""The commands as a person types them, and what they say when something is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from houfeng.cli import main


@pytest.fixture
def houfeng(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    return run


SUB_COMMANDS = [
    *("demo", "run", "status", "serve", "fetch", "replay", "simulate", "tune", "stations", "alerts", "events", "picks"),
    *("noise", "availability", "metrics", "runs", "archive", "config", "doctor"),
]


def test_help_lists_every_command_with_a_sentence(houfeng: Callable[..., Result]) -> None:
    result = houfeng("--help")
    assert result.exit_code == 0
    for name in SUB_COMMANDS:
        line = next(line for line in result.output.splitlines() if line.strip().startswith(f"{name} "))
        assert len(line.split()) >= 3


@pytest.mark.parametrize("name", ["alerts", "archive", "config", "events", "serve", "stations"])
def test_no_sentence_of_a_list_is_cut_short(houfeng: Callable[..., Result], name: str) -> None:
    _, _, commands = houfeng(name, "--help").output.partition("Commands:")
    assert len(commands.splitlines()) >= 3
    assert "..." not in commands


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_every_command_explains_itself(houfeng: Callable[..., Result], name: str) -> None:
    result = houfeng(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


def complaint(result: Result) -> str:
    """The one line that a refused command prints."""
    assert result.exit_code == 2
    (line,) = result.output.strip().splitlines()
    assert line.startswith("houfeng: ")
    return line


def test_a_mistyped_key_is_named_with_the_nearest(houfeng: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[detection]\nsta_sec = 1.0\n")
    line = complaint(houfeng("run", "c.toml"))
    assert "c.toml" in line
    assert "detection.sta_sec" in line
    assert "sta_s" in line


def test_a_negative_window_is_named(houfeng: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[detection]\nlta_s = -10.0\n")
    line = complaint(houfeng("run", "c.toml"))
    assert "c.toml" in line
    assert "detection.lta_s" in line
    assert "-10" in line


def test_a_missing_configuration_is_named(houfeng: Callable[..., Result]) -> None:
    assert "absent.toml" in complaint(houfeng("run", "absent.toml"))
    assert "houfeng.db: there is no database yet" in complaint(houfeng("stations", "list"))
    assert not Path("houfeng.db").exists()


def test_a_folder_without_records_is_named(houfeng: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty: holds no miniSEED, SAC or strong-motion file" in complaint(houfeng("replay", "empty"))


def test_a_wrong_time_is_explained(houfeng: Callable[..., Result]) -> None:
    result = houfeng("replay", ".", "--start", "yesterday")
    assert result.exit_code == 2
    assert "'yesterday' is not a UTC time such as 2026-01-31T12:00:00Z" in result.output


@pytest.mark.data
def test_replay_then_every_listing_in_every_format(
    houfeng: Callable[..., Result], shared_data: Callable[[str], Path]
) -> None:
    result = houfeng("replay", str(shared_data("ridgecrest2019")))
    assert result.exit_code == 0
    run_id = next(line for line in result.output.splitlines() if line.startswith("run/")).partition(":")[0]
    for what, words in {
        "runs": (),
        "events": ("--run", run_id),
        "picks": ("--run", run_id),
    }.items():
        rows = json.loads(houfeng(what, "list", "--format", "json", *words).output)[what]
        assert rows
        table = houfeng(what, "list", *words).output
        assert len(table.splitlines()) >= len(rows) + 2
        from_csv = list(csv.DictReader(io.StringIO(houfeng(what, "list", "--format", "csv", *words).output)))
        assert [row["id"] for row in from_csv] == [row["id"] for row in rows]
    assert json.loads(houfeng("stations", "list", "--format", "json").output) == {"stations": []}
    assert houfeng("events", "list").output == "No events.\n"  # the live run has none
