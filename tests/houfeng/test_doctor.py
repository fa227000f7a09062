"""Every question that `houfeng doctor` asks is answered wrongly once, and the answer must be seen and explained."""

from __future__ import annotations

import json
import socket
from importlib.metadata import Distribution, PackagePath
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from houfeng import installation
from houfeng.cli.doctor import doctor
from houfeng.installation import Finding, Level


class Installed(Distribution):
    """A distribution as pip would record it."""

    def __init__(self, name: str, files: list[str]) -> None:
        self._texts = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            "RECORD": "".join(f"{file},,\n" for file in files),
        }

    def read_text(self, filename: str) -> str | None:
        return self._texts.get(filename)

    def locate_file(self, path: Any) -> Path:
        return Path("/site-packages") / path

    @property
    def files(self) -> list[PackagePath]:
        return [PackagePath(line.split(",")[0]) for line in self._texts["RECORD"].splitlines()]


def explained(finding: Finding, level: Level) -> bool:
    return finding.level is level and bool(finding.found) and bool(finding.mend)


def test_old_python_is_a_fault() -> None:
    assert explained(installation.check_python((3, 10, 14)), Level.FAULT)
    assert installation.check_python((3, 11, 0)).level is Level.OK


def test_sqlite_with_the_wal_bug_is_a_fault() -> None:
    assert explained(installation.check_sqlite((3, 51, 2), (3, 51, 3)), Level.FAULT)
    assert installation.check_sqlite((3, 51, 3), (3, 51, 3)).level is Level.OK


def test_a_foreign_distribution_in_our_packages_is_a_fault() -> None:
    foreign = Installed("pgtools", ["pgtools/__init__.py", "database/__init__.py", "database/pool.py"])
    finding = installation.check_packages(distributions=[foreign])
    assert explained(finding, Level.FAULT)
    assert "pgtools installs database/__init__.py" in finding.found
    assert "pip uninstall pgtools" in finding.mend


def test_a_foreign_module_of_our_name_is_a_clash() -> None:
    assert [clash.package for clash in installation.clashes(["webui"], [Installed("a", ["webui.py"])])] == ["webui"]


def test_our_own_distribution_is_no_clash() -> None:
    assert installation.clashes(["stations"], [Installed("houfeng", ["stations/__init__.py"])]) == []


def test_a_package_from_elsewhere_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere_in_the_way").mkdir()
    (tmp_path / "elsewhere_in_the_way" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    finding = installation.check_packages(["elsewhere_in_the_way"], [])
    assert explained(finding, Level.FAULT)
    assert str(tmp_path) in finding.found


def test_missing_and_old_dependencies_are_faults() -> None:
    finding = installation.check_dependencies(["numpy>=999", "no-such-distribution", "click"])
    assert explained(finding, Level.FAULT)
    assert "no-such-distribution is missing" in finding.found
    assert "is not >=999" in finding.found
    assert "click" not in finding.found


def test_dependencies_of_other_systems_are_not_asked_for() -> None:
    assert installation.check_dependencies(["no-such-distribution; sys_platform == 'plan9'"]).level is Level.OK


def test_an_unwritable_folder_is_a_fault(tmp_path: Path) -> None:
    # a file where a folder is wanted stops root as well
    (tmp_path / "file").touch()
    assert explained(installation.check_folder("archive", tmp_path / "file" / "archive"), Level.FAULT)
    assert installation.check_folder("archive", tmp_path / "a" / "b").level is Level.OK
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize(("free", "level"), [(10**8, Level.FAULT), (2 * 10**9, Level.WARNING), (10**11, Level.OK)])
def test_a_full_disk_is_seen(free: int, level: Level) -> None:
    assert installation.check_space(Path("/archive"), free).level is level


def test_a_low_limit_of_files_is_a_warning() -> None:
    assert explained(installation.check_files(256), Level.WARNING)
    assert installation.check_files(1024).level is Level.OK


def test_a_free_running_clock_is_a_warning() -> None:
    assert explained(installation.check_clock(synchronised=False), Level.WARNING)
    assert explained(installation.check_clock(synchronised=None), Level.WARNING)
    assert installation.check_clock(synchronised=True).level is Level.OK


def test_the_kernel_is_asked_about_the_clock() -> None:
    assert installation.clock_synchronised() in (True, False, None)


def test_a_taken_port_is_a_warning() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert explained(installation.check_port("127.0.0.1", port), Level.WARNING)
    assert installation.check_port("127.0.0.1", port).level is Level.OK


def test_an_ascii_locale_is_a_warning() -> None:
    assert explained(installation.check_encoding("ascii"), Level.WARNING)
    assert installation.check_encoding("UTF-8").level is Level.OK


def test_the_command_finds_this_installation_sound() -> None:
    result = CliRunner().invoke(doctor, ["--format", "json"])
    findings = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert findings["packages"]["level"] == findings["sqlite"]["level"] == findings["dependencies"]["level"] == "ok"
    assert result.exit_code == 0


def test_the_command_fails_on_a_fault_and_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    (tmp_path / "houfeng.toml").write_text('[archive]\npath = "taken/archive"\n', encoding="utf-8")
    result = CliRunner().invoke(doctor, ["--config", str(tmp_path / "houfeng.toml")])
    assert result.exit_code == 1
    line = next(line for line in result.stdout.splitlines() if "FAULT" in line)
    assert str(tmp_path / "taken" / "archive") in line
    assert "-> let this user write to" in result.stdout
