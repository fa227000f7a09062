"""Fail when a test was skipped in every run: skipped.py RUN.xml ... (JUnit reports of pytest)."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def outcomes(report: Path) -> dict[str, str]:
    """Reason why each test was skipped, by test; empty for one that ran."""
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        skipped = case.find("skipped")
        reason = "" if skipped is None or skipped.get("type") == "pytest.xfail" else skipped.get("message", "skipped")
        found[f"{case.get('classname')}::{case.get('name')}"] = reason
    return found


def main(reports: list[Path]) -> int:
    """Print every test that ran in none of the reports; the exit status is 1 when there is one."""
    runs = [outcomes(report) for report in reports]
    tests = sorted(set().union(*runs))
    missed = [test for test in tests if all(run.get(test, "not run") for run in runs)]
    for test in missed:
        print(f"skipped: {test}: {next(run[test] for run in runs if test in run)}")
    print(f"{len(tests)} tests, {len(missed)} skipped everywhere")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
