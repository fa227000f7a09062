"""The unit file: systemd understands it, and its patience is longer than ours."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from configs import Settings
from database.engine import BUSY_TIMEOUT_S

UNIT = Path(__file__).parent.parent.parent / "configs" / "systemd" / "houfeng.service"


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / "houfeng.service"
    copy.write_text(UNIT.read_text().replace("/opt/houfeng/bin/houfeng", sys.executable))
    found = subprocess.run([verify, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    copy.write_text(copy.read_text().replace("ProtectClock=yes", "ProtectClocks=yes"))
    found = subprocess.run([verify, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert "ProtectClocks" in found.stderr, "it would not have told"


def test_the_watchdog_is_more_patient_than_the_daemon() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text())
    assert unit["Service"]["WatchdogSec"] == "3min"
    settings = Settings()
    assert settings.daemon.stuck_s + settings.database.retry_s + BUSY_TIMEOUT_S < 180
    assert unit["Service"]["Type"] == "notify"
