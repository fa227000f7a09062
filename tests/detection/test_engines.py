"""Live data are filtered in tiles, a replay of few channels one by one: the picks are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import obspy
import pytest

from detection.detector import FEW, Detector
from detection.settings import DetectionSettings
from houfeng.types import Packet

SETTINGS = DetectionSettings()

PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]


def test_few_channels_filtered_one_by_one_give_the_same_picks(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf
) -> None:
    """What a replay of few channels does; live they are columns of a tile."""
    packets = packets_of(unterhaching)
    picks = Detector(SETTINGS).feed(packets)
    assert Detector(SETTINGS, expected={packet.source_id for packet in packets}).feed(packets) == picks
    assert len(picks) >= 10


@pytest.mark.data
@pytest.mark.parametrize(("records", "low_hz", "least"), [("ridgecrest2019", 7.0, 11), ("continuous_day", 2.0, 30)])
def test_many_hours_filtered_either_way_give_the_same_picks(
    shared_data: Callable[[str], Path], packets_of: PacketsOf, records: str, low_hz: float, least: int
) -> None:
    files = sorted(file for file in shared_data(records).iterdir() if file.name.endswith((".mseed", ".050")))
    packets = packets_of([trace for file in files for trace in obspy.read(str(file))])
    every = replace(SETTINGS, channels=("*.*.*.??Z",), bands=((low_hz, 20.0),))
    picks = Detector(every).feed(packets)
    few = {packet.source_id for packet in packets if packet.source_id.channel.endswith("Z")}
    assert len(few) < FEW
    assert Detector(every, expected=few).feed(packets) == picks
    assert len(picks) >= least
