"""Real records damaged on purpose: each is refused with its reason, by the command, in each language and in the JSON.

The PDF is drawn from what the HTML is written from; its text has the codes of its own fonts, and is not read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner, Result

from houfeng.cli import main

Folder = Callable[[str], Path]

# Onsets at these stations are at 03:19:56 and 03:19:59: it ends 9 s and more behind them, and 10 s are needed.
TOO_EARLY = obspy.UTCDateTime("2019-07-06T03:20:07.04")
PROJECT = """
[project]
title = "Damaged"
languages = ["en", "zh", "ru"]
[records]
folders = ["records"]
[[event]]
name = "M7.1"
time = "2019-07-06T03:19:53.04Z"
latitude_deg = 35.770
longitude_deg = -117.599
depth_km = 8
[[site]]
name = "Plant"
latitude_deg = 35.8
longitude_deg = -117.6
stations = ["CI.CLC", "CI.LRL", "CI.WBM", "CI.WCS2", "CI.SLA"]
"""
# What is done to the records, and by what each language tells of it.
REASONS = {
    "CI.CLC": (r"CI\.CLC HNE: clipped: \d+ samples in a row at -?\d+ counts", "限幅：连续", "ограничение: "),
    "CI.LRL": (r"CI\.LRL HNE: too short: 30\.0 s before the onset and 9\.4 s behind it, 5 s and 10 s are needed",
               "过短：到时前后只有 30.0 s 和 9.4 s", "коротка: 30.0 с до вступления и 9.4 с после"),
    "CI.WBM": (r"CI\.WBM\.\.HNE: no response in the metadata", "元数据中没有仪器响应", "нет характеристики прибора"),
    "CI.WCS2": (r"CI\.WCS2 HNE: signal is \d\.\d times noise at [\d.]+ Hz, 2 ", "信噪比为", "сигнал выше шума в"),
    "CI.SLA": (r"CI\.SLA: neither StationXML nor dataless SEED has it", "均无此台", "где и чем сделаны записи"),
}  # fmt: skip


def damage(source: Path, target: Path) -> None:
    """Each station's records in another way, and those of one as they are without its metadata."""
    chance = np.random.default_rng(1)
    for station in REASONS:
        for path in sorted(source.glob(f"{station}..*.mseed")):
            (trace,) = obspy.read(str(path))
            largest = int(np.abs(trace.data).max())
            if station == "CI.CLC":
                trace.data = np.clip(trace.data, -largest // 2, largest // 2)
            elif station == "CI.LRL":
                trace.trim(endtime=TOO_EARLY)
            elif station == "CI.WCS2":
                trace.data = trace.data + chance.normal(0, largest, len(trace.data)).astype(np.int32)
            trace.data = trace.data.astype(np.int32)
            trace.write(str(target / path.name), format="MSEED", encoding="INT32")
        text = (source / f"{station}.xml").read_text("utf-8")
        if station == "CI.WBM":
            text = re.sub(r"<Response>.*?</Response>", "", text, flags=re.DOTALL)
        if station != "CI.SLA":
            (target / f"{station}.xml").write_text(text, "utf-8")


@pytest.fixture(scope="module")
def damaged(shared_data: Folder, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The folder of the reports, and what was printed."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "records").mkdir()
    damage(shared_data("ridgecrest2019"), folder / "records")
    (folder / "project.toml").write_text(PROJECT)
    words = ["assess", "project", str(folder / "project.toml"), "--out", str(folder / "out")]
    return folder / "out", CliRunner().invoke(main, words)


@pytest.mark.parametrize("station", REASONS)
def test_a_damaged_record_is_refused_with_its_reason(damaged: tuple[Path, Result], station: str) -> None:
    out, printed = damaged
    reason, *others = REASONS[station]
    assert printed.exit_code == 0, printed.stderr
    (line,) = [line for line in printed.stderr.splitlines() if re.match(rf"refused: M7\.1: {station}\b", line)]
    assert re.search(reason, line)
    results = json.loads((out / "assessment.json").read_text("utf-8"))
    (refused,) = [row for row in results["refused"] if row["station"] == station]
    assert re.match(reason, refused["reason"])
    (event,) = results["sites"][0]["events"]
    assert event["station"] is None
    assert refused["reason"] in [row["reason"] for row in event["passed_over"]]
    for language, pattern in (("en", reason), ("zh", others[0]), ("ru", others[1])):
        assert re.search(pattern, (out / f"report.{language}.html").read_text("utf-8"))


def test_nothing_else_is_said_of_them(damaged: tuple[Path, Result]) -> None:
    out, printed = damaged
    assert len(printed.stderr.splitlines()) == len(REASONS)
    results = json.loads((out / "assessment.json").read_text("utf-8"))
    assert (results["records"], len(results["refused"])) == ([], len(REASONS))
