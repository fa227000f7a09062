"""Which channels are looked at for S."""

from __future__ import annotations

import pytest

from detection.inspection.sensors import horizontals, sensor_channels
from houfeng.types import SourceId
from stations.inventory import ChannelEpoch, Inventory


def ids(codes: str, location: str = "00") -> list[SourceId]:
    return [SourceId("KR", "NRN", location, code) for code in codes.split()]


def epoch(code: str, azimuth_deg: float | None, dip_deg: float | None) -> ChannelEpoch:
    (channel,) = ids(code)
    return ChannelEpoch(channel, 0, None, 40.0, 70.0, 0.0, 0.0, azimuth_deg, dip_deg, 100.0)


@pytest.mark.parametrize(
    ("recorded", "epochs", "expected"),
    [
        ("HHZ HHN HHE", [], "HHN HHE"),
        ("HHZ HH1 HH2", [], "HH1 HH2"),
        ("HHZ HH1 HH2", [epoch("HH1", 88.0, 0.0), epoch("HH2", 178.0, 0.0)], "HH2 HH1"),
        # a borehole sensor whose vertical is called 1
        ("HH1 HH2 HH3", [epoch("HH1", 0.0, -90.0), epoch("HH2", 0.0, 0.0), epoch("HH3", 90.0, 0.0)], "HH2 HH3"),
        ("HHZ HHN", [], None),
        ("HHZ HNN HNE", [], None),  # another sensor's
        ("HHZ BHN BHE", [], None),
    ],
)
def test_two_flat_components_of_the_same_sensor(
    recorded: str, epochs: list[ChannelEpoch], expected: str | None
) -> None:
    (vertical,) = ids("HHZ")
    found = horizontals(ids(recorded), vertical, Inventory({}, tuple(epochs)), 0)
    assert found == (None if expected is None else tuple(ids(expected)))


def test_a_sensor_at_another_place_of_the_station_is_another() -> None:
    (vertical,) = ids("HHZ")
    assert horizontals(ids("HHN HHE", "10"), vertical, Inventory({}), 0) is None
    assert {channel.location for channel in sensor_channels(vertical)} == {"00"}
