"""Live data are filtered in tiles, a replay as rows of a table: the picks are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import obspy
import pytest

from detection.detector import Detector
from detection.settings import DetectionSettings
from houfeng.types import Packet

SETTINGS = DetectionSettings()

PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]


def test_rows_give_the_picks_of_tiles(unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf) -> None:
    packets = packets_of(unterhaching)
    picks = Detector(SETTINGS).feed(packets)
    assert Detector(SETTINGS, by_rows=True).feed(packets) == picks
    assert len(picks) >= 10


@pytest.mark.data
@pytest.mark.parametrize(("records", "low_hz", "least"), [("ridgecrest2019", 7.0, 11), ("continuous_day", 2.0, 30)])
def test_rows_give_the_picks_of_tiles_over_many_hours(
    shared_data: Callable[[str], Path], packets_of: PacketsOf, records: str, low_hz: float, least: int
) -> None:
    files = sorted(file for file in shared_data(records).iterdir() if file.name.endswith((".mseed", ".050")))
    packets = packets_of([trace for file in files for trace in obspy.read(str(file))])
    every = replace(SETTINGS, channels=("*.*.*.??Z",), bands=((low_hz, 20.0),))
    picks = Detector(every).feed(packets)
    assert Detector(every, by_rows=True).feed(packets) == picks
    assert len(picks) >= least
