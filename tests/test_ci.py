"""`.ci/skipped.py` must see a test that ran nowhere, and only that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "skipped.py"


def report(path: Path, **outcomes: str) -> Path:
    """A JUnit report as pytest writes it; an empty outcome is a test that passed."""
    cases = "".join(
        f'<testcase classname="tests.test_a" name="{name}">{f"<skipped {outcome}/>" if outcome else ""}</testcase>'
        for name, outcome in outcomes.items()
    )
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("as_user", "as_root", "missed"),
    [
        ({"test_a": "", "test_b": ""}, {}, []),
        ({"test_a": "", "test_b": 'message="needs root"'}, {"test_b": ""}, []),
        ({"test_a": "", "test_b": 'message="no Chromium"'}, {}, ["test_b: no Chromium"]),
        ({"test_a": "", "test_b": 'message="needs root"'}, {"test_b": 'message="no strace"'}, ["test_b: needs root"]),
        ({"test_a": 'type="pytest.xfail" message="known"'}, {}, []),
    ],
)
def test_a_test_that_ran_nowhere_is_seen(
    tmp_path: Path, as_user: dict[str, str], as_root: dict[str, str], missed: list[str]
) -> None:
    reports = [report(tmp_path / "user.xml", **as_user), report(tmp_path / "root.xml", **as_root)]
    run = subprocess.run([sys.executable, str(SCRIPT), *map(str, reports)], capture_output=True, text=True, check=False)
    lines = [line.removeprefix("skipped: tests.test_a::") for line in run.stdout.splitlines()[:-1]]
    assert lines == missed
    assert run.returncode == (1 if missed else 0)
    assert run.stdout.splitlines()[-1].endswith(f"{len(missed)} skipped everywhere")


def test_benches_are_run_when_they_are_asked_for_only() -> None:
    unmarked = [
        path.name
        for path in (Path(__file__).parent / "bench").glob("test_*.py")
        if "mark.bench" not in path.read_text()
    ]
    assert unmarked == []
