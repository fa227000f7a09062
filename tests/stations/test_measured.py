"""What was measured on the archive, in the status rule: the limits, evidence that is late, and what does not count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, nextafter
from typing import Any

import pytest

from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from stations.alerts import cause
from stations.alerts.scene import Scene
from stations.health import HealthMonitor, Reading, State, StationStatus
from stations.health.measured import DayEvidence, HourEvidence, Measured, MeasuredRules
from stations.health.score import deductions, score
from stations.settings import HealthSettings
from tests.stations.conftest import HHZ, T0_NS

DAY_NS = 86_400 * NS_PER_S
NOW_NS = T0_NS + 30 * DAY_NS
OK, WARN, BAD, UNKNOWN = State.OK, State.WARN, State.BAD, State.UNKNOWN


def hour(**values: Any) -> Measured:
    known = {"num_spikes": 0, "rms_counts": 100.0, "usual_counts": 100.0, "n_usual": 7}
    return Measured(hour=HourEvidence(NOW_NS - 60 * NS_PER_S, **known | values))


def day(name: str, value: float, age_days: float = 1.0) -> Measured:
    end_ns = NOW_NS - round(age_days * DAY_NS)
    return Measured(days=DayEvidence({name: (value, end_ns)}, end_ns, None))


def said(measured: Measured, rule: str, channel: str = "HHZ", began_ns: int = 0) -> tuple[State, float | None] | None:
    verdicts = MeasuredRules(HealthSettings()).judge(measured, channel=channel, began_ns=began_ns, now_ns=NOW_NS)
    return next(((each.state, each.value) for each in verdicts if each.rule == rule), None)


# Of the table of metrics: the rule, what it reads, the last good value, whether higher is worse, and what comes beyond.
LIMITS = [
    ("num_spikes", "num_spikes", 1, +1, (OK, WARN)),
    ("num_spikes", "num_spikes", 20, +1, (WARN, BAD)),
    ("clock_locked", "percent_locked", 70.0, -1, (OK, WARN)),
    ("clock_locked", "percent_locked", 50.0, -1, (WARN, BAD)),
    ("pct_above_nhnm", "pct_above_nhnm", 20.0, +1, (OK, WARN)),
    ("pct_above_nhnm", "pct_above_nhnm", 90.0, +1, (WARN, BAD)),
    ("pct_below_nlnm", "pct_below_nlnm", 20.0, +1, (OK, WARN)),
    ("dead_channel_lin", "dead_channel_lin", 3.0, -1, (OK, WARN)),
    ("dead_channel_lin", "dead_channel_lin", 2.25, -1, (WARN, BAD)),
    ("dead_channel_gsn", "dead_channel_gsn", 5.0, +1, (OK, BAD)),
    ("sample_unique", "sample_unique", 200.0, -1, (OK, WARN)),
    ("low_rms", "sample_rms", 25.0, -1, (OK, WARN)),
    # these two count from the limit on
    ("cross_talk", "cross_talk", nextafter(0.9, 0), +1, (OK, WARN)),
    ("polarity_check", "polarity_check", nextafter(-0.5, 0), -1, (OK, WARN)),
]


@pytest.mark.parametrize(("rule", "metric", "last", "worse", "states"), LIMITS)
def test_the_state_turns_at_its_limit(
    rule: str, metric: str, last: float, worse: int, states: tuple[State, State]
) -> None:
    beyond = last + worse if isinstance(last, int) else nextafter(last, worse * inf)

    def state(value: float) -> State | None:
        measured = hour(**{metric: value}) if metric in ("num_spikes", "percent_locked") else day(metric, value)
        found = said(measured, rule)
        return found and found[0]

    assert (state(last), state(beyond)) == states


@pytest.mark.parametrize(("factor", "state"), [(9.99, OK), (10.01, WARN), (99.9, WARN), (100.1, BAD)])
def test_an_rms_that_is_not_the_usual_one(factor: float, state: State) -> None:
    """20 dB are a factor of 10, 40 dB of 100, either way."""
    found = [said(hour(rms_counts=100.0 * each), "sample_rms") for each in (factor, 1 / factor)]
    assert [each and each[0] for each in found] == [state, state]
    assert said(hour(rms_counts=0.0), "sample_rms") == (BAD, 200.0)
    assert said(hour(n_usual=2), "sample_rms") == (UNKNOWN, None)


def test_which_channels_a_rule_is_for() -> None:
    """Noise of an accelerometer is above the models and a straight line by itself; a leak is one anywhere."""
    dead = day("dead_channel_lin", 1.0)
    assert [said(dead, "dead_channel_lin", code) is None for code in ("BHZ", "LH1", "EHZ", "HNZ")] == [
        *(False, False, True, True)
    ]
    loud = day("pct_above_nhnm", 95.0)
    assert [said(loud, "pct_above_nhnm", code) is None for code in ("EHZ", "DPZ", "HNZ", "VEP")] == [
        *(False, False, True, True)
    ]
    assert said(day("cross_talk", -0.95), "cross_talk", "HNZ") == (WARN, 0.95)


def monitored(
    packet: Callable[..., Packet], noise: Any, measured: Measured | None, *, usage: str = "full", until_s: int = 120
) -> StationStatus:
    """A station whose data flow, evaluated every ten seconds until NOW."""
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ], usages={"XX.AAA": usage})
    monitor.measured_at_first = Measured(HourEvidence(0), DayEvidence())
    if measured is not None:
        monitor.measured = {HHZ: measured}
    begin_s = 30 * 86_400 - until_s
    for second in range(begin_s, 30 * 86_400 + 1, 10):
        monitor.observe([packet(second - 7, noise(500)), packet(second - 2, noise(500), latency_s=0)])
        (status,) = monitor.evaluate(T0_NS + second * NS_PER_S)
    return status


def readings(status: StationStatus) -> dict[str, Reading]:
    return {each.rule: each for each in status.channels[0].readings}


def test_a_fresh_network_awaits_and_is_well(packet: Callable[..., Packet], noise: Any) -> None:
    status = monitored(packet, noise, None)
    assert status.state is OK
    found = readings(status)
    awaited = {rule: each.reason for rule, each in found.items() if each.state is UNKNOWN}
    assert awaited["dead_channel_lin"] == awaited["cross_talk"] == "Awaits a whole day of records"
    assert awaited["num_spikes"] == "Awaits its first measured minutes"
    assert not any(found[rule].votes for rule in awaited)
    assert score(deductions(status.channels)) == 100
    young = monitored(packet, noise, hour(n_usual=2, usual_counts=1.0))
    assert readings(young)["sample_rms"].reason == "Awaits this hour on 3 earlier days"
    assert young.state is OK


def test_what_should_be_there_and_is_not_is_unknown(packet: Callable[..., Packet], noise: Any) -> None:
    old_ns = NOW_NS - 4 * DAY_NS
    values = {"dead_channel_lin": (9.0, old_ns)}
    owed = Measured(days=DayEvidence(values, old_ns, old_ns + DAY_NS - 1))
    status = monitored(packet, noise, owed)
    assert (status.state, status.reason) == (UNKNOWN, "Day not checked for 3 d")
    # records came back only yesterday, after an outage: nothing is owed yet
    back = Measured(days=DayEvidence(values, old_ns, NOW_NS - DAY_NS))
    assert monitored(packet, noise, back).state is OK
    late = Measured(hour=HourEvidence(NOW_NS - 7200 * NS_PER_S, num_spikes=0))
    status = monitored(packet, noise, late, until_s=2000)
    assert (status.state, status.reason) == (UNKNOWN, "Not measured for 34 min")
    assert monitored(packet, noise, late, until_s=600).state is OK


@pytest.mark.parametrize(
    ("measured", "state", "reason", "points"),
    [
        (day("dead_channel_lin", 1.5), BAD, "Spectrum 1.5 dB off line, limit 2.25 dB", 80),
        (day("cross_talk", 0.97), WARN, "Cross-talk 0.97, limit 0.9", 20),
        (day("polarity_check", -0.9), WARN, "Polarity \N{MINUS SIGN}0.9, limit \N{MINUS SIGN}0.5", 15),
        (hour(num_spikes=40), BAD, "Spikes: 40 in 1 h, limit 20", 20),
        (hour(rms_counts=1e5), BAD, "Rms 60 dB above usual, limit 40 dB", 50),
    ],
)
def test_a_sensor_that_is_not_well(
    packet: Callable[..., Packet], noise: Any, measured: Measured, state: State, reason: str, points: int
) -> None:
    status = monitored(packet, noise, measured)
    assert (status.state, status.reason) == (state, reason)
    assert score(deductions(status.channels)) == 100 - points
    if state is BAD:
        assert cause.of_station(status, {status.station_id: status}, [], Scene()).word == "sensor"
    assert monitored(packet, noise, measured, usage="telemetry-only").state is OK


def test_limits_are_those_of_the_configuration() -> None:
    limits = replace(HealthSettings(), dead_lin_bad_db=1.0, dead_lin_warn_db=1.2, broadband_channels=("EHZ",))
    rules = MeasuredRules(limits)

    def states(channel: str) -> list[State]:
        judged = rules.judge(day("dead_channel_lin", 1.1), channel=channel, began_ns=0, now_ns=NOW_NS)
        return [each.state for each in judged if each.rule == "dead_channel_lin"]

    assert (states("EHZ"), states("HHZ")) == ([WARN], [])
    assert SourceId("XX", "AAA", "00", "HHZ") == HHZ


def test_a_record_that_says_that_it_is_clipped(packet: Callable[..., Packet], noise: Any) -> None:
    """Six seconds of a minute, 10 %, though no sample reaches full scale; those that do are not counted twice."""

    def clipping(loud: int) -> float | None:
        monitor = HealthMonitor(
            HealthSettings(), wanted=[HHZ], is_clipped=lambda each: (each.start_ns - T0_NS) // NS_PER_S in range(62, 66)
        )
        for at in range(0, 150, 3):
            monitor.observe([packet(at, noise(300) + loud * (at == 63), latency_s=1)])
        (status,) = monitor.evaluate(T0_NS + 121 * NS_PER_S)
        return status.channels[0].metrics.clipping

    assert clipping(0) == clipping(9_000_000) == pytest.approx(5.0)
