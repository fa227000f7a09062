"""Tables at a terminal: ids stay whole however narrow it is, and no column disappears."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from houfeng.cli.printing import print_table

_ID = "run/843855aa4284239d"
_PROGRAM = f"""
from houfeng.cli.printing import print_table
row = {{"id": {_ID!r}, "started": "2026-11-23T05:34:21.20Z", "n_records": 1607, "why": "the other configuration",
       "event": "event/9971edf645543621"}}
print_table([row, row | {{"why": None}}], row)
"""


def shown(width: int) -> list[str]:
    """What a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(width), "TERM": "dumb"}
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=theirs, env=environment)
    os.close(theirs)
    came = b""
    try:
        while part := os.read(ours, 4096):
            came += part
    except OSError:  # how Linux tells that nobody writes any more
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    return came.decode().splitlines()


@pytest.mark.parametrize("width", [120, 90, 80])
def test_ids_and_last_columns_are_whole(width: int) -> None:
    lines = shown(width)
    said = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert said.count(_ID) == said.count("event/9971edf645543621") == 2
    assert "other" in said and "1607" in said


def test_names_are_cut_only_where_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "KR.NRN", "name": "Institute of Seismology, Naryn"}
    print_table([row], row)
    print_table([row], row, shortened="name")
    whole, cut = (line for line in capsys.readouterr().out.splitlines() if "KR.NRN" in line)
    assert row["name"] in whole
    assert "Institute of Se…" in cut and "Naryn" not in cut


def test_rows_stand_below_each_other_where_a_table_has_no_room() -> None:
    lines = shown(50)
    assert f"id       {_ID}" in lines and "started  2026-11-23 05:34:21.20" in lines
    assert sum(line.startswith("why") for line in lines) == 1  # what is not known has no line
