"""`houfeng config` as an operator types it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from configs import difference, load
from houfeng.cli import main

SOUND = "[archive]\nballast_mib = 0\nmin_free_mib = 0\n[[seedlink]]\nname = 'geofon'\naddress = 'geofon.gfz.de:18000'\n"
SOUND += "streams = ['GE.*.*.?H?']\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "houfeng.toml"


def houfeng(*words: object) -> Result:
    return CliRunner().invoke(main, ["config", *map(str, words)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("text", "status", "strict_status"),
    [
        (SOUND, 0, 0),
        ("[archive]\nballast_mib = 0\nmin_free_mib = 0", 0, 0),  # a note
        (SOUND + "silent_s = 1", 0, 1),
        (SOUND + "silent_s = 0", 2, 2),
        (SOUND + "[[fdsn]]\naddress = 'GFX'", 2, 2),
    ],
)
def test_the_exit_status_tells_the_worst(path: Path, text: str, status: int, strict_status: int) -> None:
    path.write_text(text)
    assert houfeng("check", path).exit_code == status
    assert houfeng("check", path, "--strict").exit_code == strict_status


def test_a_table_shows_members_by_name_and_counts(path: Path) -> None:
    path.write_text(SOUND + "silent_s = 1\nend = '2100-01-01'")
    lines = houfeng("check", path).output.splitlines()
    assert lines[-1] == f"{path}: 0 errors, 1 warning, 1 note"
    warning, note = [line.split() for line in lines if "seedlink[geofon]" in line]
    assert warning[:2] == ["warning", "seedlink[geofon].silent_s"]
    assert note[:2] == ["note", "seedlink[geofon].end"]
    path.write_text(SOUND)
    assert houfeng("check", path).output == f"No remarks.\n{path}: 0 errors, 0 warnings, 0 notes\n"


def test_programs_read_every_error_with_file_and_key(path: Path) -> None:
    included = path.parent / "n.toml"
    included.write_text("[[station]]\ncode = 'KR.NRN'\ncolour = 1\n")
    path.write_text("include = ['n.toml']\n")
    (row,) = json.loads(houfeng("check", path, "--format", "json").output)["remarks"]
    assert (row["level"], row["file"], row["key"]) == ("error", str(included), "station[1].colour")
    path.write_text("[web]\nprt = 1\n[archive]\npath = 3\n[[seedlink]]\nname = 'a'\naddress = 'b'\nstreams = []\n")
    rows = list(csv.DictReader(io.StringIO(houfeng("check", path, "--format", "csv").output)))
    assert [row["key"] for row in rows] == ["web.prt", "archive.path", "seedlink[a].address"]
    assert rows[0]["text"] == "there is no such key; did you mean web.port?"
    path.write_text("[web")
    (row,) = json.loads(houfeng("check", path, "--format", "json").output)["remarks"]
    assert (row["file"], row["key"]) == (str(path), "")
    assert row["text"].startswith("this is not TOML")


def test_what_is_shown_loads_to_the_same_settings(path: Path) -> None:
    (path.parent / "n.toml").write_text("[[station]]\ncode = 'KR.NRN'\nlatitude_deg = 41.4\nlongitude_deg = 76.0\n")
    text = 'include = ["n.toml"]\n[web]\nnotice = "a \\"b\\" \\t é"\n' + SOUND
    path.write_text(text + "[[seedlink_server.access]]\nstations = ['KR.*']\naddresses = []\n")
    shown = houfeng("show", path).output
    again = path.parent / "again.toml"
    again.write_text(shown)
    assert [change.key for change in difference(load(path), load(again))] == ["include"]
    lines = {line.split(" =")[0]: line for line in shown.splitlines() if " = " in line}
    assert lines["notice"].endswith("# houfeng.toml")
    assert lines["latitude_deg"].endswith("# n.toml")
    assert "#" not in lines["retry_s"]


def test_a_password_is_not_shown(path: Path) -> None:
    path.write_text("[database]\nurl = 'postgresql://u:hunter2@h/d'\n")
    assert "hunter2" not in houfeng("show", path).output
    other = path.parent / "other.toml"
    other.write_text("[database]\nurl = 'postgresql://u:hunter3@h/d'\n")
    output = houfeng("diff", path, other).output
    assert "database.url" in output
    assert "hunter" not in output


def test_differences_are_listed_by_key(path: Path) -> None:
    other = path.parent / "other.toml"
    path.write_text(SOUND)
    other.write_text(SOUND + "silent_s = 300\n[[station]]\ncode = 'KR.NRN'\n")
    rows = json.loads(houfeng("diff", path, other, "--format", "json").output)["differences"]
    assert rows == [
        {"change": "changed", "key": "seedlink[geofon].silent_s", "old": "600.0", "new": "300.0"},
        {"change": "added", "key": "station[KR.NRN]", "old": None, "new": None},
    ]
    assert houfeng("diff", path, path).output == "No differences.\n"


def test_a_command_tells_every_fault_a_line_each(path: Path) -> None:
    path.write_text("[web]\nprt = 1\n[archive]\npath = 3\n")
    result = CliRunner().invoke(main, ["run", str(path)])
    assert result.exit_code == 2
    assert [line.split(": ")[2] for line in result.output.splitlines()] == ["web.prt", "archive.path"]


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], ["numpy", "obspy", "scipy", "sqlalchemy", "rich", "requests"]),
        (["config", "check", "FILE"], ["obspy", "scipy", "sqlalchemy", "requests", "flask"]),
        (["status", "FILE"], ["numpy", "obspy", "scipy", "sqlalchemy", "flask"]),
    ],
    ids=lambda value: value[0],
)
def test_commands_for_people_who_wait_import_little(tmp_path: Path, arguments: list[str], heavy: list[str]) -> None:
    """Half a second each: what they do not need would make it three."""
    file = tmp_path / "houfeng.toml"
    file.write_text(
        '[[seedlink]]\nname = "geofon"\naddress = "geofon.gfz.de:18000"\nstreams = ["GE.*.*.HH?"]\n'
        '[[fdsn]]\naddress = "https://geofon.gfz.de"\n[daemon]\nprobe_port = 1\n'
    )
    called = [str(file) if word == "FILE" else word for word in arguments]
    code = (
        "import sys\nfrom houfeng.cli import main\n"
        f"try:\n    main({called!r})\nexcept SystemExit as end:\n    print('status', end.code)\n"
        f"print('imported', [name for name in {heavy!r} if name in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    *_, status, imported = said.stdout.splitlines()
    assert status in ("status 0", "status 1", "status None"), said.stdout + said.stderr
    assert imported == "imported []", said.stdout
