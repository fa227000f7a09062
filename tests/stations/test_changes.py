"""Differences between two inventories, each in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.cli import main
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.changes import Change, changes
from stations.inventory import ChannelEpoch, Inventory, Site

HHZ = SourceId("KR", "NRN", "", "HHZ")
SITE = Site("KR.NRN", 41.4, 75.9, 2120.0, "Naryn")
EPOCH = ChannelEpoch(HHZ, parse_ns("2010-01-01"), None, 41.4, 75.9, 2120.0, 0.0, 0.0, -90.0, 40.0, 1.2e9, "M/S")
OLD = Inventory({"KR.NRN": SITE}, (EPOCH,))
WHEN = "KR.NRN..HHZ from 2010-01-01T00:00:00Z"


def test_equal_inventories_have_no_difference() -> None:
    assert changes(OLD, Inventory({"KR.NRN": replace(SITE)}, (replace(EPOCH),))) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"end_ns": parse_ns("2020-01-01")}, "end: open -> 2020-01-01T00:00:00Z"),
        ({"gain": 6e8}, "gain: 1.2e+09 -> 6e+08"),
        ({"gain": None, "gain_unit": "M/S"}, "gain: 1.2e+09 -> none"),
        ({"depth_m": 30.0}, "depth: 0.0 m -> 30.0 m"),
        ({"azimuth_deg": None}, "azimuth: 0.0 deg -> none"),
        ({"sample_rate_hz": 100.0}, "sample rate: 40.0 Hz -> 100.0 Hz"),
        ({"gain_unit": "M/S**2"}, "gain unit: M/S -> M/S**2"),
    ],
)
def test_a_changed_epoch_says_what_was_and_what_is(change: dict[str, object], text: str) -> None:
    new = Inventory({"KR.NRN": SITE}, (replace(EPOCH, **change),))  # type: ignore[arg-type]
    assert changes(OLD, new) == [Change(WHEN, text)]


def test_epochs_and_stations_come_and_go() -> None:
    other = Site("KR.ANA", 42.8, 77.7, 1600.0)
    new = Inventory({"KR.ANA": other, "KR.NRN": SITE}, (replace(EPOCH, start_ns=parse_ns("2021-01-01")),))
    assert changes(OLD, new) == [
        Change("KR.ANA", "is new"),
        Change(WHEN, "is gone"),
        Change("KR.NRN..HHZ from 2021-01-01T00:00:00Z", "is new"),
    ]
    assert [change.text for change in changes(new, OLD)] == ["is gone", "is new", "is gone"]


def test_a_station_that_moved_or_was_renamed() -> None:
    new = Inventory({"KR.NRN": replace(SITE, latitude_deg=41.5, name="Нарын")}, (EPOCH,))
    assert changes(OLD, new) == [
        Change("KR.NRN", "latitude: 41.4 deg -> 41.5 deg"),
        Change("KR.NRN", "name: Naryn -> Нарын"),
    ]


@pytest.mark.data
def test_the_command_compares_two_documents(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    document = shared_data("asia_gsn") / "IU_ULN.xml"
    same = CliRunner().invoke(main, ["stations", "diff", str(document), str(document)])
    assert same.output == "no difference in stations and channel epochs\n"
    moved = tmp_path / "moved.xml"
    text = document.read_text("utf-8")
    begin = text.index("<Depth>", text.index("<Channel ")) + len("<Depth>")
    moved.write_text(f"{text[:begin]}1234{text[text.index('</Depth>', begin) :]}", "utf-8")
    result = CliRunner().invoke(main, ["stations", "diff", str(document), str(moved)])
    assert result.exit_code == 0
    assert "depth: " in result.output and "-> 1234.0 m" in result.output
