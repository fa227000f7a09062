"""What makes a station's state of its channels': which of them decide, and when it changes too often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from houfeng.times import NS_PER_S
from houfeng.types import Packet
from stations.health import HealthMonitor, State
from stations.settings import HealthSettings
from tests.stations.test_status import HHN, changes, run, stream

Make = Callable[..., Packet]


def test_a_station_that_comes_and_goes_flaps_and_is_calm_an_hour_later(packet: Make, noise: Any) -> None:
    limits = {"total_latency_warn_s": 15, "total_latency_bad_s": 30, "availability_min_watch_s": 1e6}
    settings = HealthSettings(**limits, gaps_warn_per_hour=1e3, gaps_bad_per_hour=1e3)
    coming = [one for one in stream(packet, noise, 0, 1200) if one.start_ns // NS_PER_S % 200 < 100]
    told = list(run(HealthMonitor(settings), [*coming, *stream(packet, noise, 1200, 5200)], range(10, 5190, 10)))
    flapping = [second for second, status in told if status.flapping]
    states = [state for _, state, _ in changes(told)]
    assert len(states) > 6 and flapping
    # from the fifth change within an hour on, until fewer than five lie within one
    times = [second for second, _, _ in changes(told)][1:]
    assert flapping[0] == times[4]
    assert flapping[-1] == times[-5] + 3590


def test_only_the_channels_that_are_named_decide(packet: Make, noise: Any) -> None:
    packets = [*stream(packet, noise, 0, 300), *stream(packet, noise, 0, 60, source_id=HHN)]
    *_, (_, both) = run(HealthMonitor(HealthSettings()), packets, range(10, 300, 10))
    settings = HealthSettings(required_channels=("*.*.*.?HZ",))
    *_, (_, vertical) = run(HealthMonitor(settings), packets, range(10, 300, 10))
    elsewhere = HealthSettings(required_channels=("YY.*.*.*",))
    *_, (_, neither) = run(HealthMonitor(elsewhere), packets, range(10, 300, 10))
    assert [both.state, vertical.state, neither.state] == [State.BAD, State.OK, State.BAD]
    assert [channel.required for channel in vertical.channels] == [False, True]
