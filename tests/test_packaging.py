"""What is installed is what was written: no foreign files among ours, none of ours missing from the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from houfeng import __version__, installation

ROOT = Path(__file__).parent.parent
PACKAGES = installation.PACKAGES
# Made while running, never shipped.
LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def test_no_foreign_distribution_writes_into_our_packages() -> None:
    # `tests` is not installed with us, but a foreign one of that name would be imported in its place
    assert installation.clashes([*PACKAGES, "tests"]) == []


def test_python_imports_our_own_packages() -> None:
    finding = installation.check_packages()
    assert finding.level is installation.Level.OK, finding.found


def test_the_wheel_has_every_file_of_every_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not LEFT_OUT.intersection(path.parts)
    }
    assert sorted(sources - packed) == [], "not in the wheel"
    assert sorted(packed - sources) == [], "in the wheel, but not a source"
    assert {
        "configs/default.toml",
        "configs/networks/geofon.toml",
        "configs/networks/README.md",
        "configs/presets/local.toml",
    } <= packed


def test_the_wheel_has_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"houfeng-{__version__}.dist-info"
        licence = archive.read(f"{folder}/licenses/LICENSE").decode()
        commands = archive.read(f"{folder}/entry_points.txt").decode()
        metadata = archive.read(f"{folder}/METADATA").decode()
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert re.search(r"^houfeng = houfeng\.cli:main$", commands, re.MULTILINE)
    assert "License-Expression: Apache-2.0" in metadata


def test_project_and_package_agree_on_packages_and_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == __version__
    assert tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES
    assert tuple(project["tool"]["mypy"]["packages"]) == PACKAGES


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_hashed_and_those_of_the_lock(name: str) -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    hashes = {
        (package["name"], package["version"]): {
            file["hash"] for file in [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        }
        for package in locked
        if package["name"] != "houfeng"
    }
    entries = re.findall(
        r"^([\w.-]+)==(\S+).*((?:\\\n    --hash=\S+ ?)+)", (ROOT / name).read_text("utf-8"), re.MULTILINE
    )
    assert len(entries) > 30
    for package, version, text in entries:
        assert set(re.findall(r"--hash=(\S+)", text)) == hashes[package, version], package


@pytest.mark.parametrize("name", ["uv.lock", "requirements.txt", "requirements-dev.txt", "Makefile", "pyproject.toml"])
def test_no_index_but_the_canonical_one_is_named(name: str) -> None:
    """A lock made behind a mirror would send everybody else to that mirror."""
    text = (ROOT / name).read_text("utf-8")
    hosts = set(re.findall(r"https?://([^/\s\"']+)", text))
    assert hosts <= {"pypi.org", "files.pythonhosted.org", "127.0.0.1:8080"}
