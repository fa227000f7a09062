"""Points that are taken off, each with what for; they sort, and never colour."""

from __future__ import annotations

from stations.health import ChannelStatus, Metrics, Reading, State
from stations.health.score import deductions, score


def reading(rule: str, state: State, *, votes: bool = True) -> Reading:
    return Reading(rule, rule, state, 1.0, 1.0, "", 0, "" if state is State.OK else f"{rule} is {state}", votes)


def channel(code: str, *readings: Reading, required: bool = True) -> ChannelStatus:
    return ChannelStatus(f"XX.AAA.00.{code}", State.OK, "", 0, required, Metrics(), readings)


def test_a_station_without_a_fault_has_all_of_it() -> None:
    taken = deductions([channel("HHZ", reading("flat", State.OK), reading("num_gaps", State.UNKNOWN, votes=False))])
    assert taken == () and score(taken) == 100


def test_each_rule_is_printed_once_with_its_channels() -> None:
    taken = deductions(
        [
            channel("HHZ", reading("flat", State.BAD), reading("num_gaps", State.WARN)),
            channel("HHN", reading("flat", State.OK), reading("num_gaps", State.BAD)),
            channel("LOG", reading("total_latency", State.BAD), required=False),
        ]
    )
    # 80 points on one channel of two; 20 points, a quarter and all of it on two channels of two
    assert [str(each) for each in taken] == [
        "40 for flat BAD (HHZ): flat is BAD",
        "13 for num_gaps BAD (HHZ, HHN): num_gaps is BAD",
    ]
    assert score(taken) == 47


def test_nothing_is_below_nothing() -> None:
    gone = channel("HHZ", reading("total_latency", State.BAD), reading("flat", State.BAD))
    assert score(deductions([gone])) == 0
    assert score(deductions([channel("HHZ", reading("total_latency", State.UNKNOWN))])) == 50
