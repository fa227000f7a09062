"""An assessment that is killed leaves what was there before; made again it is the same to the last byte."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.cli import main
from tests.houfeng.projects.bridge import bridge, put_noise

NAMES = ["assessment.json", "report.ru.html", "report.ru.pdf"]


def assess(folder: Path, title: str) -> None:
    (folder / "project.toml").write_text(bridge(f'title = "{title}"\nlanguages = ["ru"]'))
    words = ["assess", "project", str(folder / "project.toml"), "--out", str(folder / "out")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr


def killed(folder: Path, title: str, at_write: int) -> None:
    """Assess in a process that is killed when half of a file is written."""

    def work() -> None:
        write, left = Path.write_bytes, iter(range(at_write - 1))

        def write_half(path: Path, content: bytes) -> int:
            if next(left, None) is None:
                write(path, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return write(path, content)

        Path.write_bytes = write_half  # type: ignore[assignment,method-assign]
        assess(folder, title)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("out/*")) if path.suffix != ".part"}


@pytest.mark.parametrize("at_write", [1, 2, 3])
def test_killed_it_leaves_no_half_report_and_again_it_makes_the_same(tmp_path: Path, at_write: int) -> None:
    put_noise(tmp_path)
    killed(tmp_path, "Old", at_write)
    assert contents(tmp_path) == {}
    assess(tmp_path, "New")
    new = contents(tmp_path)
    assess(tmp_path, "Old")
    old = contents(tmp_path)
    assert (sorted(old), old["assessment.json"] != new["assessment.json"]) == (NAMES, True)
    killed(tmp_path, "New", at_write)
    assert contents(tmp_path) == old
    assess(tmp_path, "New")
    assert contents(tmp_path) == new
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == NAMES
